"""The line of a cell on its way to the record, by its report."""

from __future__ import annotations

import pytest

from pytest_llm.store.record import CellLine, to_line

CARRIED = "llm_cell"  # of a report: what a worker hands over; builtins survive pytest-xdist


def carry(line: CellLine, report: pytest.TestReport) -> None:
    """Hand a cell's line over with its report."""
    setattr(report, CARRIED, to_line(line))


def taken(report: pytest.TestReport) -> str | None:
    """The line, out of the report, so that nothing else carries or keeps it."""
    line: str | None = report.__dict__.pop(CARRIED, None)
    return line


def reported(config: pytest.Config, report: pytest.TestReport) -> str:
    """pytest's own word for it: passed, failed, error, skipped, xfailed, xpassed, or a plugin's, such as rerun."""
    said = config.hook.pytest_report_teststatus(report=report, config=config)  # None without a terminal
    return str(said[0] if said else "") or report.outcome
