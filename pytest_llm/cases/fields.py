"""The kinds of values that a case file holds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from pytest_llm.cases.durations import parse_duration
from pytest_llm.errors import nearest


class Strict(BaseModel):
    """A part of a case file: frozen, and no key that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"must be a number, not {value!r}")
    return value


def listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def mode(value: Any) -> Any:
    """A think mode, of which YAML's true and false are two."""
    return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value


_SPAN = re.compile(r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0")
_BARE = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")


def _keep_alive(value: Any) -> Any:
    """Seconds as a number, or a duration as Ollama reads it (Go's: 5m, 1h30m); below zero is for ever."""
    if value is None or (isinstance(value, str) and _SPAN.fullmatch(value.strip())):
        return value.strip() if value else value
    if isinstance(value, str) and _BARE.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, str | bool):
        raise ValueError(f"{value!r} is no duration: give seconds, 5m, 1h30m, or -1 for ever")
    return _number(value)


KeepAlive = Annotated[
    float | str | None,
    BeforeValidator(_keep_alive),
    WithJsonSchema({"type": ["number", "string", "null"], "description": "seconds, 5m, 1h30m, or -1 for ever"}),
]
Number = Annotated[float, BeforeValidator(_number)]
Seconds = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": ["number", "string"], "description": "seconds, or 500ms, 2s, 5m"}),
]
ThinkMode = Annotated[
    Literal["off", "on", "low", "medium", "high", "max", "default"],
    BeforeValidator(mode),
    WithJsonSchema({"enum": ["off", "on", "low", "medium", "high", "max", "default", True, False]}),
]


# Answers that fail unless a case takes them.
Allow = Annotated[tuple[Literal["empty", "cut", "trimmed", "echo"], ...], BeforeValidator(listed)]
_TEXTS: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


def _closed(schema: dict[str, Any]) -> None:
    schema["additionalProperties"] = False
    schema["patternProperties"] = {"^x_": {}}


class FileRef(Strict):
    """The text of a file, relative to the case file."""

    file: str


Text = Annotated[str, Field(min_length=1)]
Said = Text | FileRef
"""What is sent: text, or that of a file."""


class Message(Strict):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: Said


class Turn(Message):
    """One whose text is said there and then."""

    content: Text


class Example(Strict):
    """A few-shot pair, sent before the prompt."""

    user: Said
    assistant: Said


class Pair(Example):
    """One of a file of such pairs."""

    user: Text
    assistant: Text


# What a request says by other keys of a case: sent under these names, an option would replace it.
_SENT = {
    **dict.fromkeys(
        ("model", "messages", "stream", "stream_options", "options", "truncate", "shift", "images", "tools"), ""
    ),
    **dict.fromkeys(("think", "reasoning_effort", "chat_template_kwargs"), "the case's `think`"),
    **dict.fromkeys(("format", "response_format"), "the case's `format`"),
    "keep_alive": "the case's `keep_alive`",
    "max_tokens": "the option `num_predict`",
}


def _elsewhere(name: str) -> str:
    """What to do about a name that an option must not send; empty for any other."""
    if name.lower() not in _SENT:
        return ""
    said = _SENT[name.lower()]
    return f"{name!r} cannot be an option" + (f", {said} says it" if said else "")


class Options(BaseModel):
    """Request options by Ollama's names; `x_foo` sends `foo` unseen."""

    model_config = ConfigDict(frozen=True, extra="allow", json_schema_extra=_closed)

    num_ctx: StrictInt | None = Field(default=None, ge=4)
    num_batch: StrictInt | None = None
    num_gpu: StrictInt | None = None
    main_gpu: StrictInt | None = None
    use_mmap: StrictBool | None = None
    num_thread: StrictInt | None = None
    draft_num_predict: StrictInt | None = None
    num_predict: StrictInt | None = None
    num_keep: StrictInt | None = None
    seed: StrictInt | None = None
    temperature: Number | None = None
    top_k: StrictInt | None = None
    top_p: Number | None = None
    min_p: Number | None = None
    typical_p: Number | None = None
    repeat_last_n: StrictInt | None = None
    repeat_penalty: Number | None = None
    presence_penalty: Number | None = None
    frequency_penalty: Number | None = None
    stop: Annotated[tuple[str, ...], BeforeValidator(listed), WithJsonSchema(_TEXTS)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, given: Any, info: ValidationInfo) -> Any:
        """With `values` in the context: what templates among the options stand for."""
        if not info.context:
            return given
        from pytest_llm.cases.templating import render_all, worded

        filled = render_all(given, info.context["values"])
        return worded(given, filled, ("stop",)) if isinstance(given, dict) and "stop" in given else filled

    def model_post_init(self, _context: Any) -> None:
        for name in self.model_extra or {}:
            if not name.startswith("x_"):
                raise ValueError(unknown_option(name))
            own = name.removeprefix("x_")
            if not own:
                raise ValueError("'x_' names no option: write what is sent behind it, as in x_foo")
            if own in Options.model_fields:
                raise ValueError(f"{name!r} would replace the option {own!r}: write it without x_")
            if told := _elsewhere(own):
                raise ValueError(f"{name!r} would replace what the case says elsewhere: {told}")

    def plain(self) -> dict[str, Any]:
        """The options that were given, `x_` taken off, as they are sent."""
        return dict(self._sent)

    @cached_property
    def _sent(self) -> Mapping[str, Any]:
        given = self.model_dump(exclude_unset=True, mode="json")
        return {name.removeprefix("x_"): value for name, value in given.items() if value is not None}


def unknown_option(name: str) -> str:
    if told := _elsewhere(name):
        return told
    return (
        f"unknown request option {name!r}{nearest(name, list(Options.model_fields))} "
        f"(write x_{name} to send {name!r} as it is)"
    )
