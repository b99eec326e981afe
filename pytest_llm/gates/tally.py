"""The answers of a cell as the record has them, counted: which passed, and which of them count as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import comb
from statistics import median
from typing import Any

from pytest_llm.gates.types import Tally
from pytest_llm.store.line import CellLine

JUDGED = {"passed": True, "failed": False}
_OUTCOMES = {"failure": "failed", "error": "error", "skip": "skipped"}  # the first that is found counts
MIN_TOKENS = 32  # fewer are no measurement of a rate


@dataclass(frozen=True)
class Sample:
    """One sample of a cell, all its stages. A pass of the second attempt counts; the numbers are of the first.

    copy_of: equal where two count as one answer: one a seed where a seed was sent or the temperature is 0, else the
    same stored answer. rate: tokens a second, first_token: seconds without the model's load; None if not measured.
    text, id: of the answer that decided, "" where not known.
    """

    outcome: str
    copy_of: Any
    cold: bool = False
    rate: float | None = None
    first_token: float | None = None
    text: str = ""
    id: str = ""


def samples(line: CellLine, answers: Sequence[Mapping[str, Any]] | None = None) -> list[Sample]:
    """The samples of a cell's line, or of other answers of its (those to confirm a failure)."""
    asked = line.answers if answers is None else answers
    return [_sample(line, list(answers)) for _, answers in groupby(sorted(asked, key=_sample_of), key=_sample_of)]


def _sample_of(answer: Mapping[str, Any]) -> int:
    return int(answer.get("sample", 0))


def _attempt_of(answer: Mapping[str, Any]) -> int:
    return int(answer.get("attempt", 1))


def _outcome(stages: Iterable[Mapping[str, Any]]) -> str:
    severities = {finding.get("severity") for answer in stages for finding in answer.get("findings", ())}
    return next((word for severity, word in _OUTCOMES.items() if severity in severities), "passed")


def _sample(line: CellLine, answers: Sequence[Mapping[str, Any]]) -> Sample:
    attempts = [list(stages) for _, stages in groupby(sorted(answers, key=_attempt_of), key=_attempt_of)]
    outcomes = [_outcome(stages) for stages in attempts]
    judged = [outcome for outcome in outcomes if outcome in JUDGED]
    stages = attempts[0]
    last = stages[-1]
    options = stages[0].get("request", {}).get("options", {})
    cold = options.get("temperature", line.temperature) == 0
    seed = options.get("seed")
    copy_of = ("seed", seed) if cold or seed is not None else _answer(stages)
    measured = line.exclusive and not last.get("stored")
    return Sample(
        (judged or outcomes)[-1],
        copy_of,
        cold,
        _rate(last) if measured else None,
        last.get("numbers", {}).get("first_token") if measured else None,
        str(attempts[-1][-1].get("text", "")),
        str(attempts[-1][-1].get("id", "")),
    )


def _answer(stages: Sequence[Mapping[str, Any]]) -> Any:
    """What two records of one stored answer share. Without it each is its own."""
    ids = tuple(answer.get("id") for answer in stages)
    return ids if all(ids) else object()


def _rate(answer: Mapping[str, Any]) -> float | None:
    numbers = answer.get("numbers", {})
    enough = (numbers.get("answer_tokens") or 0) >= MIN_TOKENS
    return numbers.get("rate") if enough else None


def counting(found: Iterable[Sample]) -> Iterator[Sample]:
    """The judged ones that count, each once: of copies the first."""
    seen: set[Any] = set()
    for sample in found:
        if sample.outcome in JUDGED and sample.copy_of not in seen:
            seen.add(sample.copy_of)
            yield sample


def tally(found: Iterable[Sample]) -> Tally:
    """How many of these passed."""
    outcomes = [JUDGED[sample.outcome] for sample in found]
    return Tally(sum(outcomes), len(outcomes))


def middle(numbers: Iterable[float | None]) -> float | None:
    """The median of those that are there."""
    there = [number for number in numbers if number is not None]
    return median(there) if there else None


def likelier(before: Tally, need: int, of: int) -> bool:
    """Whether a cell of this pass rate likelier passes than not, where `need` of `of` samples must.

    With as many samples as were counted that is what its verdict was: a binomial's median is its mean where that is
    a whole number.
    """
    rate = before.rate
    passes = sum(comb(of, k) * rate**k * (1 - rate) ** (of - k) for k in range(need, of + 1))
    return passes >= 0.5 - 1e-9
