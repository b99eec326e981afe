"""What fits into a runner's context, and what each version does with the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fake_ollama import library
from tests.fake_ollama.admit import Job, render, tokens_of
from tests.fake_ollama.errors import ApiError, nested, overflow_text
from tests.fake_ollama.lines import limit_of
from tests.fake_ollama.profiles import LLAMA_SERVER, Profile

NUM_KEEP = 4
TOO_LONG = "the input length exceeds the context length"
NO_SHIFT = (
    "the prompt is longer than the context length currently available to the model; shorten the prompt, adjust the "
    "context length in settings, or use a model with a longer context length"
)


def _told(job: Job, profile: Profile, field: str) -> bool:
    """`truncate` or `shift`: on where nobody says otherwise, and in versions that do not know them."""
    return bool(job.data.get(field, True)) if profile.since(0, 12, 4) else True


def shifts(job: Job, profile: Profile) -> bool:
    """Whether an answer goes on in a full context, its beginning dropped."""
    return _told(job, profile, "shift")


def prompt_tokens(job: Job, profile: Profile, context: int) -> int:
    """How many tokens of the prompt are read. Raises ApiError where the server refuses it."""
    truncate = _told(job, profile, "truncate") and profile.version != LLAMA_SERVER
    native = library.is_native(job.model, profile) and job.kind == "chat"
    whole = job.kind == "generate" or native or not truncate
    count = tokens_of(job.rendered) if whole else tokens_of(render(_kept(list(job.messages), context)))
    if count <= context - profile.llama_server:  # a bool: llama-server wants a token's room for the answer
        return count
    if not profile.llama_server:
        if truncate:
            return context
        raise ApiError(400, TOO_LONG, engine=True)
    if native or not truncate:
        sizes = {"n_prompt_tokens": count, "n_ctx": context}
        raise nested(400, overflow_text(count, context), "exceed_context_size_error", **sizes)
    if not shifts(job, profile):
        raise ApiError(400, NO_SHIFT, engine=True)
    keep = int(job.options.get("num_keep", NUM_KEEP))
    keep = min(context if keep < 0 else keep, context - 1)
    return context - max((context - keep) // 2, 1)


def _kept(messages: list[Mapping[str, Any]], context: int) -> list[Mapping[str, Any]]:
    """The oldest messages go until the rest fits; those of the system and the last one stay."""
    while tokens_of(render(messages)) > context:
        oldest = next((m for m in messages[:-1] if m.get("role") != "system"), None)
        if oldest is None:
            break
        messages.remove(oldest)
    return messages


def answer_limit(job: Job, profile: Profile, context: int, read: int) -> int | None:
    """How many tokens are written at most; None where nothing ends them."""
    limits = [limit_of(job.options), None if shifts(job, profile) else max(1, context - read)]
    return min((limit for limit in limits if limit is not None), default=None)
