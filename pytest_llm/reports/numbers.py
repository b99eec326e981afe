"""The numbers of a verdict, for people and for junit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_llm.checks.base import UNWALLED
from pytest_llm.providers.base import Response
from pytest_llm.reports.plain import visible
from pytest_llm.reports.properties import own
from pytest_llm.reports.samples import title
from pytest_llm.verdicts.estimate import estimate
from pytest_llm.verdicts.luck import thinking_tokens
from pytest_llm.verdicts.verdict import Verdict

HIDDEN_THINKING_RATIO = 3  # times what the visible text explains: no tokenizer is that far from the average
CHARS_PER_TOKEN = 4  # of English


def properties(verdict: Verdict, identity: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Flat `llm.*` scalars and JSON strings (axes, options, findings), as junit and xdist can carry them.

    identity: which cell it is, as the run's record says it.
    """
    return [own(name, value) for name, value in _properties(verdict, identity).items()]


def _properties(verdict: Verdict, identity: Mapping[str, Any]) -> dict[str, object]:
    request = verdict.asked[0].request
    said = {key: visible(str(identity[key])) for key in ("row", "seed") if identity[key] not in ("", None)}
    who = verdict.response
    server = {"digest": who.digest, "server": who.server, "version": who.version} if who else {}
    days = [one.response.stored for one in verdict.asked if one.response and one.response.stored]
    return {
        "outcome": verdict.outcome,
        **_samples(verdict),
        **({"must_pass": "true"} if identity["must_pass"] else {}),
        "case": visible(identity["case"]),
        **said,
        "axes": _dumped(identity["axes"]),
        "options": _dumped(identity["options"]),
        **{key: visible(value) for key, value in server.items() if value},
        **({"stored": min(days)} if days else {}),
        "model": str(request["model"]),
        "think": "default" if request["think"] is None else str(request["think"]).lower(),
        **_measured(verdict),
        **dict(_found(verdict)),
    }


def _found(verdict: Verdict) -> Iterator[tuple[str, object]]:
    found = [(title(verdict, one), finding) for one in verdict.tries for finding in one.findings]
    findings = [": ".join(filter(None, [name, f.severity, f.check, f.message])) for name, f in found]
    if unwalled := next((f.message for _, f in found if f.kind == UNWALLED), ""):
        yield "unwalled", unwalled
    if verdict.outcome == "skipped" and verdict.reasons[0].kind == "budget":
        yield "unasked", verdict.reasons[0].message
    yield "findings", json.dumps(findings, ensure_ascii=True) if findings else "[]"


def _dumped(value: Mapping[str, Any]) -> str:
    return json.dumps(value, default=str) if value else "{}"


def _samples(verdict: Verdict) -> dict[str, object]:
    said: dict[str, object] = {"escalated": "true"} if verdict.escalated else {}
    if verdict.samples == 1:
        return said
    found = estimate(verdict)
    said |= {"samples": verdict.samples, "min_pass": verdict.min_pass}
    said |= {"asked": found.asked, "judged": found.judged, "passed": found.passed}
    said |= {"outcomes": json.dumps(verdict.outcomes)}
    if found.interval is not None and found.rate is not None:
        low, high = found.interval
        rates = {"pass_rate": found.rate, "pass_rate_low": low, "pass_rate_high": high}
        said |= {name: round(rate, 4) for name, rate in rates.items()}
    for kind, chances in (("at", found.pass_at), ("all", found.pass_all)):
        said |= {f"pass_{kind}_{k}": round(chance, 4) for k, chance in chances.items()}
    return said


def _by_stage(verdict: Verdict) -> dict[str, list[Response]]:
    """The answers to each stage, of a sample that was asked again the last; under "" the last of each sample."""
    answered = {one.sample: one for one in verdict.tries if any(asked.response for asked in one.asked)}
    found: dict[str, list[Response]] = {}
    for one in answered.values():
        for asked in one.asked:
            if asked.stage and asked.response:
                found.setdefault(asked.stage, []).append(asked.response)
    last = [[asked.response for asked in one.asked if asked.response][-1] for one in answered.values()]
    return {**found, "": last} if last else found


def _measured(verdict: Verdict) -> dict[str, object]:
    said: dict[str, object] = {}
    for stage, responses in _by_stage(verdict).items():
        prefix = f"{stage}." if stage else ""
        said |= {f"{prefix}{name}": value for name, value in medians(responses).items() if value is not None}
        said[f"{prefix}finish"] = ", ".join(dict.fromkeys(response.finish for response in responses))
    return said


def medians(responses: Sequence[Response]) -> dict[str, float | int | None]:
    """The measures of several answers: of each that some of them have, the median."""
    every = [measures(response) for response in responses]
    if len(every) == 1:
        return every[0]
    from statistics import median

    there = {name: [v for one in every if (v := one[name]) is not None] for name in every[0]}
    return {name: median(values) if values else None for name, values in there.items()}


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


def typical(verdict: Verdict) -> str:
    """One line of numbers for a cell that was asked several times: the medians of its samples; "" for any other."""
    responses = _by_stage(verdict).get("", ()) if verdict.samples > 1 else ()
    return f"medians: {_summary(medians(responses))}" if responses else ""


def summary(response: Response) -> str:
    """One line of numbers for people."""
    return _summary(measures(response))


def _summary(m: Mapping[str, float | int | None]) -> str:
    parts = []
    if m["answer_tokens"] is not None:
        parts.append(f"{m['answer_tokens']:g} tokens")
    if m["tokens_per_second"]:
        parts.append(f"{m['tokens_per_second']:.1f} tokens/s")
    if m["first_token_seconds"] is not None:
        parts.append(f"first token after {m['first_token_seconds']:.2f} s")
    if m["load_seconds"]:
        parts.append(f"load {m['load_seconds']:.2f} s")
    if m["wall_seconds"]:
        parts.append(f"{m['wall_seconds']:.2f} s in all")
    if m["thinking_tokens"]:
        parts.append(f"about {m['thinking_tokens']:g} tokens of thinking")
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
