"""How far two who grade the same things agree, beyond what chance alone would give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence


def unlike(a: float, b: float) -> float:
    """The distance of grades that have no order."""
    return float(a != b)


def quadratic(a: float, b: float) -> float:
    """The distance of grades on a scale, on which two steps apart are four times as far as one."""
    return float((a - b) ** 2)


def cohen_kappa(
    pairs: Sequence[tuple[float, float]], distance: Callable[[float, float], float] = unlike
) -> float | None:
    """Cohen's kappa (1960; weighted, 1968) of (one's grade, the other's); 1 is full agreement, 0 that of chance.

    distance: how much two grades differ, 0 for none. None where it is not defined: nothing was graded, or both gave
    the same one grade throughout, so that chance would have agreed as well.
    """
    ours, theirs = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    by_chance = sum(distance(a, b) * m * n for a, m in ours.items() for b, n in theirs.items())
    if not by_chance:
        return None
    return 1 - len(pairs) * sum(distance(a, b) for a, b in pairs) / by_chance
