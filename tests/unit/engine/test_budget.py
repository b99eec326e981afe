"""What a run may cost."""

from __future__ import annotations

from contextlib import suppress

import pytest

from pytest_llm.engine.budget import Budget
from pytest_llm.errors import BudgetSpent
from pytest_llm.providers.base import Response, Usage


def is_spent(budget: Budget) -> bool:
    with suppress(BudgetSpent):
        budget.check()
        return False
    return True


def test_nothing_is_no_limit() -> None:
    budget = Budget()
    budget.spend(Response("x" * 10**6))
    assert not is_spent(budget)


def test_time_runs_from_the_start() -> None:
    now = [100.0]
    budget = Budget(60, 0, "1m", lambda: now[0])
    assert not is_spent(budget)
    now[0] = 160.0
    with pytest.raises(BudgetSpent, match="the budget of 1m is spent"):
        budget.check()


@pytest.mark.parametrize(
    ("response", "tokens"),
    [
        (Response("", usage=Usage(answer_tokens=30, prompt_tokens=12)), 42),
        (Response("", usage=Usage(answer_tokens=30)), 30),
        (Response("x" * 40, thinking="x" * 80), 30),
        (Response(""), 0),
    ],
)
def test_tokens_of_prompt_and_answer(response: Response, tokens: int) -> None:
    budget = Budget(0, tokens + 1, "1k")
    budget.spend(response)
    assert not is_spent(budget)
    budget.spend(Response("", usage=Usage(answer_tokens=1)))
    assert is_spent(budget)
