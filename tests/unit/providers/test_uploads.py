"""Files on their way to a server that takes them, refuses them, or goes away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_llm.errors import ProviderError
from pytest_llm.providers.base import Limits
from pytest_llm.providers.wire.http import BadStatus, Http

SIZE = 32 * 2**20  # bytes: more than a kernel takes by itself
LIMITS = Limits(5, 10, 10, restart=0)
FULL = b'HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 16\r\n\r\n{"error":"full"}'
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("upload") / "file"
    found.write_bytes(b"x" * SIZE)
    return found


async def sent(serve: Serve, file: Path, limits: Limits = LIMITS) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await serve(reader, writer)
        finally:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        await Http(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", limits).upload("/blob", file)


def test_a_whole_file(file: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(SIZE) == b"x" * SIZE
        writer.write(b"HTTP/1.1 201 Created\r\n\r\n")

    asyncio.run(sent(serve, file))


@pytest.mark.parametrize("at", [0, 2**20, 5 * 2**20])
def test_what_is_said_before_a_reset_is_heard(file: Path, at: int) -> None:
    """The server reads no more, and closes: what it sent lies before the reset that this makes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(at)
        writer.write(FULL)

    for _ in range(5):
        with pytest.raises(BadStatus) as caught:
            asyncio.run(sent(serve, file))
        assert (caught.value.status, caught.value.body) == (507, '{"error":"full"}')


@pytest.mark.parametrize(
    ("answer", "end", "says"),
    [
        (b"", "close", "broke off before anything was written: (reset by the server|Broken pipe)"),
        (b"", "read", "the server closed it without an answer"),
        (b"HTTP/1.1 201 Cre", "read", "the server closed it without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "read", "closed it before the end of the answer"),
        (b"220 smtp\r\n", "read", "what came is no HTTP but '220 smtp'"),
        (b"", "stall", "it took no more of the file for 0.5 s"),
        (b"", "wait", "no answer came in time"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 2**14, "read", "bytes came that are no answer"),
    ],
)
def test_a_server_that_goes_wrong(file: Path, answer: bytes, end: str, says: str) -> None:
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(SIZE if end in ("read", "wait") else 100)
        writer.write(answer)
        if end in ("stall", "wait"):
            await over.wait()

    async def main() -> None:
        try:
            await sent(
                serve, file, Limits(5, 0.5 if end == "wait" else 10, 0.5 if end == "stall" else 10, restart=0)
            )
        finally:
            over.set()

    with pytest.raises(ProviderError, match=says):
        asyncio.run(main())


@pytest.mark.parametrize("at", [100, SIZE], ids=["while it is sent", "while the answer is waited for"])
def test_an_upload_that_is_cancelled_ends_at_once(file: Path, at: int) -> None:
    """The server sees it go, and no thread is left behind."""

    async def main() -> None:
        begun, gone = asyncio.Event(), asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(at)
            begun.set()
            await asyncio.wait_for(reader.read(), 10)
            gone.set()

        task = asyncio.create_task(sent(serve, file))
        async with asyncio.timeout(10):
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await gone.wait()

    asyncio.run(main())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("asyncio_")]


def test_a_file_that_becomes_shorter(tmp_path: Path) -> None:
    small = tmp_path / "file"
    small.write_bytes(b"x" * SIZE)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        small.write_bytes(b"x")
        await reader.read()

    with pytest.raises(ProviderError, match="the file became shorter while it was sent"):
        asyncio.run(sent(serve, small))
