"""The programs of this machine: found without a look at the working directory, asked without its files.

Whoever wrote the repository must not choose what runs here: not by a program in it, not by a file that a tool
looks for where it is started (rust-toolchain.toml, go.work, .npmrc), not by a variable of the environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from pytest_llm.sandbox import environment, scratch


def which(name: str, extra: Sequence[str] = ()) -> Path | None:
    """The program of this name on the PATH, then in the folders `extra`; a path means itself.

    Folders of the PATH that lie in the working directory do not count, but for those of this Python's environment.
    """
    found = shutil.which(name) if os.path.dirname(name) else _first(name, os.pathsep.join([*_folders(), *extra]))
    return Path(os.path.abspath(found)) if found else None


def ask(argv: Sequence[str | Path], *, seconds: float = 60.0, env: Mapping[str, str] | None = None) -> str:
    """What a tool of this machine says (both of its streams), started in an empty folder with a clean environment.

    Raises OSError or subprocess.SubprocessError where it cannot be asked or ends with a failure.
    """
    done = subprocess.run(
        argv,
        cwd=empty(),
        env={**environment.allowed("tool"), **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=seconds,
        check=True,
    )
    return done.stdout or done.stderr


def empty() -> Path:
    """A folder with nothing in it. It lies below the home: above it, nobody else may leave a file for a tool."""
    try:
        folder = kept("empty")
        if any(folder.iterdir()):
            raise OSError(f"{folder} is not empty")
    except (OSError, RuntimeError):  # no home, or one that cannot be written
        folder = scratch.empty()
    return folder.resolve()


def kept(name: str) -> Path:
    """A folder of this user that outlives the run, for what is dear to make and says nothing about any answer."""
    path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pytest-llm" / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def too_wide(path: Path, *kept: Path) -> bool:
    """Whether a folder holds the home or one of `kept`: such a one is shown to no program."""
    wide = path.resolve()
    return any(own.resolve().is_relative_to(wide) for own in (Path.home(), *kept))


def installation(program: Path, *kept: Path) -> Path:
    """What must be seen of a program for it to run: the folder above its own; where that is too wide for it, as of
    a wrapper in ~/bin, the program alone. kept: what it must not see beside the home and the working directory."""
    return _installation(program, os.getcwd(), os.environ.get("HOME", ""), kept)


@lru_cache(64)
def _installation(program: Path, cwd: str, home: str, kept: tuple[Path, ...]) -> Path:
    """home: as the environment has it, by which the answer changes."""
    folder = program.parent.parent
    return program if too_wide(folder, Path(cwd), *kept) else folder


def python() -> Path:
    """The running interpreter by a path without `..`, which means the same within walls. A link stays one: it is
    by its place that a virtual environment knows itself."""
    given = Path(sys.executable)
    return given.parent.resolve() / given.name


def interpreter() -> Path:
    """The running interpreter itself, not the link to it in a virtual environment."""
    return Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()


def _first(name: str, path: str) -> str | None:
    """The program in the first of these folders that has it; where it was found before, if it is still there."""
    found = _places.get((name, path))
    if found is None or not os.access(found, os.X_OK):
        found = shutil.which(name, path=path)
        if found:
            _places[name, path] = found
    return found


_places: dict[tuple[str, str], str] = {}


def _folders() -> tuple[str, ...]:
    """Of the PATH, those that count. Where the home lies in the working directory, no more can be told apart."""
    return _counted(os.environ.get("PATH", os.defpath), os.getcwd(), Path.home(), sys.prefix)


@lru_cache(8)
def _counted(path: str, cwd: str, home: Path, prefix: str) -> tuple[str, ...]:
    here, own = Path(cwd).resolve(), Path(prefix).resolve()
    project = None if home.resolve().is_relative_to(here) else here
    return tuple(_outside(filter(os.path.isabs, path.split(os.pathsep)), project, own))


def _outside(names: Iterable[str], project: Path | None, own: Path) -> Iterator[str]:
    for name in names:
        folder = Path(name).resolve()
        if project is None or not folder.is_relative_to(project) or folder.is_relative_to(own):
            yield name
