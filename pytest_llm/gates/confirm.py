"""Which newly failing cells are confirmed, and how often one is still to be asked.

A cell that was green and is red is asked again. What confirms it is the answers to that, held against the
baseline's by Fisher's test: the failure that raised the alarm is not among them, it was picked because it failed.
Holm's method runs over every cell that failed in the run, those that failed before too, for they were picked alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from pytest_llm.gates.types import FLIPPED, CellResult, CellRow, Settings
from pytest_llm.statistics.exact import fisher, holm

Level = Callable[[CellRow], float]


def repeats_left(row: CellRow, rows: Sequence[CellRow], settings: Settings) -> int:
    """How many more answers of this newly failing cell can still matter; 0: ask no more.

    rows: those that are known so far, this one among them. It is not the number that will be needed: ask one (or as
    many as the server has slots), count it into `row.repeats`, ask this function again.
    """
    left = settings.confirm - row.repeats.asked
    if row.state != "newly failing" or left <= 0:
        return 0
    known = _as_sampled([row, *(other for other in rows if other.nodeid != row.nodeid)])
    if known[0].fixed_answers:
        return int(row.inputs_differ and not row.repeats.asked)
    best = _adjusted(known, lambda cell: _level(cell, cell.repeats.passed, settings.confirm))
    return left if best[row.nodeid] <= settings.level else 0


def cell_results(rows: Sequence[CellRow], settings: Settings) -> tuple[CellResult, ...]:
    """Of every newly failing cell, at the run's end, in the order of the rows."""
    rows = _as_sampled(rows)
    found = {row.nodeid: _level(row, row.repeats.passed, row.repeats.asked) for row in _failed(rows)}
    adjusted = _adjusted(rows, lambda row: found[row.nodeid])
    most = _adjusted(rows, lambda row: _level(row, 0, settings.confirm))
    return tuple(
        CellResult(row, _fixed(row, settings), 1.0, 1.0)
        if row.fixed_answers
        else CellResult(row, _sampled(row, rows, adjusted, most, settings), found[row.nodeid], adjusted[row.nodeid])
        for row in rows
        if row.state == "newly failing"
    )


def unsteady(rows: Sequence[CellRow]) -> bool:
    """Whether the same request at temperature 0 was seen to give another answer in this run."""
    return any(_disagrees(row) for row in rows if row.fixed_answers)


def _disagrees(row: CellRow) -> bool:
    if row.inputs_differ:
        return row.state == "newly failing" and row.repeats.passed > 0
    return row.state in FLIPPED


def _as_sampled(rows: Sequence[CellRow]) -> Sequence[CellRow]:
    """On an unsteady machine one more failure proves nothing: what could rest on it is judged as any other cell."""
    if not unsteady(rows):
        return rows
    return [
        replace(row, fixed_answers=False) if row.inputs_differ and not row.repeats.passed else row for row in rows
    ]


Outcome = Literal["confirmed", "noise", "open", "unconfirmable"]


def _fixed(row: CellRow, settings: Settings) -> Outcome:
    """The same request gives the same answer here: only another one gives another, and once more is enough."""
    if not row.inputs_differ or row.repeats.passed:
        return "noise"
    if row.repeats.asked:
        return "confirmed"
    return "open" if settings.confirm else "unconfirmable"


def _sampled(
    row: CellRow,
    rows: Sequence[CellRow],
    adjusted: Mapping[str, float],
    most: Mapping[str, float],
    settings: Settings,
) -> Outcome:
    if adjusted[row.nodeid] <= settings.level:
        return "confirmed"
    if most[row.nodeid] > settings.level:
        return "unconfirmable"
    return "open" if repeats_left(row, rows, settings) else "noise"


def _failed(rows: Sequence[CellRow]) -> list[CellRow]:
    """The family of Holm's method."""
    return [row for row in rows if row.state in ("newly failing", "known failing") and not row.fixed_answers]


def _adjusted(rows: Sequence[CellRow], level: Level) -> dict[str, float]:
    """The p of each failed cell by Holm; that of one that is known to fail is 1."""
    failed = _failed(rows)
    levels = [level(row) if row.state == "newly failing" else 1.0 for row in failed]
    return {row.nodeid: p for row, p in zip(failed, holm(levels), strict=True)}


def _level(row: CellRow, passed: int, asked: int) -> float:
    return fisher(row.baseline.passed, row.baseline.asked, passed, max(asked, row.repeats.asked))
