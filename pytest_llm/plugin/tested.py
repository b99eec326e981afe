"""A Python test that asks by the `llm` fixture, as a cell of the run's record."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_llm.cases.importing import sources
from pytest_llm.cases.paths import content
from pytest_llm.cases.request import ChatRequest
from pytest_llm.checks.base import Finding, Severity
from pytest_llm.plugin import carried
from pytest_llm.plugin.answering import ANSWERS, Answer, is_error, story
from pytest_llm.plugin.asking import ERROR, model_of
from pytest_llm.plugin.session import LlmSession, session
from pytest_llm.plugin.summary import headline
from pytest_llm.reports import terminal
from pytest_llm.store import runs
from pytest_llm.store.line import CellLine
from pytest_llm.verdicts.combine import RANK, Outcome
from pytest_llm.verdicts.identity import described, digest
from pytest_llm.verdicts.redaction import redacted
from pytest_llm.verdicts.verdict import Asked, Verdict

CHECK = "test"  # what a finding of the test's own body is called
_SEVERITIES: dict[Outcome, Severity] = {outcome: severity for severity, outcome in RANK.items()}  # type: ignore[misc]
_PYTESTS = frozenset({"parametrize", "usefixtures", "filterwarnings"})  # marks that say nothing of the test
_MODES = {True: "on", False: "off", None: "default"}


def report(item: pytest.Item, call: pytest.CallInfo[None], test_report: pytest.TestReport) -> None:
    """What is no fault of the model's is an ERROR also where the test's own body met it, without our frames.

    The line of a test goes with its report; its answers are not kept any longer.
    """
    if call.excinfo and is_error(call.excinfo):
        test_report.longrepr = story(item, call.excinfo)
        setattr(test_report, ERROR, True)
    if test_report.when == "call" or (test_report.when == "setup" and not test_report.passed):
        answers: list[Answer] = item.stash.get(ANSWERS, [])
        carried.carry(_line(item, test_report, call, answers), test_report)
        item.stash[ANSWERS] = []


def _line(
    item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[None], answers: Sequence[Answer]
) -> CellLine:
    state, outcome = session(item.config), _outcome(report, call)
    verdict = redacted(Verdict(_asked(report, call, answers, outcome)), state.secrets)
    plain = verdict.to_plain(state.folder)
    file, _, name = item.nodeid.partition("::")
    return CellLine(
        nodeid=item.nodeid,
        outcome=outcome,
        reported=carried.reported(item.config, report),
        reason=terminal.headline(verdict) if verdict.reasons else _said(report) if outcome != "passed" else "",
        case=name.removesuffix(f"[{_id(item)}]"),
        file=file,
        line=(item.location[1] or 0) + 1,
        markers=tuple(dict.fromkeys(m.name for m in item.iter_markers() if m.name not in _PYTESTS)),
        started=runs.stamp(call.start),
        seconds=round(call.duration, 3),
        outcomes=(outcome,),
        answers=tuple(plain["answers"]),
        checks=tuple(_checks(answers)),
        **_identity(item, state, answers),
    )


def _outcome(report: pytest.TestReport, call: pytest.CallInfo[None]) -> Outcome:
    """What the test says of its answers, whatever was expected of it."""
    if getattr(report, ERROR, False) or (report.when == "setup" and report.failed):
        return "error"
    if report.passed or call.excinfo is None:  # a strict xfail that passes is a failure without an exception
        return "skipped" if report.skipped else "passed"
    return "skipped" if call.excinfo.errisinstance(pytest.skip.Exception) else "failed"


def _asked(
    report: pytest.TestReport, call: pytest.CallInfo[None], answers: Sequence[Answer], outcome: Outcome
) -> tuple[Asked, ...]:
    """Each answer with what was found; together they come to the test's outcome."""
    raised = call.excinfo.value if call.excinfo else None
    unsaid = outcome != "passed" and not any(answer.known.raised is raised for answer in answers)
    last = [_said_by_test(report, outcome)] if unsaid and answers else []
    several = len(answers) > 1
    return tuple(
        answer.asked(
            [
                *(_as_far(finding, outcome) for finding in answer.known.findings),
                *(_as_far(finding, "passed") for finding in answer.known.asides),
                *(last if number == len(answers) else []),
            ],
            answer.known.files,
            f"question {number}" if several else "",
        )
        for number, answer in enumerate(answers, 1)
    )


def _said_by_test(report: pytest.TestReport, outcome: Outcome) -> Finding:
    details = "" if isinstance(report.longrepr, tuple) else report.longreprtext
    return Finding(CHECK, _said(report), _SEVERITIES[outcome], details=details)


def _said(report: pytest.TestReport) -> str:
    """What the test itself said, in a line."""
    text = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else headline(report)
    return text.removeprefix("Skipped: ").removeprefix("AssertionError: ")


def _as_far(finding: Finding, outcome: Outcome) -> Finding:
    """A finding that the test got over, or only looked at, is a note."""
    decides = RANK.get(finding.severity, outcome) == outcome
    return finding if decides else replace(finding, severity="note")


def _checks(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Each check once, however often it was held against something."""
    found: list[dict[str, Any]] = []
    for number, answer in enumerate(answers, 1):
        stage = f"question {number}" if len(answers) > 1 else ""
        told = [described(check, stage) for check in answer.known.checks]
        found += [one for n, one in enumerate(told) if one not in told[:n]]
    return found


def _identity(item: pytest.Item, state: LlmSession, answers: Sequence[Answer]) -> dict[str, Any]:
    """Which cell it is: by its first question; of a test that asked none by what it would have asked."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    request = answers[0].request if answers else None
    model = request.model.written if request else model_of(item)
    think = _think(request) if request else str(params.get("llm_think", "default"))
    options = dict(request.options) if request else {}
    spec = request.model.spec if request else None
    own = spec.whole.parameters if spec else {}
    return {
        "model": model,
        "engine": request.model.engine if request else "",
        "think": think,
        "row": _row(item, params),
        "options": options,
        "seed": options.get("seed"),
        "temperature": options.get("temperature", own.get("temperature")),
        "modelfile": request.model.fingerprint if request else "",
        "inputs": digest(_inputs(item, state, [answer.request for answer in answers])),
    }


def _think(request: ChatRequest) -> str:
    return request.think if isinstance(request.think, str) else _MODES[request.think]


def _id(item: pytest.Item) -> str:
    return str(getattr(getattr(item, "callspec", None), "id", ""))


def _row(item: pytest.Item, params: dict[str, Any]) -> str:
    """What the parameters add to the test's name, those of ours left out: pytest puts them at the end."""
    row = _id(item)
    for name, prefix in (("llm_think", "think-"), ("llm_model", "")):
        if name in params:
            row = row.removesuffix(f"{prefix}{params[name]}").removesuffix("-")
    return row


def _inputs(item: pytest.Item, state: LlmSession, requests: Sequence[ChatRequest]) -> list[Any]:
    """What was asked, the models' files, and the code that looks at the answers."""
    code = sources(item.path, state.settings.root, tuple(sys.path))
    files = [file for request in requests for file in request.model.files]
    return [[request.key for request in requests], *map(content, dict.fromkeys([*files, *code]))]
