"""The folders of runs under `.pytest_llm/runs` in the rootdir: begun, found, swept."""

from __future__ import annotations

import datetime
import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal

from pytest_llm.errors import InputError
from pytest_llm.store.line import Header, to_line

HOME = ".pytest_llm"
FILE = "cells.jsonl"
UNBORN = 3600  # seconds that a folder may be without its file: another run is just beginning there
UNLOCKED = 24 * 3600  # seconds after which a run without an end is dead, where locks tell nothing
_ID = re.compile(r"\d{8}-\d{6}-\w+")


def now() -> str:
    """ISO 8601, UTC, to the millisecond."""
    return stamp(time.time())


def stamp(seconds: float) -> str:
    """A time since the epoch as ISO 8601, UTC, to the millisecond."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="milliseconds")


def new_id() -> str:
    """An id that sorts by time and clashes with no other run's: date, time (UTC), milliseconds and chance."""
    moment = datetime.datetime.now(datetime.UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{moment.microsecond // 1000:03}{secrets.token_hex(3)}"


def home(root: Path) -> Path:
    """The folder of all runs; not made yet. Raises InputError where a link leads it out of the rootdir."""
    within(root / HOME, root)
    return within(root / HOME / "runs", root)


def within(place: Path, root: Path) -> Path:
    """The place itself. Raises InputError where a link leads it out of the rootdir."""
    if not _within(place, root):
        message = f"{place} is a link that leads out of the rootdir: nothing is written there"
        raise InputError(message, hint="remove the link")
    return place


def make_home(root: Path) -> Path:
    """Make the folder of all files of runs, which git is told to ignore. Raises OSError."""
    folder = root / HOME
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError), open(folder / ".gitignore", "x", encoding="ascii") as ignore:
        ignore.write("*\n")
    return folder


def folder_of(root: Path, run: str) -> Path:
    """Where the files of a run are kept; not made yet."""
    return root / HOME / "runs" / run


class _Lines:
    """A file of lines, begun with a header; each is written at once, and whole or not at all."""

    def __init__(self, path: Path, mode: Literal["xb", "wb"], header: Header) -> None:
        """Raises OSError."""
        self._file: BinaryIO = open(path, mode, buffering=0)  # noqa: SIM115
        self._size = 0
        try:
            self.add(to_line(header))
        except OSError:
            self.close()
            raise

    def add(self, line: str) -> None:
        """Raises OSError; what was written of it is then taken back."""
        data = line.encode("ascii")
        try:
            if self._file.write(data) != len(data):
                raise OSError(28, "No space left on device")
        except OSError:
            with suppress(OSError):
                self._file.truncate(self._size)
                self._file.seek(self._size)
            raise
        self._size += len(data)

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()


class Writer(_Lines):
    """Writes the record of a run that goes on. Its file is locked, so that no other run sweeps it away."""

    def __init__(self, root: Path, header: Header) -> None:
        """Make the folder and write the header. Raises InputError (a link leads out), OSError."""
        runs = home(root)
        make_home(root)
        runs.mkdir(exist_ok=True)
        self.folder = runs / header.run
        self.folder.mkdir(exist_ok=True)
        new = self.folder / f"{FILE}.new"
        super().__init__(new, "xb", header)
        _lock(self._file)
        try:
            new.rename(self.folder / FILE)  # who sees the name sees a lock and a header
        except OSError:
            self.close()
            raise


class Copy(_Lines):
    """A second file with the lines of a record, wherever the user wants it; what was there is replaced."""

    def __init__(self, path: Path, header: Header) -> None:
        """Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(path, "wb", header)


def found(runs: Path) -> list[Path]:
    """The folders of runs that have a record, the newest first."""
    return [folder for folder in _folders(runs) if (folder / FILE).is_file()]


def sweep(runs: Path, keep: int) -> None:
    """Delete all but the newest `keep` runs; those that are still being written are left alone."""
    for folder in _folders(runs)[keep:]:
        if not _alive(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _folders(runs: Path) -> list[Path]:
    try:
        names = sorted(
            (entry.name for entry in os.scandir(runs) if entry.is_dir(follow_symlinks=False)), reverse=True
        )
    except OSError:
        return []
    return [runs / name for name in names if _ID.fullmatch(name)]


def _alive(folder: Path) -> bool:
    """Whether a process that lives writes there."""
    try:
        age = time.time() - folder.stat().st_mtime
        with open(folder / FILE, "rb") as file:
            locked = _lock(file)
            if locked is None:
                return age < UNLOCKED and b'"kind":"end"' not in file.read()[-4096:]
            return not locked
    except FileNotFoundError:
        return age < UNBORN
    except OSError:
        return True


def _lock(file: BinaryIO) -> bool | None:
    """Take the lock that a process holds while it lives; False where another has it, None without locks."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):  # Windows; a file system without locks
        return None
    return True


def _within(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # links that go round in a circle
        return False
