"""What running programs use: processes, processor time, memory, and the disk."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterable
from pathlib import Path

_FILES = 20_000  # in the folder of a program: more are too many, whatever their size


def family(pid: int) -> list[int]:
    """The process and all that descend from it; empty where /proc does not tell."""
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        found.append(parent)
        with contextlib.suppress(OSError):  # it may end while it is looked at
            for task in os.listdir(f"/proc/{parent}/task"):
                waiting += map(int, _said(f"/proc/{parent}/task/{task}/children").split())
    return found


def spent(pids: Iterable[int]) -> float:
    """Seconds of processor time that these have used, with what their children that have ended had used."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):  # it may end while it is looked at
            fields = _said(f"/proc/{pid}/stat").rpartition(b")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / os.sysconf("SC_CLK_TCK") if total else 0.0


def resident(pid: int) -> int:
    """Bytes in memory; 0 where the process has ended."""
    return memory(pid)[0]


def memory(pid: int) -> tuple[int, int]:
    """Bytes in memory, and those of them that it shares; none where the process has ended."""
    try:
        resident, shared = map(int, _said(f"/proc/{pid}/statm").split()[1:3])
    except (OSError, ValueError):
        return 0, 0
    return resident * os.sysconf("SC_PAGE_SIZE"), shared * os.sysconf("SC_PAGE_SIZE")


def written(folder: Path) -> float:
    """Bytes that the files of a folder take on the disk; without end where they are too many to be counted."""
    total, waiting, count = 0, [str(folder)], 0
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:  # it may go while it is looked at
            for entry in entries:
                count += 1
                if count > _FILES:
                    return math.inf
                with contextlib.suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    waiting += [entry.path] if entry.is_dir(follow_symlinks=False) else []
    return total


def _said(path: str) -> bytes:
    """What one of the kernel's files says; the watchdog looks at some a dozen times a second."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 1 << 16)
    finally:
        os.close(fd)
