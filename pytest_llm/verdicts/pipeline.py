"""The whole way of a cell: its questions one after another, each judged, then the verdict. The engine waits."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pytest_llm.answers.extract import Artifact
from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.checks.base import Finding
from pytest_llm.engine.engine import Asker, checking
from pytest_llm.engine.talk import Talk, converse
from pytest_llm.errors import InputError
from pytest_llm.verdicts.judge import Place, judge, named
from pytest_llm.verdicts.plan import Plan
from pytest_llm.verdicts.verdict import Asked, Verdict


def verdict(plan: Plan, id_: str, asker: Asker, root: Path, artifacts: Path, browser: str = "") -> Verdict:
    """Ask and judge every stage of a cell. Whatever goes wrong is a finding; it raises RunStopped alone.

    browser: the one that was asked for, "" for whichever is there.
    """
    place = Place(root, artifacts, browser, partial(checking, asker))
    return Verdict(converse(chain(plan, id_, place), asker))


def chain(plan: Plan, id_: str, place: Place) -> Talk[tuple[Asked, ...]]:
    """Every stage of a cell, each asked with what those before it wrote."""
    asked: list[Asked] = []
    written: dict[str, Any] = {"stages": {}}
    for number, stage in enumerate(plan.stages):
        try:
            job = plan.job(id_, number, written)
        except InputError as error:  # a template that cannot take what the model wrote
            fault = Finding("prompt", error.message, "error", "template", details=error.hint)
            asked.append(Asked(_unfilled(plan, number), None, stage.name, (named(stage, fault),)))
            break
        (answer,) = yield [job]
        result, artifact = judge(plan, stage, answer, place)
        asked.append(result)
        if artifact is None or (result.outcome != "passed" and not stage.goes_on):
            break
        written["previous"] = written["stages"][stage.name] = _written(artifact)
    return tuple(asked)


def _written(artifact: Artifact) -> dict[str, str]:
    block = artifact.code()
    return {
        "text": artifact.answer,
        "code": block.text if block else artifact.answer,
        "thinking": artifact.thinking,
    }


def _unfilled(plan: Plan, stage: int) -> dict[str, Any]:
    """The request of a stage as far as it is known where its template cannot be filled in."""
    case = plan.cell.case
    text = case.stages[stage].prompt if case.stages else case.prompt
    return ChatRequest(plan.model, (Message("user", str(text)),)).plain()
