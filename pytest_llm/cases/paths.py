"""Paths named in files of the repository: relative, and never out of the rootdir."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePath

from pytest_llm.errors import InputError
from pytest_llm.models.files import hash_file

_NOT_CONTENT = {"node_modules", "__pycache__"}
_WHOLE = 64 * 2**20  # bytes: larger files are read in samples
_SAMPLES, _BLOCK = 1024, 4096  # of a file as large as weights: as many, of so many bytes
_SCHEME = "file://"
_URL = re.compile(rf"{_SCHEME}\S+")
_MOST_LINKS = 40  # on one way, as Linux follows; more of them are a circle


def inside(name: str, folder: Path, root: Path, *, what: str = "file", absolute: bool = False) -> Path:
    """The path `name`, relative to `folder`, which must exist and must not leave `root`.

    absolute: whether an absolute path is allowed (GGUF files and jars only). Raises InputError.
    """
    given = Path(name).expanduser() if absolute else Path(name)
    if given.is_absolute() and not absolute:
        raise InputError(f"{what} {name!r} is an absolute path", hint="give it relative to the case file")
    try:
        path = (folder / given).resolve()
        there = path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a circle of links, a NUL
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise InputError(f"{what} {name[:80]!r} cannot be looked for: {why}") from None
    if not given.is_absolute() and not path.is_relative_to(root.resolve()):
        raise InputError(f"{what} {name!r} leaves the rootdir {root}", hint="only files under it can be named")
    if not there:
        raise InputError(f"{what} {name!r} is not there", hint=f"looked for {path}{_written_for_others(name)}")
    return path


def _written_for_others(name: str) -> str:
    """What to write instead where a name is as other tools or systems have it."""
    plain = name.removeprefix(_SCHEME).replace("\\", "/")
    return f"; write it as {plain}" if plain != name else ""


def refuse_url(key: str, text: str) -> None:
    """Raise InputError where a text names a file as other tools do, and would be sent as it stands."""
    if _URL.fullmatch(url := text.strip()):
        hint = f"write `{key}: {{file: {url.removeprefix(_SCHEME)}}}`"
        raise InputError(f"{key} names a file as other tools do: this would be sent as it stands", hint=hint)


def above(folder: Path, root: Path) -> list[Path]:
    """The folder and those above it up to `root`, the nearest first; all of them where it is not under `root`."""
    folders = [folder, *folder.parents]
    return folders[: folders.index(root) + 1] if root in folders else folders


def content(path: Path) -> str:
    """A hash of what a file holds, or a folder by what is in it, hex; "" where it cannot be read.

    Of a file as large as weights are, samples: it would take minutes, and other weights differ everywhere.
    """
    try:
        if not path.is_dir():
            return _file(path) if path.is_file() else ""
        told = "".join(f"{file.relative_to(path).as_posix()}\0{content(file)}\0" for file in sorted(_within(path)))
    except (OSError, ValueError):
        return ""
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()


def _file(path: Path) -> str:
    stat = path.stat()
    read = hash_file if stat.st_size <= _WHOLE else _sampled
    return read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _sampled(path: Path, _mtime: int, size: int) -> str:
    """Of a file's size, its first megabyte (a header), and blocks from all over it."""
    total = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        total.update(file.read(2**20))
        for number in range(1, _SAMPLES + 1):
            file.seek((size - _BLOCK) * number // _SAMPLES)
            total.update(file.read(_BLOCK))
    return total.hexdigest()


def _within(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        inner = Path(here).relative_to(folder)
        folders[:] = [name for name in folders if is_content(inner / name)]
        yield from (folder / inner / name for name in files if is_content(inner / name))


def is_content(path: PurePath) -> bool:
    """Whether a path in a folder that a check reads counts: not what is hidden, installed, built or a case."""
    parts = path.parts
    return not (
        any(p.startswith(".") or p in _NOT_CONTENT for p in parts) or path.name.endswith((".prompt.yaml", ".pyc"))
    )


def trail(path: Path) -> tuple[Path, ...]:
    """Every link on the way to an absolute path, each without links above it, and where the way ends.

    The path as it is written is among them only where it has no links. It need not be there.
    """
    found: list[Path] = []
    rest, here = list(reversed(path.parts[1:])), Path(path.anchor)
    while rest:
        part = rest.pop()
        here = here.parent if part == ".." else here / part
        if part != ".." and os.path.islink(here) and len(found) < _MOST_LINKS:
            found.append(here)
            target = Path(os.readlink(here))
            rest += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            here = Path(target.anchor) if target.is_absolute() else here.parent
    return (*found, here)


def spelled(name: str) -> str:
    """A file's name with whatever does not print spelled out: a name may hold line ends and escape codes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
