"""The namespace that a lane lives in: its own processes, its own network or none, and little of the file system."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/var/cache/fontconfig"),
    *("/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"),
    *("/etc/chromium", "/etc/chromium.d", "/etc/localtime"),
)
_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/ca-certificates", "/etc/pki")
_UID = "1000"  # any but 0: as root Chromium would refuse its own sandbox


def jailed(
    command: Sequence[str], *, readable: Sequence[Path], network: bool, env: Mapping[str, str]
) -> list[str] | None:
    """`command` wrapped so that it runs in a namespace of its own; None where bubblewrap is not there.

    readable: folders that it must see beside the system's. It gets a private /tmp, the environment `env`
    and no more, and ends with the thread that started it.
    """
    bwrap = shutil.which("bwrap")
    if bwrap is None or not sys.platform.startswith("linux"):
        return None
    shown = [*_SYSTEM, *(_NETWORK if network else ())]
    paths = [name for name in shown if Path(name).exists()] + [str(path) for path in readable]
    return [
        bwrap,
        *("--unshare-all", "--die-with-parent", "--new-session", "--clearenv"),
        *(["--share-net"] if network else []),
        *("--uid", _UID, "--gid", _UID, "--hostname", "lane"),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/tmp"),  # noqa: S108 - its own
        *(part for path in paths for part in ("--ro-bind", path, path)),
        *("--setenv", "HOME", "/tmp", "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "LANG", "C.UTF-8"),  # noqa: S108
        *(part for name, value in env.items() for part in ("--setenv", name, value)),
        *command,
    ]
