"""Runs of a branch, pooled; a run as a baseline's file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.gates.baseline import BaselineCell
from pytest_llm.gates.past import POOLED, of_runs, to_file
from pytest_llm.gates.rows import differing
from pytest_llm.gates.types import Difference, Tally
from pytest_llm.store.line import CellLine, Header
from pytest_llm.store.record import RunRecord
from tests.unit.gates.test_rows import ID, NUMBERS, answer, line

OLD = {"answers": {"version": "1"}, "speed": {"machine": "a"}}
NEW = {"answers": {"version": "2"}, "speed": {"machine": "a"}}
OTHER_MACHINE = {"answers": {"version": "1"}, "speed": {"machine": "b"}}


def run(name: str, *lines: CellLine) -> RunRecord:
    return RunRecord.of(Path(), Header(name, commit="c", cells=tuple(one.nodeid for one in lines)), lines)


def said(passed: bool = True, fingerprint: Any = OLD, **more: Any) -> CellLine:
    return line("passed" if passed else "failed", answer(passed=passed, fingerprint=fingerprint, **more))


def pool(*lines: CellLine) -> Any:
    """The newest first."""
    return of_runs("store:main", [run(str(9 - n), one) for n, one in enumerate(lines)])


def test_answers_of_all_runs_are_pooled() -> None:
    assert pool(said(), said(False), said()).of(ID, OLD).tally == Tally(2, 3)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([said(seed=1), said(False, seed=1)], Tally(1, 1)),  # the newest of one seed
        ([said(seed=1), said(False, seed=2)], Tally(1, 2)),
        ([said(id="x")] * 2, Tally(1, 1)),  # one stored answer in two runs
        ([replace(said(), temperature=0.0)] * 3, Tally(1, 1)),
        ([said(), replace(said(False), inputs="before")], Tally(1, 1)),  # what was asked otherwise
        ([said(), line("error")], Tally(1, 1)),
        ([said()] * 20, Tally(POOLED, POOLED)),
    ],
)
def test_what_counts(lines: list[CellLine], expected: Tally) -> None:
    assert pool(*lines).of(ID, OLD).tally == expected


def test_runs_with_the_same_answers_fingerprint_come_first() -> None:
    past = pool(said(False, NEW), said(True, OLD), said(True, OLD))
    assert past.of(ID, OLD).tally == Tally(2, 2)
    assert past.of(ID, NEW).tally == Tally(0, 1)
    unknown = past.of(ID, {"answers": {"version": "3"}})
    assert (unknown.tally, unknown.fingerprint) == (Tally(0, 1), NEW)


def test_speed_is_compared_with_runs_of_the_same_machine() -> None:
    lines = [replace(said(True, f, numbers=NUMBERS), exclusive=True) for f in (OLD, OTHER_MACHINE, OLD)]
    past = of_runs("p", [run(str(n), one) for n, one in enumerate(lines)])
    assert past.of(ID, OLD).rates == {"0": 50.0, "2": 50.0}
    assert past.of(ID, OTHER_MACHINE).rates == {"1": 50.0}


def test_a_row_that_moved_is_pooled_by_its_values() -> None:
    def row(number: int, values: str, passed: bool) -> CellLine:
        return replace(said(passed), nodeid=f"a::a[m-row{number}]", row=f"row{number}", values=values)

    newest = run("2", row(1, "x", True), row(2, "y", True))
    past = of_runs("p", [newest, run("1", row(1, "y", False))])
    assert past.of("a::a[m-row2]", OLD).tally == Tally(1, 2)
    assert past.of("a::a[m-row1]", OLD).tally == Tally(1, 1)


def test_what_differs_is_said_once_a_model() -> None:
    two = [replace(said(True, NEW), model="m", nodeid=id_) for id_ in ("a", "b")]
    past = of_runs("p", [run("1", *(replace(one, answers=said(True, OLD).answers) for one in two))])
    assert differing(past, run("2", *two)) == (Difference("m", "answers", "version 2, was 1"),)


def test_a_run_as_a_file() -> None:
    cell = replace(said(numbers={**NUMBERS, "rate": 51.2345}), exclusive=True, inputs="i", row="row1", values="v")
    others = [replace(line("error"), nodeid="e"), replace(line("skipped"), nodeid="s", answers=())]
    found = to_file(run("r", cell, *others))
    (name,) = found.fingerprints
    assert found.fingerprints[name] == OLD
    assert found.cells == {ID: BaselineCell("v", "i", name, 1, 1, 51.2, 0.5)}
    assert found.commit == "c"
