"""Control groups: limits that the kernel holds by itself. Where none can be made, the watchdog is there."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "pytest-llm-"
_count = itertools.count(1)
Key = tuple[int, int, int]  # process, bytes of memory, processes
_idle: dict[Key, list[Group]] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Group:
    """The folders of one group: one in version 2, one a controller in version 1. key: whose, and its limits."""

    folders: tuple[Path, ...]
    key: Key

    @property
    def joins(self) -> tuple[Path, ...]:
        """The files a process writes its number to, to be in the group with all it starts."""
        return tuple(folder / "cgroup.procs" for folder in self.folders)

    def was_out_of_memory(self) -> bool:
        """Whether the kernel has killed in here for want of memory."""
        name = "memory.events" if len(self.folders) == 1 else "memory.oom_control"
        with contextlib.suppress(OSError), open(self.folders[0] / name) as file:
            return any(line.startswith("oom_kill ") and line.split()[1] != "0" for line in file)
        return False

    def kill(self) -> None:
        """End all in the group at once (version 2; in version 1 nothing happens)."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                (folder / "cgroup.kill").write_text("1")

    def remove(self) -> None:
        """Remove the folders; what was killed in there may take a moment to be gone."""
        for folder in self.folders:
            for _ in range(40):
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.005)
                else:
                    break


def taken(memory: int, processes: int) -> Group | None:
    """A group with these limits (bytes, processes): one that was given back, or a new one, as `create` makes it."""
    with _lock:
        if idle := _idle.get((os.getpid(), memory, processes)):
            return idle.pop()
    return create(memory, processes)


def give_back(group: Group) -> None:
    """Keep a group for another program: one in which all have ended, and none for want of memory."""
    _remove_at_the_end()
    with _lock:
        _idle.setdefault(group.key, []).append(group)


def create(memory: int, processes: int) -> Group | None:
    """A new group with these limits (bytes, processes with their threads), or None where it cannot be had."""
    parents = _parents()
    if not parents:
        return None
    _sweep_once()
    name = f"{_PREFIX}{os.getpid()}-{next(_count)}"
    key = (os.getpid(), memory, processes)
    group = Group(tuple(parent / name for parent in dict.fromkeys(parents)), key)
    # Threads count as well in a group, and a JVM has dozens of them.
    values = {
        "memory.max": memory,
        "memory.swap.max": 0,
        "memory.limit_in_bytes": memory,
        "pids.max": processes * 16,
    }
    try:
        for folder in group.folders:
            folder.mkdir()
            for file, value in values.items():
                if (folder / file).exists():
                    (folder / file).write_text(str(value))
    except OSError:
        group.remove()
        return None
    return group


@cache
def _remove_at_the_end() -> None:
    atexit.register(_remove_idle)


def _remove_idle() -> None:
    with _lock:
        for group in [one for key, some in _idle.items() if key[0] == os.getpid() for one in some]:
            group.remove()
        _idle.clear()


@cache
def _sweep_once() -> None:
    sweep()


def sweep() -> None:
    """Remove the groups that a run which was killed has left: their name says whose they were."""
    for folder in (found for parent in _parents() for found in parent.glob(f"{_PREFIX}*-*")):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            with contextlib.suppress(OSError):  # something in it is still on its way out
                folder.rmdir()


@cache
def _parents() -> tuple[Path, ...]:
    """The folders a group can be made in; empty where this user may not."""
    try:
        own = dict(_own())
    except (OSError, ValueError):
        return ()
    if (_ROOT / "cgroup.controllers").exists():
        candidates = [_ROOT / own.get("", "/").lstrip("/")]
        candidates += [parent for parent in candidates[0].parents if parent.is_relative_to(_ROOT)]
        return next(((path,) for path in candidates if _usable(path)), ())
    paths = tuple(_ROOT / name / own[name].lstrip("/") for name in ("memory", "pids") if name in own)
    return paths if len(paths) == 2 and all(os.access(path / "cgroup.procs", os.W_OK) for path in paths) else ()


def _usable(path: Path) -> bool:
    try:
        enabled = (path / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    return {"memory", "pids"} <= set(enabled) and os.access(path / "cgroup.procs", os.W_OK)


def _own() -> list[tuple[str, str]]:
    """(controller, path) of this process; the controller of version 2 is the empty name."""
    pairs = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        pairs += [(name, path) for name in names.split(",")]
    return pairs
