"""What is asked: messages and every field that can change an answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llm.models import ModelRef


@dataclass(frozen=True)
class Message:
    """One chat message. `role` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True)
class ChatRequest:
    """One generation, by Ollama's names of things.

    think: True, False, a level ("low", "medium", "high", "max"), or None to leave the field out.
    format: "json", a JSON Schema, or None. keep_alive: seconds, an Ollama duration, or None.
    timeout: seconds for the generation itself, from its first byte on; the model's load is not in it.
    """

    model: ModelRef
    messages: tuple[Message, ...]
    think: bool | str | None = None
    format: str | Mapping[str, Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    keep_alive: float | str | None = None
    timeout: float = 300.0
    sample: int = 0

    def plain(self) -> dict[str, Any]:
        """As plain data: what `--llm-dry-run` shows and what the key is made of."""
        return {
            "model": self.model.written,
            "messages": [{"role": m.role, "content": m.content} for m in self.messages],
            "think": self.think,
            "format": self.format,
            "options": dict(self.options),
            "keep_alive": self.keep_alive,
            "timeout": self.timeout,
            "sample": self.sample,
        }

    @property
    def key(self) -> str:
        """A hash of the request, the model's name and its Modelfile; hex, 64 characters."""
        data = self.plain() | {"modelfile": self.model.fingerprint}
        return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
