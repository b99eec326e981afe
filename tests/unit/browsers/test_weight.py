"""How heavy a page is, how often and when it is drawn, and when it hangs."""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import signal
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_llm.browsers.chromium.clock import Clock
from pytest_llm.browsers.chromium.frames import Stepper, Weight
from pytest_llm.browsers.chromium.watchdog import Limits, Rest, Used, Watchdog, runnable


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


class Camera:
    """A session that notes the moments of the frames that are asked of it."""

    def __init__(self) -> None:
        self.moments: list[float] = []

    async def send(self, method: str, **params: Any) -> dict[str, float]:
        if method == "HeadlessExperimental.beginFrame":
            self.moments.append(params["frameTimeTicks"])
        return {"virtualTimeTicksBase": 7.0}

    def post(self, method: str, **params: Any) -> None:
        """Time goes on at once."""

    def event(self, method: str) -> asyncio.Future[None]:
        expired: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        expired.set_result(None)
        return expired


@pytest.mark.parametrize(("loading", "missed"), [(0, 0), (0, 3), (1, 0), (4, 0), (4, 3)])
def test_no_moment_has_two_frames(loading: int, missed: int) -> None:
    async def moments() -> list[float]:
        camera, options = Camera(), dict.fromkeys(("draw", "smooth", "few"), False)
        clock, shared = Clock(), lambda: False
        stepper = Stepper(camera, lambda: 0.0, hang=8, epoch=0, shared=shared, clock=clock, **options)  # type: ignore[arg-type]
        had = iter([False] * (missed + 1) + [True])

        async def framed() -> bool:
            return next(had)

        await stepper.start()
        await stepper.load()
        for _ in range(loading):
            await stepper.idle()
        await stepper.begin(framed)
        await stepper.play(0.2, 3)
        return camera.moments

    asked = asyncio.run(moments())
    assert len(asked) > loading + missed
    assert asked == sorted(set(asked))


class Command:
    """A session with one command that is open from the beginning on, and what it was failed with."""

    failure = ""

    def oldest(self) -> tuple[int, float]:
        return 1, 0.0

    def fail(self, error: Exception) -> None:
        self.failure = self.failure or str(error.args[1])


@pytest.mark.parametrize(
    ("seconds", "grows_until", "own", "others", "starved", "said"),
    [
        (9, 0, 1.0, 0.0, False, "it computed for 2 s without a pause"),
        (
            3,
            3,
            1.0,
            0.0,
            False,
            "it computed for 2 s without a pause",
        ),  # whatever grows by it: titles, say
        (9, 8, 0.1, 2.0, False, ""),  # what grows ends by its memory, and is not asked why it waited meanwhile
        (13, 8, 0.1, 2.0, False, "one frame took its browser 8 s"),
        (12, 8, 0.0, 0.0, False, ""),
        (18, 8, 0.0, 0.0, False, "nothing happened for 8 s"),
        (7, 0, 0.0, 0.0, False, ""),
        (9, 0, 0.01, 0.0, False, "nothing happened for 8 s"),
        (90, 0, 0.01, 0.0, True, ""),  # it waits for a processor, of which a busy machine gives it little
        (210, 0, 0.01, 0.0, True, "it computed for 2 s without a pause"),
    ],
)
def test_a_page_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    grows_until: int,
    own: float,
    others: float,
    starved: bool,
    said: str,
) -> None:
    glances = []

    async def watched() -> str:
        command, now = Command(), 0.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
        browser = SimpleNamespace(memory=lambda anew: 1e9 * min(now, grows_until))
        meter, limits = SimpleNamespace(renderers=(), runnable=lambda: starved), Limits.of(2.0)
        dog = Watchdog(
            browser,  # type: ignore[arg-type]
            command,  # type: ignore[arg-type]
            meter,  # type: ignore[arg-type]
            limits=lambda: limits,
            memory=10**10,
            glance=lambda: glances.append(now),
        )
        for step in range(2 * seconds):
            now = step / 2
            dog._limit_memory()
            dog._limit_time(Used(own=now * own, all=now * (own + others)))
        return command.failure

    failure = asyncio.run(watched())
    assert failure.startswith(said)
    assert bool(failure) == bool(said)
    glanced = math.ceil(1.0 / own) / 2 if own else math.inf
    assert glances == ([glanced] if glanced < seconds else [])  # once a command, early


def test_what_waits_for_a_processor_is_told_from_what_waits_for_something() -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        sleeper.send_signal(signal.SIGSTOP)
        os.waitpid(sleeper.pid, os.WUNTRACED)
        try:
            assert [runnable(pid) for pid in (os.getpid(), sleeper.pid)] == [True, False]
        finally:
            sleeper.kill()
    assert not runnable(sleeper.pid)


@pytest.mark.parametrize(
    ("works", "looks"),
    [
        ("...", [3]),
        ("R...", [4]),
        ("..R.R...", [8]),  # between two processes at work, a look may find neither
        ("R" * 99, [10, 0]),  # one that never rests is waited for once
    ],
)
def test_time_goes_on_when_the_browser_has_nothing_left_to_do(works: str, looks: list[int]) -> None:
    looked = [0]

    async def look() -> None:
        pass

    def at_work() -> bool:
        looked[-1] += 1
        return works[looked[-1] - 1] == "R"

    meter = SimpleNamespace(look=look, runnable=at_work, used=lambda: Used(all=0.05 * sum(looked)))

    async def waited() -> None:
        rest = Rest(meter)  # type: ignore[arg-type]
        for _ in looks[1:]:
            await rest.come()
            looked.append(0)
        await rest.come()

    asyncio.run(waited())
    assert looked == looks
