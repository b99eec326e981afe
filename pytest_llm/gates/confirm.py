"""Which newly failing cells are confirmed, and how often one is still to be asked."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llm.gates.types import CellResult, CellRow, Settings


def repeats_left(row: CellRow, rows: Sequence[CellRow], settings: Settings) -> int:
    """How many more answers of this newly failing cell can still matter; 0: ask no more.

    rows: those that are known so far, this one among them. It is not the number that will be needed: ask one (or as
    many as the server has slots), count it into `row.repeats`, ask this function again.
    """
    raise NotImplementedError


def cell_results(rows: Sequence[CellRow], settings: Settings) -> tuple[CellResult, ...]:
    """Of every newly failing cell, at the run's end, in the order of the rows."""
    raise NotImplementedError
