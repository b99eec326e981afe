"""What pytest is told of a cell: why it did not pass, in pytest's own terms."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_llm.errors import InputError, InputErrors, PytestLlmError, indented
from pytest_llm.reports.plain import plain

TELLS = "pytest_llm_tells"  # of a worker's input: whether it is the one that tells what all of them collect
MOST_TOLD = 50  # errors of one file: a table of a thousand rows may have one each


class CellFault(PytestLlmError):
    """Why a cell did not pass. `story` is all that a person reads of it, its first line the exception's text."""

    def __init__(self, story: str) -> None:
        self.story = story
        super().__init__(story.partition("\n")[0])


class NotJudged(CellFault):
    """The harness could not judge: what a cell's setup raises, an ERROR."""


class ChecksFailed(CellFault, AssertionError):
    """The model's answer did not pass: the only thing that a cell's call phase raises."""


# `--only-rerun AssertionError` of pytest-rerunfailures, and who else selects by name, look at the name alone.
ChecksFailed.__name__ = "AssertionError"


class LlmWarning(UserWarning):
    """What is to be said of a cell that passes, or of the Modelfile that it asks."""


def warn(config: pytest.Config, text: str, nodeid: str, line: int = 1) -> None:
    """Put a line into pytest's summary of warnings, by its hook: no filter makes an error of it or hides it.

    nodeid: what it is about: a cell, a file, an address. line: in its file.
    """
    nodeid = nodeid.removeprefix(f"{config.rootpath}{os.sep}")
    file = nodeid.partition("::")[0]
    message = warnings.WarningMessage(LlmWarning(plain(text)), LlmWarning, file, line, line="")
    told = {"warning_message": message, "when": "runtest", "nodeid": nodeid, "location": None}
    config.hook.pytest_warning_recorded.call_historic(kwargs=told)


def warn_of_collected(config: pytest.Config, text: str, nodeid: str, line: int = 1) -> None:
    """`warn` of what is met in collecting: all workers of pytest-xdist meet it, one of them tells it."""
    if getattr(config, "workerinput", {}).get(TELLS, True):
        warn(config, text, nodeid, line)


_LEFT_OUT = SimpleNamespace(nodeid="")  # where pytest has an item: plugins look into all that is counted


def left_out(reporter: pytest.TerminalReporter, cells: int) -> None:
    """Count cells as deselected in the last line, where only the workers of pytest-xdist saw them go."""
    if reporter.config.pluginmanager.hasplugin("dsession"):
        reporter.stats.setdefault("deselected", []).extend([_LEFT_OUT] * cells)


def longrepr(excinfo: pytest.ExceptionInfo[BaseException], fault: CellFault, path: Path, line: int) -> Any:
    """The story as a representation that every reporter can read: its text, and a place and a line for summaries.

    path and line (from 1) are those of the case. Of a pytest that represents exceptions otherwise, the text alone.
    """
    shown = pytest.ExceptionInfo.from_exception(Exception(fault.story).with_traceback(excinfo.tb))
    shown_as = shown.getrepr(style="value")
    crash = shown_as.reprcrash
    if crash is None:
        return fault.story
    crash.path, crash.lineno, crash.message = os.fspath(path), line, str(fault)
    return shown_as


def told(error: InputError, root: Path) -> str:
    """An InputError, or several, with paths as they stand below `root`."""
    if isinstance(error, InputErrors):
        lines = [told(one, root) for one in error.errors[:MOST_TOLD]]
        more = len(error.errors) - len(lines)
        return "\n".join([*lines, *([f"(and {more} more)"] if more else [])])
    path = error.path
    shown = path.relative_to(root) if path and path.is_relative_to(root) else path
    where = f"{shown}:{error.line}: " if path and error.line else f"{shown}: " if path else ""
    return f"{where}{error.message}{indented(error.hint)}"
