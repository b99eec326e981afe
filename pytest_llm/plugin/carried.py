"""What a report carries of a cell: its line, on the way to the record, and its numbers."""

from __future__ import annotations

import pickle
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm.reports.properties import is_ours, shared

if TYPE_CHECKING:
    from pytest_llm.store.line import CellLine

CARRIED = "llm_cell"  # of a report: what a worker hands over; builtins survive pytest-xdist

_PROTOCOL = pickle.HIGHEST_PROTOCOL
_PACKED, _NUMBERS = "llm_report", "llm_numbers"


def carry(line: CellLine, report: pytest.TestReport) -> None:
    """Hand a cell's line over with its report."""
    from pytest_llm.store.line import to_line

    setattr(report, CARRIED, to_line(line))


def taken(report: pytest.TestReport) -> str | None:
    """The line, out of the report, so that nothing else carries or keeps it."""
    line: str | None = report.__dict__.pop(CARRIED, None)
    return line


def reported(config: pytest.Config, report: pytest.TestReport) -> str:
    """pytest's own word for it: passed, failed, error, skipped, xfailed, xpassed, or a plugin's, such as rerun."""
    said = config.hook.pytest_report_teststatus(report=report, config=config)  # None without a terminal
    return str(said[0] if said else "") or report.outcome


def pack(data: dict[str, Any]) -> None:
    """Make two values of a report of ours: pytest-xdist writes and reads each value in it apart, in Python."""
    if CARRIED in data or any(map(is_ours, data["user_properties"])):
        numbers, packed = pickle.dumps(data.pop("user_properties"), _PROTOCOL), pickle.dumps(data, _PROTOCOL)
        data.clear()
        data |= {_PACKED: packed, _NUMBERS: numbers}


def unpack(data: dict[str, Any]) -> None:
    """The report as it was, with what was put beside it."""
    if packed := data.pop(_PACKED, b""):
        numbers = data.pop(_NUMBERS)
        data |= pickle.loads(packed)  # noqa: S301 (what a worker of this run wrote)
        data["user_properties"] = list(_properties(numbers))


@lru_cache(maxsize=64)
def _properties(packed: bytes) -> list[tuple[str, object]]:
    """pytest keeps every report, and the three of a cell say the same: that is made once."""
    return [shared(pair) for pair in pickle.loads(packed)]  # noqa: S301 (as above)
