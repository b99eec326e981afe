"""Which cell it is, as plain data: what a run's record and junit say of it, and what two runs are compared by."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from pytest_llm.verdicts.inputs import inputs
from pytest_llm.verdicts.plan import Plan

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def identity(plan: Plan) -> dict[str, Any]:
    """Case, model, think mode, row, axes, options of a cell; `values` (of the row) and `inputs` are hashes."""
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
        "inputs": digest(inputs(plan)),
        "exclusive": plan.exclusive,
        "temperature": _temperature(plan),
        "samples": plan.samples,
        "min_pass": plan.min_pass,
        "must_pass": plan.must_pass,
        "escalate": plan.escalate,
    }


def _temperature(plan: Plan) -> float | None:
    """The one in force, by the case, else by the Modelfile."""
    own = plan.model.spec.whole.parameters if plan.model.spec else {}
    found: float | None = plan.cell.case.options.plain().get("temperature", own.get("temperature"))
    return found


def digest(value: Any) -> str:
    """A short hash of plain data: 16 hex digits, the same whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> str:
    """What JSON does not know, as text that is the same in every process."""
    if isinstance(value, set | frozenset):
        return str(sorted(map(_plain, value)))
    return _ADDRESS.sub("", str(value))
