"""Control groups: limits that the kernel holds by itself. Where none can be made, the watchdog is there."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "pytest-llm-"
_count = itertools.count(1)


@dataclass(frozen=True)
class Group:
    """The folders of one group: one in version 2, one a controller in version 1."""

    folders: tuple[Path, ...]

    @property
    def joins(self) -> tuple[Path, ...]:
        """The files a process writes its number to, to be in the group with all it starts."""
        return tuple(folder / "cgroup.procs" for folder in self.folders)

    def was_out_of_memory(self) -> bool:
        """Whether the kernel has killed in here for want of memory."""
        for name in ("memory.events", "memory.oom_control"):
            for folder in self.folders:
                with contextlib.suppress(OSError):
                    fields = dict(line.split() for line in (folder / name).read_text().splitlines())
                    if int(fields.get("oom_kill", "0")):
                        return True
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


def create(memory: int, processes: int) -> Group | None:
    """A new group with these limits (bytes, processes with their threads), or None where it cannot be had."""
    parents = _parents()
    if not parents:
        return None
    _sweep_once()
    name = f"{_PREFIX}{os.getpid()}-{next(_count)}"
    group = Group(tuple(parent / name for parent in dict.fromkeys(parents)))
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
