"""What an answer is found by: hashes of all that can change it, and of nothing else.

The exact key is of who was asked (the model's digest, not its name; the kind and version of the server) and what
(every field of the request that is not at its default). The key for a replay needs no server to be known: it takes
the model's name and its Modelfile in place of digest and version. `keep_alive` and `timeout` are in neither.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pytest_llm.cases.request import ChatRequest
from pytest_llm.models.reference import ModelRef

NOT_IN_KEYS = ("model", "keep_alive", "timeout")
_WHOLE = 2.0**53  # below it every whole number is a float of its own


@dataclass(frozen=True)
class Question:
    """Who was asked, and what; the keys are made of it.

    model: the name as written. name: the engine's for it. modelfile: its content's hash, "" without one. request:
    plain data, whole. digest, server, version: who answered, "" where unknown.
    """

    engine: str
    model: str
    name: str
    modelfile: str
    request: Mapping[str, Any]
    digest: str = ""
    server: str = ""
    version: str = ""

    @property
    def exact(self) -> str:
        """sha256, hex. Where the engine knows no digest, the server's address and its name for the model count."""
        who = [self.digest] if self.digest else [self.server, self.name, self.modelfile]
        return _hash(["exact", self.engine, self.version, who], self._asked)

    @property
    def replay(self) -> str:
        """sha256, hex."""
        return _hash(["replay", self.engine, self.model, self.modelfile], self._asked)

    @cached_property
    def _asked(self) -> str:
        """Of the request what both keys are made of, as JSON."""
        return _json(_plain(_asked(self.request)))


@dataclass(frozen=True)
class Wanted:
    """What a stored answer must be good for.

    timeout (seconds), size (bytes): one that was cut by either counts only where it would be cut no later now.
    alone: its numbers are looked at, and measured with the server alone.
    """

    timeout: float
    size: int
    alone: bool = False


def new_id() -> str:
    """An answer's own name: 32 hex digits that sort by time and clash with no other's."""
    return f"{time.time_ns():016x}{secrets.token_hex(8)}"


def question(request: ChatRequest, *, digest: str = "", server: str = "", version: str = "") -> Question:
    """A request as it was asked of that model."""
    model = request.model
    return Question(
        model.engine, model.written, model.name, model.fingerprint, request.plain(), digest, server, version
    )


def _asked(request: Mapping[str, Any]) -> list[Any]:
    """The fields that are not at their default. Models write a schema's properties in its order, which is kept."""
    own = {key: value for key, value in request.items() if key not in NOT_IN_KEYS and value != _DEFAULTS.get(key)}
    own["options"] = {key: value for key, value in own.get("options", {}).items() if value is not None}
    schema = json.dumps(_plain(own.pop("format", None)), ensure_ascii=True)
    return [schema, {key: value for key, value in own.items() if value != {}}]


_DEFAULTS = ChatRequest(ModelRef("", "", ""), ()).plain()


def _hash(who: list[Any], asked: str) -> str:
    text = f"{_json(who)[:-1]}, {asked}]"
    return hashlib.sha256(text.encode("ascii")).hexdigest()


_json = json.JSONEncoder(sort_keys=True, ensure_ascii=True).encode


def _plain(value: Any) -> Any:
    """As JSON has it; 0 and 0.0 are one number to every server."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE:
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
