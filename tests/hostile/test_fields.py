"""Servers that put something else into each field of each answer: an answer or an error of ours, never a crash."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.errors import PytestLlmError
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Limits
from pytest_llm.providers.ollama.client import OllamaProvider
from pytest_llm.providers.openai.client import OpenAIProvider

ODD = (7, ["x"], "\ud800")
LIMITS = Limits(connect=20, first_byte=20, silence=20, restart=0)
CALL = {"index": 0, "id": "x", "function": {"name": "f", "arguments": {"a": 1}}}
SMALL = {
    "/api/version": {"version": "0.33.0"},
    "/api/show": {
        "modelfile": "FROM m",
        "parameters": "num_ctx 4096",
        "capabilities": ["completion"],
        "model_info": {"general.architecture": "llama", "llama.context_length": 4096},
        "details": {"quantization_level": "Q4"},
    },
    "/api/tags": {"models": [{"name": "m:latest", "digest": "d"}]},
    "/api/ps": {"models": [{"name": "m:latest", "digest": "d", "size": 9, "size_vram": 9, "context_length": 4096}]},
    "/v1/models": {"data": [{"id": "m:latest", "owned_by": "x", "meta": {"n_ctx": 4096, "ftype": "Q4"}}]},
}
COUNTS = {
    "prompt_eval_count": 4,
    "eval_count": 5,
    "load_duration": 6,
    "eval_duration": 7,
    "prompt_eval_duration": 8,
}
CHATS = {
    "/api/chat": (
        {"message": {"role": "assistant", "content": "hi", "thinking": "t", "tool_calls": [CALL]}, "done": False},
        {"message": {"content": ""}, "done": True, "done_reason": "stop", **COUNTS},
    ),
    "/v1/chat/completions": (
        {"choices": [{"index": 0, "delta": {"content": "hi", "reasoning": "r", "tool_calls": [CALL]}}]},
        {
            "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": 4,
                "completion_tokens": 5,
                "completion_tokens_details": {"reasoning_tokens": 2},
            },
            "timings": {"prompt_n": 4, "prompt_ms": 1.0, "predicted_n": 5, "predicted_ms": 1.0},
        },
    ),
    "a complaint": ({"error": {"message": "m", "type": "t", "code": 400, "param": "p"}},),
}
ANSWERS: Mapping[str, Any] = {**SMALL, **CHATS}


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """The way to each value within it; a whole answer, and a line, is one too."""
    inner = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    )
    for key, one in inner:
        yield (key,)
        yield from ((key, *rest) for rest in places(one))


def put(answers: Mapping[str, Any], place: tuple[Any, ...], odd: Any) -> dict[str, Any]:
    *way, last = place
    changed: dict[str, Any] = json.loads(json.dumps(answers))
    holder: Any = changed
    for key in way:
        holder = holder[key]
    holder[last] = deepcopy(odd)
    return changed


def body(answers: Mapping[str, Any], path: str, *, complains: bool) -> bytes:
    found = answers["a complaint" if complains and path in CHATS else path]
    lines = found if isinstance(found, list) else [found]
    before, after = ("data: ", "\n\n") if path.startswith("/v1/chat") else ("", "\n")
    return "".join(f"{before}{json.dumps(line)}{after}" for line in lines).encode()


async def asked(url: str, engine: str) -> None:
    provider: Any = OllamaProvider(url, LIMITS) if engine == "ollama" else OpenAIProvider(url, LIMITS)
    model = ModelRef("m:latest", engine, "m:latest")
    with suppress(PytestLlmError):
        await provider.prepare(model)
        await provider.chat(ChatRequest(model, (Message("user", "hi"),), timeout=20))
    if engine == "ollama":
        with suppress(PytestLlmError):
            await provider.look_again(model)
            await provider.resident()


async def crashes(engine: str) -> list[str]:
    """What every odd value in every place leads to that is none of ours."""
    answers, complains, found = dict(ANSWERS), False, []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body(answers, path, complains=complains))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    own = {
        path: one for path, one in ANSWERS.items() if not path.startswith("/v1" if engine == "ollama" else "/api/c")
    }
    for place in places(own):
        for odd in ODD:
            answers, complains = put(ANSWERS, place, odd), place[0] == "a complaint"
            try:
                await asked(url, engine)
            except Exception as error:
                found.append(f"{place} = {odd!r}: {error!r}")
    server.close()
    return found


@pytest.mark.parametrize("engine", ["ollama", "openai"])
def test_something_else_in_any_field(engine: str) -> None:
    assert asyncio.run(crashes(engine)) == []
