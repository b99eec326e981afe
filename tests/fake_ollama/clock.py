"""Time as the fake server sees it: the real one, or one that jumps to whatever is awaited next."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Seconds since the epoch, and a way to wait."""

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class RealClock:
    """The machine's own time."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class VirtualClock:
    """Time that passes only while somebody sleeps, and then at once.

    Several sleepers wake in the order of their times, so simulated loads and answers overlap as real ones would.
    `advance` moves the time from outside, for what expires.
    """

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds

    async def sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        if not self._sleepers:
            loop.call_soon(self._wake_next)
        heapq.heappush(self._sleepers, (self._now + max(seconds, 0.0), next(self._order), woken))
        await woken

    def _wake_next(self) -> None:
        while self._sleepers:
            when, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():  # a cancelled sleeper no longer counts
                self._now = max(self._now, when)
                woken.set_result(None)
                break
        if self._sleepers:
            asyncio.get_running_loop().call_soon(self._wake_next)


def utc(seconds: float) -> str:
    """RFC 3339 in UTC with nine digits, as `created_at` has it."""
    whole = datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{int(seconds % 1 * 1e9) or 1:09d}Z"
