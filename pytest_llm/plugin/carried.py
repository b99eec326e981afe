"""What a report carries of a cell: its line, on the way to the record, and its numbers."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_llm.store.record import CellLine

CARRIED = "llm_cell"  # of a report: what a worker hands over; builtins survive pytest-xdist

_PACKED = "llm_report"


def is_ours(pair: tuple[str, object]) -> bool:
    """Whether a property is one of a cell's numbers, and not the user's own."""
    return pair[0].startswith("llm.")


def carry(line: CellLine, report: pytest.TestReport) -> None:
    """Hand a cell's line over with its report."""
    from pytest_llm.store.record import to_line

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
    """Make one value of a report of ours: pytest-xdist writes and reads each value in it apart, in Python."""
    if CARRIED in data or any(map(is_ours, data["user_properties"])):
        packed = pickle.dumps(data, pickle.HIGHEST_PROTOCOL)
        data.clear()
        data[_PACKED] = packed


def unpack(data: dict[str, Any]) -> None:
    """The report as it was, with what was put beside it."""
    if packed := data.pop(_PACKED, b""):
        data.update(pickle.loads(packed))  # noqa: S301 (what a worker of this run wrote)
