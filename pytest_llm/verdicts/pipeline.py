"""The whole way of a cell: plan it at collection; ask, extract, check and judge it when it runs."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_llm.answers.extract import Artifact, extract
from pytest_llm.cases.matrix import Cell
from pytest_llm.cases.request import ChatRequest, Message, build
from pytest_llm.cases.yamlfile import KeyPath
from pytest_llm.checks.base import Check, CheckContext, Finding
from pytest_llm.engine.engine import Asker, Job, checking
from pytest_llm.errors import (
    AnswerTooLarge,
    Complaints,
    GenerationLoop,
    GenerationTimeout,
    HarnessError,
    InputError,
    PromptTooLong,
    ProviderError,
    PytestLlmError,
    RunStopped,
    Unsupported,
)
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Response
from pytest_llm.verdicts import luck
from pytest_llm.verdicts.verdict import Asked, Verdict


@dataclass(frozen=True)
class StagePlan:
    """One question of a cell: its stage's name ("" where there are no stages) and its checks."""

    name: str
    checks: tuple[Check, ...]
    goes_on: bool = False


@dataclass(frozen=True)
class Plan:
    """A cell, the model it asks, and all that can be settled before anything is asked.

    schema: what `format: schema` stands for. exclusive: its numbers are measured with the server alone.
    """

    cell: Cell
    model: ModelRef
    stages: tuple[StagePlan, ...]
    schema: Mapping[str, Any] | None
    exclusive: bool

    def job(self, id_: str, stage: int = 0, written: Mapping[str, Any] | None = None) -> Job:
        """The question of a stage; `written` is what earlier stages wrote."""
        request = build(self.cell, self.model, stage=stage, written=written, schema=self.schema)
        return Job(f"{id_}#{stage}", request, self.exclusive)


def verdict(plan: Plan, id_: str, asker: Asker, root: Path, artifacts: Path, browser: str = "") -> Verdict:
    """Ask and judge every stage of a cell. Whatever goes wrong is a finding: it raises nothing of ours.

    browser: the one that was asked for, "" for whichever is there.
    """
    asked: list[Asked] = []
    written: dict[str, Any] = {"stages": {}}
    for number, stage in enumerate(plan.stages):
        try:
            job = plan.job(id_, number, written)
        except InputError as error:  # a template that cannot take what the model wrote
            fault = Finding("prompt", error.message, "error", "template", details=error.hint)
            asked.append(Asked(_unfilled(plan, number), None, stage.name, (_named(stage, fault),)))
            break
        folder = artifacts / stage.name if stage.name else artifacts
        result, artifact = _stage(plan, stage, job, asker, root, folder, browser)
        asked.append(result)
        bad = any(f.severity in ("failure", "error", "skip") for f in result.findings)
        if artifact is None or (bad and not stage.goes_on):
            break
        block = artifact.code()
        written["previous"] = {
            "text": artifact.answer,
            "code": block.text if block else artifact.answer,
            "thinking": artifact.thinking,
        }
        written["stages"][stage.name] = written["previous"]
    return Verdict(tuple(asked))


def _unfilled(plan: Plan, stage: int) -> dict[str, Any]:
    """The request of a stage as far as it is known where its template cannot be filled in."""
    case = plan.cell.case
    text = case.stages[stage].prompt if case.stages else case.prompt
    return ChatRequest(plan.model, (Message("user", str(text)),)).plain()


def _stage(
    plan: Plan, stage: StagePlan, job: Job, asker: Asker, root: Path, folder: Path, browser: str
) -> tuple[Asked, Artifact | None]:
    request = job.request.plain()
    try:
        response = asker.ask(job)
    except RunStopped:
        raise
    except PytestLlmError as error:
        partial = _partial(error)
        finding = _named(stage, _unanswered(error))
        return Asked(request, partial, stage.name, (finding,)), None
    except Exception as error:  # an engine that a plugin brings may raise anything
        broken = Finding("model", f"the engine broke: {_words(error)}", "error", "crash", details=_traceback(error))
        return Asked(request, None, stage.name, (_named(stage, broken),)), None
    may_echo = "echo" in plan.cell.case.allow
    artifact = extract(response.text, response.thinking, job.request.prompt, may_echo=may_echo)
    context = CheckContext(response, plan.cell.loaded.folder, root, folder, request=job.request, browser=browser)
    findings = tuple(_named(stage, f) for f in judge(plan, stage, job.request, artifact, context, asker))
    files = tuple((label, str(path)) for label, path in context.attachments)
    return Asked(request, response, stage.name, findings, files), artifact


def judge(
    plan: Plan, stage: StagePlan, request: ChatRequest, artifact: Artifact, context: CheckContext, asker: Asker
) -> Iterator[Finding]:
    """What is to be said of an answer: first what never passes by luck, then every check."""
    unlucky = list(luck.findings(request, context.response, plan.cell.case.allow))
    yield from unlucky
    yield from luck.leaked(artifact.leaked)
    reasons = [finding for finding in unlucky if finding.severity != "warning"]
    if any(finding.kind == "empty" for finding in reasons) or (reasons and not artifact.answer.strip()):
        return
    with checking(asker):
        for check in stage.checks:
            yield from run(check, artifact, context)


def run(check: Check, artifact: Artifact, context: CheckContext) -> Iterator[Finding]:
    """The findings of one check; what it raises becomes a finding too, after those it had made."""
    try:
        yield from check.run(artifact, context)
    except RunStopped:
        raise
    except Unsupported as error:
        yield Finding(check.label, error.reason, "skip", "unsupported", details=error.remedy)
    except HarnessError as error:
        broke = _traceback(error.__cause__, context.root) if isinstance(error.__cause__, Exception) else ""
        yield Finding(check.label, error.message, "error", "harness", details=error.hint or broke)
    except PytestLlmError as error:
        yield Finding(check.label, str(error), "error", "input")
    except Exception as error:  # a check of the user's own may raise anything
        message = f"the check {check.label!r} broke: {_words(error)}"
        yield Finding(check.label, message, "error", "crash", details=_traceback(error, context.root))


def _unanswered(error: PytestLlmError) -> Finding:
    if isinstance(error, Unsupported):
        return Finding("model", error.reason, "skip", "unsupported", details=error.remedy)
    if isinstance(error, ProviderError):
        kind = "repeated" if error.repeated else "provider" if error.reach == "request" else error.reach
        return Finding("model", error.message, "error", kind, details=error.hint)
    if isinstance(error, HarnessError):
        return Finding("model", error.message, "error", "harness", details=error.hint)
    if isinstance(error, GenerationTimeout):
        return Finding("answer", str(error), "failure", "timeout")
    if isinstance(error, GenerationLoop):
        return Finding("answer", str(error), "failure", "loop")
    if isinstance(error, AnswerTooLarge):
        return Finding("answer", str(error), "failure", "length")
    if isinstance(error, PromptTooLong):
        return Finding("prompt", str(error), "failure", "prompt")
    return Finding("model", str(error), "error", "input")


def _partial(error: PytestLlmError) -> Response | None:
    """What had been written when it broke off: nothing is lost."""
    text, thinking = getattr(error, "partial", ""), getattr(error, "thinking", "")
    return Response(text, thinking, "unknown", notes=("the answer is not complete",)) if text or thinking else None


def _named(stage: StagePlan, finding: Finding) -> Finding:
    return replace(finding, message=f"stage {stage.name!r}: {finding.message}") if stage.name else finding


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _traceback(error: Exception, root: Path | None = None) -> str:
    """The last frames, without ours; down to the last one under `root`, where there is one: the user's own."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(_OURS)]
    own = [n for n, frame in enumerate(frames, 1) if root and _is_own(Path(frame.filename), root)]
    shown = frames[: own[-1]] if own else frames
    return "".join(traceback.format_list(shown[-3:])).rstrip()


_OURS = (str(Path(__file__).parents[1]), contextlib.__file__)


def _is_own(file: Path, root: Path) -> bool:
    return file.is_relative_to(root) and "site-packages" not in file.parts


ParseCheck = Callable[[Cell, Any], Check]


def stages(cell: Cell, parse: ParseCheck) -> tuple[StagePlan, ...]:
    """The stages of a case with their checks; one without a name where it has no stages.

    parse makes a check of an entry of the case file. Checks of the case itself judge the last stage. Raises
    InputError: all that is wrong with the checks.
    """
    wrong = Complaints()
    own = tuple(_checks(cell, cell.case.checks, ("checks",), parse, wrong))
    found = []
    for number, stage in enumerate(cell.case.stages or ()):
        checks = tuple(_checks(cell, stage.checks, ("stages", number, "checks"), parse, wrong))
        found.append(StagePlan(stage.name, checks, stage.continue_on_failure))
    wrong.tell()
    *before, last = found or [StagePlan("", ())]
    return (*before, replace(last, checks=last.checks + own))


def plan(cell: Cell, model: ModelRef, stages: tuple[StagePlan, ...]) -> Plan:
    """Settle a cell. Raises InputError where `format: schema` finds no schema check."""
    every = [check for stage in stages for check in stage.checks]
    exclusive = any(c.measures for c in every) if cell.case.exclusive is None else cell.case.exclusive
    return Plan(cell, model, stages, _schema(cell, every), exclusive)


def _checks(
    cell: Cell, entries: Iterable[Any], where: KeyPath, parse: ParseCheck, wrong: Complaints
) -> Iterator[Check]:
    for number, entry in enumerate(entries):
        with wrong.gather():
            try:
                yield _check(cell, entry, parse)
            except InputError as error:
                if error.path is not None:
                    raise
                at = (*where, number, *getattr(error, "at", ()))
                raise cell.loaded.error(at, error.message, error.hint) from None


def _check(cell: Cell, entry: Any, parse: ParseCheck) -> Check:
    """The check of an entry, its templates filled in: a number as such where the check takes one, else as text."""
    if not cell.case.is_template:
        return parse(cell, entry)
    from pytest_llm.cases.templating import render_all, worded

    try:
        filled = render_all(entry, cell.values)
    except ValueError as error:
        raise InputError(str(error)) from None
    refused: list[InputError] = []
    while True:
        try:
            return parse(cell, filled)
        except InputError as error:
            refused.append(error)
        again = worded(entry, filled, getattr(refused[-1], "at", ()))
        if again == filled:
            raise refused[0]
        filled = again


def _schema(cell: Cell, checks: Iterable[Check]) -> Mapping[str, Any] | None:
    if cell.case.format != "schema":
        return None
    for check in _with_parts(checks):
        if document := getattr(check, "document", None):
            found: Mapping[str, Any] = document()
            return found
    raise cell.loaded.error(("format",), "`format: schema` needs a schema check, and there is none")


def _with_parts(checks: Iterable[Check]) -> Iterator[Check]:
    for check in checks:
        yield check
        yield from _with_parts(check.parts)
