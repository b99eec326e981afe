"""Brings the tools that are missing, by the system's packages and by their own installers."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence

from pytest_llm.commands import tools
from pytest_llm.commands.tools import Tool
from pytest_llm.errors import CheckCrashed, Unsupported, nearest
from pytest_llm.sandbox import programs

_APT = ("apt-get", "install", "-y", "-q", "--no-install-recommends")
_LIMIT = 900  # seconds for one command
# What `install` brings by the tool's own remedy, after the system's packages.
_OURS = ("kotlin", "typescript", "chromium", "libraries")

Say = Callable[[str], object]


def install(names: Sequence[str] = (), say: Say = print) -> int:
    """Install what is missing of the tools with these names; of all but Python packages and optional ones without.

    Prints the commands of what it may not or cannot do. Returns the exit code: 0 all there, 1 something is still
    missing, 2 a name is unknown.
    """
    known = {tool.name: tool for tool in tools.TOOLS if _installable(tool)}
    if unknown := [name for name in names if name not in known]:
        for name in unknown:
            say(f"nothing called {name!r} can be installed{nearest(name, list(known))}")
        say(f"there are: {', '.join(known)}")
        return 2
    wanted = [known[name] for name in names] or [tool for tool in known.values() if not tool.optional]
    _packages(_missing(wanted), say)
    for tool in _missing(wanted):
        if tool.name in _OURS:
            _run(tool.remedy(), say)
    _quicken(wanted, say)
    missing = _missing(wanted)
    if not missing:
        say(f"all of it is here: {', '.join(tool.name for tool in wanted)}")
    for fault in filter(None, (tool.fault() for tool in missing)):
        say(fault)
    for line in remedies(missing):
        say(f"to be run by hand: {line}")
    return 1 if missing else 0


def _quicken(wanted: Iterable[Tool], say: Say) -> None:
    for tool in wanted:
        if tool.quicken and tool.found():
            try:
                if tool.quicken():
                    say(f"{tool.name} starts quicker from now on")
            except (CheckCrashed, Unsupported, OSError) as error:
                say(f"{tool.name} starts no quicker: {error}")


def remedies(missing: Iterable[Tool]) -> list[str]:
    """The commands that bring what is missing."""
    lacking = list(missing)
    packages = _sorted(lacking)
    lines = [f"sudo apt-get install -y {' '.join(packages)}"] if packages else []
    commands = [" ".join(map(_quoted, tool.remedy())) for tool in lacking]
    return lines + list(dict.fromkeys(filter(None, commands)))


def _installable(tool: Tool) -> bool:
    return bool(tool.packages) or tool.name in _OURS


def _missing(wanted: Iterable[Tool]) -> list[Tool]:
    return [tool for tool in wanted if not tool.found()]


def _sorted(lacking: Iterable[Tool]) -> list[str]:
    return sorted({package for tool in lacking for package in tool.packages})


def _packages(lacking: Sequence[Tool], say: Say) -> None:
    """The system's packages: all at once, or one tool at a time where this system does not know one of them."""
    privilege = tools.privilege() if shutil.which("apt-get") else None
    if privilege is None or not _sorted(lacking):
        return
    _run([*privilege, "apt-get", "update", "-q"], say)
    if not _run([*privilege, *_APT, *_sorted(lacking)], say):
        for tool in lacking:
            if tool.packages:
                _run([*privilege, *_APT, *tool.packages], say)


def _run(command: list[str], say: Say) -> bool:
    say(f"$ {' '.join(map(_quoted, command))}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, cwd=programs.empty(), env=env, capture_output=True, timeout=_LIMIT)
    except (OSError, subprocess.TimeoutExpired) as error:
        say(str(error))
        return False
    if done.returncode:
        say((done.stdout + done.stderr)[-2000:].decode(errors="replace"))
    return done.returncode == 0


def _quoted(word: str) -> str:
    return f"'{word}'" if "[" in word or " " in word else word
