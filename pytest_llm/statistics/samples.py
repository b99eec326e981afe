"""What some samples of one cell say of it: how often it passes, and how often of k tries one does, or all do."""

from __future__ import annotations

from math import comb, sqrt

Z = 1.959963984540054  # of the standard normal distribution 95% lie between -Z and Z


def wilson(passed: int, asked: int) -> tuple[float, float]:
    """The 95% interval of the pass rate by Wilson (1927); (0, 1) where nothing was asked."""
    if not asked:
        return 0.0, 1.0
    rate, square = passed / asked, Z * Z / asked
    middle = rate + square / 2
    half = Z * sqrt(rate * (1 - rate) / asked + square / (4 * asked))
    low, high = (middle - half) / (1 + square), (middle + half) / (1 + square)
    return (low if passed else 0.0), (high if passed < asked else 1.0)


def pass_at(k: int, passed: int, asked: int) -> float:
    """pass@k, the chance that at least one of k tries passes: the unbiased estimate of Chen et al. (2021).

    The share of the choices of k of the samples in which one passes; 1 <= k <= asked.
    """
    return 1 - comb(asked - passed, k) / comb(asked, k)


def pass_all(k: int, passed: int, asked: int) -> float:
    """pass^k, the chance that all of k tries pass: the unbiased estimate of Yao et al. (2024); 1 <= k <= asked."""
    return comb(passed, k) / comb(asked, k)
