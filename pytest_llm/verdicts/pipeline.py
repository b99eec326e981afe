"""The whole way of a cell: its samples, their questions one after another, each judged. The engine waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pytest_llm.answers.extract import Artifact
from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.checks.base import Finding
from pytest_llm.checks.rate import measured
from pytest_llm.engine.jobs import Asker, Job
from pytest_llm.engine.talk import Answer, Talk, converse, together
from pytest_llm.errors import InputError
from pytest_llm.verdicts.combine import still_open
from pytest_llm.verdicts.judge import Place, judge, named
from pytest_llm.verdicts.plan import Plan
from pytest_llm.verdicts.verdict import Asked, Verdict


def verdict(plan: Plan, id_: str, asker: Asker, place: Place, first: Sequence[Job] = ()) -> Verdict:
    """Ask and judge all of a cell. Whatever goes wrong is a finding; it raises RunStopped alone.

    first: its `first_jobs`, where they have been made.
    """
    return converse(cell(plan, id_, place, first), asker)


def first_jobs(plan: Plan, id_: str) -> list[Job]:
    """What a cell is sure to ask first."""
    return [plan.job(id_, sample=sample) for sample in range(_next(plan, ()))]


def questions(plan: Plan) -> int:
    """How many questions a cell asks; 0 where that depends on what it is answered."""
    open_ = plan.asks or len(plan.stages) > 1 or plan.escalate or _next(plan, ()) < plan.samples
    return 0 if open_ else plan.samples


def cell(plan: Plan, id_: str, place: Place, first: Sequence[Job] = ()) -> Talk[Verdict]:
    """All samples of a cell, side by side; where it failed and may be, it is asked once more, escalated."""
    level = _level if plan.exclusive and plan.samples > 1 else None
    samples: list[tuple[Asked, ...]] = []
    while count := _next(plan, samples):
        more = range(len(samples), len(samples) + count)
        chains = [chain(plan, id_, place, sample, first=first[sample : sample + 1]) for sample in more]
        samples += yield from together(chains, level)
    found = Verdict(sum(samples, ()), plan.samples, plan.min_pass)
    if not plan.escalate or found.outcome != "failed":
        return found
    again = yield from chain(plan, id_, place, attempt=2)
    return replace(found, asked=found.asked + again)


def _next(plan: Plan, samples: Sequence[tuple[Asked, ...]]) -> int:
    """How many samples are asked next, side by side. samples: those that were asked."""
    if plan.early:
        return still_open(Verdict(sum(samples, ())).outcomes, plan.samples, plan.min_pass)
    return plan.samples - len(samples)


def _level(answers: list[Answer]) -> list[Answer]:
    """Each with the median rate of all: one that a busy moment slowed down says little of the model."""
    from statistics import median

    rates = [rate for answer in answers if answer.response and (rate := measured(answer.response)) is not None]
    return [replace(answer, rate=median(rates)) for answer in answers] if rates else answers


def once_more(plan: Plan, id_: str, place: Place, sample: int) -> Talk[tuple[Asked, ...]]:
    """One sample beside those of the verdict, escalated as the cell is; sample: its number, from 0."""
    asked = yield from chain(plan, id_, place, sample)
    if not plan.escalate or Verdict(asked).outcome != "failed":
        return asked
    return asked + (yield from chain(plan, id_, place, sample, attempt=2))


def chain(
    plan: Plan, id_: str, place: Place, sample: int = 0, attempt: int = 1, first: Sequence[Job] = ()
) -> Talk[tuple[Asked, ...]]:
    """One sample: every stage of a cell, each asked with what those before it wrote. first: the job of stage 0."""
    place = _placed(plan, place, sample, attempt)
    asked: list[Asked] = []
    written: dict[str, Any] = {"stages": {}}
    for number, stage in enumerate(plan.stages):
        try:
            made = first[number : number + 1]
            job = made[0] if made else plan.job(id_, number, written, sample=sample, attempt=attempt)
        except InputError as error:  # a template that cannot take what the model wrote
            fault = Finding("prompt", error.message, "error", "template", details=error.hint)
            found = (named(stage, fault),)
            asked.append(Asked(_unfilled(plan, number), None, stage.name, found, (), sample, attempt))
            break
        (answer,) = yield [job]
        result, artifact = judge(plan, stage, answer, place, sample, attempt)
        asked.append(result)
        if artifact is None or (result.outcome != "passed" and not stage.goes_on):
            break
        if number + 1 < len(plan.stages):
            written["previous"] = written["stages"][stage.name] = _written(artifact)
    return tuple(asked)


def _placed(plan: Plan, place: Place, sample: int, attempt: int) -> Place:
    """With a folder for the files of a try; that of the cell where it is asked once only."""
    parts = [f"sample-{sample + 1}"] if plan.samples > 1 or sample else []
    parts += [f"think-{plan.escalate}"] if attempt > 1 else []
    return replace(place, artifacts=place.artifacts.joinpath(*parts)) if parts else place


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
