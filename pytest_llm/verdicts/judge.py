"""What is to be said of an answer, or of the error in its place: pure but for what checks run."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pytest_llm.answers.extract import Artifact, extract
from pytest_llm.cases.request import ChatRequest
from pytest_llm.checks.base import Check, CheckContext, Finding
from pytest_llm.engine.jobs import Asker
from pytest_llm.engine.talk import Answer
from pytest_llm.errors import (
    AnswerTooLarge,
    BudgetSpent,
    GenerationLoop,
    GenerationTimeout,
    HarnessError,
    NoAnswer,
    PromptTooLong,
    ProviderError,
    PytestLlmError,
    RunStopped,
    Unsupported,
)
from pytest_llm.providers.base import Response
from pytest_llm.verdicts import luck
from pytest_llm.verdicts.asking import Asking
from pytest_llm.verdicts.combine import RANK
from pytest_llm.verdicts.plan import Plan, StagePlan
from pytest_llm.verdicts.verdict import Asked

Busy = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Place:
    """Where answers are judged. root: pytest's rootdir. artifacts: the folder for a cell's files, made on demand.

    browser: the one that was asked for, "" for whichever is there. busy: entered while checks keep it busy.
    asker: waits for what checks ask of models; None where nobody does.
    """

    root: Path
    artifacts: Path
    browser: str = ""
    busy: Busy = nullcontext
    asker: Asker | None = None


def judge(
    plan: Plan, stage: StagePlan, answer: Answer, place: Place, sample: int = 0, attempt: int = 1
) -> tuple[Asked, Artifact | None]:
    """What is said of an answer to a stage, and what was taken out of it; None where none came."""
    request, response = answer.job.request, answer.response
    if response is None:
        said, finding = partial_response(answer.error), named(stage, unanswered(answer.error))
        return Asked(request.plain(), said, stage.name, (finding,), (), sample, attempt), None
    may_echo = "echo" in plan.cell.case.allow
    artifact = extract(response.text, response.thinking, request.prompt, may_echo=may_echo)
    folder = place.artifacts / stage.name if stage.name else place.artifacts
    context = CheckContext(
        response,
        plan.cell.loaded.folder,
        place.root,
        folder,
        request=request,
        browser=place.browser,
        rate=answer.rate,
        ask=Asking(plan.asks, answer.job.id, place.asker) if place.asker and plan.asks else None,
    )
    spans: list[tuple[float, float]] = []
    busy = partial(clocked, place.busy, spans)
    findings = tuple(named(stage, f) for f in _findings(plan, stage, artifact, context, request, busy))
    files = tuple((label, str(path)) for label, path in context.attachments)
    judged, checked = tuple(context.judged), next(iter(spans), ())
    return Asked(request.plain(), response, stage.name, findings, files, sample, attempt, judged, checked), artifact


@contextmanager
def clocked(busy: Busy, spans: list[tuple[float, float]]) -> Iterator[None]:
    """Note when checks had their turn and how long they took."""
    with busy():
        began, clock = time.time(), time.perf_counter()
        yield
        spans.append((began, time.perf_counter() - clock))


def _findings(
    plan: Plan, stage: StagePlan, artifact: Artifact, context: CheckContext, request: ChatRequest, busy: Busy
) -> Iterator[Finding]:
    """First what never passes by luck, then every check."""
    unlucky = list(luck.findings(request, context.response, plan.cell.case.allow))
    yield from unlucky
    yield from luck.leaked(artifact.leaked)
    reasons = [finding for finding in unlucky if finding.severity != "warning"]
    if any(finding.kind == "empty" for finding in reasons) or (reasons and not artifact.answer.strip()):
        return
    bad = bool(reasons)
    with busy():
        for check in stage.checks:
            for finding in () if check.models else run(check, artifact, context):
                bad = bad or finding.severity in RANK
                yield finding
    for check in stage.checks:  # outside: this machine is idle while a model is waited for
        if check.models:
            yield from [_needless(check)] if bad else run(check, artifact, context)


def _needless(check: Check) -> Finding:
    return Finding(check.label, "not asked: what else is to hold does not", "note", "not-asked")


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
    except BudgetSpent as error:
        yield Finding(check.label, str(error), "skip", "budget")
    except PytestLlmError as error:
        yield Finding(check.label, str(error), "error", "input")
    except Exception as error:  # a check of the user's own may raise anything
        message = f"the check {check.label!r} broke: {_words(error)}"
        yield Finding(check.label, message, "error", "crash", details=_traceback(error, context.root))


def unanswered(error: Exception | None) -> Finding:
    """What is to be said where no answer came."""
    if error and not isinstance(error, PytestLlmError):
        return Finding("model", f"the engine broke: {_words(error)}", "error", "crash", details=_traceback(error))
    if isinstance(error, Unsupported):
        return Finding("model", error.reason, "skip", "unsupported", details=error.remedy)
    if isinstance(error, BudgetSpent):
        return Finding("model", str(error), "skip", "budget")
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


def partial_response(error: Exception | None) -> Response | None:
    """What had been written when it broke off: nothing is lost."""
    text, thinking = getattr(error, "partial", ""), getattr(error, "thinking", "")
    known = error if isinstance(error, NoAnswer) else NoAnswer()
    if not (text or thinking or known.stored):
        return None
    partial = Response(text, thinking, "unknown", notes=("the answer is not complete",))
    rests_on = known.fingerprint or partial.fingerprint
    return replace(partial, stored=known.stored, id=known.id, fingerprint=rests_on)


def named(stage: StagePlan, finding: Finding) -> Finding:
    """The finding with its stage's name before it."""
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
