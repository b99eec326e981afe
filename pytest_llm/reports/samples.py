"""The samples of a cell in words; nothing of it for a cell that was asked once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_llm.reports.plain import one_line
from pytest_llm.verdicts.combine import Outcome
from pytest_llm.verdicts.estimate import Estimate, estimate
from pytest_llm.verdicts.verdict import Try, Verdict

_UNJUDGED: Mapping[Outcome, str] = {"error": "an ERROR", "skipped": "SKIPPED"}


def several(verdict: Verdict) -> bool:
    """Whether it was asked, or was to be asked, more than once."""
    return verdict.samples > 1 or any(asked.attempt > 1 for asked in verdict.asked)


def count(verdict: Verdict) -> str:
    """How many samples passed of how many, and how many had to: `3 of 5 samples passed, min_pass is 4`."""
    if verdict.samples == 1:
        return ""
    passed, asked = verdict.outcomes.count("passed"), len(verdict.outcomes)
    noun = f"sample{'s' if asked != 1 else ''}"
    of = f"the {asked} {noun} asked" if verdict.stopped else f"{asked} {noun}"
    most = f" of {verdict.samples}" if verdict.stopped else ""
    return f"{passed} of {of} passed, min_pass is {verdict.min_pass}{most}"


def tally(verdict: Verdict) -> list[str]:
    """The lines above the samples: how many passed, and what that says of the model; or how it was escalated."""
    if verdict.samples == 1:
        return [_escalation(verdict)] if several(verdict) else []
    counted = [(verdict.outcomes.count(outcome), said) for outcome, said in _UNJUDGED.items()]
    unjudged = [f"{number} {'was' if number == 1 else 'were'} {said}" for number, said in counted if number]
    first = "; ".join([count(verdict), *unjudged])
    return [first, *_estimated(estimate(verdict)), *(["ended early: no interval"] if verdict.stopped else [])]


def _estimated(found: Estimate) -> Iterator[str]:
    if found.rate is None or found.interval is None:
        return
    low, high = found.interval
    yield f"pass rate {share(found.rate)}, 95% interval {share(low)} to {share(high)}"
    at = [f"pass@{k} {share(chance)}" for k, chance in found.pass_at.items()]
    yield ", ".join([*at, *(f"pass^{k} {share(chance)}" for k, chance in found.pass_all.items())])


def _escalation(verdict: Verdict) -> str:
    last = verdict.tries[-1]
    if _is_unable(last):
        return f"{_again(last)}: {one_line(last.findings[0].message)}"
    said = {"passed": "passed only so", "failed": "failed again"}.get(last.outcome, "could not be judged")
    return f"escalated: {_again(last)}, {said}"


def _again(one: Try) -> str:
    think = one.asked[0].request.get("think")
    return f"{'not ' if _is_unable(one) else ''}asked again with think {'on' if think is True else think}"


def _is_unable(one: Try) -> bool:
    """Whether the model cannot do what it was to be asked for, so that there is nothing to judge."""
    return one.outcome == "skipped" and not any(asked.response for asked in one.asked)


def share(value: float) -> str:
    """A share in percent with three digits at most."""
    return f"{100 * value:.3g}%"


def title(verdict: Verdict, one: Try) -> str:
    """Which of the tries of a cell it is, people counting from 1; "" where there is one only."""
    if one.attempt > 1:
        return _again(one)
    if verdict.samples > 1:
        seed = one.asked[0].request.get("options", {}).get("seed")
        return f"sample {one.sample + 1}" + (f", seed {seed}" if seed is not None else "")
    return "asked first" if several(verdict) else ""


def shown(verdict: Verdict, most: int | None = None) -> list[Try]:
    """The tries in order; of more than `most` those that decided the outcome, then others that did not pass."""
    own = verdict.outcome if verdict.outcome != "passed" else "failed"
    ranked = sorted(verdict.tries, key=lambda one: (one.outcome != own, one.outcome == "passed"))
    return sorted(ranked[:most], key=lambda one: (one.sample, one.attempt))


def warnings(verdict: Verdict) -> Iterator[str]:
    """What a pass does not show: that it was escalated, or that some samples were not judged."""
    if verdict.outcome != "passed":
        return
    if verdict.escalated:
        failures = [f.message for f in verdict.tries[0].findings if f.severity == "failure"]
        yield one_line(f"{_escalation(verdict)}; before: {failures[0]}")
    unjudged = [one for one in verdict.tries if one.outcome in _UNJUDGED]
    if unjudged:
        first = next(f.message for f in unjudged[0].findings if f.severity in ("error", "skip"))
        yield one_line(f"{len(unjudged)} of {len(verdict.outcomes)} samples could not be judged: {first}")
