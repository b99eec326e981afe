"""Providers of promptfoo as models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llm.commands.promptfoo.left import NoCounterpart

_PREFIXES = {
    "ollama:chat:": "",
    "ollama:completion:": "",
    "ollama:": "",
    "openai:chat:": "openai:",
    "openai:completion:": "openai:",
    "openai:responses:": "openai:",
    "openai:": "openai:",
    "vllm:": "openai:",
    "lmstudio:": "openai:",
    "localai:chat:": "openai:",
    "localai:": "openai:",
}
_OPTIONS = {
    **{name: name for name in ("temperature", "top_p", "top_k", "min_p", "seed", "stop", "num_ctx", "num_predict")},
    **{name: name for name in ("repeat_penalty", "presence_penalty", "frequency_penalty")},
    "max_tokens": "num_predict",
    "max_completion_tokens": "num_predict",
}
_ADDRESSES = ("apiBaseUrl", "apiHost", "baseURL")
_KEYS = ("apiKey", "apiKeyEnvar")


@dataclass(frozen=True)
class Model:
    """name: as a case names it; label: as tests of the configuration do. notes: what a case file cannot say."""

    name: str
    label: str
    options: Mapping[str, Any]
    think: str | None = None
    notes: tuple[str, ...] = ()


def model(given: Any) -> Model:
    """The model that a provider stands for. Raises NoCounterpart."""
    if isinstance(given, Mapping) and "id" not in given and len(given) == 1:
        name, config = next(iter(given.items()))
        given = {"id": name, **(config if isinstance(config, Mapping) else {})}
    if not isinstance(given, str | Mapping):
        raise NoCounterpart("it is no name")
    written = given if isinstance(given, str) else str(given.get("id", ""))
    config = {} if isinstance(given, str) else (given.get("config") or {})
    label = written if isinstance(given, str) else str(given.get("label") or written)
    prefix = next((prefix for prefix in _PREFIXES if written.startswith(prefix)), None)
    if prefix is None:
        raise NoCounterpart("cases ask Ollama, servers that speak OpenAI's API, and GGUF files")
    options = {_OPTIONS[key]: value for key, value in config.items() if key in _OPTIONS and value is not None}
    name = _PREFIXES[prefix] + written.removeprefix(prefix)
    return Model(name, label, options, _think(config), tuple(_notes(config)))


def _think(config: Mapping[str, Any]) -> str | None:
    value = config.get("think", config.get("reasoning_effort"))
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if value in ("low", "medium", "high", "max") else None


def _notes(config: Mapping[str, Any]) -> list[str]:
    known = {*_OPTIONS, "think", "reasoning_effort", *_ADDRESSES, *_KEYS}
    notes = [f"its `{key}` has no counterpart" for key in config if key not in known]
    if any(key in config for key in _ADDRESSES):
        notes.append("a server is named on the command line: --llm-host or --llm-openai-url")
    if any(key in config for key in _KEYS):
        notes.append("a key stays out of files: OPENAI_API_KEY, or PYTEST_LLM_HEADERS")
    return notes
