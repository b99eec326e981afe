"""Paths named in files of the repository: relative, and never out of the rootdir."""

from __future__ import annotations

from pathlib import Path

from pytest_llm.errors import InputError


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


def spelled(name: str) -> str:
    """A file's name with whatever does not print spelled out: a name may hold line ends and escape codes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
