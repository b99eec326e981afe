"""One question to `/api/chat`, and the lines of its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from pytest_llm.answers.thinking import split_thinking
from pytest_llm.cases.request import ChatRequest
from pytest_llm.errors import BrokenAnswer, PytestLlmError
from pytest_llm.providers.base import (
    LOAD_OPTIONS,
    MAX_CALLS,
    MAX_WORD,
    Response,
    ToolCall,
    Usage,
    load_options,
    on_piece,
)
from pytest_llm.providers.finish import finish_of
from pytest_llm.providers.wire.complaint import Asked
from pytest_llm.providers.wire.faults import fault, foreign, junk
from pytest_llm.providers.wire.loops import completed, looped
from pytest_llm.providers.wire.stream import NotJson, count, mapping, number, parse_object, string, whole_characters

LEFT_IN = "the server left the thinking inside the answer: it was split off here"
TWO_PASSES = "the server counted its second pass only: tokens of thinking are not in its numbers"
_NANOSECONDS = 1e9


def chat_body(request: ChatRequest, model: str) -> dict[str, Any]:
    """The body of the request; fields that the case leaves open are left out."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        "stream": True,
    }
    optional = {
        "think": request.think,
        "format": request.format,
        "options": {name: _plain(value) for name, value in request.options.items() if value is not None} or None,
        "keep_alive": request.keep_alive,
    }
    return body | {name: value for name, value in optional.items() if value is not None}


def load_body(request: ChatRequest, model: str) -> dict[str, Any]:
    """The body of a request that only loads. With a keep_alive of nothing it would unload: that is left out."""
    options = {name: value for name, value in load_options(request).items() if name in LOAD_OPTIONS}
    kept = re.search("[1-9]", str(request.keep_alive or ""))
    optional = {"options": options or None, "keep_alive": request.keep_alive if kept else None}
    return {"model": model, "prompt": ""} | {name: value for name, value in optional.items() if value is not None}


def _plain(value: Any) -> Any:
    """`stop` must be an array: a string there is refused."""
    return list(value) if isinstance(value, tuple) else value


class ChatSink:
    """Collects the lines of a chat. clock: seconds, for the time of the first token."""

    def __init__(self, asked: Asked, clock: Callable[[], float]) -> None:
        self._asked, self._clock, self._start = asked, clock, clock()
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._calls: list[ToolCall] = []
        self._strange = ""
        self._last: Mapping[str, Any] = {}
        self.done = False
        self.first_token: float | None = None

    @property
    def text(self) -> str:
        return whole_characters("".join(self._text))

    @property
    def thinking(self) -> str:
        return whole_characters("".join(self._thinking))

    def take(self, line: bytes, *, cut: bool = False) -> bool:
        if not line.strip():
            return False
        try:
            data = parse_object(line)
            if error := data.get("error"):
                raise self._told(error if isinstance(error, str) else line.decode())
            message = mapping(data, "message")
            if not message and "done" not in data:
                self._strange = line.decode(errors="replace")
            self._add(message)
        except NotJson as error:
            raise (
                self._broken("in the middle of a line") if cut else junk(self._asked, str(error), self.text)
            ) from None
        if data.get("done") in (True, "true"):
            self.done, self._last = True, data
            if finish_of(self._word) == "error":
                raise self._broken(f"because of an error ({self._word!r})")
        return True

    @property
    def _word(self) -> str:
        return str(self._last.get("done_reason") or "")[:MAX_WORD]

    def _add(self, message: Mapping[str, Any]) -> None:
        thinking, text = string(message, "thinking"), string(message, "content")
        if thinking:
            self._thinking.append(thinking)
        if text:
            self._text.append(text)
        if calls := message.get("tool_calls"):
            self._calls += islice(_tool_calls(calls), MAX_CALLS - len(self._calls))
        if (thinking or text) and self.first_token is None:
            self.first_token = self._clock() - self._start
        on_piece(thinking + text)

    def end(self) -> None:
        if self._strange and not (self.text or self.thinking or self.done):
            raise foreign(self._asked.url, self._strange)
        if not self.done:
            raise looped(self._thinking, self._text) or self._broken("without its last line (`done`)")

    def _told(self, complaint: str) -> PytestLlmError:
        error = fault(self._asked, None, complaint, partial=self.text)
        return completed(error, self._thinking, self._text)

    def _broken(self, how: str) -> BrokenAnswer:
        written = len(self.text) + len(self.thinking)
        return BrokenAnswer(
            f"the answer of {self._asked.url} stopped {how}, after {written} characters",
            hint="see the server's log",
            partial=self.text,
        )

    def response(self, request: ChatRequest) -> Response:
        """The whole answer, once it is done."""
        answer, left_in = split_thinking(self.text, request.prompt)
        usage = self._usage(request)
        load = usage.load_seconds or 0.0
        notes = [LEFT_IN] if left_in else []
        if usage.answer_only:
            notes.append(TWO_PASSES)
        return Response(
            text=answer,
            thinking="\n\n".join(filter(None, (self.thinking, left_in))),
            finish=finish_of(self._word),
            finish_word=self._word,
            tool_calls=tuple(self._calls),
            usage=usage,
            first_token=None if self.first_token is None else max(self.first_token - load, 0.0),
            wall=max(self._clock() - self._start - load, 0.0),
            model=request.model.name,
            notes=tuple(notes),
        )

    def _usage(self, request: ChatRequest) -> Usage:
        last = self._last
        tokens = count(last, "eval_count")
        return Usage(
            prompt_tokens=count(last, "prompt_eval_count"),
            prompt_seconds=_seconds(last, "prompt_eval_duration"),
            answer_tokens=tokens,
            answer_seconds=_seconds(last, "eval_duration"),
            load_seconds=_seconds(last, "load_duration"),
            total_seconds=_seconds(last, "total_duration"),
            answer_only=second_pass_only(request, tokens, self._thinking, self._text),
        )


def _tool_calls(calls: Any) -> Iterator[ToolCall]:
    for call in calls if isinstance(calls, list) else ():
        function = mapping(call, "function") if isinstance(call, dict) else {}
        if name := string(function, "name"):
            yield ToolCall(name, json.dumps(function.get("arguments") or {}, ensure_ascii=False))


def second_pass_only(
    request: ChatRequest, tokens: int | None, thinking: Sequence[str], text: Sequence[str]
) -> bool:
    """With `format`, thinking may come from a pass of its own that nothing counts.

    A piece holds one token at least, so a count of fewer tokens than pieces cannot be that of both passes.
    """
    if request.format is None or tokens is None or not thinking:
        return False
    return tokens < len(thinking) + len(text)


def _seconds(data: Mapping[str, Any], key: str) -> float | None:
    found = number(data, key)
    return None if found is None else found / _NANOSECONDS
