"""Which files a case names: those that say what is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_llm.cases.casefile import DEFAULTS, LoadedCase
from pytest_llm.cases.paths import above

LISTS_OF_FILES = frozenset(("examples", "images", "parametrize", "tools", "tool_results"))  # each text is one
_PARTS = frozenset(("stages", "messages", "examples"))  # each mapping has texts that may be files
_NO_FILES = frozenset(("json", "schema", "on", "off"))  # words for values of a format, and of the matrix


def files(loaded: LoadedCase) -> tuple[Path, ...]:
    """The case file, the defaults that may hold for it, and every file that one of its keys names; there or not."""
    defaults = [folder / DEFAULTS for folder in above(loaded.folder, loaded.root)]
    named = [loaded.folder / name for name in dict.fromkeys(_named(loaded.data))]
    return (loaded.path, *defaults, *named)


def _named(data: Mapping[str, Any]) -> Iterator[str]:
    """By the keys that may name a file; a value of the matrix stands for that of its key."""
    for key, value in data.items():
        match key, value:
            case "prompt" | "system" | "content" | "user" | "assistant", {"file": str(name)}:
                yield name
            case "format", str() if value not in _NO_FILES:
                yield value
            case _ if key in LISTS_OF_FILES or key in _PARTS:
                listed = value if isinstance(value, list) else [value]
                if key in LISTS_OF_FILES:
                    yield from (one for one in listed if isinstance(one, str) and one not in _NO_FILES)
                if key in _PARTS:
                    yield from (name for one in listed if isinstance(one, dict) for name in _named(one))
            case "matrix", dict():
                for axis, values in value.items():
                    for one in values:
                        yield from _named({axis: one})
