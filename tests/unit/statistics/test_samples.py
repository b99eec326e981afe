"""Against values worked out by hand, scipy's interval, and counting every choice."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import pytest
from scipy.stats import binomtest

from pytest_llm.statistics.samples import pass_all, pass_at, wilson

EVERY = [(passed, asked) for asked in range(1, 9) for passed in range(asked + 1)]


@pytest.mark.parametrize(
    ("passed", "asked", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),  # z² / (n + z²)
        (10, 10, 0.7225, 1.0),
        (8, 10, 0.4902, 0.9433),
        (5, 10, 0.2366, 0.7634),
        (1, 1, 0.2065, 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson_by_hand(passed: int, asked: int, low: float, high: float) -> None:
    assert wilson(passed, asked) == pytest.approx((low, high), abs=5e-5)


def test_wilson_is_that_of_scipy() -> None:
    for passed, asked in [*EVERY, (37, 1000), (999, 1000), (1, 1000)]:
        theirs = binomtest(passed, asked).proportion_ci(method="wilson")
        low, high = wilson(passed, asked)
        assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-12), (passed, asked)
        assert 0 <= low <= passed / asked <= high <= 1


@pytest.mark.parametrize(
    ("k", "passed", "asked", "one", "every"),
    [
        (1, 3, 10, 3 / 10, 3 / 10),
        (5, 3, 10, 1 - 21 / 252, 0.0),  # C(7, 5) = 21 of C(10, 5) = 252 choices hold no pass
        (2, 4, 5, 1.0, 6 / 10),  # C(4, 2) = 6 of 10
        (2, 0, 4, 0.0, 0.0),
        (2, 4, 4, 1.0, 1.0),
    ],
)
def test_pass_at_and_pass_all_by_hand(k: int, passed: int, asked: int, one: float, every: float) -> None:
    assert pass_at(k, passed, asked) == pytest.approx(one)
    assert pass_all(k, passed, asked) == pytest.approx(every)


def test_they_count_every_choice() -> None:
    for passed, asked in EVERY:
        tries = [True] * passed + [False] * (asked - passed)
        for k in range(1, asked + 1):
            choices = list(combinations(tries, k))
            one, every = (Fraction(sum(map(kind, choices)), len(choices)) for kind in (any, all))
            assert pass_at(k, passed, asked) == pytest.approx(float(one)), (k, passed, asked)
            assert pass_all(k, passed, asked) == pytest.approx(float(every)), (k, passed, asked)


def test_a_thousand_samples_are_no_trouble() -> None:
    assert pass_at(500, 1, 1000) == pytest.approx(0.5)
    assert pass_all(500, 999, 1000) == pytest.approx(0.5)
