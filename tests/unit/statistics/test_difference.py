"""The interval covers what it should, and the power is what trying shows."""

from __future__ import annotations

import random
from math import sqrt

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from pytest_llm.statistics.difference import interval, power, smallest
from pytest_llm.statistics.exact import Stratum, drop
from tests.unit.statistics.test_exact import strata

FLAKY = (0.97, 0.97, 0.97, 0.9, 0.6, 0.03)


def passes(rng: random.Random, rate: float, asked: int) -> int:
    return sum(rng.random() < rate for _ in range(asked))


def drawn(rng: random.Random, cells: int, before: int, now: int, fall: float) -> list[Stratum]:
    rates = [FLAKY[number % len(FLAKY)] for number in range(cells)]
    return [Stratum(passes(rng, r, before), before, passes(rng, max(0, r - fall), now), now) for r in rates]


def test_for_single_answers_it_is_the_interval_of_bonett_and_price() -> None:
    cells = [Stratum(1, 1, 0, 1)] * 12 + [Stratum(0, 1, 1, 1)] * 3 + [Stratum(1, 1, 1, 1)] * 35
    fell, rose = 13 / 52, 4 / 52
    half = 1.959964 * sqrt((fell + rose - (rose - fell) ** 2) / 52)
    assert interval(cells) == pytest.approx((rose - fell - half, rose - fell + half), abs=1e-6)


@pytest.mark.parametrize(("cells", "before", "now"), [(12, 1, 1), (60, 1, 1), (30, 5, 1), (12, 10, 10)])
def test_the_interval_covers_the_true_difference_as_often_as_it_says(cells: int, before: int, now: int) -> None:
    rng = random.Random(cells)
    truth = sum(max(0, rate - 0.2) - rate for rate in FLAKY) / len(FLAKY)
    held = [
        low <= truth <= high for low, high in (interval(drawn(rng, cells, before, now, 0.2)) for _ in range(300))
    ]
    assert sum(held) / len(held) > 0.92


@given(some.lists(strata(), min_size=1, max_size=20))
@example([Stratum(6, 6, 0, 5)])
@settings(max_examples=50, deadline=None)
def test_the_interval_holds_what_was_seen(cells: list[Stratum]) -> None:
    low, high = interval(cells)
    seen = sum(cell.now / cell.asked_now - cell.before / cell.asked_before for cell in cells) / len(cells)
    assert -1 <= low <= seen + 1e-12
    assert seen - 1e-12 <= high <= 1


@pytest.mark.parametrize(
    ("cells", "before", "now"), [(6, 1, 1), (10, 5, 5), (20, 5, 1), (50, 1, 1), (50, 5, 1), (60, 5, 5)]
)
def test_the_power_is_what_trying_shows(cells: int, before: int, now: int) -> None:
    rng, level = random.Random(cells), 0.005
    tried = [drawn(rng, cells, before, now, 0.2) for _ in range(100)]
    found = sum(drop(cells) <= level for cells in tried) / len(tried)
    said = sum(power(cells, 0.2, level) for cells in tried) / len(tried)
    assert said == pytest.approx(found, abs=0.12)


def test_too_few_answers_find_nothing() -> None:
    assert power([Stratum(1, 1, 1, 1)] * 6, 1.0, 1 / 65) == 0
    assert power([Stratum(1, 1, 1, 1)] * 7, 1.0, 1 / 65) == 1
    assert power([], 0.2, 0.05) == 0
    assert power([Stratum(5, 5, 1, 1)] * 500, 1.0, 0.0) == 0
    assert smallest([Stratum(1, 1, 1, 1)] * 6, 1 / 65, 0.8) is None
    assert smallest([], 0.05, 0.8) is None
    assert smallest([Stratum(0, 5, 0, 5)] * 100, 0.05, 0.8) is None


def test_the_smallest_drop_has_the_power_and_a_smaller_one_has_not() -> None:
    cells = [Stratum(5, 5, 1, 1)] * 40
    found = smallest(cells, 0.01, 0.8)
    assert found is not None
    assert power(cells, found, 0.01) >= 0.8 > power(cells, found - 0.001, 0.01)


def test_the_power_of_a_baseline_of_many_answers_is_told_too() -> None:
    assert 0.98 < power([Stratum(9_000, 10_000, 0, 1_000)], 0.05, 0.01) <= 1
