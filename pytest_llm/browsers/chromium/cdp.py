"""The DevTools protocol: one browser, its sessions, their events; and the pipe that carries it."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

Params = Mapping[str, Any]
Handler = Callable[[dict[str, Any]], None]
_EVALUATE = "Runtime.evaluate"
_BETWEEN = (_EVALUATE, "Emulation.setVirtualTimePolicy")  # what a page does between its scripts, or held in one


class ProtocolError(Exception):
    """The browser refused a command."""


class BrowserGone(Exception):
    """The browser's process ended, or closed its pipe."""


class PageBroken(Exception):
    """The page can no longer answer. kind: crash, hang or navigation. place: line and column, where known."""

    def __init__(self, kind: str, message: str, place: tuple[int | None, int | None] = (None, None)) -> None:
        self.kind, self.message, self.place = kind, message, place
        super().__init__(kind, message)


class Session:
    """One attached target; the browser itself has the id None.

    `fail` rejects whatever is pending and whatever is sent later: Chromium never answers for a renderer that died.
    held: its script is stopped on its way. What is answered then is no sign that the script yields: the command
    counts as open until the page itself answers something otherwise.
    """

    def __init__(self, connection: Connection, id_: str | None) -> None:
        self.id = id_
        self._connection = connection
        self._pending: dict[int, tuple[str, asyncio.Future[dict[str, Any]]]] = {}
        self._since: dict[int | str, float] = {}
        self._early: set[int] = set()  # of `_since` what was answered while it was held
        self.held = False
        self._handlers: dict[str, Handler] = {}
        self._awaited: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._failure: Exception | None = None

    def on(self, method: str, handler: Handler) -> None:
        """Call `handler` with the parameters of each event `method`."""
        self._handlers[method] = handler

    def send(self, method: str, **params: Any) -> asyncio.Future[dict[str, Any]]:
        """Send a command at once; its result is awaited through the future."""
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        if self._failure:
            future.set_exception(self._failure)
            return future
        number = self._connection.write(method, params, self.id)
        self._pending[number] = method, future
        self._since[number] = asyncio.get_running_loop().time()
        return future

    async def yields(self) -> None:
        """Wait until its script comes to a pause."""
        await self.send(_EVALUATE, expression="0")
        while self._early:
            await self.send(_EVALUATE, expression="0")

    def post(self, method: str, **params: Any) -> None:
        """Send a command whose result nobody needs."""
        self.send(method, **params).add_done_callback(lambda f: f.cancelled() or f.exception())

    def interrupt(self, method: str) -> None:
        """Send what reaches a script that does not yield, or is held: its answer says nothing."""
        if not self._failure:
            self._connection.write(method, {}, self.id)

    def event(self, method: str) -> asyncio.Future[dict[str, Any]]:
        """The next event `method`."""
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        if self._failure:
            future.set_exception(self._failure)
            return future
        self._awaited[method] = future
        self._since[method] = asyncio.get_running_loop().time()
        future.add_done_callback(lambda _: self._since.pop(method, None))
        return future

    def oldest(self) -> tuple[int | str, float] | None:
        """The command or awaited event that has been open for longest, and since when, by the loop's clock."""
        return next(iter(self._since.items()), None)

    def fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        pending = [*(future for _, future in self._pending.values()), *self._awaited.values()]
        self._pending, self._since, self._early, self._awaited = {}, {}, set(), {}
        for future in pending:
            if not future.done():
                future.set_exception(self._failure)
                future.exception()  # seen: one failure may concern several, and only one is awaited

    def revive(self) -> None:
        """Let commands through again: a hung page can still be asked where it is."""
        self._failure = None

    def answer(self, message: dict[str, Any]) -> None:
        number = message["id"]
        method, future = self._pending.pop(number, ("", None))
        if future is None:
            return
        if self.held:
            self._early.add(number)
        else:
            self._close({number, *(self._early if method in _BETWEEN else ())})
        if future.done():
            return
        if "error" in message:
            future.set_exception(ProtocolError(message["error"].get("message", str(message["error"]))))
        else:
            future.set_result(message.get("result", {}))

    def _close(self, numbers: set[int]) -> None:
        self._early -= numbers
        for number in numbers:
            del self._since[number]

    def emit(self, method: str, params: dict[str, Any]) -> None:
        awaited = self._awaited.pop(method, None)
        if awaited is not None and not awaited.done():
            awaited.set_result(params)
        handler = self._handlers.get(method)
        if handler is not None:
            handler(params)


class Connection(ABC):
    """The way to a browser, whatever carries its messages: commands that are answered by number, and events."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._sessions: dict[str | None, Session] = {None: Session(self, None)}

    @property
    def browser(self) -> Session:
        return self._sessions[None]

    def session(self, id_: str) -> Session:
        """The session of an attached target, made on first use."""
        if id_ not in self._sessions:
            self._sessions[id_] = Session(self, id_)
        return self._sessions[id_]

    def forget(self, session: Session) -> None:
        self._sessions.pop(session.id, None)

    @abstractmethod
    def write(self, method: str, params: Params, session: str | None) -> int:
        """Send a command; its number."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the browser."""

    def _receive(self, message: dict[str, Any]) -> None:
        session = self._sessions.get(message.get("sessionId"))
        if session is not None and "id" in message:
            session.answer(message)
        elif session is not None:
            session.emit(message["method"], message.get("params", {}))

    def _ended(self) -> None:
        for session in list(self._sessions.values()):
            session.fail(BrowserGone("the browser ended"))


class Pipe(Connection):
    """To a browser started with `--remote-debugging-pipe`: JSON messages, each ended by a NUL byte."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        super().__init__()
        self._read_fd, self._write_fd = read_fd, write_fd
        self._reader: asyncio.Task[None] | None = None
        self._transport: asyncio.WriteTransport | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        stream = asyncio.StreamReader(
            limit=1 << 28
        )  # bytes: one message, a picture of the page in base64 among them
        await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(self._read_fd, "rb", 0)
        )
        self._transport, _ = await loop.connect_write_pipe(
            asyncio.streams.FlowControlMixin, os.fdopen(self._write_fd, "wb", 0)
        )
        self._reader = asyncio.create_task(self._read(stream))

    def write(self, method: str, params: Params, session: str | None) -> int:
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        if self._transport is not None:
            self._transport.write(json.dumps(message).encode() + b"\0")
        return number

    async def _read(self, stream: asyncio.StreamReader) -> None:
        try:
            while True:
                raw = await stream.readuntil(b"\0")
                self._receive(json.loads(raw[:-1]))
        except (asyncio.IncompleteReadError, OSError):
            self._ended()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        if self._reader is not None:
            self._reader.cancel()
