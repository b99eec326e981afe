"""What a run may cost: when it is spent, nothing more is asked."""

from __future__ import annotations

import time
from collections.abc import Callable

from pytest_llm.errors import BudgetSpent
from pytest_llm.providers.base import Response

_LETTERS = 4  # to a token, about, where a server does not count


class Budget:
    """seconds, tokens: 0 for as many as it takes. written: as the user said it. The time runs from here on."""

    def __init__(
        self, seconds: float = 0.0, tokens: int = 0, written: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tokens, self._written, self._clock = tokens, written, clock
        self._end = clock() + seconds if seconds else 0.0
        self._used = 0

    def spend(self, response: Response) -> None:
        """The tokens of an answer that was asked for now, and of its prompt."""
        usage = response.usage
        written = (len(response.text) + len(response.thinking)) // _LETTERS
        told = usage.answer_tokens if usage.answer_tokens is not None else written
        self._used += told + (usage.prompt_tokens or 0)

    def check(self) -> None:
        """Raises BudgetSpent where it is spent."""
        if (self._end and self._clock() >= self._end) or (self._tokens and self._used >= self._tokens):
            raise BudgetSpent(f"the budget of {self._written} is spent (--llm-budget)")
