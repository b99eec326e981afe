"""Folders for the moment, under one of this process; what a killed process left is swept by the next one."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "pytest-llm-"
_homes: dict[tuple[int, str], Path] = {}
_lock = threading.Lock()
_YOUNG = 600.0  # seconds: a folder may just have been made and not be held yet


def make() -> Path:
    """A new private folder, gone at the latest when this process ends."""
    return Path(tempfile.mkdtemp(dir=home()))


def home() -> Path:
    """The folder of this process that holds them all."""
    return _lasting(os.getpid())


def shown() -> Path:
    """A folder of this process for what of ours programs may read; of those in `home` each sees its own alone."""
    return _lasting(os.getpid(), "shown")


def empty() -> Path:
    """A folder of this process in which nothing lies."""
    return _lasting(os.getpid(), "empty")


@contextmanager
def folder() -> Iterator[Path]:
    """A private folder that is gone afterwards."""
    path = make()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def sweep(where: Path, now: float) -> None:
    """Take away the folders in `where` that nobody holds: those of this user whose process has gone.

    now: seconds since the epoch. A folder is held by a lock on it, which ends with its process however that ends.
    """
    for path in where.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            about = path.lstat()
            if about.st_uid == os.getuid() and now - about.st_mtime > _YOUNG and _free(path):
                shutil.rmtree(path, ignore_errors=True)


def _lasting(process: int, what: str = "") -> Path:
    """A folder of this process; another one where something has cleaned it away.

    process: its number, since a fork is another process and must not share it.
    """
    with _lock:
        path = _homes.get((process, what))
        if path is None or not _own(path):
            path = _homes[process, what] = _made()
    return path


def _own(path: Path) -> bool:
    """Whether a folder of this user lies there, and not one that another has made of its name."""
    try:
        about = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid()


def _made() -> Path:
    where = Path(tempfile.gettempdir()).resolve()
    sweep(where, time.time())
    path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=where))
    _hold(path)
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def _hold(path: Path) -> int:
    """The descriptor is left open: the lock is held as long as this process lives."""
    held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    with contextlib.suppress(OSError):  # a file system without locks: nothing is swept there
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return held


def _free(path: Path) -> bool:
    held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(held)
    return True
