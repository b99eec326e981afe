"""What is sent in the OpenAI dialect, and what is read from it."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import replace
from typing import Any

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.errors import RequestRefused
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Fingerprint, Limits, ModelInfo
from pytest_llm.providers.openai.answer import EventSink
from pytest_llm.providers.openai.body import Dialect, chat_body
from pytest_llm.providers.openai.client import OpenAIProvider
from pytest_llm.providers.wire.complaint import Asked
from tests.helpers.replay import Play, Replay, Seen, error, events, played, replay


def request(**more: Any) -> ChatRequest:
    return ChatRequest(ModelRef("openai:m", "openai", "m"), (Message("user", "hi"),), **more)


SAME = {
    "model": "m",
    "messages": [{"role": "user", "content": "hi"}],
    "stream": True,
    "stream_options": {"include_usage": True},
}


@pytest.mark.parametrize(
    ("asked", "kind", "body", "unsent"),
    [
        ({}, "", {}, ""),
        ({"think": None}, "", {}, ""),
        ({"think": True}, "", {"chat_template_kwargs": {"enable_thinking": True}}, ""),
        (
            {"think": False},
            "",
            {"reasoning_effort": "none", "chat_template_kwargs": {"enable_thinking": False}},
            "",
        ),
        (
            {"think": "low"},
            "",
            {"reasoning_effort": "low", "chat_template_kwargs": {"enable_thinking": True}},
            "",
        ),
        ({"format": "json"}, "", {"response_format": {"type": "json_object"}}, ""),
        (
            {"format": {"type": "object"}},
            "",
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": {"type": "object"}},
                }
            },
            "",
        ),
        (
            {"options": {"num_predict": 9, "temperature": 0, "stop": ("a",), "seed": 1, "top_p": 0.5}},
            "",
            {"max_tokens": 9, "temperature": 0, "stop": ["a"], "seed": 1, "top_p": 0.5},
            "",
        ),
        ({"options": {"num_predict": -1}}, "", {}, ""),
        ({"options": {"num_ctx": 9, "top_k": 3, "min_p": 0.1}}, "", {}, "min_p, num_ctx, top_k"),
        (
            {"options": {"num_ctx": 9, "top_k": 3, "repeat_penalty": 2}},
            "llama.cpp",
            {"top_k": 3, "repeat_penalty": 2},
            "num_ctx",
        ),
        ({"options": {"repeat_penalty": 2, "top_k": 3}}, "vllm", {"repetition_penalty": 2, "top_k": 3}, ""),
        ({"options": {"mirostat": 2}}, "", {"mirostat": 2}, ""),
    ],
)
def test_the_body(asked: dict[str, Any], kind: str, body: dict[str, Any], unsent: str) -> None:
    sent, notes = chat_body(request(**asked), Dialect(kind))
    assert sent == SAME | body
    assert notes == ([f"not sent, for this server has no such field: {unsent}"] if unsent else [])


def read(play: Play, clock: Any = None) -> Any:
    sink = EventSink(Asked("u", "m"), clock or (lambda: 0.0))
    for line in b"".join(play.chunks).split(b"\n"):
        sink.take(line.rstrip(b"\r"))
    sink.end()
    return sink.response(request())


def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {"model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_thinking_has_two_names(field: str) -> None:
    response = read(events(chunk({field: "hm"}), chunk({"content": "a"}), chunk({}, "stop"), "[DONE]"))
    assert (response.thinking, response.text) == ("hm", "a")
    both = read(events(chunk({"reasoning": "hm", "reasoning_content": "hm"}), chunk({}, "stop"), "[DONE]"))
    assert both.thinking == "hm"


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", "stop"),
        ("eos_token", "stop"),
        ("MAX_TOKENS", "length"),
        ("content_filter", "filtered"),
        ("x", "unknown"),
    ],
)
def test_why_it_stopped(reason: str, finish: str) -> None:
    response = read(events(chunk({"content": "a"}), chunk({}, reason), "[DONE]"))
    assert (response.finish, response.finish_word) == (finish, reason)


@pytest.mark.parametrize(
    ("deltas", "called"),
    [
        (
            [
                {"tool_calls": [{"index": 0, "id": "1", "function": {"name": "f", "arguments": ""}}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]},
                {"tool_calls": [{"index": 1, "function": {"name": "g", "arguments": {"b": 2}}}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]},
            ],
            ['f({"a": 1})', 'g({"b": 2})'],
        ),
        ([{"tool_calls": [{"function": {"name": "f"}}, {"function": {"name": "g"}}]}], ["f()", "g()"]),
        ([{"function_call": {"name": "f"}}, {"function_call": {"arguments": "{}"}}], ["f({})"]),
        ([{"tool_calls": None, "function_call": None}, {"tool_calls": ["x", {"function": None}]}], ["()"]),
        ([{"content": "a"}], []),
    ],
)
def test_tools_that_were_called(deltas: list[dict[str, Any]], called: list[str]) -> None:
    response = read(events(*map(chunk, deltas), chunk({}, "tool_calls"), "[DONE]"))
    assert [str(call) for call in response.tool_calls] == called


ODD: dict[str, list[Any]] = {
    "no choices": [{"id": "x"}, {"choices": []}, {"choices": None}],
    "empty deltas": [{"choices": [{"index": 0, "delta": None}]}, chunk({"content": None, "role": "assistant"})],
    "no usage": [{**chunk({}), "usage": None, "timings": {"prompt_ms": None, "predicted_n": "x"}, "error": None}],
    "no delta": [{"choices": [{"index": 0}]}],
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_events_do_no_harm(odd: list[Any]) -> None:
    assert read(events(*odd, chunk({"content": "a"}), *odd, chunk({}, "stop"), *odd, "[DONE]")).text == "a"


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"\n", b"\r\n"), (b"data: ", b"data:"), (b"data: ", b": ping\n\nevent: x\nid: 3\nretry: 5\ndata: ")],
)
def test_odd_framing(before: bytes, after: bytes) -> None:
    good = events(chunk({"content": "a"}), chunk({}, "stop"), "[DONE]")
    assert read(replace(good, chunks=tuple(part.replace(before, after) for part in good.chunks))).text == "a"


USAGE = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}
ENDS = {
    "finish, usage, [DONE]": (events(chunk({"content": "a"}), chunk({}, "stop"), USAGE, "[DONE]"), "stop"),
    "no [DONE]": (events(chunk({"content": "a"}), chunk({}, "stop")), "stop"),
    "usage, no [DONE]": (events(chunk({"content": "a"}), chunk({}, "length"), USAGE), "length"),
    "finish with the last piece": (events(chunk({"content": "a"}, "stop")), "stop"),
    "no reason": (events(chunk({"content": "a"}), USAGE, "[DONE]"), "unknown"),
    "empty events": (events("", chunk({"content": "a"}), "", " ", chunk({}, "stop"), "", "[DONE]"), "stop"),
}


@pytest.mark.parametrize(("play", "finish"), ENDS.values(), ids=ENDS)
def test_however_it_ends(play: Play, finish: str) -> None:
    response = read(play)
    assert (response.text, response.finish) == ("a", finish)
    assert len(response.notes) == (finish == "unknown")


WHOLE = {
    "id": "x",
    "choices": [{"index": 0, "message": {"content": "a\n{b}"}, "finish_reason": "stop"}],
    "usage": {},
}


@pytest.mark.parametrize("body", [json.dumps(WHOLE, indent=n) for n in (None, 0, 1, 4)])
def test_a_server_that_does_not_stream(body: str) -> None:
    for end in ("", "\n", "\r\n\r\n"):
        response = read(Play((body.encode() + end.encode(),)))
        assert (response.text, response.finish) == ("a\n{b}", "stop")


@pytest.mark.parametrize(
    ("content", "thinking", "text"),
    [
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "", "ab"),
        (
            [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}],
            "hm",
            "a",
        ),
        ([{"type": "thinking", "thinking": "hm"}, "a"], "hm", "a"),
        ([{"type": "refusal", "refusal": "no"}], "", "no"),
        (
            [{"type": "image_url", "image_url": {"url": "x"}}, None, 3, {"type": "output_text", "text": "a"}],
            "",
            "a",
        ),
        ([{"text": [[[[[[["deep"]]]]]]]}], "", ""),
        ([], "", ""),
    ],
)
def test_content_as_a_list_of_parts(content: list[Any], thinking: str, text: str) -> None:
    response = read(events(chunk({"content": content}), chunk({}, "stop"), "[DONE]"))
    assert (response.thinking, response.text) == (thinking, text)
    whole = {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}
    assert read(Play((json.dumps(whole).encode(),))).text == text


def test_a_refusal_is_what_the_model_wrote() -> None:
    assert read(events(chunk({"refusal": "I will not"}), chunk({}, "stop"), "[DONE]")).text == "I will not"


def test_other_choices_are_not_the_answer() -> None:
    other = {"model": "m", "choices": [{"index": 1, "delta": {"content": "b"}}, "junk"]}
    assert read(events(chunk({"content": "a"}), other, chunk({}, "stop"), "[DONE]")).text == "a"


def test_without_durations_the_rate_is_by_our_clock() -> None:
    ticks = itertools.count()
    usage = {"model": "m", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 5}}
    play = events(*[chunk({"content": "a"})] * 5, chunk({}, "stop"), usage, "[DONE]")
    response = read(play, lambda: float(next(ticks)))
    assert response.usage.rate == pytest.approx(1)
    assert response.usage.prompt_tokens == 5
    assert any("our clock" in note for note in response.notes)


@pytest.mark.parametrize(
    ("cached", "whole"),
    [({}, 5), ({"cached_tokens": 0}, 5), ({"cached_tokens": 4}, 5), ({"cached_tokens": 95}, 100)],
)
def test_what_was_read_before_is_a_part_of_the_prompt(cached: dict[str, int], whole: int) -> None:
    counted = {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": cached}
    usage = {"model": "m", "choices": [], "usage": counted}
    play = events(chunk({"content": "a"}), chunk({}, "stop"), usage, "[DONE]")
    assert read(play).usage.prompt_tokens == whole


def test_one_token_is_no_measurement() -> None:
    usage = {"model": "m", "choices": [], "usage": {"completion_tokens": 1}}
    assert read(events(chunk({"content": "a"}), chunk({}, "stop"), usage, "[DONE]")).usage.rate is None


def prepare(models: Play, more: dict[str, Play], key: str | None = None) -> tuple[ModelInfo, Replay]:
    async def main() -> tuple[ModelInfo, Replay]:
        def answer(seen: Seen) -> Play:
            return models if seen.path == "/v1/models" else more.get(seen.path, error("404 x", "{}"))

        async with replay(answer) as server:
            provider = OpenAIProvider(server.url, Limits(20, 60, 60), key=key)
            try:
                return await provider.prepare(ModelRef("m", "openai", "m")), server
            finally:
                await provider.close()

    return asyncio.run(main())


def models(*listed: dict[str, Any]) -> Play:
    return Play((json.dumps({"data": listed}).encode(),), length=True)


def test_what_is_known_of_a_server() -> None:
    info, server = prepare(models({"id": "m", "owned_by": "vllm"}), {"/version": error("200 OK", {"version": "9"})})
    kind = Fingerprint({"server": "vllm"})
    assert info == ModelInfo(server=f"{server.url}/v1", blob="m", local=True, version="9", fingerprint=kind)
    llama, _ = prepare(played("llama-server-wire", "models"), {"/props": played("llama-server-wire", "props")})
    assert llama.version == "b0-unknown"
    assert llama.fingerprint == Fingerprint({"server": "llama.cpp", "quantisation": "F16"})


@pytest.mark.parametrize("nothing", [error("404 x", "no"), models(), error("200 OK", {"data": None})])
def test_a_server_that_lists_nothing_is_taken_as_it_is(nothing: Play) -> None:
    info, _ = prepare(nothing, {})
    assert info.version == ""


def test_a_wrong_key_is_told_before_anything_is_asked() -> None:
    with pytest.raises(RequestRefused, match="OPENAI_API_KEY") as caught:
        prepare(played("llama-server-wire", "wrong-key"), {}, key="sk-wrong")
    assert caught.value.reach == "server"


def test_an_unknown_model_tells_what_the_server_has() -> None:
    async def main() -> str:
        def answer(seen: Seen) -> Play:
            if seen.path == "/v1/models":
                return models({"id": "qwen3-8b", "max_model_len": 4096}, {"id": "other"})
            return error("404 x", {"error": {"message": "The model `qwen3` does not exist."}})

        async with replay(answer) as server:
            provider = OpenAIProvider(server.url, Limits(20, 60, 60))
            try:
                await provider.chat(ChatRequest(ModelRef("q", "openai", "qwen3"), (Message("user", "hi"),)))
            except Exception as caught:
                return str(caught)
            finally:
                await provider.close()
        return ""

    text = asyncio.run(main())
    assert "has: qwen3-8b" in text
    assert "does not exist" in text


REFUSALS = [
    "'response_format.type' must be 'json_schema' or 'text'",
    "'response_format.type' must be 'json_schema'",
    "json_object is not supported",
]


@pytest.mark.parametrize("words", REFUSALS)
def test_json_without_a_schema_falls_back_to_the_schema_of_any_object(words: str) -> None:
    asked: list[Any] = []

    def answer(seen: Seen) -> Play:
        if seen.method == "GET":
            return error("404 x", "")
        asked.append(seen.json["response_format"]["type"])
        if asked[-1] == "json_object":
            return error("400 x", {"error": words})
        return events(chunk({"content": "{}"}), chunk({}, "stop"), "[DONE]")

    async def main() -> list[Any]:
        async with replay(answer) as server:
            provider = OpenAIProvider(server.url, Limits(20, 60, 60))
            try:
                return [await provider.chat(request(format="json")) for _ in range(2)]
            finally:
                await provider.close()

    responses = asyncio.run(main())
    assert asked == ["json_object", "json_schema", "json_schema"]
    assert all("the schema of any object" in "".join(r.notes) for r in responses)


def test_a_schema_that_is_refused_is_an_error() -> None:
    async def main() -> None:
        async with replay(lambda seen: error("400 x", {"error": "response_format: no"})) as server:
            provider = OpenAIProvider(server.url, Limits(20, 60, 60))
            try:
                await provider.chat(request(format={"type": "object"}))
            finally:
                await provider.close()

    with pytest.raises(RequestRefused, match="response_format"):
        asyncio.run(main())
