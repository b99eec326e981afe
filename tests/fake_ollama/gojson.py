"""JSON as Go's encoder writes it and as Go's decoder complains of it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fake_ollama.errors import ApiError

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_SURROGATES = re.compile("[\ud800-\udfff]")
_DURATION = re.compile(r"[+-]?(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_LEVELS = '"high", "medium", "low", "max", true, or false'


def dumps(value: Any) -> bytes:
    """Compact JSON with `<`, `>`, `&` escaped, without a newline."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for char, escape in _ESCAPES.items():
        text = text.replace(char, escape)
    return _SURROGATES.sub("\ufffd", text).encode()


def _kind(value: Any) -> str:
    kinds = {bool: "bool", str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return kinds[type(value)]


Check = Callable[[Any, str], Any]
"""Turns a JSON value into the handler's, or raises ApiError; the second argument is the path of the field."""


def _typed(go_type: str, *types: type) -> Check:
    def check(value: Any, path: str) -> Any:
        if type(value) in types:
            return value
        text = f"json: cannot unmarshal {_kind(value)} into Go struct field {path} of type {go_type}"
        raise ApiError(400, text)

    return check


STRING = _typed("string", str)
BOOL = _typed("bool", bool)
INT = _typed("int", int)
MAP = _typed("map[string]interface {}", dict)
LIST = _typed("[]interface {}", list)
FLOAT = _typed("float64", int, float)


def RAW(value: Any, path: str) -> Any:
    return value


def think(value: Any, path: str) -> Any:
    """`true`, `false` or a level."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value in ("high", "medium", "low", "max"):
            return value
        raise ApiError(400, f'invalid think value: "{value}" (must be {_LEVELS})')
    raise ApiError(400, f"think must be a boolean or string ({_LEVELS})")


def keep_alive(value: Any, path: str) -> float:
    """Seconds; negative means for ever."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        raise ApiError(400, f"Unsupported type: '{_kind(value)}'")
    if _DURATION.fullmatch(value):
        parts = re.findall(r"(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)", value)
        return (-1 if value.startswith("-") else 1) * sum(float(number) * _UNITS[unit] for number, unit in parts)
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", value):
        raise ApiError(400, f'time: missing unit in duration "{value}"')
    raise ApiError(400, f'time: invalid duration "{value}"')


def images(value: Any, path: str) -> list[bytes]:
    """Base64 strings, decoded."""
    return [_image(item) for item in _typed("[]api.ImageData", list)(value, path)]


def _image(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        bad = next((i for i, char in enumerate(text) if not re.match(r"[A-Za-z0-9+/=]", char)), len(text))
        raise ApiError(400, f"illegal base64 data at input byte {bad}") from None


@dataclass(frozen=True)
class Struct:
    """A Go struct by its name, its fields and, where it stands in a list, what Go calls that list."""

    name: str
    fields: Mapping[str, Check] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, Struct]] = field(default_factory=dict)

    def read(self, value: Mapping[str, Any], path: str = "") -> dict[str, Any]:
        """The known fields, by their own spelling; unknown ones are dropped, `null` is absent."""
        result: dict[str, Any] = {}
        for key, item in value.items():
            name = key.lower()
            where = f"{path or self.name}.{name}"
            if item is None:
                continue
            if name in self.lists:
                go_type, inner = self.lists[name]
                result[name] = [inner.read(part, where) for part in _typed(go_type, list)(item, where)]
            elif name in self.fields:
                result[name] = self.fields[name](item, where)
        return result


def loads(body: bytes, struct: Struct) -> dict[str, Any]:
    """Decode a request; bytes after the first value are ignored, `null` is an empty request."""
    text = body.decode("utf-8", "replace").lstrip()
    if not text:
        raise ApiError(400, "missing request body")
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        raise ApiError(400, _syntax(text, error.pos)) from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ApiError(400, f"json: cannot unmarshal {_kind(value)} into Go value of type api.{struct.name}")
    return struct.read(value)


def _syntax(text: str, position: int) -> str:
    if position >= len(text.rstrip()):
        return "unexpected EOF"
    return f"invalid character '{text[position]}' looking for beginning of value"


MESSAGE = Struct(
    "Message",
    {
        "role": STRING,
        "content": STRING,
        "thinking": STRING,
        "images": images,
        "tool_calls": LIST,
        "tool_name": STRING,
        "tool_call_id": STRING,
    },
)
_COMMON: dict[str, Check] = {
    "model": STRING,
    "stream": BOOL,
    "format": RAW,
    "options": MAP,
    "think": think,
    "keep_alive": keep_alive,
    "logprobs": BOOL,
    "top_logprobs": INT,
    "truncate": BOOL,
    "shift": BOOL,
    "_debug_render_only": BOOL,
}
CHAT = Struct("ChatRequest", {**_COMMON, "tools": LIST}, {"messages": ("[]api.Message", MESSAGE)})
GENERATE = Struct(
    "GenerateRequest",
    {
        **_COMMON,
        "prompt": STRING,
        "suffix": STRING,
        "system": STRING,
        "template": STRING,
        "raw": BOOL,
        "context": LIST,
        "images": images,
    },
)
SHOW = Struct("ShowRequest", {"model": STRING, "name": STRING, "verbose": BOOL, "system": STRING, "options": MAP})
CREATE = Struct(
    "CreateRequest",
    {
        "model": STRING,
        "name": STRING,
        "from": STRING,
        "files": MAP,
        "adapters": MAP,
        "template": STRING,
        "system": STRING,
        "parameters": MAP,
        "license": RAW,
        "quantize": STRING,
        "renderer": STRING,
        "parser": STRING,
        "requires": STRING,
        "info": MAP,
        "stream": BOOL,
    },
    {"messages": ("[]api.Message", MESSAGE)},
)
PULL = Struct("PullRequest", {"model": STRING, "name": STRING, "insecure": BOOL, "stream": BOOL})
DELETE = Struct("DeleteRequest", {"model": STRING, "name": STRING})
COPY = Struct("CopyRequest", {"source": STRING, "destination": STRING})
