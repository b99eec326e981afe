"""The local files that a Modelfile names."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from pytest_llm.errors import ModelUnavailable
from pytest_llm.models.grammar import Command

_PART = re.compile(r"(?P<name>.+)-\d{5}-of-(?P<count>\d{5})\.gguf")
_MOST_PARTS = 1000
NAMING = ("FROM", "ADAPTER", "DRAFT")


def file_digest(path: Path) -> str:
    """sha256 of a GGUF file, hex; read once for each state (time, size) of it. Raises ModelUnavailable.

    What is no GGUF file is not read further than its first bytes: a Modelfile may come from a stranger, and what it
    names is sent to a server.
    """
    try:
        stat = path.stat()
        if not _is_gguf(path):
            hint = "a Modelfile's FROM, ADAPTER and DRAFT name GGUF files: convert it" if path.is_dir() else ""
            raise ModelUnavailable(f"{path} is no GGUF file", hint=hint or "name a GGUF file, or a model's tag")
        return hash_file(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise ModelUnavailable(f"the model file {path} cannot be read: {error.strerror}") from None


def parts(path: Path) -> tuple[Path, ...]:
    """A file, with all parts where it is one of several (`NAME-00001-of-00003.gguf`)."""
    found = _PART.fullmatch(path.name)
    if not found or int(found["count"]) > _MOST_PARTS:
        return (path,)
    numbers = range(1, int(found["count"]) + 1)
    return tuple(path.with_name(f"{found['name']}-{number:05}-of-{found['count']}.gguf") for number in numbers)


def _is_gguf(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"GGUF"


@lru_cache(maxsize=4096)
def hash_file(path: Path, _mtime: int, _size: int) -> str:
    """sha256 of any file, hex, read once for each state of it. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def local_file(value: str, modelfile: Path) -> Path | None:
    """The local path that FROM, ADAPTER or DRAFT means by `value`; None where it is a model's name.

    A path that only looks like one counts too, so that a missing file is never asked of a registry.
    """
    if not value or "\0" in value:
        return None
    try:
        path = modelfile.parent / Path(value).expanduser()
        there = path.exists()
    except (OSError, RuntimeError, ValueError):
        return None
    looks = value.startswith((".", "/", "~")) or value.lower().endswith((".gguf", ".bin", ".safetensors"))
    return path if there or looks else None


def named_file(command: Command, modelfile: Path) -> Path | None:
    """The local path that a FROM, ADAPTER or DRAFT names; None where it names a model."""
    if command.name not in NAMING:
        return None
    bare = command.name != "FROM" and not command.value.startswith(("/", "~"))
    return local_file(f"./{command.value}" if bare else command.value, modelfile)
