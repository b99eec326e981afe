"""Which cell it is, as plain data: what a run's record and junit say of it, and what two runs are compared by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from pytest_llm.checks.base import Check
from pytest_llm.verdicts.plan import Plan, StagePlan


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
        "inputs": digest(_inputs(plan)),
        "exclusive": plan.exclusive,
        "temperature": _temperature(plan),
        "samples": plan.samples,
        "min_pass": plan.min_pass,
        "must_pass": plan.must_pass,
        "escalate": plan.escalate,
    }


def _temperature(plan: Plan) -> float | None:
    """The one in force, by the case, else by the Modelfile."""
    own = plan.model.spec.parameters if plan.model.spec else {}
    found: float | None = plan.cell.case.options.plain().get("temperature", own.get("temperature"))
    return found


def digest(value: Any) -> str:
    """A short hash of plain data: 16 hex digits, the same whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _inputs(plan: Plan) -> list[Any]:
    """What the answer and its verdict depend on, as far as files of the repository say it."""
    return [
        plan.job("", sample=None).request.key,
        [_stage(plan, number, stage) for number, stage in enumerate(plan.stages)],
    ]


def _stage(plan: Plan, number: int, stage: StagePlan) -> list[Any]:
    said = plan.cell.case.stages[number] if plan.cell.case.stages else None
    question = [said.name, said.options.plain(), str(said.prompt)] if said else []
    return [*question, stage.goes_on, [_check(check) for check in stage.checks]]


def _check(check: Check) -> list[Any]:
    """A check with its arguments and parts, and the schema where it reads one from a file."""
    arguments = check.model_dump(mode="python", exclude={"function"})
    document = getattr(check, "document", None)
    return [check.name, check.label, arguments, document() if document else None, _parts(check.parts)]


def _parts(checks: Iterable[Check]) -> list[Any]:
    return [_check(check) for check in checks]
