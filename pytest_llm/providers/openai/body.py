"""What a chat is asked by in the OpenAI dialect: the body of the request, and what a server will not take of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llm.cases.request import ChatRequest
from pytest_llm.models.parameters import PARAMETERS

_OPTIONS = {
    "num_predict": "max_tokens",
    **{name: name for name in ("temperature", "top_p", "seed", "stop", "presence_penalty", "frequency_penalty")},
}
_SAMPLERS = {name: name for name in ("top_k", "min_p")}
_EXTRAS: Mapping[str, Mapping[str, str]] = {
    "llama.cpp": {
        **_SAMPLERS,
        **{name: name for name in ("repeat_penalty", "repeat_last_n", "typical_p")},
        "num_keep": "n_keep",
    },
    "vllm": {**_SAMPLERS, "repeat_penalty": "repetition_penalty"},
    "sglang": {**_SAMPLERS, "repeat_penalty": "repetition_penalty"},
}
_OLLAMA_ONLY = frozenset(PARAMETERS) - frozenset(_OPTIONS)
_OPTIONAL = {
    "reasoning_effort": ("reasoning_effort", "reasoning value", "reasoning effort"),
    "chat_template_kwargs": ("chat_template_kwargs",),
    "stream_options": ("stream_options",),
}
_ANY_JSON = {"type": "json_object"}


@dataclass(frozen=True)
class Dialect:
    """What one server understands. kind: "llama.cpp", "vllm", "sglang", or "" for any other.

    refused: (field, value as JSON) pairs that it refused before, and that a request may do without.
    """

    kind: str = ""
    refused: frozenset[tuple[str, str]] = frozenset()


def chat_body(request: ChatRequest, dialect: Dialect) -> tuple[dict[str, Any], list[str]]:
    """The body of the request, and a note where something could not be said in it."""
    options, unsent = _options(request.options, dialect)
    body: dict[str, Any] = {
        "model": request.model.name,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        **options,
        **_thinking(request.think),
    }
    notes = [f"not sent, for this server has no such field: {', '.join(unsent)}"] if unsent else []
    if request.format is not None:
        body["response_format"] = _format(request.format)
    if _pair("response_format", body.get("response_format")) in dialect.refused:
        body["response_format"] = _format({"type": "object"})
        notes.append("this server refuses `format: json`: it was asked for by the schema of any object")
    for name, value in [pair for pair in body.items() if _pair(*pair) in dialect.refused]:
        notes.append(f"this server refuses {name}={json.dumps(value)}")
        del body[name]
    return body, notes


def _pair(name: str, value: Any) -> tuple[str, str]:
    return name, json.dumps(value)


def _options(options: Mapping[str, Any], dialect: Dialect) -> tuple[dict[str, Any], list[str]]:
    """By the names of this dialect; those it has no name for; what only the user knows goes as it is."""
    names = {**_OPTIONS, **_EXTRAS.get(dialect.kind, {})}
    given = {name: list(v) if isinstance(v, tuple) else v for name, v in options.items() if v is not None}
    if isinstance(limit := given.get("num_predict"), int) and limit < 0:
        del given["num_predict"]
    unsent = sorted(name for name in given if name not in names and name in _OLLAMA_ONLY)
    return {names.get(name, name): value for name, value in given.items() if name not in unsent}, unsent


def _thinking(think: bool | str | None) -> dict[str, Any]:
    """Templates read `enable_thinking`, reasoning models a level; each kind of server looks at one of them."""
    if think is None:
        return {}
    switch = {"chat_template_kwargs": {"enable_thinking": think is not False}}
    if think is True:
        return switch
    return {"reasoning_effort": think or "none", **switch}


def _format(wanted: str | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(wanted, str):
        return dict(_ANY_JSON)
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(wanted)}}


def refused_field(text: str, body: Mapping[str, Any]) -> tuple[str, str] | None:
    """The field, with its value, that a complaint names and that can be left out or said otherwise."""
    for name, words in _OPTIONAL.items():
        if name in body and any(word in text for word in words):
            return _pair(name, body[name])
    form = body.get("response_format")
    if form == _ANY_JSON and ("response_format" in text or "json_object" in text):
        return _pair("response_format", form)
    return None


def can_switch(think: bool | str | None, body: Mapping[str, Any]) -> bool:
    """Whether the request still says what think mode it wants: a level needs the field for levels."""
    if think is None:
        return True
    return "reasoning_effort" in body or (isinstance(think, bool) and "chat_template_kwargs" in body)
