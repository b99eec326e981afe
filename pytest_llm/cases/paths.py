"""Paths named in files of the repository: relative, and never out of the rootdir."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pytest_llm.errors import InputError
from pytest_llm.models.files import hash_file

_MOST_LINKS = 40  # on one way, as Linux follows; more of them are a circle


def inside(name: str, folder: Path, root: Path, *, what: str = "file", absolute: bool = False) -> Path:
    """The path `name`, relative to `folder`, which must exist and must not leave `root`.

    absolute: whether an absolute path is allowed (GGUF files and jars only). Raises InputError.
    """
    given = Path(name).expanduser() if absolute else Path(name)
    if given.is_absolute() and not absolute:
        raise InputError(f"{what} {name!r} is an absolute path", hint="give it relative to the case file")
    path = (folder / given).resolve()
    if not given.is_absolute() and not path.is_relative_to(root.resolve()):
        raise InputError(f"{what} {name!r} leaves the rootdir {root}", hint="only files under it can be named")
    if not path.exists():
        raise InputError(f"{what} {name!r} is not there", hint=f"looked for {path}")
    return path


def above(folder: Path, root: Path) -> list[Path]:
    """The folder and those above it up to `root`, the nearest first; all of them where it is not under `root`."""
    folders = [folder, *folder.parents]
    return folders[: folders.index(root) + 1] if root in folders else folders


def content(path: Path) -> str:
    """A hash of what a file holds, or a folder with all that is in it, hex; "" where it cannot be read."""
    try:
        if not path.is_dir():
            stat = path.stat()
            return hash_file(path, stat.st_mtime_ns, stat.st_size) if path.is_file() else ""
        files = sorted(file for file in path.rglob("*") if file.is_file())
    except (OSError, ValueError):
        return ""
    told = "".join(f"{file.relative_to(path).as_posix()}\0{content(file)}\0" for file in files)
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()


def trail(path: Path) -> tuple[Path, ...]:
    """Every link on the way to an absolute path, each without links above it, and where the way ends.

    The path as it is written is among them only where it has no links. It need not be there.
    """
    found: list[Path] = []
    rest, here = list(reversed(path.parts[1:])), Path(path.anchor)
    while rest:
        part = rest.pop()
        here = here.parent if part == ".." else here / part
        if part != ".." and here.is_symlink() and len(found) < _MOST_LINKS:
            found.append(here)
            target = Path(os.readlink(here))
            rest += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            here = Path(target.anchor) if target.is_absolute() else here.parent
    return (*found, here)


def spelled(name: str) -> str:
    """A file's name with whatever does not print spelled out: a name may hold line ends and escape codes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
