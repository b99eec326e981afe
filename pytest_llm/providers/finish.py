"""Why an answer ended: what each server calls it, and what that means here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pytest_llm.providers.base import Finish

_SPELLINGS: Mapping[Finish, Mapping[str, str]] = {
    "stop": {
        "Ollama, OpenAI, vLLM, SGLang, llama.cpp, Gemini": "stop",
        "OpenAI, vLLM, SGLang, Ollama under /v1": "tool_calls function_call",
        "TGI": "eos_token stop_sequence",
        "Anthropic, Bedrock": "end_turn stop_sequence tool_use pause_turn",
        "Cohere": "complete stop_sequence tool_call",
        "Together": "eos",
        "llama.cpp under /completion": "word",
        "LM Studio": "eosFound stopStringFound toolCalls",
        "TensorRT-LLM": "end_id stop_words",
    },
    "length": {
        "Ollama, OpenAI, vLLM, SGLang, llama.cpp, TGI": "length",
        "Gemini, Anthropic, Bedrock, Cohere": "max_tokens",
        "Anthropic": "model_context_window_exceeded",
        "Mistral": "model_length",
        "Cohere": "error_limit",
        "llama.cpp under /completion": "limit",
        "LM Studio": "maxPredictedTokensReached contextLengthReached",
        "proxies that pass on a field's name": "max_length max_new_tokens max_output_tokens max_completion_tokens",
    },
    "filtered": {
        "OpenAI, Azure, Mistral": "content_filter",
        "Bedrock": "content_filtered guardrail_intervened",
        "Anthropic": "refusal",
        "Gemini": "safety recitation blocklist prohibited_content spii image_safety",
        "Cohere": "error_toxic",
        "Zhipu": "sensitive",
    },
    "error": {
        "vLLM, Mistral, Cohere, OpenRouter": "error",
        "vLLM, SGLang": "abort",
        "Cohere": "user_cancel timeout",
        "DeepSeek": "insufficient_system_resource",
        "Zhipu": "network_error",
        "Gemini": "malformed_function_call",
        "LM Studio": "failed userStopped modelUnloaded",
        "TensorRT-LLM": "cancelled",
    },
}


def _plain(word: str) -> str:
    """`maxTokens`, `MAX_TOKENS`, `max-tokens` and `FINISH_REASON_MAX_TOKENS` are one spelling."""
    return re.sub(r"[^a-z0-9]", "", word.casefold()).removeprefix("finishreason")


_MEANS = {
    _plain(word): finish
    for finish, servers in _SPELLINGS.items()
    for words in servers.values()
    for word in words.split()
}


_LOOKS_LIKE: tuple[tuple[Finish, re.Pattern[str]], ...] = (
    ("length", re.compile(r"length|max.*token|token.*(limit|max)|truncat")),
    ("filtered", re.compile(r"filter|safety|moderat|guardrail|policy")),
    ("error", re.compile(r"error|fail|abort|cancel|interrupt")),
)


def finish_of(word: str) -> Finish:
    """What a server's word for the end of an answer means: by the table, else by its look, else "unknown"."""
    plain = _plain(word)
    if plain in _MEANS:
        return _MEANS[plain]
    return next((finish for finish, pattern in _LOOKS_LIKE if pattern.search(plain)), "unknown")
