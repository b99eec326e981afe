"""The matrix at the end of a run, as text."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm.reports.ending import HURT, lines, shown
from pytest_llm.reports.viewer.matrix import matrix
from pytest_llm.store.line import CellLine
from tests.helpers.records import answer, cell, finding


def drawn(cells: list[CellLine], width: int = 80, **how: Any) -> list[str]:
    told = lines(matrix(cells, shown), width, **how)
    return ["".join(text for text, _ in line) for line in told]


WRONG = answer(findings=[finding("'x' is not defined")])


def test_cases_down_models_across() -> None:
    cells = [
        cell("a"),
        cell("a", think="on", answers=[WRONG]),
        cell("b", model="n", samples=3, outcomes=("passed", "passed", "failed"), outcome="passed"),
        cell("b", answers=[WRONG]),
        cell("c", outcome="skipped", answers=[]),
        cell("c", think="on", escalated=True),
    ]
    head = drawn(cells)[:2]
    assert [line.split() for line in head] == [["m", "m", "n"], ["think", "off", "think", "on", "think", "off"]]
    table = {line.split()[0]: line.split()[1:] for line in drawn(cells)[2:] if line}
    assert table["a"] == ["pass", "FAIL"]
    assert table["b"] == ["FAIL", "pass", "2/3"]
    assert table["c"] == ["skip", "pass*"]
    assert table["passed"] == ["1/2", "1/2", "1/1"]
    assert table["tokens/s"] == ["50.0", "50.0", "50.0"]
    assert drawn(cells)[-1] == "2 cells: compile: 'x' is not defined"


NO_GO = answer(findings=[finding("go is not here", "skip")])


def test_why_cells_were_skipped() -> None:
    skipped = [cell(name, outcome="skipped", answers=[NO_GO]) for name in "ab"]
    by_mark = cell("c", outcome="skipped", answers=[], reason="not today")
    said = ["2 skipped: compile: go is not here", "1 skipped: not today"]
    assert drawn([*skipped, by_mark]) == said
    assert drawn([*skipped, by_mark, cell("d"), cell("e")])[-3:] == ["", *said]


def test_cells_without_a_think_mode_have_one_line_of_headings() -> None:
    told = drawn([cell("a", think="default"), cell("b", think="default")])
    assert [line.split() for line in told[:2]] == [["m"], ["a", "pass"]]


def test_beside_a_think_mode_none_has_a_name_too() -> None:
    told = drawn([cell("a", think="default"), cell("a", think="on")])
    assert told[1].split() == ["think", "default", "think", "on"]


def test_what_mends_a_skip_stands_beside_it_whole() -> None:
    lacks = answer(findings=[finding(f"go is not here{' at all' * 20}", "skip", details="apt-get install golang")])
    (told,) = drawn([cell("a", outcome="skipped", answers=[lacks])])
    assert told.endswith("at all (apt-get install golang)")


def test_one_cell_has_no_matrix() -> None:
    assert drawn([cell("a")]) == []


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_it_is_no_wider_than_the_terminal(width: int) -> None:
    cells = [cell("a-case-with-a-long-name", model=f"model-{n}") for n in range(7)]
    told = drawn(cells, width)
    assert max(map(len, told)) <= max(width, 30)
    assert sum(line.count("pass") for line in told if "passed" not in line) == 7


def test_of_many_rows_those_that_did_not_pass() -> None:
    cells = [cell(f"c{n}", answers=[WRONG] if n == 7 else None) for n in range(30)]
    told = drawn(cells)
    assert [line.split()[0] for line in told if "FAIL" in line] == ["c7"]
    assert "and 29 rows in which every cell passed (-v shows them)" in told
    assert sum("pass" in line.split() for line in drawn(cells, whole=True)) == 29


def test_of_very_many_rows_that_did_not_pass_the_first() -> None:
    cells = [cell(f"c{n:03}", answers=[WRONG] if n % 3 else None) for n in range(3 * HURT)]
    told, every = drawn(cells), drawn(cells, whole=True)
    assert [line.split()[0] for line in told if "FAIL" in line] == [f"c{n:03}" for n in range(150) if n % 3]
    assert f"and {HURT} rows in which something did not pass (-v shows them)" in told
    assert f"and {HURT} rows in which every cell passed (-v shows them)" in told
    assert sum("FAIL" in line for line in every) == 2 * HURT


def test_the_share_of_thinking_is_told_where_it_stands_in_the_text() -> None:
    thought = answer(thinking="hm " * 400)
    told = drawn([cell("a", answers=[thought]), cell("b", answers=[thought])])
    assert [line.split()[1][-1] for line in told if line.startswith("thinking")] == ["%"]


def test_what_a_model_wrote_is_not_obeyed() -> None:
    wrong = answer(findings=[finding("\x1b[31m\n::error::x")])
    told = drawn([cell("\x1b[2J", answers=[wrong]), cell("b", answers=[wrong])])
    assert "\x1b" not in "".join(told)
    assert told[-1].startswith("2 cells: compile: \\x1b[31m")
