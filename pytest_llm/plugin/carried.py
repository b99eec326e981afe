"""What a report carries of a cell: its line, on the way to the record, and its numbers."""

from __future__ import annotations

import json
from itertools import filterfalse
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_llm.store.record import CellLine

CARRIED = "llm_cell"  # of a report: what a worker hands over; builtins survive pytest-xdist

_PACKED = "llm_properties"


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
    """Make one text of our properties: pytest-xdist writes and reads each value of a report apart, in Python."""
    ours = list(filter(is_ours, data["user_properties"]))
    if ours:
        data["user_properties"] = list(filterfalse(is_ours, data["user_properties"]))
        data[_PACKED] = json.dumps(ours)


def unpack(data: dict[str, Any]) -> None:
    """The properties as they were."""
    if packed := data.pop(_PACKED, ""):
        data["user_properties"] = [*data["user_properties"], *map(tuple, json.loads(packed))]
