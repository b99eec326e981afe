"""What was asked, as it went over the wire, and the command that asks it again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.ollama.answer import chat_body as ollama_body
from pytest_llm.providers.openai.body import Dialect
from pytest_llm.providers.openai.body import chat_body as openai_body
from pytest_llm.reports.plain import visible

_KEY = '-H "Authorization: Bearer $OPENAI_API_KEY"'


def body(engine: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the request; of an engine without a wire the request as the record has it."""
    request = _request(engine, answer)
    if engine == "ollama":
        return ollama_body(request, request.model.name)
    if engine == "openai":
        kind = str(answer.get("fingerprint", {}).get("answers", {}).get("server", ""))
        return openai_body(request, Dialect(kind))[0]
    return dict(answer["request"])


def curl(engine: str, answer: Mapping[str, Any]) -> str:
    """The first line of a command that asks it again, "" where no server can be; the body follows, then `JSON`.

    A key is named by its variable, and never in it.
    """
    server = str(answer.get("server", ""))
    path, key = {"ollama": ("/api/chat", ""), "openai": ("/chat/completions", _KEY)}.get(engine, ("", ""))
    if not path or not server.startswith(("http://", "https://")):
        return ""
    words = ["curl -sN", shlex.quote(visible(server) + path), key, "-H 'Content-Type: application/json'"]
    return f"{' '.join(filter(None, words))} --data-binary @- <<'JSON'"


def as_json(value: Any) -> str:
    """JSON in ASCII, in which every character, a lone surrogate too, survives."""
    return json.dumps(value, indent=2, ensure_ascii=True, default=str)


def _request(engine: str, answer: Mapping[str, Any]) -> ChatRequest:
    plain = answer["request"]
    name = str(answer.get("model") or plain["model"])
    return ChatRequest(
        ModelRef(str(plain["model"]), engine, name),
        tuple(Message(m["role"], m["content"]) for m in plain["messages"]),
        plain.get("think"),
        plain.get("format"),
        plain.get("options") or {},
        plain.get("keep_alive"),
        trim=plain.get("trim", False),
    )
