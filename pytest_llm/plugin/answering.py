"""The answer that a Python test gets, and what becomes of it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel, ValidationError

from pytest_llm.answers.extract import Artifact, extract
from pytest_llm.checks.base import Check, CheckContext, Finding
from pytest_llm.engine.jobs import checking
from pytest_llm.engine.talk import Answer as Told
from pytest_llm.errors import InputError, RunStopped
from pytest_llm.plugin.session import session
from pytest_llm.plugin.skipping import skipped
from pytest_llm.plugin.telling import CellFault, NotJudged, longrepr, warn
from pytest_llm.providers.base import Response
from pytest_llm.reports import terminal
from pytest_llm.verdicts.asking import Asking
from pytest_llm.verdicts.judge import clocked, partial_response, run
from pytest_llm.verdicts.redaction import redacted
from pytest_llm.verdicts.verdict import Asked, Verdict

ANSWERS = pytest.StashKey["list[Answer]"]()


Files = tuple[tuple[str, str], ...]
E = TypeVar("E", bound=BaseException)


@dataclass
class Known:
    """What became of an answer, for the run's record.

    findings: what the test was held to; asides: what it only looked at. raised: what ended it, None where nothing
    of this answer did. spans: when each check began (seconds since the epoch), and how long it took.
    """

    findings: list[Finding] = field(default_factory=list)
    asides: list[Finding] = field(default_factory=list)
    files: Files = ()
    checks: list[Check] = field(default_factory=list)
    judged: list[Mapping[str, Any]] = field(default_factory=list)
    raised: BaseException | None = None
    spans: list[tuple[float, float]] = field(default_factory=list)

    @property
    def checked(self) -> tuple[float, ...]:
        """When its checks began, and how long they took together."""
        return (self.spans[0][0], sum(seconds for _, seconds in self.spans)) if self.spans else ()


class Answer:
    """What a model answered. response: the whole of it, with its numbers."""

    def __init__(
        self, item: pytest.Item, told: Told, allow: Sequence[str], model: type[BaseModel] | None, number: int = 0
    ) -> None:
        self._item, self._told, self._model, self._number = item, told, model, number
        self.known = Known()
        self.request = told.job.request
        self.response: Response = told.response or partial_response(told.error) or Response("")
        self.artifact: Artifact = extract(
            self.response.text, self.response.thinking, self.request.prompt, may_echo="echo" in allow
        )

    def __repr__(self) -> str:
        return f"<Answer of {self.request.model.written}: {self.text[:60]!r}>"

    @property
    def text(self) -> str:
        """The answer, thinking left out."""
        return self.artifact.answer

    @property
    def thinking(self) -> str:
        return self.artifact.thinking

    @property
    def json(self) -> Any:
        """The answer's JSON, the whole of it or a fenced block; the test fails where there is none."""
        __tracebackhide__ = True
        try:
            return json.loads(self.artifact.json_text().text)
        except (ValueError, RecursionError) as error:
            raise self._failed("json", f"the answer is no JSON: {error}") from None

    @property
    def parsed(self) -> Any:
        """An object of the pydantic model that was given as `format`; the test fails where the answer fits none."""
        __tracebackhide__ = True
        if self._model is None:
            raise AttributeError("`parsed` needs a pydantic model as `format`; `json` is the answer's JSON")
        try:
            return self._model.model_validate_json(self.artifact.json_text().text)
        except ValidationError as error:
            told = [f"{'.'.join(map(str, one['loc'])) or 'the answer'}: {one['msg']}" for one in error.errors()]
            more = "\n".join(told[1:])
            raise self._failed("format", f"the answer is no {self._model.__name__}: {told[0]}", more) from None

    def code(self, language: str | None = None) -> str:
        """The block of code in a language, of whichever without one; the test fails where there is none."""
        __tracebackhide__ = True
        block = self.artifact.code(language)
        if block is None:
            raise self._failed("code", f"there is no {f'{language} ' if language else ''}code in the answer")
        return block.text

    def verdict(self, name: str, value: Any = None, /, **arguments: Any) -> Verdict:
        """What a check says: `verdict("contains", "hi")`, `verdict("compile", language="go")`."""
        __tracebackhide__ = True
        findings, files = self._look(name, value, arguments)
        self.known.asides += findings
        return self.found(findings, files)

    def check(self, name: str, value: Any = None, /, **arguments: Any) -> Answer:
        """The test fails where a check does, as in a case: `check("compile", language="go")`. Returns itself."""
        __tracebackhide__ = True
        self.hold(*self._look(name, value, arguments))
        return self

    def _look(self, name: str, value: Any, arguments: Mapping[str, Any]) -> tuple[list[Finding], Files]:
        """What a check finds, and the files that it made."""
        __tracebackhide__ = True
        state = session(self._item.config)
        folder, root = self._item.path.parent, state.settings.root
        try:
            given = value if value is not None else arguments or None
            entry = name if given is None else {name: given}
            check = state.registries.of(folder).parse(entry, folder=folder, root=root)
            models = {one: state.models.ref(one, lambda text: None) for one in check.models}
        except InputError as error:
            raise NotJudged(str(error)) from None
        files = state.artifacts(self._item.nodeid)
        files = files / f"question-{self._number + 1}" if self._number else files
        browser, id_ = state.settings.browser, f"{self._told.job.id}.{name}"
        ask = Asking(models, id_, state.engine) if models else None
        context = CheckContext(self.response, folder, root, files, request=self.request, browser=browser, ask=ask)
        busy = partial(checking, state.engine)
        with clocked(busy, self.known.spans) if not check.models else nullcontext():
            findings = list(self._run(check, context))
        made = tuple((label, str(path)) for label, path in context.attachments)
        self.known.checks.append(check)
        self.known.files += made
        self.known.judged += context.judged
        return findings, made

    def _run(self, check: Check, context: CheckContext) -> list[Finding]:
        try:
            return list(run(check, self.artifact, context))
        except RunStopped as stopped:
            raise NotJudged(str(stopped)) from None

    def asked(self, findings: Sequence[Finding], files: Files = (), stage: str = "") -> Asked:
        """The question and its answer, with what is said of it."""
        response = self.response if self._told.response or self.response.text or self.response.thinking else None
        known = self.known
        told, judged = tuple(findings), tuple(known.judged)
        return Asked(self.request.plain(), response, stage, told, files, judged=judged, checked=known.checked)

    def found(self, findings: Sequence[Finding], files: Files = ()) -> Verdict:
        """The verdict that findings make, without keys."""
        return redacted(Verdict((self.asked(findings, files),)), session(self._item.config).secrets)

    def hold(self, findings: Sequence[Finding], files: Files = ()) -> None:
        """Raise what these mean for the test; warnings among them are told."""
        __tracebackhide__ = True
        self.known.findings += findings
        verdict = self.found(findings, files)
        state = session(self._item.config)
        for text in terminal.warnings(verdict):
            warn(self._item.config, text, self._item.nodeid)
        if verdict.outcome == "failed":
            raise self._complaint(verdict)
        if verdict.outcome == "error":
            raise self._raised(NotJudged(terminal.complaint(verdict, _again(self._item))))
        if verdict.outcome == "skipped":
            raise self._raised(skipped(verdict, strict=state.settings.strict))

    def _raised(self, error: E) -> E:
        self.known.raised = error
        return error

    def _failed(self, check: str, message: str, details: str = "") -> AssertionError:
        finding = Finding(check, message, details=details)
        self.known.findings.append(finding)
        return self._complaint(self.found([finding]))

    def _complaint(self, verdict: Verdict) -> AssertionError:
        """The whole story of a failed verdict; prompt and answer go into the test's report."""
        state = session(self._item.config)
        kept = state.kept(self._item.nodeid)
        for title, text in terminal.sections(verdict, kept, whole=state.shows_all):
            self._item.add_report_section("call", title, text)
        style = self._item.config.getoption("tbstyle", "long")
        return self._raised(AssertionError(terminal.story(verdict, _again(self._item), style, kept)))


def _again(item: pytest.Item) -> str:
    return shlex.join(["pytest", item.nodeid])


def is_error(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    return isinstance(excinfo.value, NotJudged)


def story(item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:
    """What is told of an ERROR: no frames of ours, and the test's line that met it."""
    assert isinstance(excinfo.value, CellFault)
    own = [entry for entry in excinfo.traceback if Path(str(entry.path)) == item.path]
    line = own[-1].lineno + 1 if own else (item.location[1] or 0) + 1
    return longrepr(excinfo, excinfo.value, item.path, line)
