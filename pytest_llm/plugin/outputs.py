"""The files that options name for what a run says: looked at before an hour of asking, not after it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_llm.reports.plain import one_line

NAMES = ("report", "markdown", "jsonl", "cells", "write_baseline")  # of the options, as `llm_NAME`
IN_PLACE = ("jsonl",)  # written as the run goes on; the others are put where they belong when they are whole
_LACKING = pytest.StashKey[list[str]]()  # what is told of each
_SHOWN = pytest.StashKey[bool]()  # the summary was: what is met after it is told at once


def check(config: pytest.Config) -> None:
    """Raises pytest.UsageError where no file can be there; missing folders are made when it is written."""
    for name in NAMES:
        file = config.getoption(f"llm_{name}", None)
        if file and (why := _obstacle(config.invocation_params.dir / file, replaced=name not in IN_PLACE)):
            flag = f"--llm-{name.replace('_', '-')}"
            raise pytest.UsageError(f"{flag}: no file can be written at {file}: {why}")


def _obstacle(file: Path, *, replaced: bool) -> str:
    """What is in the file's way; "" for nothing that can be seen before it is written."""
    if os.path.isdir(file):  # unlike Path's, no error where a folder above may not be entered
        return "it is a folder; give the name of a file"
    if os.path.exists(file) and not os.path.isfile(file):  # a pipe, a terminal: taken as it is
        return "" if os.access(file, os.W_OK) else f"{file} may not be written to"
    try:
        target = file.resolve()
        there = next(part for part in (target, *target.parents) if os.path.exists(part))
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            os.lstat(there / file.name)  # whether a name may be as long
    except (OSError, RuntimeError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    if there != target and not os.path.isdir(there):
        return f"{there} is no folder"
    needed = (there, there.parent) if replaced and os.path.isfile(there) else (there,)
    return next((f"{part} may not be written to" for part in needed if not os.access(part, os.W_OK)), "")


def lack(
    config: pytest.Config, text: str, error: Exception | None = None, hint: str = "", asked: bool = True
) -> None:
    """Tell that a file is not there, or not all of it. asked: by an option, so that the run cannot be green."""
    why = getattr(error, "strerror", None) or getattr(error, "message", None) or error
    told = "; ".join(filter(None, [f"{text}: {why}" if why else text, hint]))
    if asked:
        config.stash.setdefault(_LACKING, []).append(told)
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter and (config.stash.get(_SHOWN, False) or not asked):
        _say(reporter, told, red=asked)
    if pytest_session := config.pluginmanager.get_plugin("session"):
        settle(pytest_session)


def show(reporter: pytest.TerminalReporter) -> None:
    """At the end of the summary: what is lacking so far."""
    reporter.config.stash[_SHOWN] = True
    for told in reporter.config.stash.get(_LACKING, []):
        _say(reporter, told, red=True)


def _say(reporter: pytest.TerminalReporter, told: str, *, red: bool) -> None:
    reporter.write_line(f"pytest-llm: {one_line(told, 1000)}", **{"red" if red else "yellow": True})


def lacking(config: pytest.Config) -> bool:
    """Whether a file that was asked for is not there, or not all of it."""
    return bool(config.stash.get(_LACKING, []))


def settle(pytest_session: pytest.Session) -> None:
    """1, as of a failed test, where the run would be green and a file is lacking."""
    if lacking(pytest_session.config) and pytest_session.exitstatus == pytest.ExitCode.OK:
        pytest_session.exitstatus = pytest.ExitCode.TESTS_FAILED
