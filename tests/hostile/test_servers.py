"""A server that never ends, or that packs gigabytes into bytes: an error, and memory as for a large answer."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.errors import (
    AnswerTooLarge,
    BrokenAnswer,
    ModelUnavailable,
    ProviderError,
    RequestRefused,
    ServerDown,
)
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import MAX_CALLS, Limits, Response
from pytest_llm.providers.ollama.client import OllamaProvider
from pytest_llm.providers.openai.client import OpenAIProvider
from pytest_llm.providers.wire.http import Http
from pytest_llm.providers.wire.stream import MAX_STRANGE, MAX_VALUES, NotJson, first_words, parse_object
from tests.fake_ollama import FakeOllama
from tests.helpers.asking import desk

ANSWER = 2**18  # bytes
BUFFERED = 16 * 2**20  # bytes that a kernel may take before the client has read them
KEPT = 12 * 2**20  # bytes: a piece of an answer takes more as an object than as text
LIMITS = Limits(connect=20, first_byte=60, silence=60, answer=ANSWER)
HASTY = Limits(connect=20, first_byte=1, silence=1, restart=0)
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
BAD = OK.replace(b"200 OK", b"500 x")
SMALL = {
    "/v1/models": b'{"data": []}',
    "/api/version": b'{"version": "0.30.0"}',
    "/api/show": b"{}",
    "/api/tags": b'{"models": []}',
    "/api/ps": b'{"models": []}',
}
PLAIN = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Lie:
    """What one path answers: a beginning, then `more(0)`, `more(1)` … for ever."""

    name: str
    more: Callable[[int], bytes]
    kind: type[Exception]
    words: str
    head: bytes = OK + b"\r\n"
    path: str = "/api/chat"


def line(**message: Any) -> bytes:
    return json.dumps({"message": message, "done": False}).encode() + b"\n"


def event(**delta: Any) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": delta}]}).encode() + b"\n\n"


def call(index: Any) -> dict[str, Any]:
    return {"index": index, "function": {"name": "f", "arguments": "{}"}}


CHAT, MODELS = "/v1/chat/completions", "/v1/models"
CUT = f"cut at {ANSWER} bytes"
LIES = [
    Lie("good lines", lambda n: line(content="word ") * 50, AnswerTooLarge, CUT),
    Lie("thinking", lambda n: line(thinking="word ") * 50, AnswerTooLarge, CUT),
    Lie("tool calls", lambda n: line(tool_calls=[call(n)] * 50), AnswerTooLarge, CUT),
    Lie("a line without end", lambda n: b'{"message":' if n == 0 else b" " * 9999, AnswerTooLarge, CUT),
    Lie("lines of nothing", lambda n: b"\n" * 9999, AnswerTooLarge, CUT),
    Lie("values", lambda n: b'{"a":[' if n == 0 else b"[]," * 9999, AnswerTooLarge, CUT),
    Lie("plain text", lambda n: b"word\n" * 999, ProviderError, "not as a chat server does"),
    Lie("a complaint", lambda n: b"word " * 999, ProviderError, "answered 500", head=BAD + b"\r\n"),
    Lie("header lines", lambda n: b"X-A: b\r\n" * 99, BrokenAnswer, "broke off", head=OK),
    Lie("one header", lambda n: b"word " * 999, BrokenAnswer, "broke off", head=OK + b"X-A: "),
    Lie("a status line", lambda n: b"word " * 999, BrokenAnswer, "broke off", head=b"HTTP/1.1 200 "),
    Lie(
        "chunk size",
        lambda n: b"0" * 999,
        BrokenAnswer,
        "broke off",
        head=OK + b"Transfer-Encoding: chunked\r\n\r\n",
    ),
    Lie("a page", lambda n: b"<title>" if n == 0 else b"word " * 999, ProviderError, "500", head=BAD + b"\r\n"),
    Lie("version", lambda n: b" " * 9999, ProviderError, f"more than {ANSWER} bytes", path="/api/version"),
    Lie("model list", lambda n: b'{"name":"x"},' * 99, ProviderError, f"more than {ANSWER}", path="/api/tags"),
    Lie(
        "shown",
        lambda n: b'{"modelfile":"' if n == 0 else b"\\n" * 999,
        ProviderError,
        "more than",
        path="/api/show",
    ),
    Lie(
        "steps of a pull",
        lambda n: b"".join(b'{"status":"step %d"}\n' % (n * 99 + i) for i in range(99)),
        ModelUnavailable,
        "ever more steps",
        path="/api/pull",
    ),
    Lie("events", lambda n: event(content="word ") * 50, AnswerTooLarge, CUT, path=CHAT),
    Lie("reasoning", lambda n: event(reasoning="word ") * 50, AnswerTooLarge, CUT, path=CHAT),
    Lie("pings", lambda n: b": ping\n\n" * 999, AnswerTooLarge, CUT, path=CHAT),
    Lie("an event of many lines", lambda n: b"data: [1,\n" * 999, AnswerTooLarge, CUT, path=CHAT),
    Lie("a document of many lines", lambda n: b"{\n" if n == 0 else b"1,\n" * 999, AnswerTooLarge, CUT, path=CHAT),
    Lie("calls by number", lambda n: event(tool_calls=[call(n)]) * 9, AnswerTooLarge, CUT, path=CHAT),
    Lie("calls by list", lambda n: event(tool_calls=[call([n])]) * 9, AnswerTooLarge, CUT, path=CHAT),
    Lie("models", lambda n: b'{"id":"x"},' * 99, ProviderError, f"more than {ANSWER} bytes", path=MODELS),
]


@dataclass
class Liar:
    """The running server: how many bytes it got rid of, and the paths that it was asked."""

    url: str = ""
    sent: int = 0


@asynccontextmanager
async def lying(lie: Lie) -> AsyncIterator[Liar]:
    state = Liar()

    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(serve(reader, writer)))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
            if path != lie.path:
                missing = path == "/api/show" and lie.path == "/api/pull"
                writer.write(PLAIN.replace(b"200", b"404") if missing else PLAIN)
                writer.write(b'{"error": "model not found"}' if missing else SMALL[path])
                await writer.drain()
            else:
                await endless(writer)
        writer.transport.abort()

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(lie.head)
        number = 0
        while not writer.is_closing():
            piece = lie.more(number)
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)  # draining what is sent at once lets nobody else in
            state.sent, number = state.sent + len(piece), number + 1

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    state.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield state
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def asked(url: str, *, openai: bool, limits: Limits = LIMITS) -> Response:
    provider: Any = OpenAIProvider(url, limits) if openai else OllamaProvider(url, limits, pull=True)
    model = ModelRef("m", "openai" if openai else "ollama", "m")
    try:
        await provider.prepare(model)
        response: Response = await provider.chat(ChatRequest(model, (Message("user", "hi"),), timeout=60))
        return response
    finally:
        await provider.close()


async def told(lie: Lie) -> tuple[Exception, int]:
    """The error of a lie, and the bytes that the server got rid of."""
    async with lying(lie) as server:
        with pytest.raises(lie.kind) as caught:
            await asked(server.url, openai=lie.path.startswith("/v1"))
        return caught.value, server.sent


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_what_never_ends_is_an_error_and_takes_no_memory(lie: Lie) -> None:
    tracemalloc.start()
    try:
        error, sent = asyncio.run(told(lie))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert lie.words in str(error)
    assert len(str(error)) < 1000
    assert len(getattr(error, "partial", "")) <= ANSWER
    assert sent < ANSWER + BUFFERED
    assert peak < KEPT


async def chat(url: str, _: Path) -> None:
    await asked(url, openai=False, limits=HASTY)


async def version(url: str, _: Path) -> None:
    await Http(url, HASTY).json("GET", "/api/version")


async def head(url: str, _: Path) -> None:
    await Http(url, HASTY).head("/api/blobs/x")


async def upload(url: str, file: Path) -> None:
    await Http(url, HASTY).upload("/api/blobs/x", file)


@pytest.mark.parametrize(
    ("act", "path"),
    [(chat, "/api/chat"), (version, "/api/version"), (head, "/api/blobs/x"), (upload, "/api/blobs/x")],
)
def test_interim_answers_for_ever(act: Callable[[str, Path], Awaitable[None]], path: str, tmp_path: Path) -> None:
    """Each is a sign of life, and none is an answer."""
    file = tmp_path / "blob"
    file.write_bytes(b"x" * 100)
    lie = Lie("", lambda n: b"HTTP/1.1 100 Continue\r\n\r\n", ProviderError, "", head=b"", path=path)

    async def main() -> None:
        async with lying(lie) as server:
            with pytest.raises(ProviderError, match=r"nothing for|no whole answer|broke off"):
                await act(server.url, file)

    asyncio.run(asyncio.wait_for(main(), 30))


BOMB = gzip.compress(gzip.compress(gzip.compress(line(content="x" * 2**20))))


@pytest.mark.parametrize(
    "coding", ["gzip", "gzip, gzip, gzip", "deflate", "br", "zstd", "identity, gzip", "x-made-up"]
)
def test_nothing_is_unpacked(coding: str) -> None:
    head = OK + f"Content-Encoding: {coding}\r\n\r\n".encode()
    for path, status in (("/api/chat", b"200"), ("/api/tags", b"200"), (CHAT, b"200"), (CHAT, b"500")):
        kind, words = (
            (ProviderError, "which was not asked for") if status == b"200" else (ProviderError, "answered 500")
        )
        lie = Lie("", lambda n: BOMB, kind, words, head=head.replace(b"200", status), path=path)
        error, _ = asyncio.run(told(lie))
        assert lie.words in str(error)


def test_a_body_that_says_identity_is_taken() -> None:
    whole = line(content="hello") + b'{"done": true, "done_reason": "stop"}\n'
    lie = Lie("", lambda n: whole, AssertionError, "", head=OK + b"Content-Encoding: identity\r\n\r\n")

    async def main() -> Response:
        async with lying(lie) as server:
            return await asked(server.url, openai=False)

    assert asyncio.run(main()).text == "hello"


def test_of_a_million_calls_some_are_kept() -> None:
    last = b'{"message": {}, "done": true, "done_reason": "stop"}\n'
    lie = Lie("", lambda n: line(tool_calls=[call(0)] * 1000) + last, AssertionError, "")

    async def main() -> Response:
        async with lying(lie) as server:
            return await asked(server.url, openai=False)

    assert len(asyncio.run(main()).tool_calls) == MAX_CALLS


def test_an_answer_that_is_too_large_is_the_models_failure(tmp_path: Path) -> None:
    with FakeOllama() as server, desk(tmp_path, server.url, limits=LIMITS) as asking:
        server.add_model("m")
        server.answer("", " ".join(map(str, range(20_000))))
        (verdict,) = asking.verdicts("{prompt: hi, models: m, checks: [{contains: '1'}]}")
    assert verdict.outcome == "failed"
    assert CUT in verdict.asked[0].findings[0].message
    assert verdict.asked[0].response is not None
    assert verdict.asked[0].response.text.startswith("0 1 2")


def test_a_redirect_is_not_followed_and_takes_no_key_along() -> None:
    other = Lie("", lambda n: b"", AssertionError, "", path="nothing")
    asked_there = []

    async def main(status: int, path: str) -> Exception:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked_there.append(await reader.readuntil(b"\r\n\r\n"))
            writer.close()

        there = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = there.sockets[0].getsockname()[1]
        head = f"HTTP/1.1 {status} x\r\nLocation: http://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n".encode()
        try:
            error, _ = await told(Lie("", other.more, RequestRefused, "", head=head, path=path))
        finally:
            there.close()
        return error

    for status in (301, 302, 303, 307, 308):
        for path in ("/api/chat", "/api/tags", CHAT):
            assert "sends elsewhere" in str(asyncio.run(main(status, path)))
    assert asked_there == []


def test_a_line_of_millions_of_values_is_not_built() -> None:
    text = '{"a":[' + "[]," * MAX_VALUES + "[]]}"
    tracemalloc.start()
    with pytest.raises(NotJson):
        parse_object(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(text)


@pytest.mark.parametrize(
    "text", ["<title>" + "a" * MAX_STRANGE, "<title> " * MAX_STRANGE, "<" * MAX_STRANGE, " \n" * 2**22]
)
def test_the_first_words_are_found_in_one_pass(text: str) -> None:
    assert len(first_words(text)) < 1000


@pytest.mark.parametrize(
    ("trusted", "host", "through"), [(True, "a.b", 1), (False, "a.b", 0), (True, "127.0.0.1", 0)]
)
def test_a_proxy_is_used_where_the_user_chose_the_server(
    monkeypatch: pytest.MonkeyPatch, trusted: bool, host: str, through: int
) -> None:
    """A proxy of no known scheme is an error as soon as it is looked at."""
    monkeypatch.setenv("ALL_PROXY", "made-up://nowhere")
    http = Http(f"http://{host}:1", Limits(connect=0.001, restart=0), trusted=trusted)

    async def main() -> str:
        with pytest.raises(ServerDown) as caught:
            await http.json("GET", "/")
        return str(caught.value)

    assert ("the proxy that the environment names" in asyncio.run(main())) == bool(through)
