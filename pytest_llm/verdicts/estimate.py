"""What the samples of a cell say of it in numbers: how many passed, and how it would fare were it asked again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_llm.statistics.samples import pass_all, pass_at, wilson
from pytest_llm.verdicts.verdict import Verdict


@dataclass(frozen=True)
class Estimate:
    """passed of judged samples: what was an ERROR or SKIPPED says nothing of the model and is in neither.

    asked: of all outcomes. rate: the share that passed, interval: its 95% interval; pass_at, pass_all: by k, the
    chance that one of k tries passes, that all do. Empty where nothing was judged, or the samples ended early: when
    to stop then hung on what had come.
    """

    passed: int
    judged: int
    asked: int
    rate: float | None = None
    interval: tuple[float, float] | None = None
    pass_at: Mapping[int, float] = field(default_factory=dict)
    pass_all: Mapping[int, float] = field(default_factory=dict)


def estimate(verdict: Verdict) -> Estimate:
    """Of k tries for k = 1 and half of those that were judged."""
    outcomes = verdict.outcomes
    passed, judged = outcomes.count("passed"), outcomes.count("passed") + outcomes.count("failed")
    if not judged or verdict.stopped:
        return Estimate(passed, judged, len(outcomes))
    tries = sorted({1, max(1, judged // 2)})
    return Estimate(
        passed,
        judged,
        len(outcomes),
        passed / judged,
        wilson(passed, judged),
        {k: pass_at(k, passed, judged) for k in tries},
        {k: pass_all(k, passed, judged) for k in tries},
    )
