"""Answers as bytes, cut wherever they may be: what they mean, and what is no HTTP."""

from __future__ import annotations

import httpcore
import pytest

from pytest_llm.providers.wire import message

HEADS = [
    (b"HTTP/1.1 200 OK\r\n\r\n", 200, []),
    (b"HTTP/1.0 404\r\nA: b\r\n\r\n", 404, [(b"A", b"b")]),
    (b"HTTP/1.1 503 Out of slots: wait\nRetry-After:\t 3 \n\n", 503, [(b"Retry-After", b"3")]),
    (b"HTTP/1.1 200 OK\r\nX-Long: one\r\n  two\r\nEmpty:\r\n\r\n", 200, [(b"X-Long", b"one two"), (b"Empty", b"")]),
    (b"HTTP/1.1 200 \xc3\xa4\r\nServer: \xff\r\n\r\n", 200, [(b"Server", b"\xff")]),
]
NO_HEADS = {
    b"\r\n\r\n": "status line",
    b"SSH-2.0-OpenSSH\r\n\r\n": "status line",
    b"HTTP/2 200\r\n\r\n": "status line",
    b"HTTP/1.1 20 OK\r\n\r\n": "status line",
    b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n": "header line",
    b"HTTP/1.1 200 OK\r\n folded: first\r\n\r\n": "header line",
    b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n": "header line",
    b"HTTP/1.1 200 OK\r\na: \0\r\n\r\n": "header line",
    b"HTTP/1.1 200 OK\r\na: b\rc: d\r\n\r\n": "header line",
    b"x" * (message.LONGEST_HEAD + 1): "more than",
}
CHUNKED = [(b"Transfer-Encoding", b"Chunked")]
BODIES = [
    (CHUNKED, b"0\r\n\r\n", b""),
    (CHUNKED, b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
    (CHUNKED, b"00A;x=y\r\n0123456789\r\n2 \r\n\r\n\r\n0;z\r\nTrailer: t\r\n\r\n", b"0123456789\r\n"),
    (CHUNKED, b"1\na\n1\nb\n0\n\n", b"ab"),
    ([(b"content-length", b"3")], b"abc", b"abc"),
    ([(b"Content-Length", b"3, 3"), (b"Content-Length", b"3")], b"abc", b"abc"),
    ([(b"Content-Length", b"0")], b"", b""),
]
NO_BODIES = [
    [(b"Transfer-Encoding", b"gzip, chunked")],
    [(b"Content-Length", b"3"), (b"Content-Length", b"4")],
    [(b"Content-Length", b"-1")],
    [(b"Content-Length", b"")],
    [(b"Content-Length", b"9" * 19)],
]


@pytest.mark.parametrize(("data", "status", "headers"), HEADS)
def test_a_head_is_read_once_it_is_whole(data: bytes, status: int, headers: list[message.Header]) -> None:
    assert [message.head(data[:at]) for at in range(len(data))] == [None] * len(data)
    assert message.head(data + b"body\n\n") == (status, headers, len(data))


@pytest.mark.parametrize(("data", "why"), NO_HEADS.items())
def test_what_is_no_head_is_a_fault_of_the_protocol(data: bytes, why: str) -> None:
    with pytest.raises(httpcore.RemoteProtocolError, match=why):
        message.head(data)


@pytest.mark.parametrize(("headers", "data", "text"), BODIES)
@pytest.mark.parametrize("step", [1, 2, 3, 1000])
def test_a_body_is_the_same_however_its_bytes_are_cut(
    headers: list[message.Header], data: bytes, text: bytes, step: int
) -> None:
    body = message.body(b"GET", 200, headers)
    assert b"".join(body.feed(data[at : at + step]) for at in range(0, len(data), step)) == text
    assert body.done
    for end in range(len(data)):
        cut = message.body(b"GET", 200, headers)
        assert text.startswith(cut.feed(data[:end]))
        assert not cut.done
        with pytest.raises(httpcore.RemoteProtocolError, match=r"incomplete chunked read|received"):
            cut.end()


@pytest.mark.parametrize("headers", NO_BODIES)
def test_a_body_whose_end_cannot_be_told_is_a_fault(headers: list[message.Header]) -> None:
    with pytest.raises(httpcore.RemoteProtocolError):
        message.body(b"GET", 200, headers)


@pytest.mark.parametrize("data", [b"x\r\n", b"\r\n", b"3\r\nabcd\r\n", b"-1\r\n", b"1" * 17 + b"\n", b"1" * 20_000])
def test_what_is_no_chunk_is_a_fault(data: bytes) -> None:
    with pytest.raises(httpcore.RemoteProtocolError, match="chunk"):
        message.body(b"GET", 200, CHUNKED).feed(data)


def test_a_body_may_be_none_or_end_with_the_connection() -> None:
    length = [(b"Content-Length", b"7")]
    assert all(message.body(*of, length).done for of in ((b"HEAD", 200), (b"GET", 204), (b"POST", 304)))
    body = message.body(b"GET", 200, [])
    assert body.feed(b"all") == b"all"
    assert not body.done
    body.end()
    assert body.done


def test_no_header_can_bring_a_second_one() -> None:
    assert message.written(b"GET", b"/", [(b"A", b"b")]) == b"GET / HTTP/1.1\r\nA: b\r\n\r\n"
    for value in (b"b\r\nC: d", b"b\nC: d", b"b\0"):
        with pytest.raises(httpcore.LocalProtocolError, match="the header A holds"):
            message.written(b"GET", b"/", [(b"A", value)])
