"""What a version of Ollama knows."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

REFUSES = (0, 12, 4)  # from here on `truncate` and `shift` are known; a server before it ignores unknown fields


@lru_cache(maxsize=64)
def numbers(version: str) -> tuple[int, ...]:
    """Three numbers; what follows them, such as -rc2, is left out. A build from source says 0.0.0."""
    found = [int(n) for n in re.findall(r"\d{1,9}", version.partition("-")[0])[:3]]
    return tuple([*found, 0, 0, 0][:3])


def refuses(version: str) -> bool | None:
    """Whether this version can be told to refuse what does not fit; None where it does not say which it is."""
    known = numbers(version)
    return known >= REFUSES if any(known) else None


def counts_whole_prompts(version: str) -> bool:
    """0.30.0 alone leaves out of its count what it had read before."""
    return numbers(version) != (0, 30, 0)


def overflow(version: str, *, trim: bool) -> dict[str, Any]:
    """The fields that keep a server from dropping what does not fit into the context.

    They go with every request, one that only loads too: from 0.30 on a model is loaded with or without `shift`.
    """
    return {} if trim or refuses(version) is False else {"truncate": False, "shift": False}
