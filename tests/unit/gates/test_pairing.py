"""Which cell of a baseline is which of a run, and which are gone."""

from __future__ import annotations

import pytest

from pytest_llm.gates.pairing import gone, paired, placeless, row_hash

F = "a.prompt.yaml::a"


def ids(**rows: str) -> dict[str, str]:
    """Node ids by the row's label, each with the hash of its values."""
    return {f"{F}[m-{label}]": values for label, values in rows.items()}


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (ids(row1="a", row2="b"), ids(row1="a", row2="b"), {"row1": "row1", "row2": "row2"}),
        (ids(row1="a", row2="b"), ids(row1="x", row2="a", row3="b"), {"row1": "row2", "row2": "row3"}),
        (ids(row1="a", row2="b", row3="c"), ids(row1="b", row2="c"), {"row2": "row1", "row3": "row2"}),
        (ids(row1="a", row2="b"), ids(row1="b", row2="a"), {"row1": "row2", "row2": "row1"}),
        (ids(row1="a", row2="a"), ids(row1="x", row2="a", row3="a"), {"row2": "row2", "row1": "row3"}),
        (ids(row1="a"), ids(row1="b"), {}),
        (ids(one="", two=""), ids(two="", one=""), {"one": "one", "two": "two"}),
        (ids(one=""), ids(two=""), {}),
        # a cell that did not run has a row of which nothing is known
        (ids(row1="a", row2="b"), ids(row1="a", row2=""), {"row1": "row1", "row2": "row2"}),
        (ids(row1="a", row2="b"), ids(row1="x", row2="", row3="b"), {"row2": "row3"}),
    ],
)
def test_pairs(before: dict[str, str], now: dict[str, str], expected: dict[str, str]) -> None:
    assert paired(before, now) == {f"{F}[m-{a}]": f"{F}[m-{b}]" for a, b in expected.items()}


def test_the_only_row_pairs_with_the_first_of_two() -> None:
    assert paired({f"{F}[m]": "a"}, ids(row1="b", row2="a")) == {f"{F}[m]": f"{F}[m-row2]"}


def test_thousands_of_rows_pair_in_no_time() -> None:
    before = ids(**{f"row{n}": str(n) for n in range(20_000)})
    now = ids(**{f"row{n + 1}": str(n) for n in range(20_000)})
    assert len(paired(before, now)) == 20_000


@pytest.mark.parametrize(("label", "expected"), [("row2", "h"), ("row12", "h"), ("two", ""), ("row", ""), ("", "")])
def test_a_row_with_an_id_has_no_hash(label: str, expected: str) -> None:
    assert row_hash(label, "h") == expected


@pytest.mark.parametrize(
    ("nodeid", "expected"),
    [("a[m-row2]", "a[m]"), ("a[m-row2-think-on]", "a[m-think-on]"), ("a[m-rows]", "a[m-rows]"), ("a[m]", "a[m]")],
)
def test_without_its_place(nodeid: str, expected: str) -> None:
    assert placeless(nodeid) == expected


def test_gone_is_what_its_file_no_longer_holds() -> None:
    unpaired = [f"{F}[m]", f"{F}[m-row2]", "b.prompt.yaml::b[m]"]
    assert gone(unpaired, ["a.prompt.yaml"], []) == set(unpaired[:2])
    assert gone(unpaired, [], []) == set()
    assert gone(unpaired, ["a.prompt.yaml", "b.prompt.yaml"], [f"{F}[m-row7]", "b.prompt.yaml::b[m]"]) == set()
    assert gone(unpaired, ["a.prompt.yaml"], [f"{F}[n]"]) == set(unpaired[:2])
