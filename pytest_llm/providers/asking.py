"""How a check asks a model: by what its context hands it, so that it need not know who asks, or when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_llm.cases.request import Message
from pytest_llm.errors import PytestLlmError
from pytest_llm.providers.base import Response


@dataclass(frozen=True)
class Question:
    """What a check wants to know of a model. model: as the case names it; the rest as in a ChatRequest."""

    model: str
    messages: tuple[Message, ...]
    think: bool | str | None = None
    format: str | Mapping[str, Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = 300.0


class Ask(Protocol):
    """Asks all of the questions and waits for the answers; all are on their way at once."""

    def __call__(self, questions: Sequence[Question]) -> Sequence[Response | PytestLlmError]:
        """For each question its answer, or why none can be used: cut, trimmed and empty ones are none.

        Raises RunStopped, and InputError for a model that the check's `models` do not name.
        """
        ...
