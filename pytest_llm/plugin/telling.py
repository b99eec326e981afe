"""What pytest is told of a cell: why it did not pass, in pytest's own terms."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.errors import PytestLlmError


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


def longrepr(excinfo: pytest.ExceptionInfo[BaseException], fault: CellFault, path: Path, line: int) -> Any:
    """The story as a representation that every reporter can read: its text, and a place and a line for summaries.

    path and line (from 1) are those of the case. Of a pytest that represents exceptions otherwise, the text alone.
    """
    shown = pytest.ExceptionInfo.from_exception(Exception(fault.story).with_traceback(excinfo.tb))
    told = shown.getrepr(style="value")
    crash = told.reprcrash
    if crash is None:
        return fault.story
    crash.path, crash.lineno, crash.message = os.fspath(path), line, str(fault)
    return told
