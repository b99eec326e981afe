"""The numbers of a verdict, for people and for junit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_llm.checks.base import UNWALLED
from pytest_llm.providers.base import Response
from pytest_llm.reports.plain import visible
from pytest_llm.verdicts.luck import thinking_tokens
from pytest_llm.verdicts.verdict import Verdict

HIDDEN_THINKING_RATIO = 3  # times what the visible text explains: no tokenizer is that far from the average
CHARS_PER_TOKEN = 4  # of English


def properties(verdict: Verdict, identity: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Flat `llm.*` scalars and JSON strings (axes, options, findings), as junit and xdist can carry them.

    identity: which cell it is, as the run's record says it.
    """
    asked = verdict.asked[-1]
    yield "llm.outcome", verdict.outcome
    yield "llm.case", visible(identity["case"])
    yield from (
        (f"llm.{key}", visible(str(identity[key]))) for key in ("row", "seed") if identity[key] not in ("", None)
    )
    yield from ((f"llm.{key}", json.dumps(identity[key], default=str)) for key in ("axes", "options"))
    if who := verdict.response:
        said = {"digest": who.digest, "server": who.server, "version": who.version}
        yield from ((f"llm.{key}", visible(value)) for key, value in said.items() if value)
    if days := [one.response.stored for one in verdict.asked if one.response and one.response.stored]:
        yield "llm.stored", min(days)
    yield "llm.model", str(asked.request["model"])
    yield "llm.think", "default" if asked.request["think"] is None else str(asked.request["think"]).lower()
    for stage in verdict.asked:
        if stage.stage and stage.response:
            yield from _measured(f"llm.{stage.stage}", stage.response)
    if verdict.response:
        yield from _measured("llm", verdict.response)
    findings = [f"{f.severity}: {f.check}: {f.message}" for f in verdict.findings]
    if unwalled := next((f.message for f in verdict.findings if f.kind == UNWALLED), ""):
        yield "llm.unwalled", unwalled
    yield "llm.findings", json.dumps(findings, ensure_ascii=True)


def _measured(prefix: str, response: Response) -> Iterator[tuple[str, object]]:
    yield from ((f"{prefix}.{name}", value) for name, value in measures(response).items() if value is not None)
    yield f"{prefix}.finish", response.finish


def measures(response: Response) -> dict[str, float | int | None]:
    """Tokens, seconds and rates by name; None where nothing was measured."""
    usage = response.usage
    prompt_rate = None
    if usage.prompt_tokens and usage.prompt_seconds:
        prompt_rate = usage.prompt_tokens / usage.prompt_seconds
    visible = len(response.text) / usage.answer_seconds if usage.answer_seconds else None
    values: dict[str, float | int | None] = {
        "prompt_tokens": usage.prompt_tokens,
        "answer_tokens": usage.answer_tokens,
        "tokens_per_second": usage.rate,
        "prompt_tokens_per_second": prompt_rate,
        "visible_chars_per_second": visible,
        "first_token_seconds": response.first_token,
        "load_seconds": usage.load_seconds,
        "wall_seconds": response.wall,
        "thinking_tokens": thinking_tokens(response) if response.thinking else 0,
    }
    return {name: round(v, 4) if isinstance(v, float) else v for name, v in values.items()}


def summary(response: Response) -> str:
    """One line of numbers for people."""
    m = measures(response)
    parts = []
    if m["answer_tokens"] is not None:
        parts.append(f"{m['answer_tokens']} tokens")
    if m["tokens_per_second"]:
        parts.append(f"{m['tokens_per_second']:.1f} tokens/s")
    if m["first_token_seconds"] is not None:
        parts.append(f"first token after {m['first_token_seconds']:.2f} s")
    if m["load_seconds"]:
        parts.append(f"load {m['load_seconds']:.2f} s")
    if response.wall:
        parts.append(f"{m['wall_seconds']:.2f} s in all")
    if m["thinking_tokens"]:
        parts.append(f"about {m['thinking_tokens']} tokens of thinking")
    return ", ".join(parts) or "none, for the answer was not finished"


def remarks(response: Response) -> Iterator[str]:
    """What a reader of the numbers must know."""
    yield from response.notes
    for reason in response.retries:
        yield f"asked again, because: {reason}"
    if response.stored:
        yield f"a stored answer of {response.stored}: its numbers are of that day"
    usage = response.usage
    if usage.answer_only:
        yield "the server counted its answering pass only; thinking is counted from its text"
    shown = (len(response.text) + len(response.thinking)) / CHARS_PER_TOKEN
    if usage.answer_tokens and usage.answer_tokens > 64 and usage.answer_tokens > HIDDEN_THINKING_RATIO * shown:
        yield f"hidden thinking: {usage.answer_tokens} tokens were written, about {shown:.0f} are to be seen"
