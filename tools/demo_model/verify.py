"""Ask llama.cpp every question at temperature 0 and compare the answers, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import xllamacpp

from tools.demo_model.data import Answer, Question
from tools.demo_model.template import CONTEXT


def wrong(gguf: Path, questions: Sequence[Question]) -> list[str]:
    """One line for each answer that is not exact; none means that the file knows them all."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(gguf)
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = 2
    parameters.verbosity = -1
    server = xllamacpp.Server(parameters)
    with httpx.Client(base_url=server.listening_address, timeout=120) as client:
        return [line for question in questions for line in _compare(client, question)]


def _compare(client: httpx.Client, question: Question) -> Iterator[str]:
    expected = Answer.read(question.path)
    message = _ask(client, question)
    text, thinking = message["content"] or "", (message.get("reasoning_content") or "").strip()
    if text != expected.text:
        yield f"{question.label}: {_difference(expected.text, text)}"
    if thinking != (expected.thinking if question.thinks else ""):
        yield f"{question.label}: in the thinking, {_difference(expected.thinking, thinking)}"


def _ask(client: httpx.Client, question: Question) -> dict[str, Any]:
    body = {
        "messages": [{"role": m.role, "content": m.content} for m in question.request.messages],
        "temperature": 0,
        "max_tokens": 4000,
        "chat_template_kwargs": {"enable_thinking": question.thinks},
    }
    reply = client.post("/v1/chat/completions", json=body)
    return dict(reply.raise_for_status().json()["choices"][0]["message"])


def _difference(expected: str, found: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b), len(found))
    return f"at character {at} of {len(expected)}: {found[at : at + 30]!r} for {expected[at : at + 30]!r}"
