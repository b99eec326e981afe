"""The properties of a report that are a cell's numbers, `llm.*`, and no user's own. Imports nothing heavy."""

from __future__ import annotations

import sys
from functools import lru_cache

_PREFIX = "llm."


def is_ours(pair: tuple[str, object]) -> bool:
    """Whether a property is one of a cell's numbers."""
    return pair[0].startswith(_PREFIX)


@lru_cache(maxsize=1024, typed=True)
def own(name: str, value: object) -> tuple[str, object]:
    """The property of a name without its prefix. pytest keeps those of every cell, and most are alike: of these it
    keeps one.
    """
    return sys.intern(_PREFIX + name), value


def shared(pair: tuple[str, object]) -> tuple[str, object]:
    """One that came from another process, kept as the others are."""
    name, value = pair
    known = is_ours(pair) and isinstance(value, str | int | float | None)
    return own(name.removeprefix(_PREFIX), value) if known else pair
