"""A decision in words: what is said, and what it may not do where it is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pytest_llm.gates.decide import decide
from pytest_llm.gates.types import Bar, CellRow, Decision, Difference, Measured, Tally
from pytest_llm.reports.gate import MOST, as_json, markdown, terminal
from pytest_llm.reports.markdown import EXCERPT

HOSTILE = "a|b`c``\x1b[31m\n::error::x @somebody <script>"


def cell(place: int, **changes: Any) -> CellRow:
    same = CellRow(f"a.yaml::c{place}", "passing", baseline=Tally(5, 5), run=Tally(1, 1), model="m", think="off")
    return replace(same, **changes)


def broken(place: int, **changes: Any) -> CellRow:
    fails = cell(place, state="newly failing", failed=True, run=Tally(0, 1), repeats=Tally(0, 12))
    return replace(fails, **changes)


def decided(*odd: CellRow, **more: Any) -> Decision:
    return decide([*odd, *(cell(place) for place in range(100, 140))], baseline="main.json", **more)


def test_the_last_line_is_the_word_and_its_reason() -> None:
    assert terminal(decided())[-1] == "PASS: no new failure in 40 cells"
    assert terminal(decided(broken(1)))[-1] == "BLOCK: a.yaml::c1 newly fails and failed again"


def test_a_flip_shows_its_numbers_its_reason_and_both_answers() -> None:
    lines = terminal(decided(broken(1, reason="schema: $.a is missing", answers=('{"a": 1}', "{}"))))
    place = lines.index(
        "a.yaml::c1  newly failing, confirmed: 5 of 5 before, 0 of 1 now, 0 of 12 when asked again, p 0.00016"
    )
    assert lines[place + 1 : place + 4] == ["    schema: $.a is missing", '    before: {"a": 1}', "    now: {}"]


def test_the_flips_that_weigh_most_come_first_and_the_rest_is_counted() -> None:
    flakes = [broken(place, repeats=Tally(4, 4)) for place in range(MOST + 3)]
    lines = terminal(decided(*flakes, broken(90)))
    flips = [line for line in lines if "newly failing" in line and "::" in line]
    assert "c90" in flips[0]
    assert any(line.startswith("… and 4 more") for line in lines)


def test_fixed_and_new_cells_are_flips_too() -> None:
    fixed, new = cell(1, state="fixed", baseline=Tally(0, 5)), cell(2, state="new", failed=True, run=Tally(0, 1))
    lines = terminal(decided(fixed, replace(new, baseline=Tally())))
    assert "a.yaml::c1  fixed: 0 of 5 before, 1 of 1 now" in lines
    assert "a.yaml::c2  new and failing: 0 of 1" in lines


def test_what_differs_comes_before_anything_else() -> None:
    found = decided(differences=[Difference("m", "answers", "server 0.12.1, was 0.11.0")])
    assert terminal(found)[0] == "answers fingerprint of m differs: server 0.12.1, was 0.11.0"


def test_groups_that_fell_are_shown_in_columns() -> None:
    rows = [broken(place, markers=("visual",)) for place in range(8)]
    heading, whole, first, *_ = terminal(decided(*rows, cell(50, markers=("better",))))
    assert heading.split() == ["cells", "number", "before", "now", "difference", "95%", "interval", "p", "(Holm)"]
    assert whole.startswith("all cells, model m, think off")
    assert (first.startswith("marker visual"), first.endswith("drop")) == (True, True)
    assert len({len(whole), len(heading)}) == 1 or whole.endswith("drop")
    assert "better" not in whole + first


def test_a_group_that_no_test_can_tell_from_luck_says_so() -> None:
    _, whole, *_ = terminal(decided(broken(1, baseline=Tally(1, 1))))
    assert whole.endswith("too few answers")


def test_speed_and_bars_are_lines() -> None:
    slow = [
        cell(place, rate=Measured(28.0 + place % 2, {f"r{run}": 40.0 + run / 10 for run in range(5)}))
        for place in range(6)
    ]
    lines = terminal(decided(*slow, bars=[Bar("visual>=80%", True, "97%"), Bar("rate>=40", False)]))
    assert any(line.startswith("token rate of m: 0.71 times (") and line.endswith("differ by") for line in lines)
    assert "bar visual>=80%: reached, 97%" in lines
    assert "bar rate>=40: missed" in lines


@pytest.mark.parametrize("field", ["nodeid", "model", "reason", "answers", "markers"])
def test_nothing_that_is_shown_is_obeyed(field: str) -> None:
    value = {"answers": ("", HOSTILE), "markers": (HOSTILE,)}.get(field, HOSTILE)
    found = decided(broken(1, **{field: value}), differences=[Difference(HOSTILE, "answers", HOSTILE)])
    for text in ("\n".join(terminal(found)), markdown(found)):
        assert "\x1b" not in text
        assert not any(line.lstrip(" `").startswith("::") for line in text.splitlines())


@pytest.mark.parametrize("text", [HOSTILE, "```\n</details>\n", "`", "plain", "``` ```` `````\n| a | b |"])
def test_in_markdown_answers_and_names_are_code(text: str) -> None:
    name = text.split("\n")[0]
    said = markdown(decided(broken(1, nodeid=name, answers=("", text))))
    item = next(line for line in said.splitlines() if line.startswith("- `") and "newly failing" in line)
    fence = item[2:].split(name[0])[0] if not name.startswith("`") else item[2:].split(" ")[0]
    assert set(fence) == {"`"}
    assert fence not in name
    block = [line.strip() for line in said.splitlines() if line.strip() and set(line.strip()) == {"`"}]
    assert block[0] == block[-1]
    assert block[0] not in text


def test_markdown_has_the_word_the_table_and_the_flips() -> None:
    said = markdown(decided(broken(1)))
    assert said.startswith("## pytest-llm: BLOCK\n\n`a.yaml::c1 newly fails and failed again`\n")
    assert "| `all cells, model m, think off` | 41 |" in said
    assert "### Flips\n\n- `a.yaml::c1` newly failing, confirmed" in said
    assert "### Flips" not in markdown(decided())


def test_a_long_answer_is_an_excerpt() -> None:
    said = markdown(decided(broken(1, answers=("", "x" * 5_000))))
    assert "x" * (EXCERPT - 1) + "…" in said
    assert len(said) < 3_000


def test_json_holds_every_number() -> None:
    found = decided(broken(1), differences=[Difference("m", "answers")], bars=[Bar("m>=1%", True)])
    data = json.loads(as_json(found))
    assert (data["format"], data["word"], data["counts"]) == (
        1,
        "INCONCLUSIVE",
        {"newly failing": 1, "passing": 40},
    )
    assert data["cells"][0]["row"]["repeats"] == {"passed": 0, "asked": 12}
    assert data["groups"][0]["models"] == ["m"]


def test_without_anything_to_compare_there_is_one_line() -> None:
    assert terminal(decide([], baseline="b")) == ["INCONCLUSIVE: b holds none of the cells that were judged"]
    assert "|" not in markdown(decide([], baseline="b"))
