"""What a report carries between processes: the same report, as one value."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm.plugin.carried import CARRIED, pack, unpack

OURS = [
    ("llm.outcome", "passed"),
    ("llm.answer_tokens", 7),
    ("llm.rate", 5.25),
    ("llm.seed", None),
    ("llm.on", True),
]
ODD = [("llm.model", 'né "x"\n\x1b[1m'), ("llm.row", "\ud800"), ("llm.empty", "")]
THEIRS = [("owner", ("ann", 1)), ("raw", b"\x00"), ("llmodel", "x")]


LINE = {CARRIED: '{"kind":"cell"}'}
REST = {"nodeid": "a", "location": ("a", None, "b"), "sections": [("one", "\ud800")], "longrepr": ("a", 1, "why")}


@pytest.mark.parametrize(
    ("pairs", "more", "packed"),
    [
        ([], {}, False),
        (THEIRS, {}, False),
        ([], LINE, True),
        (OURS, {}, True),
        (ODD, LINE, True),
        ([*THEIRS, *OURS], {}, True),
        ([*THEIRS, ("llm.a", 1), ("llm.a", 1.0), ("llm.a", True)], {}, True),
        ([("llm.a", [1])], {}, True),
    ],
    ids=["none", "theirs", "line", "ours", "odd", "both", "alike", "a list"],
)
def test_a_report_arrives_as_it_was(pairs: list[tuple[str, object]], more: dict[str, Any], packed: bool) -> None:
    whole = {**REST, "user_properties": list(pairs), **more}
    data = dict(whole)
    pack(data)
    assert len(data) == (2 if packed else len(whole))
    data["item_index"] = 3  # as pytest-xdist adds what it needs
    unpack(data)
    assert data == {**whole, "item_index": 3}
    assert list(map(repr, data["user_properties"])) == list(map(repr, pairs))


def test_the_reports_of_a_cell_share_its_numbers() -> None:
    def arrives(when: str, pairs: list[tuple[str, object]]) -> list[tuple[str, object]]:
        data: dict[str, Any] = {**REST, "when": when, "user_properties": [*pairs, ("llm.wall", "".join("12"))]}
        pack(data)
        unpack(data)
        found: list[tuple[str, object]] = data["user_properties"]
        return found

    first, second, other = arrives("setup", OURS), arrives("call", OURS), arrives("call", OURS[:-1])
    assert list(map(id, first)) == list(map(id, second))
    assert list(map(id, first[: len(other) - 1])) == list(map(id, other[:-1]))
    first.clear()  # a list is its report's own
    assert arrives("teardown", OURS) == second
