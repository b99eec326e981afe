"""Through a proxy that speaks SOCKS5 or CONNECT, well or badly."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pytest_llm.errors import BrokenAnswer, ProviderError, ServerDown
from pytest_llm.providers.base import Limits
from pytest_llm.providers.wire.http import Http

LIMITS = Limits(5, 10, 10, restart=0)
FINE = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"fine": true}'
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def asked(monkeypatch: pytest.MonkeyPatch, serve: Serve, address: str, url: str, file: Path | None = None) -> None:
    """Ask this URL through a proxy. address: of the proxy, with PORT where its port belongs. file: send that."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
            await writer.drain()
        finally:
            writer.close()

    async def main() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            monkeypatch.setenv("ALL_PROXY", address.replace("PORT", str(server.sockets[0].getsockname()[1])))
            http = Http(url, LIMITS)
            if file:
                await http.upload("/x", file)
            else:
                assert await http.json("POST", "/x", {}) == {"fine": True}

    asyncio.run(main())


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("user", ["", "me:p%40ss@"])
@pytest.mark.parametrize("bound", [b"\x01\x7f\x00\x00\x01", b"\x03\x04here", b"\x04" + bytes(16)])
@pytest.mark.parametrize("upload", [False, True])
def test_socks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scheme: str, user: str, bound: bytes, upload: bool
) -> None:
    """The name is looked up there, and the request is as it would be without."""
    file = tmp_path / "file"
    file.write_bytes(b"{}")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(3) == (b"\x05\x01\x02" if user else b"\x05\x01\x00")
        writer.write(b"\x05\x02" if user else b"\x05\x00")
        if user:
            assert await reader.readexactly(9) == b"\x01\x02me\x04p@ss"
            writer.write(b"\x01\x00")
        assert await reader.readexactly(18) == b"\x05\x01\x00\x03\x0bmodels.test\x1f\x40"
        writer.write(b"\x05\x00\x00" + bound + b"\x00\x50")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"POST /x HTTP/1.1\r\nHost: models.test:8000\r\n")
        assert b"Proxy" not in head
        assert await reader.readexactly(2) == b"{}"
        writer.write(FINE)

    asked(
        monkeypatch, serve, f"{scheme}://{user}127.0.0.1:PORT", "http://models.test:8000", file if upload else None
    )


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([b""], "closed it without an answer"),
        ([b"\x05\xff"], "another way to say who asks"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "speaks no SOCKS5"),
        ([b"\x05\x00", b"\x05\x05\x00\x01" + bytes(6)], "the proxy has no connection: connection refused"),
        ([b"\x05\x00", b"\x05\x04\x00\x01" + bytes(6)], "the proxy has no connection: host unreachable"),
        ([b"\x05\x00", b"\x05\x99\x00\x01" + bytes(6)], "its code is 153"),
        ([b"\x05\x00", b"\x05\x00\x00"], "closed it without an answer"),
    ],
)
def test_socks_that_is_refused(monkeypatch: pytest.MonkeyPatch, answers: list[bytes], says: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for size, answer in zip((3, 18), answers, strict=False):
            await reader.readexactly(size)
            writer.write(answer)

    with pytest.raises(BrokenAnswer, match=says):
        asked(monkeypatch, serve, "socks5://127.0.0.1:PORT", "http://models.test:8000")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "the proxy closed it without an answer"),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n", "refused: 407 Proxy"),
        (b"HTTP/1.0 502 Bad Gateway\r\n\r\n<html>", "refused: 502 Bad Gateway"),
        (b"HTTP/1.0 403\r\n\r\n", "refused: 403"),
        (b"220 smtp ready\r\n\r\n", "does not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: ", "no secure connection"),
        (b"HTTP/1.0 200 Connection established\r\n\r\n", "no secure connection"),
    ],
)
def test_a_tunnel(monkeypatch: pytest.MonkeyPatch, answer: bytes, says: str) -> None:
    """An open one leads to a server that closes at once. What the server is told the proxy is not told."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)

    with pytest.raises(ProviderError, match=says):
        asked(monkeypatch, serve, "http://me:pw@127.0.0.1:PORT", "https://key:word@[2001:db8::1]")
    assert heads == [
        b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\nAccept: */*\r\n"
        b"Proxy-Authorization: Basic bWU6cHc=\r\n\r\n"
    ]


def test_a_proxy_of_http_1_0_that_forwards(monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"POST http://models.test:8000/x HTTP/1.1\r\nHost: models.test:8000\r\n")
        writer.write(b'HTTP/1.0 200 OK\r\n\r\n{"fine": true}')

    asked(monkeypatch, serve, "127.0.0.1:PORT", "http://models.test:8000")


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ("socks5://127.0.0.1:9", "nothing listens at the proxy 127.0.0.1:9: Connection refused"),
        ("http://me:secret@127.0.0.1:9", "nothing listens at the proxy 127.0.0.1:9: Connection refused"),
        ("http://a..b:9", "there is no way to the proxy a..b:9"),
    ],
)
def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch, proxy: str, says: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ServerDown, match=re.escape(says)) as caught:
        asyncio.run(Http("http://models.test", LIMITS, start="start it").json("GET", "/x"))
    assert "start it" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_one_secure_proxy_before_a_secure_server_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "https://p:1")
    with pytest.raises(ServerDown, match="leads to no https:// server"):
        asyncio.run(Http("https://models.test", LIMITS).json("GET", "/x"))


@pytest.mark.parametrize("host", ["a..b", "." * 5, "a" * 70, "nosuchhost.invalid"])
def test_a_name_that_is_none(host: str) -> None:
    with pytest.raises(ServerDown, match=f"there is no way to http://{host}"):
        asyncio.run(Http(f"http://{host}:1", LIMITS).json("GET", "/x"))
