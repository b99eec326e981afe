from __future__ import annotations

import pytest

from pytest_llm.statistics.agreement import cohen_kappa, quadratic


def pairs(table: list[list[int]]) -> list[tuple[float, float]]:
    """From how often the one gave the row's grade and the other the column's."""
    return [(a, b) for a, row in enumerate(table) for b, count in enumerate(row) for _ in range(count)]


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        ([[20, 5], [10, 15]], 0.4),  # the usual example of 50 applications and two readers
        ([[45, 15], [25, 15]], 0.1304),
        ([[25, 35], [5, 35]], 0.2593),
        ([[10, 0], [0, 10]], 1.0),
        ([[0, 10], [10, 0]], -1.0),
        ([[5, 5], [5, 5]], 0.0),
        ([[9, 0], [1, 0]], 0.0),  # one of them never says the second grade: no more than chance
        ([[10, 0], [0, 0]], None),  # both always say the same: chance would agree as well
        ([], None),
        ([[0, 0], [1, 0]], 0.0),
    ],
)
def test_kappa(table: list[list[int]], kappa: float | None) -> None:
    found = cohen_kappa(pairs(table))
    assert found is None if kappa is None else found == pytest.approx(kappa, abs=5e-5)


@pytest.mark.parametrize(
    ("graded", "kappa"),
    [
        ([(1, 1), (2, 2), (3, 3)], 1.0),
        ([(1, 3), (3, 1)], -1.0),
        ([(1, 2), (2, 2), (3, 3), (4, 4), (5, 5)], 0.9412),  # one step apart costs little
        ([(1, 5), (2, 2), (3, 3), (4, 4), (5, 5)], 0.2),
        ([(3, 3), (3, 3)], None),
    ],
)
def test_kappa_of_grades_on_a_scale(graded: list[tuple[float, float]], kappa: float | None) -> None:
    found = cohen_kappa(graded, quadratic)
    assert found is None if kappa is None else found == pytest.approx(kappa, abs=5e-5)
