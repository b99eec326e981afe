"""Many may pass together, or one alone: the order of arrival is kept, so nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turnstile:
    """A fair shared/exclusive lock for one event loop."""

    def __init__(self) -> None:
        self._inside = 0
        self._alone = False
        self._waiting: deque[tuple[bool, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        await self.acquire_shared()
        try:
            yield
        finally:
            self.release_shared()

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        await self._acquire(alone=True)
        try:
            yield
        finally:
            self._alone = False
            self._leave()

    async def acquire_shared(self) -> None:
        await self._acquire(alone=False)

    def release_shared(self) -> None:
        self._leave()

    def _leave(self) -> None:
        self._inside -= 1
        self._admit()

    async def _acquire(self, *, alone: bool) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((alone, turn))
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # admitted in the very moment of being cancelled
                self._alone = self._alone and not alone
                self._leave()
            self._admit()
            raise

    def _admit(self) -> None:
        while self._waiting:
            alone, turn = self._waiting[0]
            if turn.cancelled():
                self._waiting.popleft()
                continue
            if self._alone or (alone and self._inside):
                return
            self._waiting.popleft()
            self._inside += 1
            self._alone = alone
            turn.set_result(None)
