"""What a server may send in place of an answer, byte for byte, and what is made of it."""

from __future__ import annotations

import pytest

from pytest_llm.providers.wire.answers import MAX_FRAMING, Answer

OK = b"HTTP/1.1 200 OK\r\n"
FIVE = b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CLOSED = "the server closed it before the end of the answer"
NONE = "the server closed it without an answer"
RESET = "reset by the server"

GOOD = {
    "a length": OK + FIVE,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + FIVE,
    "a version to come": b"HTTP/1.2 200 OK\r\n" + FIVE,
    "no reason": b"HTTP/1.1 200\r\n" + FIVE,
    "a reason in Latin-1": b"HTTP/1.1 200 D\xe9j\xe0\r\n" + FIVE,
    "line feeds alone": (OK + FIVE).replace(b"\r", b""),
    "blank lines first": b"\r\n\r\n" + OK + FIVE,
    "100 first": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + FIVE,
    "103 with headers, thrice": b"HTTP/1.1 103 x\r\nContent-Length: 9\r\n\r\n" * 3 + OK + FIVE,
    "an upgrade offered": OK + b"Upgrade: x\r\nConnection: Upgrade\r\n" + FIVE,
    "more than its length": OK + FIVE + b"rubbish",
    "two answers": (OK + FIVE) * 2,
    "a length beside chunks": OK
    + b"Content-Length: 9\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "chunks": CHUNKED + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    "chunks with extensions": CHUNKED + b"5 ;a=b\r\nhello\r\n0\r\n\r\n",
    "chunks with trailers": CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
    "chunks, and a second answer": CHUNKED + b"5\r\nhello\r\n0\r\n\r\n" + OK + FIVE,
    "a folded header": OK + b"X: a\r\n b\r\n" + FIVE,
    "a large header": OK + b"X: " + b"a" * 100_000 + b"\r\n" + FIVE,
    "many headers": OK + b"X: a\r\n" * 3000 + FIVE,
}


def read(data: bytes, method: str = "POST", *, end: str | None = None, size: int = 2**16) -> tuple[Answer, bytes]:
    """The answer and its body. end: why the connection ended, None where it did not; size: bytes at a time."""
    answer, body = Answer(method), b""
    for at in range(0, len(data), size):
        body += answer.feed(data[at : at + size])
        if answer.whole or answer.fault:
            return answer, body
    if end is not None:
        answer.end(end)
    return answer, body


@pytest.mark.parametrize("size", [1, 7, 2**16])
@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_an_answer_however_it_is_cut(data: bytes, size: int) -> None:
    answer, body = read(data, size=size)
    assert (answer.head and answer.head.status, body, answer.whole, answer.fault) == (200, b"hello", True, None)


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
def test_an_answer_that_ends_with_the_connection(version: bytes) -> None:
    data = version + b" 200 OK\r\n\r\nhello"
    answer, body = read(data)
    assert (body, answer.whole) == (b"hello", False)
    assert read(data, end="")[0].whole
    assert str(read(data, end=RESET)[0].fault) == RESET


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
@pytest.mark.parametrize("more", [b"\r\n", FIVE])
def test_a_status_without_a_body(status: str, more: bytes) -> None:
    answer, body = read(f"HTTP/1.1 {status}\r\n".encode() + more)
    assert (answer.whole, body) == (True, b"")


@pytest.mark.parametrize("data", [OK + FIVE, OK + b"\r\n", CHUNKED, OK + b"Content-Length: 5\r\n\r\n"])
def test_a_head_alone(data: bytes) -> None:
    answer, body = read(data, "HEAD")
    assert (answer.whole, body, answer.fault) == (True, b"", None)


BAD = {
    "nothing": (b"", NONE),
    "half a status line": (b"HTTP/1.1 20", NONE),
    "half of the headers": (OK + b"Content-Le", NONE),
    "an interim answer alone": (b"HTTP/1.1 100 Continue\r\n\r\n", NONE),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n", "what came is no HTTP but 'SSH-2.0-OpenSSH_9.6'"),
    "HTTP/0.9": (b"<html>hi</html>", "what came is no HTTP but '<html>hi</html>'"),
    "an alert of TLS": (b"\x15\x03\x01\x00\x02\x02\x0a", "what came is no HTTP but TLS: it speaks https"),
    "bytes": (b"\x00\x01\xff\n", "what came is no HTTP but '"),
    "a status of two digits": (b"HTTP/1.1 99 X\r\n\r\n", "what came is no HTTP ("),
    "a status of four digits": (b"HTTP/1.1 1000 X\r\n\r\n", "what came is no HTTP ("),
    "a status of letters": (b"HTTP/1.1 abc X\r\n\r\n", "what came is no HTTP ("),
    "101": (
        b"HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nhello",
        "it went over to another protocol",
    ),
    "two lengths": (OK + b"Content-Length: 4\r\n" + FIVE, "what came is no HTTP (Duplicate Content-Length)"),
    "a negative length": (OK + b"Content-Length: -5\r\n\r\nhello", "what came is no HTTP ("),
    "a length of letters": (OK + b"Content-Length: five\r\n\r\nhello", "what came is no HTTP ("),
    "no length": (OK + b"Content-Length:\r\n\r\nhello", "what came is no HTTP ("),
    "a length beyond all": (OK + b"Content-Length: " + b"9" * 30 + b"\r\n\r\nhello", "what came is no HTTP ("),
    "a length too long": (OK + FIVE[:-1], CLOSED),
    "gzip on the way": (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "its Transfer-Encoding 'gzip, chunked'"),
    "gzip alone": (OK + b"Transfer-Encoding: gzip\r\n\r\nhello", "its Transfer-Encoding 'gzip'"),
    "a size that is none": (CHUNKED + b"zz\r\nhello", "what came is no HTTP ("),
    "a chunk beyond its size": (CHUNKED + b"3\r\nhello\r\n0\r\n\r\n", "what came is no HTTP ("),
    "a chunk cut": (CHUNKED + b"ff\r\nhello", CLOSED),
    "no last chunk": (CHUNKED + b"5\r\nhello\r\n", CLOSED),
    "half of the last chunk": (CHUNKED + b"5\r\nhello\r\n0\r\n", CLOSED),
    "a header without a colon": (OK + b"Rubbish\r\n" + FIVE, "what came is no HTTP ("),
    "a header without a name": (OK + b": 1\r\n" + FIVE, "what came is no HTTP ("),
    "a header's name of signs": (OK + b"X(y): 1\r\n" + FIVE, "what came is no HTTP ("),
}
TOO_LONG = f"{MAX_FRAMING} bytes came that are no answer"
ENDLESS = {
    "a status line": b"HTTP/1.1 200 " + b"x" * 2**18,
    "a header": OK + b"X: " + b"x" * 2**18,
    "headers": OK + b"X: y\r\n" * 2**16,
    "interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 2**14,
    "a chunk's size": CHUNKED + b"0" * 2**18,
    "a chunk's extension": CHUNKED + b"5;" + b"x" * 2**18,
    "trailers": CHUNKED + b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 2**16,
}


@pytest.mark.parametrize(("data", "says"), BAD.values(), ids=BAD)
def test_what_is_no_answer(data: bytes, says: str) -> None:
    answer, _ = read(data, end="")
    assert not answer.whole
    assert str(answer.fault).startswith(says)


@pytest.mark.parametrize("data", [data for data, says in BAD.values() if says in (NONE, CLOSED)])
def test_a_reset_in_its_midst(data: bytes) -> None:
    assert str(read(data, end=RESET)[0].fault) == RESET


@pytest.mark.parametrize("data", ENDLESS.values(), ids=ENDLESS)
def test_what_never_ends(data: bytes) -> None:
    answer, body = read(data)
    assert (str(answer.fault), body in (b"", b"hello")) == (TOO_LONG, True)


def test_what_came_before_a_fault_is_read() -> None:
    answer, body = read(CHUNKED + b"5\r\nhello\r\nzz")
    assert (body, answer.whole) == (b"hello", False)
    assert answer.fault
