"""States of cells, and what the gate's tests are told of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.gates.baseline import Baseline, BaselineCell
from pytest_llm.gates.past import Before, Past, of_file
from pytest_llm.gates.rows import Ended, how_it_ended, rows, state
from pytest_llm.gates.tally import counting, likelier, samples, tally
from pytest_llm.gates.types import CellRow, State, Tally
from pytest_llm.store.line import CellLine, Header
from pytest_llm.store.record import RunRecord

ID = "a.prompt.yaml::a[m]"


def answer(*, passed: bool | None = True, sample: int = 0, seed: int | None = None, **more: Any) -> dict[str, Any]:
    """One answer as the record has it; passed None: an error in its place."""
    severity = {True: [], False: [{"severity": "failure"}], None: [{"severity": "error"}]}[passed]
    options = {} if seed is None else {"seed": seed}
    return {"sample": sample, "request": {"options": options}, "findings": severity, "text": f"t{sample}", **more}


def line(outcome: str = "passed", *answers: dict[str, Any], **more: Any) -> CellLine:
    given = answers or (answer(passed={"passed": True, "failed": False}.get(outcome)),)
    return CellLine(
        **{"nodeid": ID, "outcome": outcome, "reported": outcome, "case": "a", "answers": given, **more}
    )


ESCALATED = line("passed", answer(passed=False), answer(passed=True, attempt=2, text="t"), escalated=True)
ENDS: dict[Ended, CellLine | None] = {
    "passed": line("passed"),
    "failed": line("failed"),
    "escalated": ESCALATED,
    "xfailed": line("failed", reported="xfailed"),
    "xpassed": line("passed", reported="xpassed"),
    "error": line("error"),
    "none": None,
}
STATES: list[tuple[Ended, State | None, State, State]] = [
    # how it ended, the state of a cell that was in no baseline, that failed there, that passed there
    ("passed", "new", "fixed", "passing"),
    ("failed", "new", "known failing", "newly failing"),
    ("escalated", "new", "known failing", "passing"),
    ("xfailed", "new", "known failing", "known failing"),
    ("xpassed", "new", "fixed", "fixed"),
    ("error", "error", "error", "error"),
    ("none", None, "missing", "missing"),
]


@pytest.mark.parametrize(("ended", "new", "failed", "passed"), STATES)
def test_states(ended: Ended, new: State | None, failed: State, passed: State) -> None:
    assert (state(None, ended), state(False, ended), state(True, ended)) == (new, failed, passed)
    assert how_it_ended(ENDS[ended]) == ended


@pytest.mark.parametrize(
    ("found", "ended"),
    [
        (line("skipped"), "none"),
        (line("skipped", reported="xfailed"), "xfailed"),  # run=False
        (line("passed", reported="failed"), "xpassed"),  # strict
        (line("error", case=""), "none"),  # its worker died
        (line("failed", answer(passed=False), answer(passed=False, attempt=2)), "failed"),
    ],
)
def test_how_it_ended(found: CellLine, ended: Ended) -> None:
    assert how_it_ended(found) == ended


def before(passed: int = 1, asked: int = 1, **more: Any) -> Before:
    return Before(**{"tally": Tally(passed, asked), **more})


def run(*lines: CellLine, **header: Any) -> RunRecord:
    ids = tuple(found.nodeid for found in lines)
    return RunRecord.of(Path(), Header(**{"run": "r", "cells": ids, **header}), lines)


def one(past: Before | None, found: CellLine, **header: Any) -> CellRow:
    (row,) = rows(Past("b", {ID: [past]} if past else {}), run(found, **header))
    return row


def test_answers_are_counted() -> None:
    cell = line("failed", answer(passed=True), answer(passed=False, sample=1), answer(passed=None, sample=2))
    row = one(before(3, 4), cell)
    assert (row.baseline, row.run, row.failed) == (Tally(3, 4), Tally(1, 2), True)
    assert row.answers == ("", "t1")
    repeated = replace(cell, confirmations=(answer(sample=3, passed=True), answer(sample=4, passed=False)))
    assert one(before(), repeated).repeats == Tally(1, 2)
    assert one(before(), repeated).run == Tally(1, 2)


def test_a_stage_that_fails_fails_its_sample() -> None:
    cell = line("failed", answer(stage="a"), answer(stage="b", passed=False), answer(stage="a", sample=1))
    assert one(before(), cell).run == Tally(1, 2)


def test_what_is_expected_to_fail_is_not_tested() -> None:
    for ended in ("xfailed", "xpassed"):
        row = one(before(5, 5), ENDS[ended] or line())
        assert (row.run, row.failed) == (Tally(), False)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([answer(seed=1), answer(seed=2, sample=1)], Tally(2, 2)),
        ([answer(seed=1), answer(seed=1, sample=1, passed=False)], Tally(1, 1)),
        ([answer(), answer(sample=1)], Tally(2, 2)),
        ([answer(id="1"), answer(sample=1, id="2")], Tally(2, 2)),
        ([answer(id="1"), answer(sample=1, id="1")], Tally(1, 1)),
        ([answer(id=""), answer(sample=1, id="")], Tally(2, 2)),
    ],
)
def test_copies_count_once(answers: list[dict[str, Any]], expected: Tally) -> None:
    assert tally(counting(samples(line("passed", *answers)))) == expected


@pytest.mark.parametrize(
    ("inforce", "said", "cold"), [(0.0, None, True), (None, 0, True), (0.0, 0.7, False), (None, None, False)]
)
def test_at_temperature_0_without_a_seed_there_is_one_answer(
    inforce: float | None, said: float | None, cold: bool
) -> None:
    options = {} if said is None else {"temperature": said}
    answers = [answer(sample=n, request={"options": options}) for n in (0, 1)]
    row = one(before(), line("passed", *answers, temperature=inforce))
    assert (row.fixed_answers, row.run.asked) == (cold, 1 if cold else 2)


@pytest.mark.parametrize(
    ("passed", "asked", "need", "of", "expected"),
    [(1, 1, 1, 1, True), (0, 1, 1, 1, False), (9, 10, 1, 1, True), (4, 10, 1, 1, False), (45, 50, 5, 5, True)],
)
def test_whether_the_baseline_passed(passed: int, asked: int, need: int, of: int, expected: bool) -> None:
    assert likelier(Tally(passed, asked), need, of) is expected


def test_with_as_many_samples_it_is_the_verdict() -> None:
    for of in range(1, 31):
        for need in range(1, of + 1):
            assert [likelier(Tally(k, of), need, of) for k in range(of + 1)] == [k >= need for k in range(of + 1)]


NUMBERS = {"answer_tokens": 100, "rate": 50.0, "first_token": 0.5, "load_seconds": 2.5}


@pytest.mark.parametrize(
    ("more", "exclusive", "rate", "first_token"),
    [
        ({}, True, 50.0, 0.5),
        ({}, False, None, None),
        ({"stored": "2026-01-01"}, True, None, None),
        ({"numbers": {**NUMBERS, "answer_tokens": 31}}, True, None, 0.5),
        ({"numbers": {**NUMBERS, "load_seconds": None}}, True, 50.0, 0.5),
        ({"numbers": {}}, True, None, None),
    ],
)
def test_what_is_measured(more: Any, exclusive: bool, rate: float | None, first_token: float | None) -> None:
    cell = line("passed", answer(**{"numbers": NUMBERS, **more}), exclusive=exclusive)
    row = one(before(rates={"r0": 40.0}), cell)
    assert (row.rate.now, row.rate.before) == (rate, {"r0": 40.0})
    assert row.first_token.now == first_token


def test_what_was_not_selected_has_no_row_and_what_is_no_more_is_gone() -> None:
    names = ("here", "left", "gone", "elsewhere")
    ids = [f"{'a' if name != 'elsewhere' else 'b'}.prompt.yaml::{name}[m]" for name in names]
    past = Past("b", {id_: [before()] for id_ in ids})
    found = rows(past, run(replace(line(), nodeid=ids[0]), files=("a.prompt.yaml",), left_out=(ids[1],)))
    assert [(row.nodeid, row.state) for row in found] == [(ids[0], "passing"), (ids[2], "gone")]


def test_selected_and_never_judged() -> None:
    stopped = RunRecord.of(Path(), Header("r", cells=(ID, "x::new[m]", "x::must[m]"), must_pass=("x::must[m]",)))
    found = rows(Past("b", {ID: [before(2, 3)]}), stopped)
    assert [(row.nodeid, row.state, row.must_pass) for row in found] == [
        (ID, "missing", False),
        ("x::must[m]", "missing", True),
    ]
    assert found[0].baseline == Tally(2, 3)


def test_an_inserted_row_is_new_and_the_others_are_what_they_were() -> None:
    past = Past("b", {f"a::a[m-row{n}]": [before(row=row)] for n, row in ((1, "x"), (2, "y"))})
    cells = [replace(line(), nodeid=f"a::a[m-row{n}]", row=f"row{n}", values=v) for n, v in enumerate("oxy", 1)]
    assert [row.state for row in rows(past, run(*cells))] == ["new", "passing", "passing"]


def test_a_file_is_a_past_of_one_run() -> None:
    cell = BaselineCell("r", "i", "f", 4, 5, 40.0, None)
    past = of_file("b.json", Baseline("c", {"f": {"answers": {"x": 1}}}, {ID: cell}))
    found = past.of(ID, {})
    assert found == Before("r", "i", {"answers": {"x": 1}}, Tally(4, 5), {}, {"b.json": 40.0}, {})
    assert one(found, line(inputs="other")).inputs_differ
    assert not one(found, line(inputs="i", row="row1", values="r")).inputs_differ
