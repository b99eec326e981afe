"""HTTP/1.1 over asyncio streams, down to the bytes of each chunk, so that it can be broken on purpose."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, cast

INLINE = 2048
"""A body up to this many bytes is sent with its length, a longer one in chunks, as Go's server does."""


class Hang(Exception):
    """Say nothing more, keep the connection open until the client leaves."""


@dataclass
class Cut(Exception):
    """Stop in the middle: `last` is written as it is, then the connection ends, by a reset where asked.

    ended: the chunked body is closed properly first.
    """

    last: bytes = b""
    reset: bool = False
    ended: bool = False


@dataclass
class Request:
    """A request as it came. `arrived`: seconds of the server's clock; `phase`: what its answer waits for."""

    method: str
    path: str
    headers: Mapping[str, str]
    arrived: float
    body: bytes = b""
    id: int = 0
    phase: str = ""
    read_whole: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")


@dataclass
class Reply:
    """What is sent back; a `body` that is an iterator is sent in chunks as it comes. sized: never in chunks."""

    status: int = 200
    body: bytes | AsyncIterator[bytes] = b""
    type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    chunked: bool = False
    close: bool = False
    dated: bool = True
    sized: bool = False


class Connection:
    """One client's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.buffer = b""
        self.gone = asyncio.Event()

    async def fill(self) -> bool:
        """Read more; False at the end of what the client sends."""
        try:
            data = await self.reader.read(65536)
        except OSError:
            data = b""
        self.buffer += data
        if not data:
            self.gone.set()
        return bool(data)

    async def head(self) -> tuple[str, str, dict[str, str]] | None:
        """Method, path and headers (lower case) of the next request."""
        while b"\r\n\r\n" not in self.buffer:
            if not await self.fill():
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        pairs = (line.partition(":") for line in lines)
        return method, path, {name.strip().lower(): value.strip() for name, _, value in pairs}

    async def body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("expect", "").lower() == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await self._chunks()
        return await self._take(int(headers.get("content-length", 0)))

    async def _take(self, size: int) -> bytes:
        while len(self.buffer) < size and await self.fill():
            pass
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    async def _chunks(self) -> bytes:
        parts: list[bytes] = []
        while True:
            while b"\r\n" not in self.buffer:
                if not await self.fill():
                    return b"".join(parts)
            line, _, self.buffer = self.buffer.partition(b"\r\n")
            size = int(line.split(b";")[0], 16)
            parts.append(await self._take(size))
            await self._take(2)
            if not size:
                return b"".join(parts)

    async def watch(self) -> None:
        """Returns when the client has left."""
        while await self.fill():
            pass

    async def send(self, request: Request, reply: Reply) -> bool:
        """Write a whole reply; False where the connection is used up."""
        close = reply.close or request.header("connection").lower() == "close"
        stream = None if isinstance(reply.body, bytes) else reply.body
        body = reply.body if isinstance(reply.body, bytes) else b""
        chunked = reply.chunked or stream is not None or (len(body) > INLINE and not reply.sized)
        self.writer.write(_head(reply, None if chunked else len(body), close, request.method == "HEAD"))
        if request.method != "HEAD":
            await self._write_body(body, stream, chunked)
        await self.writer.drain()
        return not close

    async def _write_body(self, body: bytes, stream: AsyncIterator[bytes] | None, chunked: bool) -> None:
        if not chunked:
            self.writer.write(body)
            return
        if stream is None:
            self.writer.write(_chunk(body))
        else:
            async with aclosing(cast("AsyncGenerator[bytes]", stream)) as parts:
                async for part in parts:
                    self.writer.write(_chunk(part))
                    await self.writer.drain()
        self.writer.write(b"0\r\n\r\n")

    def cut(self, cut: Cut) -> None:
        """End the connection as the fault says."""
        self.writer.write(cut.last + (b"0\r\n\r\n" if cut.ended else b""))
        if cut.reset:
            sock: socket.socket | None = self.writer.get_extra_info("socket")
            if sock is not None:  # an abortive close: unsent data is thrown away, the peer sees ECONNRESET
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data) if data else b""


def _head(reply: Reply, length: int | None, close: bool, bare: bool) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    lines += [f"Content-Type: {reply.type}"] if reply.type else []
    lines += [f"Date: {formatdate(usegmt=True)}"] if reply.dated else []
    if length is not None and not (bare and not length):
        lines.append(f"Content-Length: {length}")
    lines += ["Connection: close"] if close else []
    lines += ["Transfer-Encoding: chunked"] if length is None else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass
class Log:
    """Everything that was asked, in order."""

    requests: list[Request] = field(default_factory=list)

    def add(self, request: Request) -> None:
        request.id = len(self.requests)
        self.requests.append(request)
