"""What a report carries between processes: the same properties, as one value."""

from __future__ import annotations

import pytest

from pytest_llm.plugin.carried import pack, unpack

OURS = [
    ("llm.outcome", "passed"),
    ("llm.answer_tokens", 7),
    ("llm.rate", 5.25),
    ("llm.seed", None),
    ("llm.on", True),
]
ODD = [("llm.model", 'né "x"\n\x1b[1m'), ("llm.row", "\ud800"), ("llm.empty", "")]
THEIRS = [("owner", ("ann", 1)), ("raw", b"\x00"), ("llmodel", "x")]


@pytest.mark.parametrize(
    "pairs",
    [[], OURS, ODD, THEIRS, [*THEIRS, *OURS], [*THEIRS, ("llm.a", 1), ("llm.a", 2)]],
    ids=["none", "ours", "odd", "theirs", "both", "twice"],
)
def test_properties_arrive_as_they_were(pairs: list[tuple[str, object]]) -> None:
    data = {"nodeid": "a", "user_properties": list(pairs)}
    pack(data)
    assert [name for name, _ in data["user_properties"] if str(name).startswith("llm.")] == []
    unpack(data)
    assert data == {"nodeid": "a", "user_properties": pairs}
