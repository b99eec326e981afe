"""Many of a kind may pass together, or one alone: the order of arrival is kept, so nobody waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

_ALONE = object()


class Turnstile:
    """A fair shared/exclusive lock for one event loop. Those who share it are of one kind.

    Who need not wait may pass from any thread, by `enter` and `leave`: to wake the loop costs more than
    most of what is done inside.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._kind: Hashable = None
        self._waiting: deque[tuple[Hashable, asyncio.Future[None]]] = deque()

    def enter(self, kind: Hashable = None) -> bool:
        """Pass, where nobody is in the way; whether that was so. From any thread."""
        with self._lock:
            if self._waiting or not self._free(kind):
                return False
            self._inside += 1
            self._kind = kind
            return True

    def leave(self) -> bool:
        """Who has entered goes; whether somebody waits, for whom the loop is to call `admit`. From any thread."""
        with self._lock:
            self._inside -= 1
            return bool(self._waiting)

    @asynccontextmanager
    async def shared(self, kind: Hashable = None) -> AsyncIterator[None]:
        await self._acquire(kind)
        try:
            yield
        finally:
            self._leave()

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        await self._acquire(_ALONE)
        try:
            yield
        finally:
            self._leave()

    async def acquire_shared(self) -> None:
        await self._acquire(None)

    def _leave(self) -> None:
        if self.leave():
            self.admit()

    async def _acquire(self, kind: Hashable) -> None:
        if self.enter(kind):
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.append((kind, turn))
        self.admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # admitted in the very moment of being cancelled
                self._leave()
            self.admit()
            raise

    def admit(self) -> None:
        """Let those pass whose turn has come. In the loop."""
        with self._lock:
            while self._waiting:
                kind, turn = self._waiting[0]
                if not turn.cancelled():
                    if not self._free(kind):
                        return
                    self._inside += 1
                    self._kind = kind
                    turn.set_result(None)
                self._waiting.popleft()

    def _free(self, kind: Hashable) -> bool:
        return not self._inside or (kind is not _ALONE and kind == self._kind)
