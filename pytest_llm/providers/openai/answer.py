"""One question to `/v1/chat/completions`, and the events of its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llm.answers.thinking import split_thinking
from pytest_llm.cases.request import ChatRequest
from pytest_llm.errors import BrokenAnswer, PytestLlmError
from pytest_llm.models.modelfile import PARAMETERS
from pytest_llm.providers.base import Response, ToolCall, Usage
from pytest_llm.providers.finish import finish_of
from pytest_llm.providers.ollama.answer import LEFT_IN
from pytest_llm.providers.wire.faults import Asked, fault, junk
from pytest_llm.providers.wire.stream import (
    Events,
    NotJson,
    count,
    mapping,
    number,
    parse_object,
    string,
    whole_characters,
)

OUR_CLOCK = "the server gives no durations: the rate is by our clock, from the first token to the last"
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
    if request.format is not None:
        body["response_format"] = _format(request.format)
    notes = [f"not sent, for this server has no such field: {', '.join(unsent)}"] if unsent else []
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
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(wanted)}}


def refused_field(text: str, body: Mapping[str, Any]) -> tuple[str, str] | None:
    """The field, with its value, that a complaint names and that can be left out."""
    for name, words in _OPTIONAL.items():
        if name in body and any(word in text for word in words):
            return _pair(name, body[name])
    return None


def can_switch(think: bool | str | None, body: Mapping[str, Any]) -> bool:
    """Whether the request still says what think mode it wants: a level needs the field for levels."""
    if think is None:
        return True
    return "reasoning_effort" in body or (isinstance(think, bool) and "chat_template_kwargs" in body)


class EventSink:
    """Collects the events of a chat. clock: seconds, for the times of the first and the last token."""

    def __init__(self, asked: Asked, clock: Callable[[], float]) -> None:
        self._asked, self._clock, self._start = asked, clock, clock()
        self._events = Events()
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._calls: dict[Any, list[str]] = {}
        self._usage: Mapping[str, Any] = {}
        self._timings: Mapping[str, Any] = {}
        self._finish = ""
        self._nameless = False
        self.done = False
        self.first_token: float | None = None
        self._last_token = 0.0

    @property
    def text(self) -> str:
        return whole_characters("".join(self._text))

    @property
    def thinking(self) -> str:
        return whole_characters("".join(self._thinking))

    def take(self, line: bytes, *, cut: bool = False) -> bool:
        try:
            data = self._events.feed(line)
            if data is None:
                return False
            self._event(data)
        except NotJson as error:
            raise (
                self._broken("in the middle of a line") if cut else junk(self._asked, str(error), self.text)
            ) from None
        return True

    def _event(self, data: str) -> None:
        if data.startswith("[DONE]"):
            if not self._finish:
                raise self._broken("without a finish reason")
            self.done = True
            return
        event = parse_object(data)
        if event.get("error") or event.get("object") == "error":
            raise fault(self._asked, None, data, partial=self.text)
        self._usage = mapping(event, "usage") or self._usage
        self._timings = mapping(event, "timings") or self._timings
        self._nameless = event.get("model") == ""
        choices = event.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and not choice.get("index"):
                self._add(choice)

    def _add(self, choice: Mapping[str, Any]) -> None:
        """A piece of the answer; a server that does not stream sends all of it as one."""
        piece = mapping(choice, "delta") or mapping(choice, "message")
        thinking = string(piece, "reasoning") or string(piece, "reasoning_content")
        text = string(piece, "content") or string(piece, "refusal")
        if thinking:
            self._thinking.append(thinking)
        if text:
            self._text.append(text)
        if thinking or text:
            self._last_token = self._clock() - self._start
            self.first_token = self._last_token if self.first_token is None else self.first_token
        self._call(piece)
        self._finish = string(choice, "finish_reason") or self._finish
        if finish_of(self._finish) == "error":
            raise self._failed(choice)
        self.done = bool(self._finish) and "message" in choice

    def _call(self, piece: Mapping[str, Any]) -> None:
        """Tools are called in pieces too: the name in the first, the arguments spread over the others."""
        listed = piece.get("tool_calls")
        calls = [call for call in listed if isinstance(call, dict)] if isinstance(listed, list) else []
        if old := mapping(piece, "function_call"):
            calls.append({"function": old})
        for place, call in enumerate(calls):
            function = mapping(call, "function")
            parts = self._calls.setdefault(call.get("index", place), ["", ""])
            parts[0] += string(function, "name")
            written = function.get("arguments") or ""
            parts[1] += written if isinstance(written, str) else json.dumps(written, ensure_ascii=False)

    def _failed(self, choice: Mapping[str, Any]) -> PytestLlmError:
        if error := choice.get("error"):
            return fault(self._asked, None, json.dumps({"error": error}), partial=self.text)
        return self._broken(f"because of an error ({self._finish!r})")

    def end(self) -> None:
        if self.done:
            return
        if self._nameless:
            raise self._broken("with an empty event and no [DONE], as it does when the model's process dies")
        raise self._broken("without [DONE]")

    def _broken(self, how: str) -> BrokenAnswer:
        written = len(self.text) + len(self.thinking)
        return BrokenAnswer(
            f"the answer of {self._asked.url} stopped {how}, after {written} characters",
            hint="see the server's log",
            partial=self.text,
        )

    def response(self, request: ChatRequest, notes: Collection[str] = ()) -> Response:
        """The whole answer, once it is done."""
        answer, left_in = split_thinking(self.text)
        usage = self._numbers()
        return Response(
            text=answer,
            thinking="\n\n".join(filter(None, (self.thinking, left_in))),
            finish=finish_of(self._finish),
            finish_word=self._finish,
            tool_calls=tuple(ToolCall(name, arguments) for name, arguments in self._calls.values()),
            usage=usage,
            first_token=self.first_token,
            wall=self._clock() - self._start,
            model=request.model.name,
            notes=(*notes, *self._notes(bool(left_in), usage)),
        )

    def _notes(self, left_in: bool, usage: Usage) -> Iterator[str]:
        if left_in:
            yield LEFT_IN
        if usage.answer_seconds is not None and not self._timings:
            yield OUR_CLOCK

    def _numbers(self) -> Usage:
        """llama.cpp measures itself; others only count, and the time is taken here."""
        usage, timings = self._usage, self._timings
        prompt = count(usage, "prompt_tokens")
        if prompt is None and timings:
            prompt = (count(timings, "prompt_n") or 0) + (count(timings, "cache_n") or 0)
        if timings:
            tokens, seconds = count(timings, "predicted_n"), _milliseconds(timings, "predicted_ms")
        else:
            tokens, seconds = count(usage, "completion_tokens"), self._measured()
        return Usage(
            prompt_tokens=prompt,
            prompt_seconds=_milliseconds(timings, "prompt_ms"),
            answer_tokens=tokens,
            answer_seconds=seconds,
        )

    def _measured(self) -> float | None:
        """Between N tokens lie N - 1 intervals; the time of the first one is taken to be like theirs."""
        tokens = count(self._usage, "completion_tokens") or 0
        if self.first_token is None or tokens < 2:
            return None
        return (self._last_token - self.first_token) * tokens / (tokens - 1) or None


def _milliseconds(data: Mapping[str, Any], key: str) -> float | None:
    found = number(data, key)
    return None if found is None else found / 1000
