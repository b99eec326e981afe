"""How heavy a page is, how often it is drawn then, and when it hangs."""

from __future__ import annotations

import asyncio
import itertools
from types import SimpleNamespace

import pytest

from pytest_llm.browsers.chromium.frames import Weight
from pytest_llm.browsers.chromium.watchdog import Limits, Used, Watchdog


@pytest.mark.parametrize(
    ("pieces", "levels", "too_much"),
    [
        ([0.05] * 12, [0] * 12, False),
        ([0.2] * 12, [0] * 6 + [1] * 5 + [2], False),  # half of the two seconds, and more than all of them
        ([3.0, 0.05, 0.05], [0, 0, 0], False),  # it worked something out first
        ([3.0, 3.0, 3.0], [0, 2, 2], False),
        ([3.0] * 6, [0, 2, 2, 2, 2, 2], True),
    ],
)
def test_a_page_that_uses_more_is_shown_less(pieces: list[float], levels: list[int], too_much: bool) -> None:
    used = iter([0.0, *itertools.accumulate(pieces), sum(pieces)])
    weight = Weight(lambda: next(used), 2.0, 5.0)
    assert [weight.settle() for _ in pieces] == levels
    assert weight.too_much() is too_much


class Command:
    """A session with one command that is open from the beginning on, and what it was failed with."""

    failure = ""

    def oldest(self) -> tuple[int, float]:
        return 1, 0.0

    def fail(self, error: Exception) -> None:
        self.failure = self.failure or str(error.args[1])


@pytest.mark.parametrize(
    ("seconds", "grows_until", "computes", "said"),
    [
        (9, 0, 1.0, "it computed for 2 s without a pause"),
        (9, 8, 1.0, ""),  # what grows ends by its memory, and is not asked why it waited meanwhile
        (12, 8, 1.0, "it computed for 2 s without a pause"),
        (12, 8, 0.0, ""),
        (18, 8, 0.0, "nothing happened for 8 s"),
        (7, 0, 0.0, ""),
    ],
)
def test_a_page_that_hangs(
    monkeypatch: pytest.MonkeyPatch, seconds: int, grows_until: int, computes: float, said: str
) -> None:
    async def watched() -> str:
        command, now = Command(), 0.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
        browser = SimpleNamespace(memory=lambda anew: 1e9 * min(now, grows_until))
        meter, limits = SimpleNamespace(renderers=()), Limits.of(2.0)
        dog = Watchdog(browser, command, meter, limits=lambda: limits, memory=10**10)  # type: ignore[arg-type]
        for step in range(2 * seconds):
            now = step / 2
            dog._limit_memory()
            dog._limit_time(Used(own=now * computes, all=now * computes))
        return command.failure

    failure = asyncio.run(watched())
    assert failure.startswith(said)
    assert bool(failure) == bool(said)
