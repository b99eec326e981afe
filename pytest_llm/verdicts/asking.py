"""How a check's question reaches the engine, and what of an answer a check may rely on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.jobs import Asker, Job
from pytest_llm.errors import (
    BudgetSpent,
    HarnessError,
    InputError,
    PytestLlmError,
    RunStopped,
    Unsupported,
)
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.asking import Question
from pytest_llm.providers.base import Response
from pytest_llm.verdicts import luck

_AS_THEY_ARE = (HarnessError, Unsupported, BudgetSpent)


@dataclass
class Asking:
    """The `ask` of a context. models: what their names mean; id: of the question whose answer is looked at."""

    models: Mapping[str, ModelRef]
    id: str
    asker: Asker
    _numbers: Any = field(default_factory=count)

    def __call__(self, questions: Sequence[Question]) -> list[Response | PytestLlmError]:
        jobs = [Job(f"{self.id}.{next(self._numbers)}", self._request(one)) for one in questions]
        if len(jobs) > 1:
            self.asker.begin(jobs)
        return [self._answer(job) for job in jobs]

    def _request(self, question: Question) -> ChatRequest:
        model = self.models.get(question.model)
        if model is None:
            raise InputError(f"the check asks {question.model!r}, which its `models` do not name")
        asked = {name: getattr(question, name) for name in ("messages", "think", "format", "options", "timeout")}
        return ChatRequest(model, **asked)

    def _answer(self, job: Job) -> Response | PytestLlmError:
        """What was answered, or why it cannot be used: what is cut says nothing of another's answer."""
        try:
            response = self.asker.ask(job)
        except RunStopped:
            raise
        except _AS_THEY_ARE as error:
            return error
        except Exception as error:  # the model's own failure, or an engine of a plugin's that broke
            return HarnessError(_words(error))
        found = luck.findings(job.request, response)
        unlucky = next((finding for finding in found if finding.severity != "warning"), None)
        return HarnessError(unlucky.message) if unlucky else response


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, PytestLlmError) else f"the engine broke: {type(error).__name__}: {error}"
