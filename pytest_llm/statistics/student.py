"""Means of a few measurements: Student's t (1908), intervals and one-sided tests.

Ratios are compared by their logarithms: what is added there is multiplied here, and twice as fast is as far from
equal as half as fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import copysign, exp, inf, isinf, lgamma, log, sqrt
from statistics import fmean, stdev

_TINY = 1e-300
_STEPS = 300  # of the continued fraction, which needs about the root of the degrees of freedom
_HALVINGS = 80


def tail(t: float, degrees: float) -> float:
    """The probability of t or more, by the incomplete beta function."""
    if isinf(t):
        return 0.0 if t > 0 else 1.0
    square = t * t
    half = _incomplete_beta(degrees / 2, 0.5, degrees / (degrees + square), square / (degrees + square)) / 2
    return half if t > 0 else 1 - half


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """The regularised one; rest is 1 - x, which the caller knows without cancellation."""
    if x <= 0 or rest <= 0:
        return float(rest <= 0)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, rest, x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(rest))
    return front * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method (DLMF 8.17.22)."""
    value, c, d = 1.0, inf, 1.0
    for step in range(1, _STEPS):
        m = step // 2
        factor = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        if step % 2 == 0:
            factor = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / _off_zero(1 + factor * d)
        c = _off_zero(1 + factor / c)
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _off_zero(number: float) -> float:
    return number if abs(number) > _TINY else copysign(_TINY, number)


def quantile(upper: float, degrees: float) -> float:
    """The t that is exceeded with probability `upper`, at most a half."""
    low, high = 0.0, 1.0
    while tail(high, degrees) > upper:
        high *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle, degrees) > upper else (low, middle)
    return high


def interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float] | None:
    """For the mean of what the values are drawn from; None for a single value."""
    if len(values) < 2:
        return None
    half = quantile((1 - confidence) / 2, len(values) - 1) * stdev(values) / sqrt(len(values))
    return fmean(values) - half, fmean(values) + half


def mean_below(values: Sequence[float], bound: float) -> float:
    """One-sided p for a mean below the bound; 1 for a single value, which tells nothing of its own spread."""
    if len(values) < 2:
        return 1.0
    return tail(_scaled(bound - fmean(values), stdev(values) / sqrt(len(values))), len(values) - 1)


def outside(value: float, others: Sequence[float]) -> float:
    """One-sided p for a value below what others of its kind may be, by their spread; 1 for fewer than two."""
    if len(others) < 2:
        return 1.0
    distance = fmean(others) - value
    return tail(_scaled(distance, stdev(others) * sqrt(1 + 1 / len(others))), len(others) - 1)


def _scaled(distance: float, error: float) -> float:
    """Values that do not differ at all leave no doubt."""
    return distance / error if error > 0 else copysign(inf, distance) if distance else 0.0
