"""The exact tests, held against scipy's, against counting in fractions, and against what must hold of any."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from math import comb, prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.stats import binomtest, fisher_exact, hypergeom

from pytest_llm.statistics.exact import Stratum, convolve, drop, fisher, holm, hypergeometric, repeated

CLOSE = 1e-11


@some.composite
def strata(draw: some.DrawFn, most: int = 6) -> Stratum:
    asked_before, asked_now = draw(some.integers(1, most)), draw(some.integers(1, most))
    before, now = draw(some.integers(0, asked_before)), draw(some.integers(0, asked_now))
    return Stratum(before, asked_before, now, asked_now)


def counted(cells: Sequence[Stratum]) -> Fraction:
    """The p value of `drop`, by counting deals in whole numbers."""
    ways = {0: 1}
    for cell in cells:
        passed, asked = cell.before + cell.now, cell.asked_before + cell.asked_now
        dealt = {k: comb(passed, k) * comb(asked - passed, cell.asked_now - k) for k in range(cell.asked_now + 1)}
        sums: dict[int, int] = {}
        for number, one in ways.items():
            for k, other in dealt.items():
                sums[number + k] = sums.get(number + k, 0) + one * other
        ways = sums
    seen = sum(cell.now for cell in cells)
    total = prod(comb(cell.asked_before + cell.asked_now, cell.asked_now) for cell in cells)
    return Fraction(sum(number for k, number in ways.items() if k <= seen), total)


@pytest.mark.parametrize(
    ("passed", "asked", "drawn"),
    [(0, 1, 1), (1, 2, 1), (5, 13, 8), (3, 10, 5), (10, 20, 10), (19, 20, 10), (20, 20, 3), (150, 4000, 2000)],
)
def test_hypergeometric_is_scipys(passed: int, asked: int, drawn: int) -> None:
    found, scipys = hypergeometric(passed, asked, drawn), hypergeom(asked, passed, drawn)
    for place, weight in enumerate(found.weights, found.first):
        assert weight == pytest.approx(scipys.pmf(place), rel=1e-9)
    assert sum(found.weights) == pytest.approx(1, rel=CLOSE)


@pytest.mark.parametrize(
    ("before", "now"), [((5, 5), (0, 8)), ((4, 5), (1, 12)), ((1, 1), (0, 12)), ((3, 7), (6, 9))]
)
def test_fisher_is_scipys(before: tuple[int, int], now: tuple[int, int]) -> None:
    table = [[now[0], now[1] - now[0]], [before[0], before[1] - before[0]]]
    assert fisher(*before, *now) == pytest.approx(fisher_exact(table, alternative="less").pvalue, rel=1e-9)


@pytest.mark.parametrize(("fell", "rose", "same"), [(0, 0, 5), (1, 0, 0), (6, 0, 14), (8, 2, 40), (3, 9, 1)])
def test_with_one_answer_on_each_side_it_is_mcnemars(fell: int, rose: int, same: int) -> None:
    cells = [Stratum(1, 1, 0, 1)] * fell + [Stratum(0, 1, 1, 1)] * rose + [Stratum(1, 1, 1, 1)] * same
    wanted = binomtest(fell, fell + rose, alternative="greater").pvalue if fell + rose else 1.0
    assert drop(cells) == pytest.approx(wanted, rel=CLOSE)


@given(some.lists(strata(), max_size=8))
@settings(max_examples=200, deadline=None)
def test_drop_is_what_counting_the_deals_says(cells: list[Stratum]) -> None:
    assert drop(cells) == pytest.approx(float(counted(cells)), rel=CLOSE)


@pytest.mark.parametrize("number", [50, 200])
def test_drop_is_right_for_many_cells_of_many_answers(number: int) -> None:
    rng = random.Random(number)
    cells = [Stratum(rng.randint(2, 10), 10, rng.randint(0, 10), 10) for _ in range(number)]
    assert drop(cells) == pytest.approx(float(counted(cells)), rel=1e-9)


@given(some.lists(strata(), max_size=6), some.randoms())
@settings(max_examples=100, deadline=None)
def test_neither_order_nor_cells_without_news_change_it(cells: list[Stratum], rng: random.Random) -> None:
    shuffled = [*cells, Stratum(3, 3, 2, 2), Stratum(0, 4, 0, 1), Stratum(0, 0, 1, 3), Stratum(2, 3, 0, 0)]
    rng.shuffle(shuffled)
    assert drop(shuffled) == pytest.approx(drop(cells), rel=CLOSE)


@given(some.lists(strata(), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_one_more_failure_is_never_less_of_a_drop(cells: list[Stratum]) -> None:
    first, *rest = cells
    worse = Stratum(first.before, first.asked_before, max(0, first.now - 1), first.asked_now)
    assert drop([worse, *rest]) <= drop(cells) * (1 + CLOSE)


def test_a_sum_of_many_is_the_sum_of_each() -> None:
    one, total = hypergeometric(3, 8, 4), hypergeometric(0, 1, 1)
    for _ in range(7):
        total = convolve(total, one)
    assert repeated(one, 7).first == total.first
    assert repeated(one, 7).weights == pytest.approx(total.weights, rel=CLOSE)


def test_a_tail_that_is_far_out_is_none() -> None:
    assert drop([Stratum(10, 10, 0, 10)] * 200) < 1e-40
    assert drop([Stratum(10_000, 10_000, 0, 100)]) < 1e-40


@given(some.lists(some.floats(0, 1), max_size=12), some.floats(0.001, 0.5))
def test_holm_goes_on_until_the_first_that_is_not_significant(levels: list[float], alpha: float) -> None:
    rejected = set()
    for rank, place in enumerate(sorted(range(len(levels)), key=levels.__getitem__)):
        if levels[place] * (len(levels) - rank) > alpha:
            break
        rejected.add(place)
    assert {place for place, level in enumerate(holm(levels)) if level <= alpha} == rejected


def test_holm_keeps_the_order_and_never_passes_one() -> None:
    assert holm([0.04, 0.01, 0.03, 0.5]) == pytest.approx((0.09, 0.04, 0.09, 0.5))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()
