"""What a Python test asks of a model by the fixture `llm`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count, filterfalse
from typing import Any

import pytest
from pydantic import TypeAdapter

from pytest_llm.cases.request import ChatRequest, Message, think_field
from pytest_llm.checks.base import Finding
from pytest_llm.engine.jobs import Job
from pytest_llm.engine.talk import Answer as Told
from pytest_llm.errors import InputError, RunStopped
from pytest_llm.plugin.answering import ANSWERS, Answer
from pytest_llm.plugin.call import Call, call, is_model
from pytest_llm.plugin.option_table import THINKS
from pytest_llm.plugin.session import LlmSession, session
from pytest_llm.plugin.telling import NotJudged, warn
from pytest_llm.reports import numbers
from pytest_llm.reports.properties import is_ours
from pytest_llm.verdicts import luck
from pytest_llm.verdicts.judge import unanswered

_ITS_OWN = ("llm.outcome", "llm.findings", "llm.must_pass")
_NO_MODEL = "the test names no model, and the run none: give `model=`, --llm-model, or the ini option llm_models"


class Llm:
    """Asks models for one test. model, think: what is meant where a call says nothing."""

    def __init__(self, item: pytest.Item, model: str = "", think: str = "default") -> None:
        self._item, self._model, self._think = item, model, think
        self._numbers = count()
        self._answers: list[Answer] = []
        item.stash[ANSWERS] = self._answers

    def __call__(
        self,
        prompt: str | Sequence[Mapping[str, str]],
        *,
        model: str = "",
        think: str | bool = "",
        format: Any = None,
        system: str | None = None,
        options: Mapping[str, Any] | None = None,
        timeout: float = 300.0,
        allow: Sequence[str] = (),
    ) -> Answer:
        """Ask, and wait for the answer.

        prompt: a text, or messages `{role, content}`. format: "json", a JSON Schema, or a pydantic model, which
        `parsed` is then made of. options: by Ollama's names. allow: "empty", "cut", "trimmed", as in a case.
        An answer that cannot count, cut or empty, fails the test; a server that is down is an ERROR.
        """
        __tracebackhide__ = True
        state = session(self._item.config)
        try:
            said, more = call(
                {} if options is None else options,
                prompt=prompt,
                format=format,
                system=system,
                timeout=timeout,
                allow=allow,
            )
            request = self._request(state, said, model or self._model, think or self._think)
        except InputError as error:
            raise NotJudged(str(error)) from None
        request = ChatRequest(**{**vars(request), "options": more, "timeout": said.timeout})
        job = Job(f"{self._item.nodeid}#{next(self._numbers)}", request)
        try:
            told = Told(job, state.engine.ask(job))
        except RunStopped as stopped:
            raise NotJudged(str(stopped)) from None
        except Exception as error:  # an engine of a plugin's may raise anything; `unanswered` says what it means
            told = Told(job, error=error)
        number = len(self._answers)
        answer = Answer(self._item, told, said.allow, format if is_model(format) else None, number)
        self._answers.append(answer)
        self._tell(answer)
        answer.hold(list(_unlucky(told, said.allow)))
        return answer

    def _tell(self, answer: Answer) -> None:
        """The numbers of a test's last answer, as junit has them of a cell; the test's outcome is its own."""
        identity = {"must_pass": False, "case": self._item.name, "row": "", "seed": None, "axes": {}}
        identity["options"] = dict(answer.request.options)
        own = filterfalse(is_ours, self._item.user_properties)
        told = numbers.properties(answer.found(()), identity)
        self._item.user_properties[:] = [*own, *(pair for pair in told if pair[0] not in _ITS_OWN)]

    def _request(self, state: LlmSession, said: Call, model: str, think: str | bool) -> ChatRequest:
        if not model:
            raise InputError(_NO_MODEL)
        if not isinstance(model, str):
            raise InputError(f"`model` must be text, not {model!r}")
        mode = {True: "on", False: "off"}[think] if isinstance(think, bool) else think
        if mode not in THINKS:
            raise InputError(f"think is one of {', '.join(THINKS)}, not {think!r}")
        system = [Message("system", said.system)] if said.system is not None else []
        messages = (*system, *(Message(one.role, one.content) for one in said.prompt))
        schema = TypeAdapter(said.format).json_schema() if is_model(said.format) else said.format
        ref = state.models.ref(model, lambda text: warn(state.config, text, self._item.nodeid))
        return ChatRequest(ref, messages, think_field(mode), schema)


def _unlucky(told: Told, allow: Sequence[str]) -> Sequence[Finding]:
    if told.response is None:
        return [unanswered(told.error)]
    return list(luck.findings(told.job.request, told.response, allow))
