"""The difference of pass rates over cells: an interval for it, and the power of the exact test to find it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import NormalDist, fmean

from pytest_llm.statistics.exact import Stratum, least_drop

_NORMAL = NormalDist()
_STEPS = 12  # halvings of 1: the smallest drop to a fortieth of a point


def rates(strata: Iterable[Stratum]) -> list[tuple[float, float]]:
    """The pass rate of each cell before and now."""
    return [(cell.before / cell.asked_before, cell.now / cell.asked_now) for cell in strata]


def interval(strata: Sequence[Stratum], confidence: float = 0.95) -> tuple[float, float]:
    """For the mean over cells of the rate now less the rate before.

    The adjusted interval for paired differences of Bonett and Price (2012), which adds a cell that fell and one
    that rose. Theirs is for one answer on each side; more make the two that are added smaller, like the noise.
    """
    differences = [now - before for before, now in rates(strata)]
    added = fmean((1 / cell.asked_before + 1 / cell.asked_now) / 2 for cell in strata)
    number = len(differences) + 2
    mean = sum(differences) / number
    spread = (sum(d * d for d in differences) + 2 * added) / number - mean * mean
    half = _NORMAL.inv_cdf((1 + confidence) / 2) * sqrt(max(0.0, spread) / number)
    seen = fmean(differences)  # what was added draws the middle towards 0, at the ends beyond what was seen
    return max(-1.0, min(seen, mean - half)), min(1.0, max(seen, mean + half))


def power(strata: Iterable[Stratum], fall: float, level: float) -> float:
    """How often `drop` finds, at this level, that every cell's rate fell by `fall` (no lower than 0).

    Each cell's true rate is taken for the one before. Approximate: normal, with corrections for the null's skewness
    (Cornish and Fisher) and for continuity; 0 where not even a run without a pass would be significant.
    """
    return _power(_worst(strata), fall, level)


def smallest(strata: Iterable[Stratum], level: float, wanted: float) -> float | None:
    """The smallest fall that `drop` finds with the power that is wanted; None where it finds none."""
    kinds = _worst(strata)
    if not kinds or _power(kinds, 1.0, level) < wanted:
        return None
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if _power(kinds, middle, level) >= wanted else (middle, high)
    return high


def _worst(strata: Iterable[Stratum]) -> Counter[Stratum]:
    """The cells without a pass now, alike ones counted: what they had now says nothing of what they might have."""
    return Counter(Stratum(cell.before, cell.asked_before, 0, cell.asked_now) for cell in strata)


def _power(kinds: Counter[Stratum], fall: float, level: float) -> float:
    if level <= 0 or least_drop(kinds.elements()) > level:
        return 0.0
    moments = [
        [times * moment for moment in _moments(cell, max(0.0, cell.before / cell.asked_before - fall))]
        for cell, times in kinds.items()
    ]
    shift, spread, null, third = (sum(part) for part in zip(*moments, strict=True))
    z = _NORMAL.inv_cdf(level)
    skewed = (z * z - 1) / 6 * third / null if null > 0 else 0.0
    distance = z * sqrt(null) + skewed - shift - 0.5
    return _NORMAL.cdf(distance / sqrt(spread)) if spread > 0 else float(distance >= 0)


def _moments(cell: Stratum, rate: float) -> tuple[float, float, float, float]:
    """Of the passes now beyond those that the deal expects: mean, variance; under the null, variance, third moment.

    The passes now are binomial at `rate`. How many pass in all depends on them, and the null on that.
    """
    drawn, total = cell.asked_now, cell.asked_before + cell.asked_now
    kept, mean, spread = cell.asked_before / total, cell.before + drawn * rate, drawn * rate * (1 - rate)
    square = mean**2 + spread
    cube = mean**3 + 3 * mean * spread + spread * (1 - 2 * rate)
    factor = drawn * cell.asked_before / (total**2 * (total - 1))
    null = factor * (total * mean - square)
    third = factor * (total - 2 * drawn) * (total**2 * mean - 3 * total * square + 2 * cube)
    skew = third / (total * (total - 2)) if total > 2 else 0.0
    return kept * drawn * rate - drawn / total * cell.before, kept**2 * spread, max(0.0, null), skew
