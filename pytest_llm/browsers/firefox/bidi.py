"""WebDriver BiDi over a websocket: commands and events, as the rest of the browser check knows them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from pytest_llm.browsers.chromium.cdp import Connection, Params

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_LARGEST = 1 << 28  # bytes of a message


class Socket(Connection):
    """To a browser that listens at a URL. All of it is one session; its events name their page."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._socket: ClientConnection | None = None

    async def open(self) -> None:
        """Connect. Raises OSError."""
        from websockets.asyncio.client import connect

        self._socket = socket = await connect(
            self._url, max_size=_LARGEST, compression=None, ping_interval=None, proxy=None
        )
        self._tasks = [asyncio.create_task(self._read(socket)), asyncio.create_task(self._write(socket))]

    def write(self, method: str, params: Params, session: str | None) -> int:
        number = next(self._numbers)
        self._outgoing.put_nowait(json.dumps({"id": number, "method": method, "params": params}))
        return number

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._socket is not None:
            self._socket.transport.abort()

    async def _read(self, socket: ClientConnection) -> None:
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):
            async for text in socket:
                message: dict[str, Any] = json.loads(text)
                if message["type"] == "error":
                    message["error"] = {"message": f"{message['error']}: {message['message']}"}
                self._receive(message)
        self._ended()

    async def _write(self, socket: ClientConnection) -> None:
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):  # the reader tells
            while True:
                await socket.send(await self._outgoing.get())
