"""A prompt that does not fit into the context, in the words of each server."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SAID = {
    "llama.cpp": r"exceeds? the available context size|context size has been exceeded",
    "llama.cpp before 2024": r"too (?:big|long) compared to (?:the )?KV size|larger than the (?:max )?context size",
    "Ollama": r"exceeds? the (?:available )?context (?:size|length|window)|input length exceeds",
    "OpenAI, vLLM, SGLang": r"maximum context length|context_length_exceeded",
    "vLLM": r"longer than the maximum model length|is too long and exceeds limit of \d+",
    "SGLang": r"longer than the (?:model's )?context length",
    "LM Studio": r"trying to keep the first \d+ tokens|tokens to keep from the initial prompt",
    "LM Studio, while it writes": r"reached context length",
    "TGI": r"`inputs` tokens \+ `max_new_tokens` must be|`inputs` must have less than \d+ tokens",
    "TensorRT-LLM": r"prompt length .{0,80}should not exceed max_",
    "Anthropic": r"prompt is too long: \d+ tokens",
    "Gemini": r"input token count .{0,40}exceeds the maximum number of tokens",
}
PATTERN = "|".join(_SAID.values())

_PROMPT = (
    r"(?:request|input|prompt|input length|prompt length|input token count) \((?:length )?(\d+)",
    r"(\d+) (?:`inputs` tokens|input tokens|tokens from the input)",
    r"(\d+) in (?:the|your) (?:messages|prompt)",
    r"(?:messages|prompt) resulted in (\d+)",
    r"keep the first (\d+)|n_keep: (\d+)|too long: (\d+) tokens|given: (\d+)",
)
_CONTEXT = (
    r"(?:context|model) (?:length|size|window)(?: is| of| of only)? \(?(\d+)",
    r"n_ctx: (\d+)|must be <= (\d+)|less than (\d+) tokens|limit of (\d+)|max_(?:num|seq|input)_\w+ \((\d+)\)",
    r"> (\d+) maximum|tokens allowed \((\d+)\)",
)
_ANSWER = (
    r"(\d+) (?:tokens )?(?:in|for) (?:the|your) completion|(\d+) `max_new_tokens`|requested (\d+) output tokens",
    r"\((\d+) > \d+ - \d+\)|max_tokens \((\d+)\)|too large: (\d+)",
)


@dataclass(frozen=True)
class Sizes:
    """In tokens, None where the server told none: the prompt, the answer that was asked for, the context."""

    prompt: int | None
    answer: int | None
    context: int | None


def sizes(text: str) -> Sizes:
    """The sizes that a complaint names."""
    return Sizes(_number(_PROMPT, text), _number(_ANSWER, text), _number(_CONTEXT, text))


def _number(patterns: tuple[str, ...], text: str) -> int | None:
    """What the first pattern that fits found in its first group that took part; nothing that is no size."""
    for pattern in patterns:
        if found := re.search(pattern, text, re.IGNORECASE):
            return int(next(group for group in found.groups() if group)[:12])
    return None
