"""Student's t, held against scipy's."""

from __future__ import annotations

import random
from math import inf
from statistics import stdev

import pytest
from scipy.stats import t, ttest_1samp, ttest_ind

from pytest_llm.statistics.student import interval, mean_below, outside, quantile, tail

VALUES = [0.93, 0.88, 1.02, 0.95, 0.91, 0.97]


@pytest.mark.parametrize("degrees", [1, 2, 3, 5, 9.5, 30, 100, 1_000, 100_000])
def test_the_tail_is_scipys(degrees: float) -> None:
    for value in (-50, -3, -1, -0.1, 0, 1e-9, 0.1, 0.5, 1, 2, 3, 10, 50):
        assert tail(value, degrees) == pytest.approx(t.sf(value, degrees), rel=1e-8, abs=1e-300)
    assert (tail(inf, degrees), tail(-inf, degrees)) == (0, 1)


@pytest.mark.parametrize("degrees", [1, 2, 9, 200])
@pytest.mark.parametrize("upper", [0.5, 0.1, 0.025, 1e-6])
def test_the_quantile_is_scipys(degrees: float, upper: float) -> None:
    assert quantile(upper, degrees) == pytest.approx(t.isf(upper, degrees), rel=1e-8, abs=1e-12)


def test_a_mean_and_its_interval_are_scipys() -> None:
    found = ttest_1samp(VALUES, 0.99, alternative="less")
    assert mean_below(VALUES, 0.99) == pytest.approx(found.pvalue, rel=1e-9)
    wanted = ttest_1samp(VALUES, 0).confidence_interval(0.95)
    assert interval(VALUES) == pytest.approx((wanted.low, wanted.high), rel=1e-9)


def test_one_value_is_held_against_others_as_a_sample_of_one() -> None:
    assert outside(0.8, VALUES) == pytest.approx(ttest_ind([0.8], VALUES, alternative="less").pvalue, rel=1e-9)


def test_of_equal_runs_so_many_are_outside_as_the_level_says() -> None:
    rng = random.Random(5)
    runs = [[rng.gauss(0, 0.1) for _ in range(4)] for _ in range(2_000)]
    found = sum(outside(now, before) <= 0.05 for now, *before in runs) / len(runs)
    assert found == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("test", [mean_below, lambda values, bound: outside(bound, values)])
def test_a_single_value_tells_nothing(test: object) -> None:
    assert callable(test)
    assert test([0.1], 5.0) == 1


def test_values_that_do_not_differ_leave_no_doubt() -> None:
    assert (mean_below([0.5, 0.5], 0.9), mean_below([0.9, 0.9], 0.9), mean_below([1.0, 1.0], 0.9)) == (0, 0.5, 1)
    assert (outside(0.8, [0.9, 0.9]), outside(0.9, [0.9, 0.9]), outside(1.0, [0.9, 0.9])) == (0, 0.5, 1)
    assert interval([2.0]) is None
    assert stdev([0.5, 0.5]) == 0
