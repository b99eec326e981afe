"""Which cell it is, as plain data: what a run's record and junit say of it, and what two runs are compared by."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pytest_llm.cases.request import ChatRequest
from pytest_llm.checks.base import Check
from pytest_llm.checks.function import FunctionCheck
from pytest_llm.verdicts.inputs import inputs
from pytest_llm.verdicts.plan import Plan, StagePlan

_WORD = 40  # characters; what is longer is no setting but a text
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def identity(plan: Plan, first: ChatRequest | None = None) -> dict[str, Any]:
    """Case, model, think mode, row, axes, options of a cell; `values` (of the row) and `inputs` are hashes.

    first: the first request of the cell, where it has been made.
    """
    cell, options = plan.cell, plan.cell.case.options.plain()
    return {
        "case": cell.loaded.name,
        "model": plan.model.written,
        "engine": plan.model.engine,
        "think": cell.think,
        "row": cell.row.id,
        "values": digest(dict(cell.row.values)) if cell.row.id else "",
        "axes": dict(cell.axes),
        "options": options,
        "seed": options.get("seed"),
        "modelfile": plan.model.fingerprint,
        "inputs": digest(inputs(plan, first)),
        "exclusive": plan.exclusive,
        "temperature": _temperature(plan, options),
        "samples": plan.samples,
        "min_pass": plan.min_pass,
        "must_pass": plan.must_pass,
        "escalate": plan.escalate,
        "checks": [told for stage in plan.stages for told in _described(stage)],
    }


@lru_cache(maxsize=256)
def _described(stage: StagePlan) -> list[dict[str, Any]]:
    return [described(check, stage.name) for check in stage.checks]


def described(check: Check, stage: str) -> dict[str, Any]:
    """A check as people speak of it, and those of its arguments that are numbers and short words."""
    own = check if isinstance(check, FunctionCheck) else None
    given = own.arguments if own else check.model_dump(by_alias=True, exclude_unset=True)
    plain = {k: v for k, v in given.items() if isinstance(v, bool | int | float) or _is_word(v)}
    return {"name": own.title if own else check.name, "stage": stage, "label": check.label, "arguments": plain}


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _WORD


def _temperature(plan: Plan, options: Mapping[str, Any]) -> float | None:
    """The one in force, by the case, else by the Modelfile."""
    own = plan.model.spec.whole.parameters if plan.model.spec else {}
    found: float | None = options.get("temperature", own.get("temperature"))
    return found


def digest(value: Any) -> str:
    """A short hash of plain data: 16 hex digits, the same whatever the order of its keys."""
    return hashlib.sha256(_SORTED.encode(value).encode()).hexdigest()[:16]


def _plain(value: Any) -> str:
    """What JSON does not know, as text that is the same in every process."""
    if isinstance(value, set | frozenset):
        return str(sorted(map(_plain, value)))
    return _ADDRESS.sub("", str(value))


_SORTED = json.JSONEncoder(sort_keys=True, ensure_ascii=True, default=_plain)
