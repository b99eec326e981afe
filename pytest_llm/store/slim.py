"""Lines of a record without the texts: what a table of many cells, or a row of a database, needs of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

LEFT_OUT = frozenset(
    ("text", "thinking", "tool_calls", "files", "judged")
)  # of an answer: who wants it asks by its id
_ASKED = ("answers", "confirmations")
_FINDING = ("check", "message", "severity", "kind")


def slim(line: Mapping[str, Any]) -> dict[str, Any]:
    """A cell's line, plain data, without what stands among the answers."""
    return {**line, **{part: [dict(_kept(one)) for one in line.get(part, ())] for part in _ASKED}}


def _kept(answer: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in answer.items():
        if key == "findings":
            yield key, [{name: finding[name] for name in _FINDING if name in finding} for finding in value]
        elif key == "request":  # seed and temperature tell which answers are copies
            yield key, {"options": value.get("options", {})}
        elif key not in LEFT_OUT:
            yield key, value
