"""The walls around a foreign program: bubblewrap's namespaces, the same for compilers and for pages.

A program sees /usr, what little of /etc it needs, and the folders it is given, under the same paths as outside. It
can write to the folders that are named so and nowhere else: the kernel's own files are read-only even where pytest
runs as root, and so are the root, /dev and, unless it is asked for, /tmp. It has no network, no environment of ours
and sees none of our processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pytest_llm.errors import CheckCrashed
from pytest_llm.sandbox import programs

INSTALL = "sudo apt-get install bubblewrap"
TMP = "/tmp"  # noqa: S108 (a new one, inside)
_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d")
_PARTS = frozenset({"bin", "sbin", "lib", "lib32", "lib64", "libexec", "include", "share", "local"})
# Root may write to these within any namespace, whatever capabilities it has dropped: the kernel asks for the user
# alone. What Docker and runc make read-only, and /proc/pressure.
_KERNEL = (
    *("acpi", "asound", "bus", "driver", "fs", "irq", "mtrr", "pressure", "scsi", "sys", "sysrq-trigger", "tty"),
)
# What tells of the whole machine and is of no use to a compiler; runc hides it too.
_HIDDEN = (
    "kallsyms",
    "kcore",
    "keys",
    "kmsg",
    "kpagecgroup",
    "kpagecount",
    "kpageflags",
    "sched_debug",
    "timer_list",
)
_NESTING = ("--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_SETPCAP")


@dataclass(frozen=True)
class Walls:
    """What a program may see beside the system, and do.

    readonly, writable: folders or files, by any path. env: its environment, and no more. network: ours instead of
    none. uid: whom it takes itself for; None: who we are. tmp: whether it may write a /tmp of its own, in memory.
    nesting: whether it builds walls within: it keeps the capabilities for that, and makes read-only itself what is
    not yet: the kernel's files and the root.
    """

    readonly: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    network: bool = False
    uid: int | None = None
    tmp: bool = False
    nesting: bool = False


def missing() -> str:
    """Why there are no walls on this machine; empty where bubblewrap works."""
    if not sys.platform.startswith("linux"):
        return f"bubblewrap does not exist on {sys.platform}"
    path = programs.which("bwrap")
    return _probe(path) if path else f"bubblewrap is not installed ({INSTALL})"


def within(command: Sequence[str], walls: Walls, folder: str) -> list[str]:
    """`command` as it is started within walls, in `folder`, which is in /usr, or is named by them.

    Only where nothing is `missing`. Raises CheckCrashed where they would show the home.
    """
    return [str(programs.which("bwrap")), *_arguments(walls, folder), "--", *command]


@cache
def _probe(bwrap: Path) -> str:
    command = [str(bwrap), *_arguments(Walls(), "/usr"), "--", "/usr/bin/true"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    except subprocess.TimeoutExpired as error:  # a busy machine: it says nothing about bubblewrap
        raise CheckCrashed(f"bubblewrap has not started within {error.timeout:g} s") from None
    except OSError as error:
        return f"bubblewrap does not start: {error}"
    said = done.stderr.decode("utf-8", "replace").strip()
    return f"bubblewrap does not work here: {said}" if done.returncode else ""


def _arguments(walls: Walls, folder: str) -> list[str]:
    """bubblewrap's arguments. A later mount lies over an earlier one, so the widest come first."""
    return [
        *("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"),
        *(_NESTING if walls.nesting else ()),
        *(["--share-net"] if walls.network else []),
        *([] if walls.uid is None else ["--uid", str(walls.uid), "--gid", str(walls.uid)]),
        *("--hostname", "walls", "--ro-bind", "/usr", "/usr", *_system()),
        *(word for path in _strangers() for word in ("--tmpfs", str(path))),
        *("--proc", "/proc", *(() if walls.nesting else _kernel()), "--dev", "/dev", "--tmpfs", TMP),
        *_bound("--ro-bind", walls.readonly),
        *_bound("--bind", walls.writable),
        *([] if walls.tmp else ["--remount-ro", TMP]),
        *(word for path in _strangers() for word in ("--remount-ro", str(path))),
        *("--remount-ro", "/dev", *(() if walls.nesting else ("--remount-ro", "/")), "--chdir", folder),
        *(word for name, value in walls.env.items() for word in ("--setenv", name, value)),
    ]


def _system() -> Iterator[str]:
    for name in _SYSTEM:
        if os.path.islink(name):
            yield from ("--symlink", os.readlink(name), name)
        else:
            yield from ("--ro-bind-try", name, name)
    for path in (*_ETC, *map(str, Path("/etc").glob("java-*"))):
        yield from ("--ro-bind-try", path, path)


def _strangers() -> list[Path]:
    """The home and the working directory, where they lie under /usr and are none of its own: /usr/src/app."""
    found = dict.fromkeys((Path.home().resolve(), Path.cwd().resolve()))
    return [
        path
        for path in found
        if path.is_relative_to("/usr") and len(path.parts) > 2 and path.parts[2] not in _PARTS
    ]


def _kernel() -> Iterator[str]:
    for name in _KERNEL:
        yield from ("--ro-bind-try", f"/proc/{name}", f"/proc/{name}")
    for name in _HIDDEN:
        if os.path.exists(f"/proc/{name}"):
            yield from ("--ro-bind", "/dev/null", f"/proc/{name}")


def _bound(how: str, paths: Sequence[Path]) -> Iterator[str]:
    """Each path under the name it is called by; what is under /usr is there anyway."""
    for name in map(os.path.abspath, paths):
        if programs.too_wide(Path(name)):
            raise CheckCrashed(f"{name} holds the home, which no compiler and no page may see")
        if not Path(name).is_relative_to("/usr") or any(map(Path(name).is_relative_to, _strangers())):
            yield from (how, name, name)
