"""Every way in which a server can fail, and the error that each one is."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.errors import (
    AnswerTooLarge,
    BrokenAnswer,
    GenerationTimeout,
    ModelUnavailable,
    PromptTooLong,
    ProviderError,
    RequestRefused,
    ServerBusy,
    ServerDown,
    Unanswered,
    Unsupported,
)
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Limits, Response
from pytest_llm.providers.ollama.client import OllamaProvider
from pytest_llm.providers.ollama.models import NotThere
from pytest_llm.providers.openai.client import OpenAIProvider
from pytest_llm.providers.wire.saying import MOMENT
from tests.helpers.replay import Play, Seen, error, events, lines, played, replay

HASTY = Limits(connect=20, first_byte=0.3, silence=20)
SHORT = Limits(connect=20, first_byte=20, silence=0.3)
LONG = Limits(connect=20, first_byte=20, silence=20)


def say(text: str = "", *, thinking: str = "") -> dict[str, Any]:
    return {"model": "m", "message": {"role": "assistant", "content": text, "thinking": thinking}, "done": False}


def done(**more: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": ""}, "done": True, **more}


def delta(text: str = "", **more: Any) -> dict[str, Any]:
    return {"model": "m", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}], **more}


def finish(reason: str = "stop") -> dict[str, Any]:
    return {"model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


GOOD = lines(say("hello"), done(done_reason="stop", eval_count=2))
NESTED = json.dumps({"error": {"code": 500, "message": "image input is not supported", "type": "server_error"}})
OVERFLOW = json.dumps(
    {"error": {"code": 400, "message": "exceeds the available context size", "n_prompt_tokens": 9, "n_ctx": 4}}
)


def ollama_error(status: str, text: str) -> Play:
    return error(status, {"error": text})


def ask(
    play: Play,
    *,
    limits: Limits = LONG,
    timeout: float = 60,
    openai: bool = False,
    key: str | None = None,
    think: bool | str | None = None,
) -> Response:
    """Ask a server that answers every question with this play."""

    def answer(seen: Seen) -> Play:
        small = {"/api/tags": '{"models":[]}', "/api/ps": '{"models":[]}', "/v1/models": '{"data":null}'}
        return Play((small[seen.path].encode(),), length=True) if seen.path in small else play

    async def main() -> Response:
        async with replay(answer) as server:
            provider: Any = (
                OpenAIProvider(server.url, limits, key=key) if openai else OllamaProvider(server.url, limits)
            )
            model = ModelRef("m", "openai" if openai else "ollama", "m")
            try:
                asked = ChatRequest(model, (Message("user", "hi"),), timeout=timeout, think=think)
                response: Response = await provider.chat(asked)
                return response
            finally:
                await provider.close()

    return asyncio.run(main())


@dataclass(frozen=True)
class Fault:
    """number: of the kind of fault. reach, retry: of the error; words: that the message or the hint holds."""

    number: str
    play: Play
    kind: type[Exception]
    words: str
    reach: str = "request"
    retry: int = 0
    limits: Limits = LONG


NO_ANSWER = "stopped without its last line"
FAULTS = [
    Fault(
        "2 accepted, no bytes",
        Play(end="silent"),
        ServerDown,
        "does not answer /api/version",
        "server",
        limits=replace(HASTY, connect=3),  # as long as it is waited for /api/version
    ),
    Fault("4 queue full", ollama_error("503 x", "server busy, please try again."), ServerBusy, "busy", retry=5),
    Fault("5 unknown model", ollama_error("404 x", "model 'm' not found"), NotThere, "ollama pull m", "model"),
    Fault("5 no chat model", ollama_error("400 x", '"m" does not support chat'), ModelUnavailable, "chat", "model"),
    Fault("5 cannot think", ollama_error("400 x", '"m" does not support thinking'), Unsupported, "think: off"),
    Fault(
        "6 load crash",
        ollama_error("500 x", "llama-server process has terminated: exit status 2: oops"),
        ModelUnavailable,
        "could not load 'm'",
        "model",
    ),
    Fault("6 no start", ollama_error("500 x", "error starting llama-server: x"), ModelUnavailable, "log", "model"),
    Fault(
        "6 no binary", ollama_error("500 x", "llama-server binary not found (x)"), ModelUnavailable, "load", "model"
    ),
    Fault(
        "7 load crash, old",
        ollama_error("500 x", "llama runner process has terminated: exit code 2"),
        ModelUnavailable,
        "exit code 2",
        "model",
    ),
    Fault(
        "8 load stall",
        ollama_error("500 x", "timed out waiting for llama-server to start - loading"),
        ModelUnavailable,
        "timed out",
        "model",
    ),
    Fault(
        "8 load stall, old",
        ollama_error("500 x", "timed out waiting for llama runner to start - progress 0.42 - "),
        ModelUnavailable,
        "progress",
        "model",
    ),
    Fault(
        "9 out of memory",
        ollama_error(
            "500 x", "llama-server reported out-of-memory during startup: cudaMalloc failed: out of memory"
        ),
        ModelUnavailable,
        "smaller num_ctx",
        "model",
    ),
    Fault(
        "9 out of memory, old",
        ollama_error("500 x", "model requires more system memory (9.3 GiB) than is available (7.1 GiB)"),
        ModelUnavailable,
        "9.3 GiB",
        "model",
    ),
    Fault("9 no room", ollama_error("500 x", "unable to load full model on GPU"), ModelUnavailable, "GPU", "model"),
    Fault(
        "10 incompatible",
        ollama_error("500 x", "x: this model may be incompatible with your version of Ollama. If you …"),
        ModelUnavailable,
        "incompatible",
        "model",
    ),
    Fault(
        "11 runner dead",
        ollama_error("500 x", "model runner has unexpectedly stopped, this may be due to …"),
        BrokenAnswer,
        "unexpectedly stopped",
        retry=1,
    ),
    Fault(
        "12 dies mid-answer",
        lines(say("The"), {"error": "an error was encountered while running the model: unexpected EOF"}),
        BrokenAnswer,
        "unexpected EOF",
        retry=1,
    ),
    Fault("12 CUDA", lines(say("The"), {"error": "CUDA error: out of memory"}), BrokenAnswer, "CUDA", retry=1),
    Fault(
        "13 sick runner",
        ollama_error("500 x", "no slots available after 10 retries"),
        BrokenAnswer,
        "slots",
        retry=1,
    ),
    Fault(
        "13 gone",
        ollama_error("500 x", "llama-server process no longer running: exit status 1 x"),
        BrokenAnswer,
        "no longer running",
        retry=1,
    ),
    Fault("14 nested, an ability", ollama_error("500 x", NESTED), Unsupported, "image input"),
    Fault("14 nested, a size", ollama_error("400 x", OVERFLOW), PromptTooLong, "9 tokens, and num_ctx is 4"),
    Fault("14 nested, in a line", lines({"error": OVERFLOW}), PromptTooLong, "does not fit"),
    Fault("15 parser", ollama_error("500 x", "error parsing tool call: raw='{'"), BrokenAnswer, "parsing", retry=1),
    Fault("15 parser, in a line", lines(say("a"), {"error": "harmony: x"}), BrokenAnswer, "harmony", retry=1),
    Fault(
        "16 stalled", lines(say("a"), end="silent"), BrokenAnswer, "fell silent: no line for 0.3 s", limits=SHORT
    ),
    Fault("17 no done", lines(say("a")), BrokenAnswer, NO_ANSWER, retry=1),
    Fault("17 no body", Play(), BrokenAnswer, NO_ANSWER, retry=1),
    Fault("17 done false", lines({"message": {"content": "x"}, "done": False}), BrokenAnswer, NO_ANSWER, retry=1),
    Fault(
        "18 half a line", Play((b'{"message":{"cont',)), BrokenAnswer, "stopped in the middle of a line", retry=1
    ),
    Fault("18 cut", lines(say("a"), end="cut"), BrokenAnswer, "broke off after 1 characters", retry=1),
    Fault("18 reset", lines(say("a"), end="reset"), BrokenAnswer, "broke off", retry=1),
    Fault("19 no last chunk", lines(say("a"), say("b"), end="cut"), BrokenAnswer, "2 characters", retry=1),
    Fault("20 a proxy's page", error("502 x", "<html>Bad Gateway</html>"), ProviderError, "a proxy"),
    Fault("20 a proxy's time-out", error("504 x", "<html>Time-out</html>"), ProviderError, "504"),
    Fault("20 junk in a stream", lines(say("a"), "<html>"), ProviderError, "no JSON: <html>"),
    Fault("20 another document", lines("[1]"), ProviderError, "server does: [1]"),
    Fault("20 not UTF-8", Play((b'{"message":"\xff"}\n',)), ProviderError, "not UTF-8"),
    Fault("26 a foreign host", error("403 x", ""), RequestRefused, "Host or Origin", "server"),
    Fault(
        "27 not signed in",
        error("401 x", {"error": "unauthorized", "signin_url": "https://x"}),
        ModelUnavailable,
        "ollama signin",
        "model",
    ),
    Fault("27 no key", error("401 x", {"error": "no"}), RequestRefused, "PYTEST_LLM_HEADERS", "server"),
    Fault("27 limit", ollama_error("429 x", "you've reached your limit"), ModelUnavailable, "limit", "model"),
    Fault("27 unreachable", ollama_error("502 x", "dial tcp: no such host"), ModelUnavailable, "cloud", "model"),
    Fault("a redirect", error("301 x", ""), RequestRefused, "sends elsewhere", "server"),
    Fault("another server", error("404 x", "404 page not found"), RequestRefused, "address", "server"),
    Fault("an option", ollama_error("500 x", 'option "stop" must be of type array'), RequestRefused, "stop"),
    Fault("a format", ollama_error("500 x", "invalid JSON schema in format"), RequestRefused, "format"),
    Fault("a text that is none", lines({"message": {"content": 5}}), ProviderError, "'content' is no text"),
    Fault("a drip", Play((b"{",) * 99, pause=0.05), BrokenAnswer, "never ended a line", limits=SHORT),
    Fault("too deep", lines('{"a":' * 100_000), ProviderError, "no JSON"),
]


@pytest.mark.parametrize(
    ("play", "wait"),
    [(lines(say("a"), end="cut"), MOMENT), (lines(say("a"), end="reset"), MOMENT), (lines(say("a")), None)],
)
def test_a_server_that_may_be_going_down_is_asked_again_after_a_moment(play: Play, wait: float | None) -> None:
    with pytest.raises(BrokenAnswer) as caught:
        ask(play)
    assert (caught.value.pause, caught.value.wait) == (wait is not None, wait)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.number)
def test_the_error_of_each_fault(fault: Fault) -> None:
    with pytest.raises(fault.kind) as caught:
        ask(fault.play, limits=fault.limits)
    assert isinstance(caught.value, fault.kind)
    assert fault.words in str(caught.value)
    if isinstance(caught.value, ProviderError):
        assert (caught.value.reach, caught.value.retry) == (fault.reach, fault.retry)
        assert "127.0.0.1" in str(caught.value) or "'m'" in str(caught.value)


def test_1_nothing_listens() -> None:
    async def main() -> None:
        async with replay(lambda _: GOOD) as server:
            url = server.url
        provider = OllamaProvider(url, LONG)
        try:
            await provider.prepare(ModelRef("m", "ollama", "m"))
        finally:
            await provider.close()

    with pytest.raises(ServerDown, match="nothing listens") as caught:
        asyncio.run(main())
    assert caught.value.reach == "server"
    assert "ollama serve" in caught.value.hint


def test_3_a_slow_load_is_waited_for() -> None:
    good = lines(say("hello"), done(done_reason="stop", load_duration=4_000_000_000, eval_count=2))
    response = ask(replace(good, delay=1), limits=Limits(connect=20, first_byte=20, silence=0.7), timeout=0.7)
    assert response.text == "hello"
    assert response.usage.load_seconds == 4


def test_16_the_silent_one_keeps_what_it_wrote() -> None:
    with pytest.raises(BrokenAnswer) as caught:
        ask(lines(say("half"), end="silent"), limits=SHORT)
    assert caught.value.partial == "half"


def test_an_answer_that_ended_by_an_error_is_broken() -> None:
    with pytest.raises(BrokenAnswer, match="an error \\('error'\\), after 5 characters"):
        ask(lines(say("hello"), done(done_reason="error")))


def test_tools_that_were_called() -> None:
    calls = [{"function": {"name": "f", "arguments": {"a": 1}}}, {"function": {}}, "x"]
    message = {"message": {"role": "assistant", "content": "", "tool_calls": calls}, "done": False}
    response = ask(lines(message, done(done_reason="stop")))
    assert [str(call) for call in response.tool_calls] == ['f({"a": 1})']


def test_21_numbers_may_be_missing() -> None:
    response = ask(lines(say("hello"), done()))
    assert response.text == "hello"
    assert response.finish == "unknown"
    assert response.usage.rate is None


@pytest.mark.parametrize(
    ("play", "text", "thinking", "reason"),
    [
        (lines(done(done_reason="stop", eval_count=1)), "", "", "stop"),
        (lines(say(thinking="hm"), done(done_reason="length", eval_count=9)), "", "hm", "length"),
    ],
    ids=["empty", "thinking only"],
)
def test_22_a_degenerate_answer_is_given_as_it_is(play: Play, text: str, thinking: str, reason: str) -> None:
    response = ask(play)
    assert (response.text, response.thinking, response.finish) == (text, thinking, reason)


def test_23_thinking_inside_the_answer_is_split_off() -> None:
    response = ask(lines(say("<think>hm</think>"), say("\n\nhello"), done(done_reason="stop")))
    assert (response.text, response.thinking) == ("hello", "hm")
    assert len(response.notes) == 1


def test_a_generation_that_is_still_writing_when_its_time_is_over_is_too_slow() -> None:
    first, *others = (json.dumps(say(c)).encode() + b"\n" for c in ["ab", *"cdefghij" * 9])
    slow = Play((first, *others), pause=0.03)
    with pytest.raises(GenerationTimeout) as caught:
        ask(slow, timeout=0.1)
    assert caught.value.partial.startswith("ab")


def test_a_question_whose_time_is_over_closes_its_connection() -> None:
    slow = Play(tuple(json.dumps(say(c)).encode() + b"\n" for c in "abcdefghij" * 999), pause=0.01)

    async def main() -> bool:
        async with replay(lambda _: slow) as server:
            provider = OllamaProvider(server.url, LONG)
            with pytest.raises(GenerationTimeout, match=r"0\.1 s"):
                await provider.chat(ChatRequest(ModelRef("m", "x", "m"), (Message("user", "hi"),), timeout=0.1))
            await asyncio.wait_for(server.gone.wait(), 10)
            await provider.close()
            return server.gone.is_set()

    assert asyncio.run(main())


def test_a_server_that_fell_silent_is_no_slow_model() -> None:
    with pytest.raises(BrokenAnswer, match="fell silent"):
        ask(lines(say("a"), end="silent"), limits=SHORT, timeout=0.05)


def test_an_endless_line_is_bounded() -> None:
    huge = Play((b"x" * 2**20,) * 70)
    with pytest.raises(AnswerTooLarge, match="cut at 67108864 bytes"):
        ask(huge)


def test_a_line_of_ten_megabytes_is_read() -> None:
    response = ask(lines(say("é" * 5_000_000), done(done_reason="stop")).split(65536))
    assert len(response.text) == 5_000_000


def test_surrogates_nul_and_numbers_as_strings() -> None:
    odd = Play(
        (
            b'{"message":{"content":"a\\ud83d"},"done":false}\n{"message":{"content":"\\ude00\\udfff\\u0000"}}\r\n',
            b'\r\n{"done":false,"done":true,"done_reason":"stop","eval_count":"12","eval_duration":"3e9"}\n',
        )
    )
    response = ask(odd)
    assert response.text == "a😀�\0"
    assert response.usage.rate == 4
    response.text.encode()


def test_what_comes_after_the_end_does_not_matter() -> None:
    assert ask(lines(say("x"), done(done_reason="stop"), "<html>")).text == "x"


# The OpenAI dialect.

OPENAI_FAULTS = [
    Fault("2 accepted, no bytes", Play(end="silent"), Unanswered, "sent nothing", limits=HASTY),
    Fault("4 loading", error("503 x", {"error": {"message": "Loading model"}}), ServerBusy, "Loading", retry=40),
    Fault("4 too many", error("429 x", {"error": {"message": "slow down"}}), ServerBusy, "slow down", retry=5),
    Fault(
        "no quota",
        error("429 x", {"error": {"message": "quota", "type": "insufficient_quota"}}),
        RequestRefused,
        "quota",
        "server",
    ),
    Fault(
        "5 unknown model",
        error("404 x", {"error": {"message": "The model `m` does not exist."}}),
        ModelUnavailable,
        "does not exist",
        "model",
    ),
    Fault("no such path", error("404 x", {"detail": "Not Found"}), RequestRefused, "address", "server"),
    Fault("no key", error("401 x", {"error": {"message": "bad key"}}), RequestRefused, "OPENAI_API_KEY", "server"),
    Fault(
        "too long",
        error("400 x", {"object": "error", "message": "This model's maximum context length is 4 tokens"}),
        PromptTooLong,
        "does not fit",
    ),
    Fault("12 crash", played("0.24.0", "fault-runner-killed-v1"), BrokenAnswer, "process dies", retry=1),
    Fault("12 error event", events(delta("a"), {"error": {"message": "oops"}}), BrokenAnswer, "oops", retry=1),
    Fault("12 error line", Play((b'{"error": "oops"}\n',)), BrokenAnswer, "oops", retry=1),
    Fault("16 stalled", events(delta("a"), end="silent"), BrokenAnswer, "fell silent", limits=SHORT),
    Fault("17 no [DONE]", events(delta("a")), BrokenAnswer, "without [DONE]", retry=1),
    Fault("17 no answer", events("[DONE]"), BrokenAnswer, "without a finish reason", retry=1),
    Fault("17 half a document", Play((b'{\n"choices": [\n',)), BrokenAnswer, "middle of a document", retry=1),
    Fault(
        "an indented complaint", Play((b'{\n"error": {\n"message": "oops"\n}\n}',)), BrokenAnswer, "oops", retry=1
    ),
    Fault("a complaint as a message", Play((b'{"detail": "log in"}',)), BrokenAnswer, "log in", retry=1),
    Fault("a complaint as an event", events({"message": "oops", "code": 5}), BrokenAnswer, "oops", retry=1),
    Fault("20 other JSON", Play((b'{"status": "up"}',)), ProviderError, 'does: {"status": "up"}'),
    Fault("17 no body", Play(), BrokenAnswer, "without [DONE]", retry=1),
    Fault("aborted", events(delta("a"), finish("abort"), "[DONE]"), BrokenAnswer, "an error ('abort')", retry=1),
    Fault(
        "told in the choice",
        events(delta("a"), {"choices": [{"delta": {}, "finish_reason": "error", "error": {"message": "oops"}}]}),
        BrokenAnswer,
        "oops",
        retry=1,
    ),
    Fault("18 half a line", Play((b'data: {"choi',)), BrokenAnswer, "[DONE]", retry=1),
    Fault("18 cut", events(delta("a"), end="cut"), BrokenAnswer, "broke off", retry=1),
    Fault("20 junk", Play((b"<html>\n",)), ProviderError, "not as a chat server does: <html>"),
    Fault(
        "no gzip",
        Play((b"junk",), headers=(("Content-Encoding", "gzip"),)),
        ProviderError,
        "not asked for",
        "server",
    ),
    Fault("nothing at all", Play(status="204 No Content"), BrokenAnswer, "answered 204", retry=1),
    Fault("20 junk event", Play((b"data: <html>\n\n",)), ProviderError, "no JSON"),
    Fault("20 proxy", error("502 x", "<html>"), ProviderError, "a proxy"),
    Fault("a key that comes back", error("400 x", {"error": "no sk-secret"}), RequestRefused, "no ***"),
    Fault("500", error("500 x", {"error": {"message": "EngineDeadError"}}), BrokenAnswer, "EngineDead", retry=1),
]


@pytest.mark.parametrize("fault", OPENAI_FAULTS, ids=lambda f: f.number)
def test_the_error_of_each_fault_in_the_openai_dialect(fault: Fault) -> None:
    with pytest.raises(fault.kind) as caught:
        ask(fault.play, limits=fault.limits, openai=True, key="sk-secret")
    assert type(caught.value) is fault.kind
    assert fault.words in str(caught.value)
    assert "sk-secret" not in str(caught.value)
    if isinstance(caught.value, ProviderError):
        assert (caught.value.reach, caught.value.retry) == (fault.reach, fault.retry)


PAGE = b"<!DOCTYPE html>\n<html><head><title>\n Sign in &amp; go </title></head>\n<body><p>x</p></body></html>"


@pytest.mark.parametrize("openai", [False, True])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (PAGE, "a page, 'Sign in & go'"),
        (PAGE.replace(b"\n", b""), "a page, 'Sign in & go'"),
        (b"\xef\xbb\xbf\n\n" + PAGE, "a page, 'Sign in & go'"),
        (b"<html><title></title><body><h1>Please wait</h1>", "a page, 'Please wait'"),
        (b'<?xml version="1.0"?><error>no</error>', "a page, 'no'"),
        (b"Ollama is running", "Ollama is running"),
        (b"Not Found\nat all\n", "Not Found at all"),
        (b"null", "null"),
        (b"<p>" + b"x" * 100_000, "a page, 'xxx"),
        (b"word\n" * 50_000, "word word"),
        (b"\x1f\x8b\x00", "\ufffd"),
    ],
)
def test_a_good_status_with_a_body_that_is_no_chat(body: bytes, words: str, openai: bool) -> None:
    for play in (Play((body,), length=True), Play((body,)).split(7000)):
        with pytest.raises(ProviderError) as caught:
            ask(play, openai=openai)
        assert f"answered, but not as a chat server does: {words}" in caught.value.message
        assert (caught.value.retry, caught.value.reach) == (0, "request")


def test_comments_do_not_keep_a_dead_stream_alive() -> None:
    pings = Play((*events(delta("a")).chunks, *[b": ping\n\n"] * 99), pause=0.05)
    with pytest.raises(BrokenAnswer, match="fell silent"):
        ask(pings, openai=True, limits=SHORT)


def test_a_field_that_the_server_refuses_is_left_out_and_said() -> None:
    asked: list[dict[str, Any]] = []

    def answer(seen: Seen) -> Play:
        if seen.method == "GET":
            return error("404 x", "")
        asked.append(seen.json)
        if "chat_template_kwargs" in seen.json:
            return error("400 x", {"error": "Unrecognized request argument supplied: chat_template_kwargs"})
        return events(delta("ok"), finish(), "[DONE]")

    async def main() -> tuple[Response, str]:
        async with replay(answer) as server:
            provider = OpenAIProvider(server.url, LONG)
            model = ModelRef("m", "openai", "m")
            try:
                low = await provider.chat(ChatRequest(model, (Message("user", "hi"),), think="low"))
                with pytest.raises(Unsupported) as caught:
                    await provider.chat(ChatRequest(model, (Message("user", "hi"),), think=True))
                return low, str(caught.value)
            finally:
                await provider.close()

    response, refused = asyncio.run(main())
    assert response.text == "ok"
    assert any("refuses chat_template_kwargs" in note for note in response.notes)
    assert [body.get("reasoning_effort") for body in asked] == ["low", "low"]
    assert "think: on" in refused


# Cancelling.


@pytest.mark.parametrize("openai", [False, True])
def test_a_cancelled_question_closes_its_connection(openai: bool) -> None:
    good = {"data": [{"id": "m"}]}

    async def main() -> bool:
        begun = asyncio.Event()

        def answer(seen: Seen) -> Play:
            if seen.method == "GET":
                return error("200 OK", good)
            begun.set()
            return events(delta("a"), end="silent") if openai else lines(say("a"), end="silent")

        async with replay(answer) as server:
            provider: Any = OpenAIProvider(server.url, LONG) if openai else OllamaProvider(server.url, LONG)
            task = asyncio.create_task(
                provider.chat(ChatRequest(ModelRef("m", "x", "m"), (Message("user", "hi"),)))
            )
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.wait_for(server.gone.wait(), 10)
            await provider.close()
            return server.gone.is_set()

    assert asyncio.run(main())
