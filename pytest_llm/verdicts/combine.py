"""What the samples of a cell come to: outcomes in, an outcome out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from pytest_llm.checks.base import Finding

Outcome = Literal["passed", "failed", "error", "skipped"]
RANK: dict[str, Outcome] = {"failure": "failed", "error": "error", "skip": "skipped"}


def worst(findings: Iterable[Finding]) -> Outcome:
    """The outcome of one sample. FAILED counts before ERROR before SKIPPED."""
    severities = {finding.severity for finding in findings}
    return next((outcome for severity, outcome in RANK.items() if severity in severities), "passed")


def combine(samples: Sequence[Outcome], wanted: int, min_pass: int) -> Outcome:
    """The outcome of a cell of which `wanted` samples were to be asked, and `min_pass` of these must pass.

    Samples that could not be judged, or were not asked, might have passed or failed. A cell keeps its word where
    that changes nothing: it passed, or failed, whatever they had been. Else it is an ERROR, or SKIPPED where none
    of them was one.
    """
    if samples.count("passed") >= min_pass:
        return "passed"
    if samples.count("failed") > wanted - min_pass:
        return "failed"
    return "skipped" if "skipped" in samples and "error" not in samples else "error"


def still_open(samples: Sequence[Outcome], wanted: int, min_pass: int) -> int:
    """How many more samples must be asked at least before the outcome is certain; 0 once nothing can change it."""
    least = min(min_pass - samples.count("passed"), wanted - min_pass + 1 - samples.count("failed"))
    return least if 0 < least <= wanted - len(samples) else 0
