"""A raw server that plays recorded or made-up responses, byte for byte, and ends them as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Literal

from tests.helpers.wire import exchange


@dataclass(frozen=True)
class Play:
    """One response. end: whole; cut (the connection goes away within the body); reset; silent (it stays open).

    length: the body's length is told in a header, instead of chunk by chunk. pause: seconds between two chunks,
    delay: before the headers.
    """

    chunks: tuple[bytes, ...] = ()
    status: str = "200 OK"
    headers: tuple[tuple[str, str], ...] = ()
    end: Literal["whole", "cut", "reset", "silent"] = "whole"
    length: bool = False
    pause: float = 0.0
    delay: float = 0.0

    def split(self, size: int) -> Play:
        body = b"".join(self.chunks)
        return replace(self, chunks=tuple(body[at : at + size] for at in range(0, len(body), size)))


def lines(*objects: Any, end: Literal["whole", "cut", "reset", "silent"] = "whole") -> Play:
    """A good NDJSON stream; a string stands for itself."""
    texts = (o if isinstance(o, str) else json.dumps(o) for o in objects)
    return Play(tuple(f"{t}\n".encode() for t in texts), end=end)


def events(*objects: Any, end: Literal["whole", "cut", "reset", "silent"] = "whole") -> Play:
    """A good stream of events; a string stands for itself."""
    texts = (o if isinstance(o, str) else json.dumps(o) for o in objects)
    return Play(tuple(f"data: {t}\n\n".encode() for t in texts), end=end)


def error(status: str, body: Any) -> Play:
    return Play(((body if isinstance(body, str) else json.dumps(body)).encode(),), status=status, length=True)


def played(folder: str, name: str) -> Play:
    """A recorded response, framed as it was."""
    recorded = exchange(folder, name)
    return Play(
        chunks=tuple(chunk.encode() for chunk in recorded.chunks),
        status=f"{recorded.status} {HTTPStatus(recorded.status).phrase}",
        headers=tuple(header for header in recorded.headers if header[0].lower() in ("content-type", "server")),
        end="cut" if recorded.ended == "cut" else "whole",
        length=any(name.lower() == "content-length" for name, _ in recorded.headers),
    )


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Replay:
    """The running server: what it saw, and how often a client went away before the end."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def asked(self, path: str) -> list[Seen]:
        return [s for s in self.seen if s.path == path]


@asynccontextmanager
async def replay(answer: Callable[[Seen], Play]) -> AsyncIterator[Replay]:
    """Serve on loopback; `answer` is asked for each request."""
    state = Replay()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(_serve(state, answer, reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    state.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield state
    finally:
        server.close()
        await asyncio.sleep(0)  # a task that has not begun could not close what it was given
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _serve(
    state: Replay, answer: Callable[[Seen], Play], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        while (seen := await _request(reader)) is not None:
            state.seen.append(seen)
            play = answer(seen)
            await _write(writer, play, seen.method)
            if play.end == "silent":
                await reader.read()
                state.gone.set()
            if play.end != "whole":
                break
    except (ConnectionError, asyncio.CancelledError):
        state.gone.set()
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _request(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value for name, _, value in (h.partition(": ") for h in head[1:] if h)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method, path, headers, body)


async def _write(writer: asyncio.StreamWriter, play: Play, method: str) -> None:
    size = sum(map(len, play.chunks))
    framing = f"Content-Length: {size}" if play.length or not play.chunks else "Transfer-Encoding: chunked"
    own = "".join(f"{name}: {value}\r\n" for name, value in play.headers)
    await asyncio.sleep(play.delay)
    if play.chunks or play.end == "whole":
        writer.write(f"HTTP/1.1 {play.status}\r\n{own}{framing}\r\n\r\n".encode())
    for chunk in play.chunks if method != "HEAD" else ():
        writer.write(chunk if play.length else b"%x\r\n%s\r\n" % (len(chunk), chunk))
        await writer.drain()
        if play.pause:
            await asyncio.sleep(play.pause)
    if play.end == "whole" and play.chunks and not play.length:
        writer.write(b"0\r\n\r\n")
    if play.end == "reset":
        await writer.drain()
        writer.transport.abort()
    else:
        await writer.drain()
