"""The proxy that lets a page reach the Internet and nothing nearer."""

from __future__ import annotations

import asyncio

import pytest

from pytest_llm.browsers.chromium import proxy


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),  # 6to4 of 127.0.0.1
    ],
)
def test_what_is_on_the_internet(address: str, expected: bool) -> None:
    assert proxy.public(address) is expected


async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + head.encode())
    writer.close()


def ask(request: str, allowed: proxy.Allowed = proxy.public) -> str:
    """What comes back through the proxy; {port} is that of a server behind it."""

    async def exchange() -> str:
        behind = await asyncio.start_server(upstream, "127.0.0.1", 0)
        between = await proxy.start(allowed)
        async with behind, between:
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port(between))
            writer.write(request.format(port=proxy.port(behind)).encode())
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
        return answer.decode()

    return asyncio.run(exchange())


@pytest.mark.parametrize(
    ("request_line", "first"),
    [
        ("GET http://localhost:{port}/a?b=c HTTP/1.1", "HTTP/1.1 403"),
        ("CONNECT 127.0.0.1:{port} HTTP/1.1", "HTTP/1.1 403"),
        ("GET nonsense HTTP/1.1", "HTTP/1.1 403"),
        ("CONNECT name.invalid:80 HTTP/1.1", "HTTP/1.1 502"),
    ],
)
def test_what_is_refused(request_line: str, first: str) -> None:
    assert ask(request_line + "\r\n\r\n").startswith(first)


def loopback(address: str) -> bool:
    return address == "127.0.0.1"


def test_a_request_is_passed_on_for_the_other_side_alone() -> None:
    head = "GET http://127.0.0.1:{port}/a?b=c HTTP/1.1\r\nHost: x\r\nProxy-Connection: keep-alive\r\n\r\n"
    assert ask(head, loopback).endswith("GET /a?b=c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


def test_a_tunnel_carries_what_it_is_given() -> None:
    answer = ask("CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\nGET /inside HTTP/1.1\r\n\r\n", loopback)
    assert answer.startswith("HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK")
    assert answer.endswith("GET /inside HTTP/1.1\r\n\r\n")
