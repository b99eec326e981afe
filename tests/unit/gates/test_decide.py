"""Rows in, the word out."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from pytest_llm.gates.confirm import cell_results, repeats_left
from pytest_llm.gates.decide import decide
from pytest_llm.gates.groups import group_results, groups
from pytest_llm.gates.speed import speed_results
from pytest_llm.gates.types import Bar, CellRow, Decision, Difference, Measured, Settings, Tally

FAILS = {"state": "newly failing", "failed": True, "run": Tally(0, 1)}
KNOWN = {"state": "known failing", "failed": True, "baseline": Tally(0, 5), "run": Tally(0, 1)}
BROKEN = {**FAILS, "repeats": Tally(0, 12)}
FLAKE = {**FAILS, "repeats": Tally(5, 5)}


def cell(name: str, **changes: Any) -> CellRow:
    """A cell that passes as it did."""
    same = CellRow(name, "passing", baseline=Tally(5, 5), run=Tally(1, 1), model="m", think="off")
    return replace(same, **changes)


def cells(number: int, *odd: dict[str, Any], **all_: Any) -> list[CellRow]:
    """So many cells, the first of them odd."""
    changes = [*odd, *[{}] * (number - len(odd))]
    return [cell(f"c{place}", **{**all_, **change}) for place, change in enumerate(changes)]


def word(rows: list[CellRow], **more: Any) -> str:
    return decide(rows, baseline="main.json", **more).word


@pytest.mark.parametrize(
    ("wanted", "odd"),
    [
        ("PASS", []),
        ("PASS", [{"state": "fixed", "baseline": Tally(0, 5)}]),
        ("PASS", [{"state": "new", "baseline": Tally()}]),
        ("WARN", [KNOWN]),
        ("WARN", [FLAKE]),
        ("WARN", [{"state": "gone", "run": Tally()}]),
        ("WARN", [{"state": "new", "failed": True, "baseline": Tally(), "run": Tally(0, 1)}]),
        ("WARN", [{**FAILS, "baseline": Tally(1, 1)}]),
        ("BLOCK", [BROKEN]),
        ("BLOCK", [FAILS] * 8),
        ("BLOCK", [{**KNOWN, "must_pass": True}]),
        ("BLOCK", [{**FLAKE, "must_pass": True}]),
        ("BLOCK", [{"state": "missing", "run": Tally(), "must_pass": True}]),
        ("BLOCK", [{"state": "error", "run": Tally(), "must_pass": True}]),
        ("INCONCLUSIVE", [{"state": "missing", "run": Tally()}]),
        ("INCONCLUSIVE", [{"state": "error", "run": Tally()}]),
        ("INCONCLUSIVE", [{"state": "missing", "run": Tally()}, FLAKE]),
        ("BLOCK", [{"state": "missing", "run": Tally()}, BROKEN]),
    ],
)
def test_the_word_for_forty_cells(wanted: str, odd: list[dict[str, Any]]) -> None:
    assert word(cells(40, *odd)) == wanted


@pytest.mark.parametrize(
    ("wanted", "odd"),
    [
        ("WARN", FLAKE),  # five answers before, and twelve repeats could have shown it
        ("INCONCLUSIVE", {**FAILS, "repeats": Tally(0, 2)}),  # more repeats were needed
        ("INCONCLUSIVE", {**FAILS, "baseline": Tally(1, 1), "repeats": Tally(0, 12)}),
        ("WARN", {**FAILS, "fixed_answers": True}),  # nothing differs: noise
        ("INCONCLUSIVE", {**FAILS, "fixed_answers": True, "inputs_differ": True}),
        ("WARN", {**FAILS, "fixed_answers": True, "inputs_differ": True, "repeats": Tally(1, 1)}),
        ("BLOCK", {**FAILS, "fixed_answers": True, "inputs_differ": True, "repeats": Tally(0, 1)}),
    ],
)
def test_where_few_cells_see_no_drop_a_new_failure_must_be_settled(wanted: str, odd: dict[str, Any]) -> None:
    assert word(cells(6, odd)) == wanted


def test_known_failures_among_those_that_failed_make_a_cell_harder_to_confirm() -> None:
    seven = {**FAILS, "repeats": Tally(0, 7)}
    assert word(cells(60, seven)) == "BLOCK"
    assert word(cells(60, seven, *[KNOWN] * 20)) != "BLOCK"
    assert word(cells(60, BROKEN, *[KNOWN] * 20)) == "BLOCK"


def test_what_rests_on_a_model_whose_answers_fingerprint_differs_is_taken_back() -> None:
    differs = [Difference("m", "answers", "server 0.12.1, was 0.11.0")]
    taken = decide(cells(40, BROKEN), baseline="b", differences=differs)
    assert (taken.word, "fingerprint" in taken.reason) == ("INCONCLUSIVE", True)
    assert taken.differences == tuple(differs)
    assert word(cells(40, {**BROKEN, "model": "other"}), differences=differs) == "BLOCK"
    assert word(cells(40, {**BROKEN, "must_pass": True}), differences=differs) == "BLOCK"
    assert word(cells(40, BROKEN), differences=differs, bars=[Bar("visual>=80%", False)]) == "BLOCK"
    assert word(cells(40), differences=differs) == "PASS"


def test_a_drop_of_another_models_group_stands() -> None:
    rows = cells(40, *[{**FAILS, "model": "other"}] * 15, *[{"model": "other"}] * 5)
    assert word(rows, differences=[Difference("m", "answers")]) == "BLOCK"
    assert word(rows, differences=[Difference("other", "answers")]) == "INCONCLUSIVE"


def test_bars_alone() -> None:
    failing = cells(4, {"state": "new", "failed": True, "baseline": Tally()}, state="new", baseline=Tally())
    met, missed = Bar("m>=50%", True), Bar("m>=80%", False, "75%")
    assert decide(failing, bars=[met]).word == "PASS"
    found = decide(failing, bars=[met, missed])
    assert (found.word, found.reason) == ("BLOCK", "the bar m>=80% is missed: 75%")


def test_a_baseline_of_none_of_these_cells_says_nothing() -> None:
    found = decide(cells(3, state="new", baseline=Tally()), baseline="main.json")
    assert (found.word, "main.json" in found.reason) == ("INCONCLUSIVE", True)
    assert decide([], baseline="main.json").word == "INCONCLUSIVE"


@pytest.mark.parametrize(("errors", "wanted"), [(0.0, "INCONCLUSIVE"), (0.04, "INCONCLUSIVE"), (0.05, "PASS")])
def test_errors_up_to_the_share_that_is_set(errors: float, wanted: str) -> None:
    rows = cells(40, *[{"state": "error", "run": Tally()}] * 2)
    assert decide(rows, Settings(errors=errors), baseline="b").word == wanted


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (FLAKE, "1 newly failing cell within noise"),
        (FAILS, "1 newly failing cell that could not be confirmed"),
        ({**FAILS, "baseline": Tally(1, 1)}, "1 newly failing cell that could not be confirmed"),
    ],
)
def test_a_flip_that_was_settled_is_not_called_open_nor_the_other_way_round(odd: dict[str, Any], said: str) -> None:
    assert decide(cells(60, odd), baseline="b").reason == said


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [(Settings(alpha=1e-300), "WARN"), (Settings(speed_tolerance=1.0), "WARN"), (Settings(effect=1.0), "BLOCK")],
)
def test_settings_at_their_ends(settings: Settings, wanted: str) -> None:
    assert word([*measured(0.01, *STEADY), *cells(60, KNOWN)], settings=settings) == wanted


def test_many_reasons_are_one_line() -> None:
    reason = decide(cells(60, *[BROKEN] * 9), baseline="b").reason
    assert "and 7 more" in reason
    assert "\n" not in reason


def test_a_baseline_of_single_answers_is_told_how_to_become_better() -> None:
    said = decide(cells(6, {**FAILS, "baseline": Tally(1, 1)}), baseline="b").remarks
    assert any("--llm-samples 5" in remark for remark in said)


def test_names_that_stand_for_the_same_cells_are_one_group() -> None:
    rows = cells(4, {"markers": ("a", "b")}, {"markers": ("a", "b", "c")}, {"think": "on"})
    assert [(names, len(found)) for names, found in groups(rows).items()] == [
        (("all cells", "model m"), 4),
        (("marker a", "marker b"), 2),
        (("marker c",), 1),
        (("think off",), 3),
        (("think on",), 1),
    ]


def test_groups_too_small_to_show_anything_cost_nothing() -> None:
    fallen = {**FAILS, "baseline": Tally(1, 1)}
    rows = cells(60, *[fallen] * 7, baseline=Tally(1, 1))
    alone = group_results(rows, Settings())[0]
    many = [replace(row, markers=(f"own{place}",)) for place, row in enumerate(rows)]
    assert group_results(many, Settings())[0].adjusted == alone.adjusted == alone.p == 1 / 128
    assert alone.dropped


def test_a_drop_in_one_marker_is_found_though_the_whole_hides_it() -> None:
    better = {"state": "fixed", "baseline": Tally(0, 5)}
    rows = cells(60, *[{**FAILS, "markers": ("visual",)}] * 8, *[better] * 20)
    found = {group.names[0]: group for group in group_results(rows, Settings())}
    assert found["marker visual"].dropped
    assert not found["all cells"].dropped


def asked(passes: list[bool], others: list[CellRow], settings: Settings, **changes: Any) -> CellRow:
    """A newly failing cell, asked again until the gate has enough; `passes` are its answers."""
    row = cell("odd", **{**FAILS, **changes})
    for passed in passes:
        if not repeats_left(row, [*others, row], settings):
            break
        row = replace(row, repeats=Tally(row.repeats.passed + passed, row.repeats.asked + 1))
    return row


@pytest.mark.parametrize(
    ("answers", "others", "changes", "wanted"),
    [
        ([False] * 20, 0, {}, (0, 12)),
        ([True] * 20, 0, {}, (4, 4)),
        ([True] * 20, 5, {}, (2, 2)),
        ([True] * 20, 20, {}, (1, 1)),
        ([False] * 20, 200, {}, (0, 0)),  # among so many failures no repeat helps
        ([False] * 20, 0, {"baseline": Tally(1, 1)}, (0, 0)),
        ([False] * 20, 0, {"fixed_answers": True}, (0, 0)),
        ([False] * 20, 0, {"fixed_answers": True, "inputs_differ": True}, (0, 1)),
        ([False] * 20, 0, {"state": "known failing"}, (0, 0)),
    ],
)
def test_a_cell_is_asked_no_longer_than_it_can_matter(
    answers: list[bool], others: int, changes: dict[str, Any], wanted: tuple[int, int]
) -> None:
    found = asked(answers, cells(others, *[KNOWN] * others), Settings(), **changes)
    assert (found.repeats.passed, found.repeats.asked) == wanted


def test_without_repeats_nothing_is_confirmed() -> None:
    settings = Settings(confirm=0)
    row = asked([False] * 3, [], settings)
    assert row.repeats == Tally()
    assert [found.outcome for found in cell_results([row], settings)] == ["unconfirmable"]
    fixed = replace(row, fixed_answers=True, inputs_differ=True)
    assert [found.outcome for found in cell_results([fixed], settings)] == ["unconfirmable"]


def test_a_cell_that_was_left_cannot_be_confirmed_after_all() -> None:
    """Whatever else fails later, who was given up stays given up: Holm's family only grows."""
    rng = random.Random(4)
    for _ in range(200):
        rows: list[CellRow] = []
        for place in range(rng.randint(1, 12)):
            rate, chance = rng.choice([1.0, 0.9, 0.6]), rng.random()
            before = Tally(sum(rng.random() < rate for _ in range(5)), 5)
            odd = asked([rng.random() < chance for _ in range(12)], rows, Settings(), baseline=before)
            rows.append(replace(odd, nodeid=f"c{place}"))
        given_up = {row.nodeid for row in rows if row.repeats.asked < 12}
        confirmed = {found.row.nodeid for found in cell_results(rows, Settings()) if found.outcome == "confirmed"}
        assert not given_up & confirmed


def measured(rate: float, *before: float, cells_: int = 6, quantity: str = "rate", **changes: Any) -> list[CellRow]:
    """Cells of different speeds; rate: of each now, times its own; before: of each run, too."""
    return [
        cell(
            f"c{place}",
            **changes,
            **{
                quantity: Measured(
                    own * rate * (1 + 0.01 * (place % 3 - 1)),
                    {f"run{number}": own * said for number, said in enumerate(before)},
                )
            },
        )
        for place, own in enumerate((40.0, 20.0, 80.0, 33.0, 61.0, 12.5)[:cells_])
    ]


STEADY = (1.0, 1.01, 0.99, 1.005, 0.995)
RESTLESS = (1.0, 1.3, 0.8, 1.2, 0.7)


@pytest.mark.parametrize(
    ("rate", "before", "slower", "blocks"),
    [
        (1.0, STEADY, False, False),
        (0.95, STEADY, False, False),  # within the tolerance
        (0.7, STEADY, True, True),
        (1.4, STEADY, False, False),
        (0.7, STEADY[:2], True, False),  # two runs do not tell how runs differ
        (0.7, RESTLESS, True, False),
        (0.7, (1.0,), True, False),
    ],
)
@pytest.mark.parametrize("quantity", ["rate", "first_token"])
def test_a_slower_model(rate: float, before: tuple[float, ...], slower: bool, blocks: bool, quantity: str) -> None:
    turned = quantity == "first_token"
    now, then = (1 / rate, [1 / run for run in before]) if turned else (rate, before)
    rows = measured(now, *then, quantity=quantity)
    (found,) = speed_results(rows, Settings())
    assert (found.slower, found.blocks) == (slower, blocks)
    assert word(rows) == ("BLOCK" if blocks else "WARN" if slower else "PASS")
    assert (found.ratio > 1) == ((rate < 1) == turned) or rate == 1


def test_one_measured_cell_is_judged_by_the_runs() -> None:
    (block,) = speed_results(measured(0.7, *STEADY, cells_=1), Settings())
    (warn,) = speed_results(measured(0.7, 1.0, cells_=1), Settings())
    (fine,) = speed_results(measured(0.93, 1.0, cells_=1), Settings())
    assert (block.slower, block.blocks, block.interval) == (True, True, None)
    assert (warn.slower, warn.blocks, warn.spread) == (True, False, None)
    assert not fine.slower


@pytest.mark.parametrize(
    ("of_run", "blocks"),
    [
        (("abcdef", "abcdef", "abcdef"), True),
        (("abcdef", "abcdef", "abcde", "bcdef"), True),
        (("abcdef", "abcdef", "abcdef", "ab"), True),  # it speaks for no day, and takes no other's voice
        (("abc", "def", "abc"), False),  # nobody saw how these two halves' days differ
        (("abc", "def", "abc", "def"), False),
        (("abcdef", "abc", "def"), False),
    ],
)
def test_baseline_runs_of_some_cells(of_run: tuple[str, ...], blocks: bool) -> None:
    """How runs differ shows only where they measured the same."""
    before = {id_: {f"run{n}": STEADY[n] for n, part in enumerate(of_run) if id_ in part} for id_ in "abcdef"}
    rows = [cell(id_, rate=Measured(0.7 + 0.01 * (number % 3), before[id_])) for number, id_ in enumerate("abcdef")]
    (found,) = speed_results(rows, Settings())
    assert (found.slower, found.blocks) == (True, blocks)


def test_what_was_not_measured_is_not_compared() -> None:
    assert speed_results(cells(3), Settings()) == ()
    assert speed_results(measured(0.5), Settings()) == ()
    zero = [cell("a", rate=Measured(0.0, {"r": 1.0})), cell("b", rate=Measured(float("inf"), {"r": 0.0}))]
    assert speed_results(zero, Settings()) == ()


def test_where_the_machine_differs_the_speed_is_left_out_and_that_is_said() -> None:
    differs = [Difference("m", "speed", "GPU share 40%, was 100%")]
    found = decide(measured(0.5, *STEADY), baseline="b", differences=differs)
    assert (found.word, found.speed) == ("PASS", ())
    assert any("GPU share 40%" in remark for remark in found.remarks)


def test_each_model_is_tested_apart() -> None:
    rows = [
        *measured(0.6, *STEADY),
        *(replace(row, nodeid=f"o{row.nodeid}", model="o") for row in measured(1, 1, 1, 1)),
    ]
    assert {(found.model, found.blocks) for found in speed_results(rows, Settings())} == {("m", True), ("o", False)}


def test_a_decision_tells_how_small_a_drop_it_would_have_found() -> None:
    said: Decision = decide(cells(60), baseline="b")
    assert any("finds a drop of" in remark for remark in said.remarks)
    assert said.counts == {"passing": 60}
    assert any("no drop" in remark for remark in decide(cells(2), baseline="b").remarks)
