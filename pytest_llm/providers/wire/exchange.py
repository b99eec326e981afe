"""One request and its answer, over a connection of their own."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from pytest_llm.providers.wire.answers import Answer, Head
from pytest_llm.providers.wire.network import BrokeOff, words


class Reader(Protocol):
    """What takes an answer as it comes; what it raises ends the exchange.

    deadline: by the loop's clock, when the exchange is given up; whoever reads moves it. head: None before `begin`.
    """

    head: Head | None

    @property
    def deadline(self) -> float: ...

    def begin(self, head: Head) -> bool:
        """Says whether the body is wanted."""
        ...

    def feed(self, data: bytes) -> bool:
        """Take a piece of the body; says whether more is wanted."""
        ...


class Exchange(asyncio.Protocol):
    """Sends the request as soon as it is connected, and feeds the answer to the reader.

    stall: seconds after which a server that takes no byte of the request is given up.
    """

    def __init__(self, request: bytes, answer: Answer, reader: Reader, stall: float) -> None:
        self._request, self._answer, self._reader, self._stall = request, answer, reader, stall
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[BaseException | None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._armed, self._unsent = 0.0, 0
        self._begun = False

    async def answered(self) -> None:
        """Wait for the answer's end, or as much of it as is wanted.

        Raises BrokeOff, TimeoutError at the reader's deadline, and what the reader raises.
        """
        if error := await self._over:
            raise error

    def close(self) -> None:
        """At once, without a wait: nothing that was written is still wanted, and the server sees the client go."""
        self._end(None)
        if self._timer:
            self._timer.cancel()
        if self._transport:
            self._transport.abort()
        self._answer.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)
        self._arm(min(self._reader.deadline, self._loop.time() + self._stall))

    def data_received(self, data: bytes) -> None:
        if self._over.done():
            return
        try:
            enough = not self._read(data)
        except Exception as error:
            self._end(error)
            return
        answer = self._answer
        if enough or answer.whole or answer.fault:
            self._end(None if enough else answer.fault)
        elif self._reader.deadline < self._armed:
            self._arm(self._reader.deadline)

    def eof_received(self) -> None:
        self._gone("")

    def connection_lost(self, error: Exception | None) -> None:
        self._gone("" if error is None else words(error) if isinstance(error, OSError) else str(error))

    def _read(self, data: bytes) -> bool:
        """Says whether more is wanted."""
        body = self._answer.feed(data)
        if not self._begun:
            if self._answer.head is None:
                return True
            self._begun = True
            if not self._reader.begin(self._answer.head):
                return False
        return self._reader.feed(body) if body else True

    def _gone(self, reason: str) -> None:
        if not self._over.done():
            self._answer.end(reason)
            self._end(self._answer.fault)

    def _end(self, error: BaseException | None) -> None:
        if not self._over.done():
            self._over.set_result(error)

    def _arm(self, at: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._armed, self._timer = at, self._loop.call_at(at, self._tick)

    def _tick(self) -> None:
        """Most deadlines have moved on before they come."""
        now, unsent = self._loop.time(), self._transport.get_write_buffer_size() if self._transport else 0
        if now >= self._reader.deadline:
            self._end(TimeoutError())
        elif unsent and unsent == self._unsent:
            self._end(BrokeOff(f"it took no more of the request for {self._stall:g} s"))
        else:
            self._unsent = unsent
            self._arm(min(self._reader.deadline, now + self._stall) if unsent else self._reader.deadline)
