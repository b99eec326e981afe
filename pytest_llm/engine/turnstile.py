"""Many of a kind may pass together, or one alone: the order of arrival is kept, so nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

_ALONE = object()


class Turnstile:
    """A fair shared/exclusive lock for one event loop. Those who share it are of one kind."""

    def __init__(self) -> None:
        self._inside = 0
        self._kind: Hashable = None
        self._waiting: deque[tuple[Hashable, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def shared(self, kind: Hashable = None) -> AsyncIterator[None]:
        await self._acquire(kind)
        try:
            yield
        finally:
            self.release_shared()

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        await self._acquire(_ALONE)
        try:
            yield
        finally:
            self._leave()

    async def acquire_shared(self) -> None:
        await self._acquire(None)

    def release_shared(self) -> None:
        self._leave()

    def _leave(self) -> None:
        self._inside -= 1
        self._admit()

    async def _acquire(self, kind: Hashable) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((kind, turn))
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # admitted in the very moment of being cancelled
                self._leave()
            self._admit()
            raise

    def _admit(self) -> None:
        while self._waiting:
            kind, turn = self._waiting[0]
            if turn.cancelled():
                self._waiting.popleft()
                continue
            if self._inside and (kind is _ALONE or kind != self._kind):
                return
            self._waiting.popleft()
            self._inside += 1
            self._kind = kind
            turn.set_result(None)
