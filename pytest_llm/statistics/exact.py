"""Exact one-sided tests of counts: hypergeometric distributions, and their sums over cells.

All probabilities are sums and products of positive floats, so nothing cancels: they are right to about twelve
digits, or to within 1e-40 where a tail is that far out (Fisher 1935; McNemar 1947; Mantel and Haenszel 1959).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import prod
from operator import mul

NEGLIGIBLE = 1e-45  # of the largest weight: what is left out of a tail


@dataclass(frozen=True)
class Weights:
    """A distribution over whole numbers: the probability of `first`, first + 1, …"""

    first: int
    weights: tuple[float, ...]

    def at_most(self, number: int) -> float:
        """The probability of `number` or less."""
        return min(1.0, sum(self.weights[: max(0, number - self.first + 1)]))


@dataclass(frozen=True)
class Stratum:
    """Answers of one cell in two runs: passed and asked, before and now."""

    before: int
    asked_before: int
    now: int
    asked_now: int

    @property
    def deal(self) -> tuple[int, int, int]:
        """What is kept when the answers are dealt out anew: passed and asked in both runs, asked now."""
        return self.before + self.now, self.asked_before + self.asked_now, self.asked_now

    @property
    def tells(self) -> bool:
        """Whether the deals differ: where all answers are alike they do not."""
        passed, asked, drawn = self.deal
        return 0 < passed < asked and 0 < drawn < asked


@lru_cache(4096)
def hypergeometric(passed: int, asked: int, drawn: int) -> Weights:
    """How many of `drawn` answers pass, that are drawn without replacement from `asked` of which `passed` do."""
    failed = asked - passed
    first, last = max(0, drawn - failed), min(drawn, passed)
    mode = min(last, max(first, (drawn + 1) * (passed + 1) // (asked + 2)))
    up = _tail((passed - k) * (drawn - k) / ((k + 1) * (failed - drawn + k + 1)) for k in range(mode, last))
    down = _tail(k * (failed - drawn + k) / ((passed - k + 1) * (drawn - k + 1)) for k in range(mode, first, -1))
    return _whole(mode - len(down), (*reversed(down), 1.0, *up))


def _tail(ratios: Iterable[float]) -> list[float]:
    """The weights on one side of the mode, by the ratio of each to the one before."""
    found: list[float] = []
    for weight in accumulate(ratios, mul):
        if weight < NEGLIGIBLE:
            break
        found.append(weight)
    return found


def _whole(first: int, weights: Sequence[float]) -> Weights:
    """Scaled to a sum of 1, negligible ends left out."""
    least = max(weights) * NEGLIGIBLE
    low = next(i for i, weight in enumerate(weights) if weight >= least)
    high = next(i for i in range(len(weights), 0, -1) if weights[i - 1] >= least)
    total = sum(weights[low:high])
    return Weights(first + low, tuple(weight / total for weight in weights[low:high]))


def convolve(one: Weights, other: Weights) -> Weights:
    """The distribution of the sum of two independent numbers."""
    short, long = sorted((one.weights, other.weights), key=len)
    backwards, pad = short[::-1], (0.0,) * (len(short) - 1)
    padded = pad + long + pad
    found = [sum(map(mul, backwards, padded[i : i + len(short)])) for i in range(len(long) + len(short) - 1)]
    return _whole(one.first + other.first, found)


@lru_cache(1024)
def repeated(one: Weights, times: int) -> Weights:
    """The distribution of the sum of so many independent numbers, all distributed alike."""
    found, square = Weights(0, (1.0,)), one
    while times:
        found = convolve(found, square) if times & 1 else found
        times >>= 1
        square = convolve(square, square) if times else square
    return found


def drop(strata: Iterable[Stratum]) -> float:
    """p of the exact stratified permutation test for fewer passes now than before.

    Within each cell the answers of both runs are dealt out anew, so that each cell keeps its own pass rate; p is
    the share of deals with no more passes now than there were. With one answer on each side it is McNemar's test.
    """
    told = [cell for cell in strata if cell.tells]
    kinds = Counter(cell.deal for cell in told)
    total = Weights(0, (1.0,))
    for deal, times in sorted(kinds.items()):
        total = convolve(total, repeated(hypergeometric(*deal), times))
    return total.at_most(sum(cell.now for cell in told))


def least_drop(strata: Iterable[Stratum]) -> float:
    """The smallest p that `drop` could have, whatever the deal: that of the deal with the fewest passes now."""
    alike = Counter(cell.deal for cell in strata if cell.tells)
    return prod(hypergeometric(*deal).weights[0] ** times for deal, times in alike.items())


def fisher(before: int, asked_before: int, now: int, asked_now: int) -> float:
    """One-sided p of Fisher's exact test for fewer passes now than before."""
    return drop([Stratum(before, asked_before, now, asked_now)])


def holm(levels: Sequence[float]) -> tuple[float, ...]:
    """p values adjusted by Holm's step-down method: each may be held against the level of the whole family."""
    order = sorted(range(len(levels)), key=levels.__getitem__)
    steps = accumulate(((len(order) - rank) * levels[place] for rank, place in enumerate(order)), max)
    found = dict(zip(order, steps, strict=True))
    return tuple(min(1.0, found[place]) for place in range(len(levels)))


def testable(least: Sequence[float], level: float) -> frozenset[int]:
    """The places of the tests that can be significant at all among so many (Tarone 1990).

    least: the smallest p that each could have. It depends on nothing that the test is about, so those that could
    not show a drop whatever happened need not be paid for.
    """
    for number in range(1, len(least) + 1):
        found = frozenset(place for place, p in enumerate(least) if p * number <= level)
        if len(found) <= number:
            return found
    return frozenset()
