"""The events of an answer from `/v1/chat/completions`."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from pytest_llm.answers.thinking import split_thinking
from pytest_llm.cases.request import ChatRequest
from pytest_llm.errors import BrokenAnswer, PytestLlmError
from pytest_llm.providers.base import MAX_CALLS, MAX_WORD, Response, ToolCall, Usage, on_piece
from pytest_llm.providers.finish import finish_of
from pytest_llm.providers.ollama.answer import LEFT_IN, TWO_PASSES, second_pass_only
from pytest_llm.providers.wire.complaint import Asked
from pytest_llm.providers.wire.faults import fault, foreign, junk
from pytest_llm.providers.wire.loops import completed, looped
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
NO_RATE = "no rate was measured: the server gives no durations, and the answer came in one piece"
_TEXTS = ("text", "thinking", "reasoning", "content", "refusal")
_DEEPEST = 4  # a part that holds parts
_KNOWN = frozenset(("choices", "usage", "timings"))


class EventSink:
    """Collects the events of a chat. clock: seconds, for the times of the first and the last token."""

    def __init__(self, asked: Asked, clock: Callable[[], float]) -> None:
        self._asked, self._clock, self._start = asked, clock, clock()
        self._events = Events()
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._calls: dict[int, tuple[list[str], list[str]]] = {}
        self._usage: Mapping[str, Any] = {}
        self._timings: Mapping[str, Any] = {}
        self._finish = ""
        self._nameless = False
        self._strange = ""
        self.done = False
        self.first_token: float | None = None
        self._first_text: float | None = None
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
                return self._events.collecting
            self._event(data)
        except NotJson as error:
            raise (
                self._broken("in the middle of a line") if cut else junk(self._asked, str(error), self.text)
            ) from None
        return True

    def _event(self, data: str) -> None:
        if data.startswith("[DONE]"):
            if not self._finish and not self._came:
                raise self._broken("without a finish reason")
            self.done = True
            return
        event = parse_object(data)
        if _is_complaint(event):
            raise completed(fault(self._asked, None, data, partial=self.text), self._thinking, self._text)
        if not _KNOWN & event.keys():
            self._strange = data
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
        thought, text = content(piece)
        thinking = thought or string(piece, "reasoning") or string(piece, "reasoning_content")
        if thinking:
            self._thinking.append(thinking)
        if text:
            self._text.append(text)
        if thinking or text:
            self._last_token = self._clock() - self._start
            self.first_token = self._last_token if self.first_token is None else self.first_token
        on_piece(thinking + text)
        if text and self._first_text is None:
            self._first_text = self._last_token
        self._call(piece)
        self._finish = string(choice, "finish_reason")[:MAX_WORD] or self._finish
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
            index = count(call, "index")
            index = place if index is None else index
            if index not in self._calls and len(self._calls) >= MAX_CALLS:
                return
            names, arguments = self._calls.setdefault(index, ([], []))
            names.append(string(function, "name"))
            written = function.get("arguments") or ""
            arguments.append(written if isinstance(written, str) else json.dumps(written, ensure_ascii=False))

    def _failed(self, choice: Mapping[str, Any]) -> PytestLlmError:
        if error := choice.get("error"):
            return fault(self._asked, None, json.dumps({"error": error}), partial=self.text)
        return self._broken(f"because of an error ({self._finish!r})")

    @property
    def _came(self) -> bool:
        return bool(self._text or self._thinking or self._calls)

    def end(self) -> None:
        """The stream is over; a finish reason will do where `[DONE]` never came."""
        try:
            if document := self._events.rest():
                self._event(document)
        except NotJson:
            raise self._broken("in the middle of a document") from None
        if self.done or self._finish:
            self.done = True
            return
        if self._strange and not self._came:
            raise foreign(self._asked.url, self._strange)
        if loop := looped(self._thinking, self._text):
            raise loop
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
        answer, left_in = split_thinking(self.text, request.prompt)
        usage = self._numbers(request)
        return Response(
            text=answer,
            thinking="\n\n".join(filter(None, (self.thinking, left_in))),
            finish=finish_of(self._finish),
            finish_word=self._finish,
            tool_calls=tuple(ToolCall("".join(name), "".join(parts)) for name, parts in self._calls.values()),
            usage=usage,
            first_token=self.first_token,
            wall=self._clock() - self._start,
            model=request.model.name,
            notes=(*notes, *self._notes(bool(left_in), usage)),
        )

    def _notes(self, left_in: bool, usage: Usage) -> Iterator[str]:
        if left_in:
            yield LEFT_IN
        if not self._finish:
            yield "the server did not say why the answer ended"
        if usage.answer_only:
            yield TWO_PASSES
        if usage.answer_seconds is not None and not self._timings:
            yield OUR_CLOCK
        elif usage.answer_only and usage.answer_seconds is None:
            yield NO_RATE

    def _numbers(self, request: ChatRequest) -> Usage:
        """llama.cpp measures itself; others only count, and the time is taken here."""
        usage, timings = self._usage, self._timings
        prompt = _prompt_tokens(usage, timings)
        tokens = count(timings, "predicted_n") if timings else count(usage, "completion_tokens")
        answer_only = second_pass_only(request, tokens, self._thinking, self._text)
        began = self._first_text if answer_only else self.first_token
        return Usage(
            prompt_tokens=prompt,
            prompt_seconds=_milliseconds(timings, "prompt_ms"),
            answer_tokens=tokens,
            answer_seconds=_milliseconds(timings, "predicted_ms") if timings else self._measured(began, tokens),
            answer_only=answer_only,
        )

    def _measured(self, began: float | None, tokens: int | None) -> float | None:
        """Between N tokens lie N - 1 intervals; the time of the first one is taken to be like theirs.

        began: when the first of those that were counted came.
        """
        if began is None or tokens is None or tokens < 2:
            return None
        return (self._last_token - began) * tokens / (tokens - 1) or None


def _prompt_tokens(usage: Mapping[str, Any], timings: Mapping[str, Any]) -> int | None:
    """Of the whole prompt. What was read before (cached) is in the count of most servers, not of all."""
    prompt = count(usage, "prompt_tokens")
    if prompt is None:
        return (count(timings, "prompt_n") or 0) + (count(timings, "cache_n") or 0) if timings else None
    cached = count(mapping(usage, "prompt_tokens_details"), "cached_tokens") or 0
    return prompt if cached <= prompt else prompt + cached


def _is_complaint(event: Mapping[str, Any]) -> bool:
    if event.get("error") or event.get("object") == "error":
        return True
    return "choices" not in event and any(isinstance(event.get(key), str) for key in ("message", "detail"))


def content(piece: Mapping[str, Any]) -> tuple[str, str]:
    """(thinking, text) of a message or a part of one, whose content may be a list of parts."""
    listed = piece.get("content")
    if not isinstance(listed, list):
        return "", string(piece, "content") or string(piece, "refusal")
    thoughts = [isinstance(part, dict) and part.get("type") in ("thinking", "reasoning") for part in listed]
    texts = [_part(part) for part in listed]
    pairs = list(zip(thoughts, texts, strict=True))
    return "".join(t for thought, t in pairs if thought), "".join(t for thought, t in pairs if not thought)


def _part(part: Any, depth: int = 0) -> str:
    """The text of a part: {"type": "text", "text": …}, {"type": "thinking", "thinking": [parts]}, or a string."""
    if isinstance(part, list) and depth < _DEEPEST:
        return "".join(_part(inner, depth + 1) for inner in part)
    if isinstance(part, dict) and depth < _DEEPEST:
        return _part(next((part[key] for key in _TEXTS if part.get(key)), ""), depth + 1)
    return part if isinstance(part, str) else ""


def _milliseconds(data: Mapping[str, Any], key: str) -> float | None:
    found = number(data, key)
    return None if found is None else found / 1000
