"""Every recorded chat, good and bad, through the clients."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.errors import BrokenAnswer, ModelUnavailable, PromptTooLong, RequestRefused, Unsupported
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Limits, Response
from pytest_llm.providers.ollama.answer import ChatSink
from pytest_llm.providers.ollama.client import OllamaProvider
from pytest_llm.providers.openai.answer import EventSink
from pytest_llm.providers.openai.client import OpenAIProvider
from pytest_llm.providers.wire.complaint import Asked
from pytest_llm.providers.wire.stream import Lines
from tests.helpers.replay import Play, Seen, played, replay
from tests.helpers.wire import exchange, exchanges

OLD, NEW, LLAMA = "0.24.0", "0.33.0-rc2", "llama-server-wire"
VERSIONS = (OLD, NEW)
TAGS = Play((b'{"models":[{"name":"plain:latest","digest":"ab"}]}',), length=True)
PS = Play((b'{"models":[{"name":"thinker:latest","context_length":2048}]}',), length=True)


def request_of(body: dict[str, Any]) -> ChatRequest:
    """The request that asks for what was recorded; None of it is sent in another way."""
    name = body.get("model", "plain")
    return ChatRequest(
        model=ModelRef(name, "ollama", name),
        messages=tuple(Message(m["role"], m["content"]) for m in body.get("messages", [])),
        think=body.get("think"),
        format=body.get("format"),
        options=body.get("options", {}),
    )


def ask_ollama(play: Play, request: ChatRequest) -> Response:
    def answer(seen: Seen) -> Play:
        return {"/api/tags": TAGS, "/api/ps": PS}.get(seen.path, play)

    async def main() -> Response:
        async with replay(answer) as server:
            provider = OllamaProvider(server.url, Limits(20, 60, 60))
            try:
                return await provider.chat(request)
            finally:
                await provider.close()

    return asyncio.run(main())


def ask_openai(play: Play, models: Play, request: ChatRequest, key: str | None = None) -> Response:
    def answer(seen: Seen) -> Play:
        return play if seen.path == "/v1/chat/completions" else models

    async def main() -> Response:
        async with replay(answer) as server:
            provider = OpenAIProvider(server.url, Limits(20, 60, 60), key=key)
            try:
                return await provider.chat(request)
            finally:
                await provider.close()

    return asyncio.run(main())


def chats(folder: str, path: str) -> list[str]:
    """The names of the recordings of this path whose request is one that we could have sent."""
    return [
        recorded.name
        for recorded in exchanges(folder)
        if recorded.path == path and isinstance(recorded.sent, dict) and recorded.sent.get("messages")
    ]


ERRORS: dict[str, tuple[type[Exception], str]] = {
    "chat-bad-name": (RequestRefused, "invalid model name"),
    "chat-content-array": (RequestRefused, "cannot unmarshal array"),
    "chat-format-bad": (RequestRefused, "invalid format"),
    "chat-gguf-empty": (ModelUnavailable, "is not on"),
    "chat-gguf-not-gguf": (ModelUnavailable, "is not on"),
    "chat-gguf-truncated": (ModelUnavailable, "is not on"),
    "chat-images-bad": (RequestRefused, "base64"),
    "chat-keep-alive-bad": (RequestRefused, "missing unit"),
    "chat-logprobs-range": (RequestRefused, "top_logprobs"),
    "chat-no-model": (RequestRefused, "model is required"),
    "chat-option-type": (RequestRefused, 'option "num_ctx"'),
    "chat-stop-string": (RequestRefused, 'option "stop"'),
    "chat-stream-as-string": (RequestRefused, "cannot unmarshal string"),
    "chat-think-level-bad": (RequestRefused, "invalid think value"),
    "chat-think-type-bad": (RequestRefused, "think must be"),
    "chat-unknown-model": (ModelUnavailable, "is not on"),
    "chat-unknown-tag": (ModelUnavailable, "is not on"),
    "chat-client-closes": (BrokenAnswer, "without its last line"),
    "fault-runner-killed-nostream": (BrokenAnswer, "unexpected EOF"),
    "fault-runner-killed-plain": (BrokenAnswer, "unexpected EOF"),
    "fault-runner-killed-thinker": (BrokenAnswer, "unexpected EOF"),
    "chat-overflow-no-truncate": (PromptTooLong, "does not fit"),
    "chat-tools-incapable": (Unsupported, "does not support tools"),
    "debug-render": (BrokenAnswer, "without its last line"),
}
ERRORS_OF = {
    OLD: {
        "chat-bare-think-true": (Unsupported, "cannot think"),
        "chat-think-incapable": (Unsupported, "cannot think"),
        "chat-format-bad-schema": (RequestRefused, "invalid JSON schema"),
    },
    NEW: {
        "chat-format-bad-schema": (RequestRefused, "Unrecognized schema"),
        "chat-images-incapable": (Unsupported, "image input"),
        "chat-overflow": (PromptTooLong, "9020 tokens, and num_ctx is 2048"),
    },
}


@pytest.mark.parametrize(
    ("version", "name"), [(v, n) for v in VERSIONS for n in chats(v, "/api/chat")], ids=lambda x: x
)
def test_what_ollama_sent_is_understood(version: str, name: str) -> None:
    body = exchange(version, name).sent
    expected = ERRORS_OF[version].get(name) or ERRORS.get(name)
    if expected:
        kind, words = expected
        with pytest.raises(kind, match=words):
            ask_ollama(played(version, name), request_of({**body, "messages": [{"role": "user", "content": "hi"}]}))
        return
    request = request_of({**body, "messages": [{"role": "user", "content": "hi"}]})
    response = ask_ollama(played(version, name), request)
    sent = last_line(version, name)
    assert response.finish == sent["done_reason"]
    assert response.usage.answer_tokens == sent["eval_count"]
    assert response.usage.prompt_tokens == sent["prompt_eval_count"]
    assert response.usage.answer_seconds == pytest.approx(sent.get("eval_duration", 0) / 1e9)
    assert response.usage.load_seconds == pytest.approx(sent["load_duration"] / 1e9)
    assert not response.text.lstrip().startswith("<think>")
    assert response.text or response.thinking or response.finish == "length"


def last_line(version: str, name: str) -> dict[str, Any]:
    text = exchange(version, name).body
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "name", ["chat-think-true", "chat-think-low", "chat-think-absent", "chat-think-true-nostream"]
)
def test_thinking_comes_apart_from_the_answer(version: str, name: str) -> None:
    response = ask_ollama(played(version, name), request_of(exchange(version, name).sent))
    assert response.thinking.strip() == "Sort, sweep, extend."
    assert response.text.startswith("```")
    assert response.notes == ()


@pytest.mark.parametrize("version", VERSIONS)
def test_two_passes_are_noticed(version: str) -> None:
    name = "chat-format-schema-think-true"
    response = ask_ollama(played(version, name), request_of(exchange(version, name).sent))
    assert response.usage.answer_only
    assert response.usage.answer_tokens == 28
    assert json.loads(response.text)["category"] == "transport"
    assert any("second pass" in note for note in response.notes)


def test_one_pass_is_not_taken_for_two() -> None:
    name = "native-format-schema-think-true"
    response = ask_ollama(played(NEW, name), request_of(exchange(NEW, name).sent))
    assert response.thinking
    assert not response.usage.answer_only
    assert response.usage.answer_tokens == 61


def test_thinking_left_in_the_content_is_split_off_and_said() -> None:
    response = ask_ollama(played(NEW, "chat-bare-stream"), request_of({"model": "bare"}))
    assert response.thinking == "Sort, sweep, extend."
    assert response.text.startswith("```")
    assert any("left the thinking inside" in note for note in response.notes)


def test_a_missing_model_names_what_is_there() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        ask_ollama(played(NEW, "chat-unknown-model"), request_of({"model": "plan"}))
    assert "plain" in caught.value.hint
    assert "ollama pull plan" in caught.value.hint
    assert caught.value.reach == "model"


def test_the_context_is_the_runners_where_nobody_named_one() -> None:
    stream = played(NEW, "chat-think-true")
    assert ask_ollama(stream, request_of({"model": "thinker"})).context_length == 2048
    assert ask_ollama(stream, request_of({"model": "thinker", "options": {"num_ctx": 512}})).context_length == 512


# The OpenAI dialect, of Ollama and of llama-server.

V1_ERRORS: dict[str, tuple[type[Exception], str]] = {
    "v1-effort-absurd": (Unsupported, "no switch for `think: absurd`"),
    "v1-unknown-model": (ModelUnavailable, "not found"),
    "fault-runner-killed-v1": (BrokenAnswer, "process dies"),
}
V1_ERRORS_OF: dict[str, dict[str, tuple[type[Exception], str]]] = {
    OLD: {
        "v1-effort-incapable": (Unsupported, "cannot think"),
        "v1-effort-minimal": (Unsupported, "no switch"),
        "v1-effort-xhigh": (Unsupported, "no switch"),
    },
    NEW: {},
    LLAMA: {
        "json-schema-bad": (RequestRefused, "Unrecognized schema"),
        "no-key": (RequestRefused, "Invalid API Key"),
        "wrong-key": (RequestRefused, "Invalid API Key"),
        "overflow": (PromptTooLong, "15009 tokens, and num_ctx is 4096"),
    },
}


@pytest.mark.parametrize(
    ("folder", "name"),
    [(f, n) for f in (*VERSIONS, LLAMA) for n in chats(f, "/v1/chat/completions")],
    ids=lambda x: x,
)
def test_what_came_in_the_openai_dialect_is_understood(folder: str, name: str) -> None:
    body = exchange(folder, name).sent
    request = request_of({"model": body["model"], "think": body.get("reasoning_effort")})
    models = played(folder, "models" if folder == LLAMA else "v1-models")
    expected = V1_ERRORS_OF[folder].get(name) or V1_ERRORS.get(name)
    if expected:
        kind, words = expected
        with pytest.raises(kind, match=words):
            ask_openai(played(folder, name), models, request)
        return
    response = ask_openai(played(folder, name), models, request)
    sent = exchange(folder, name).body
    assert response.finish == ("length" if '"finish_reason":"length"' in sent else "stop")
    assert not response.text.lstrip().startswith("<think>")
    assert response.text or response.thinking or response.finish == "length"
    if '"usage":{' in sent or '"timings":{' in sent:
        assert (response.usage.answer_tokens or 0) > 0


def test_the_timings_of_llama_server_are_the_rate() -> None:
    response = ask_openai(played(LLAMA, "stream-usage"), played(LLAMA, "models"), request_of({"model": "demo"}))
    assert response.usage.answer_tokens == 99
    assert response.usage.answer_seconds == pytest.approx(0.022956)
    assert response.usage.prompt_tokens == 17
    assert response.thinking.strip() == "Sort, sweep, extend."
    assert response.context_length == 4096


# The reader: however the bytes are cut, the answer is the same.


def collect(play: Play, sink: ChatSink | EventSink, cuts: list[int], request: ChatRequest) -> Response:
    body = b"".join(play.chunks)
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    reader = Lines()
    for begin, end in itertools.pairwise(edges):
        for line in reader.feed(body[begin:end]):
            sink.take(line)
    if rest := reader.rest():
        sink.take(rest, cut=True)
    sink.end()
    return sink.response(request)


STREAMS = ["chat-think-true", "chat-stream", "chat-format-schema-think-true"]
EMOJI = '{"message":{"content":"né 🐟 \\ud83d\\ude00 \\u0000"},"done":false}\r\n'
FINAL = '{"message":{"content":"漢"},"done":true,"done_reason":"stop","eval_count":"7"}'


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(STREAMS), version=st.sampled_from(VERSIONS), cuts=st.lists(st.integers(0, 10**6)))
def test_any_split_of_a_recorded_chat_gives_the_same_answer(name: str, version: str, cuts: list[int]) -> None:
    request = request_of(exchange(version, name).sent)
    play = played(version, name)
    whole = collect(play, ChatSink(Asked("u", "m"), lambda: 0.0), [], request)
    assert collect(play, ChatSink(Asked("u", "m"), lambda: 0.0), cuts, request) == whole


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, 10**6)))
def test_any_split_within_a_character_gives_the_same_answer(cuts: list[int]) -> None:
    play = Play(((EMOJI + FINAL).encode(),))
    response = collect(play, ChatSink(Asked("u", "m"), lambda: 0.0), cuts, request_of({}))
    assert response.text == "né 🐟 😀 \0漢"
    assert response.usage.answer_tokens == 7


@settings(max_examples=60, deadline=None)
@given(folder=st.sampled_from([OLD, NEW, LLAMA]), cuts=st.lists(st.integers(0, 10**6)))
def test_any_split_of_recorded_events_gives_the_same_answer(folder: str, cuts: list[int]) -> None:
    play = played(folder, "stream-usage" if folder == LLAMA else "v1-stream-usage")
    request = request_of({})
    whole = collect(play, EventSink(Asked("u", "m"), lambda: 0.0), [], request)
    assert whole.text
    assert collect(play, EventSink(Asked("u", "m"), lambda: 0.0), cuts, request) == whole


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_splits_on_the_wire_change_nothing(size: int) -> None:
    request = request_of({"model": "thinker"})
    whole = ask_ollama(played(OLD, "chat-think-true"), request)
    split = ask_ollama(played(OLD, "chat-think-true").split(size), request)
    assert replace(split, first_token=None, wall=0) == replace(whole, first_token=None, wall=0)
