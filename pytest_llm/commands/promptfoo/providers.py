"""Providers of promptfoo as models."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llm.commands.promptfoo.left import NoCounterpart
from pytest_llm.commands.promptfoo.sources import listed, mapping

_OLLAMA, _OPENAI = "", "openai:"
_KINDS = {  # by what stands before the first colon
    "ollama": _OLLAMA,
    **dict.fromkeys(("openai", "vllm", "lmstudio", "localai", "llama", "llamafile", "litellm", "docker"), _OPENAI),
    **dict.fromkeys(("openrouter", "groq", "togetherai", "deepseek", "mistral", "cerebras", "xai"), _OPENAI),
}
_WAYS = ("chat", "completion", "responses")
_OTHERS = (
    *("embedding", "embeddings", "image", "assistant", "realtime", "moderation", "tts", "transcription", "video"),
)
_OPTIONS = {
    **{name: name for name in ("temperature", "top_p", "top_k", "min_p", "seed", "stop", "num_ctx", "num_predict")},
    **{name: name for name in ("repeat_penalty", "presence_penalty", "frequency_penalty")},
    "max_tokens": "num_predict",
    "max_completion_tokens": "num_predict",
}
_ADDRESSES = ("apiBaseUrl", "apiHost", "baseURL")
_KEYS = ("apiKey", "apiKeyEnvar")
_READ = frozenset({"id", "label", "config", "prompts"})


@dataclass(frozen=True)
class Model:
    """name: as a case names it; label: as tests of the configuration do. notes: what a case file cannot say.
    prompts: labels of those that it is asked, none for all."""

    name: str
    label: str
    options: Mapping[str, Any]
    think: str | None = None
    notes: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()


def model(given: Any) -> Model:
    """The model that a provider stands for. Raises NoCounterpart."""
    said = _said(given)
    config = mapping(said.get("config"), "`config`")
    return Model(
        name=_name(str(said["id"])),
        label=str(said.get("label") or said["id"]),
        options={_OPTIONS[key]: value for key, value in config.items() if key in _OPTIONS and value is not None},
        think=_think(config),
        notes=tuple(_notes(said, config)),
        prompts=tuple(map(str, listed(said.get("prompts")))),
    )


def _said(given: Any) -> Mapping[str, Any]:
    """The provider as a mapping: it may be a name alone, `{name: {config}}`, or one for texts among others."""
    if isinstance(given, Mapping) and isinstance(given.get("text"), str | Mapping):
        given = given["text"]
    if isinstance(given, Mapping) and "id" not in given and len(given) == 1:
        name, more = next(iter(given.items()))
        given = {"id": name, **mapping(more, f"`{name}`")}
    said = {"id": given} if isinstance(given, str) else given
    if not isinstance(said, Mapping) or not isinstance(said.get("id"), str):
        raise NoCounterpart("it is no name")
    return said


def _name(written: str) -> str:
    kind, _, rest = written.partition(":")
    way, _, name = rest.partition(":")
    if "{{" in written:
        raise NoCounterpart("a template in its name: write the name")
    if kind not in _KINDS:
        raise NoCounterpart("cases ask Ollama, servers that speak OpenAI's API, and GGUF files")
    if way in _OTHERS:
        raise NoCounterpart("cases ask models that answer in text")
    found = name if way in _WAYS else rest
    if not found or re.search(r"\s", found):
        raise NoCounterpart("no model is named")
    return _KINDS[kind] + found


def _think(config: Mapping[str, Any]) -> str | None:
    value = config.get("think", config.get("reasoning_effort"))
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if value in ("low", "medium", "high", "max") else None


def _notes(said: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"its `{key}` has no counterpart" for key in said if key not in _READ)
    known = {*_OPTIONS, "think", "reasoning_effort", *_ADDRESSES, *_KEYS}
    yield from (f"its `{key}` has no counterpart" for key in config if key not in known)
    effort = config.get("think", config.get("reasoning_effort"))
    if effort is not None and _think(config) is None:
        yield f"its effort {effort!r} has no counterpart: `think` is off, on, low, medium, high or max"
    if any(key in config for key in _ADDRESSES):
        yield "a server is named on the command line: --llm-host or --llm-openai-url"
    if any(key in config for key in _KEYS):
        yield "a key stays out of files: OPENAI_API_KEY, or PYTEST_LLM_HEADERS"
