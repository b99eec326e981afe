"""Files of a new project: all of them or none, and never over one that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_llm.errors import InputError

FILES = Path(__file__).parent / "files"


@dataclass(frozen=True)
class File:
    """What is written at `place`, relative to the project's folder."""

    place: str
    content: bytes


def shipped(name: str, place: str, values: Mapping[str, str] | None = None) -> File:
    """A file that comes with the package, each `@KEY@` in it replaced by its value."""
    content = (FILES / name).read_bytes()
    for key, value in (values or {}).items():
        content = content.replace(f"@{key}@".encode(), value.encode())
    return File(place, content)


def write(folder: Path, files: Sequence[File]) -> None:
    """Write them all. Raises InputError where one is there already: then none is written; where one cannot be."""
    if there := [file.place for file in files if (folder / file.place).exists()]:
        raise InputError(
            f"{', '.join(there)} {'is' if len(there) == 1 else 'are'} there already in {folder.resolve()}",
            hint="nothing was written: move what is there away, or begin in another folder",
        )
    for file in files:
        path = folder / file.place
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", path=path) from None
