"""A server's complaint, taken out of its wrapping, and the request that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llm.providers.wire.stream import first_words


@dataclass(frozen=True)
class Asked:
    """What the complaint is about. url: of the very request, as it may be shown.

    key: where a key for this server comes from. cloud: the server is an Ollama, which hands some models on.
    """

    url: str
    model: str
    key: str = ""
    cloud: bool = False


@dataclass(frozen=True)
class Said:
    """A complaint, taken out of its wrapping. status: None for a line within an answer that began well."""

    status: int | None
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)
    is_json: bool = True
    wait: float | None = None

    @property
    def summary(self) -> str:
        return first_words(self.text) or "no word"

    def told(self, asked: Asked) -> str:
        status = f" {self.status}" if self.status else ""
        whom = f" for {asked.model!r}" if asked.model else ""
        return f"{asked.url} answered{status}{whom}: {self.summary}"
