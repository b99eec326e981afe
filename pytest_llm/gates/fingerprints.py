"""Whether two runs asked the same: what their models' fingerprints say of it, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from pytest_llm.gates.types import Difference

Kind = Literal["answers", "speed"]
Pair = tuple[str, Mapping[str, Any], Mapping[str, Any]]
KINDS: tuple[Kind, ...] = ("answers", "speed")
OF_ITS_BASE = ("base", "digest", "quantisation")  # where a file names another base, this is what is under test
SHARE = 0.02  # of a model in the GPU's memory: less than a layer is no difference
_WORDS = {"kv_cache": "KV cache", "gpu": "share in the GPU's memory"}


def differences(pairs: Iterable[Pair]) -> tuple[Difference, ...]:
    """What is not as it was, once for each model and kind. Nothing where nothing differs.

    pairs: of each cell that is compared its model, its fingerprint before and now, as plain data (docs/runs.md).
    What one of the two does not tell is no difference.
    """
    found: dict[tuple[Kind, str], dict[str, None]] = {}
    for model, before, now in pairs:
        for kind in KINDS:
            for said in _said(before.get(kind) or {}, now.get(kind) or {}):
                found.setdefault((kind, model), {})[said] = None
    ordered = sorted(found, key=lambda key: (KINDS.index(key[0]), key[1]))
    return tuple(Difference(model, kind, "; ".join(found[kind, model])) for kind, model in ordered)


def _said(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """A phrase for each value that differs."""
    under_test = OF_ITS_BASE if before.get("base") != now.get("base") else ()
    for name, value in now.items():
        if name in before and name not in under_test and not _same(name, before[name], value):
            yield f"{_WORDS.get(name, name)} {_shown(name, value)}, was {_shown(name, before[name])}"


def _same(name: str, before: Any, now: Any) -> bool:
    if name == "gpu" and isinstance(before, int | float) and isinstance(now, int | float):
        return abs(now - before) <= SHARE
    return bool(before == now)


def _shown(name: str, value: Any) -> str:
    if name == "gpu" and isinstance(value, int | float):
        return f"{value:.0%}"
    return str(value).removeprefix("sha256:")[:12] if name == "digest" else str(value)
