"""The order of a run's cells."""

from __future__ import annotations

import pytest

from pytest_llm.engine.arranging import Turn, by_load


def turn(written: str) -> Turn:
    """`a`: answered by the model a; `a2`: graded by it, which has the second turn of those that grade."""
    model, turn_ = written[0], int(written[1:] or 0)
    return Turn(written, (("s", model, ""),), 1.0, False, turn_)


@pytest.mark.parametrize(
    ("turns", "there", "order"),
    [
        ("a b c", "", "a b c"),
        ("a b c", "b", "b a c"),
        ("a b j1", "", "a b j1"),
        ("a b a1", "", "b a a1"),  # it grades, and is loaded then
        ("a b c a2 b1", "", "c a b b1 a2"),
        ("a b a1", "a", "b a a1"),
        ("a b a1", "b", "b a a1"),
    ],
)
def test_a_model_that_answers_and_grades_is_loaded_once(turns: str, there: str, order: str) -> None:
    all_ = [turn(one) for one in turns.split()]
    at = {one.id: one.groups[0] for one in all_}
    arranged = by_load(all_, at, 1.0, {("s", model, "") for model in there})
    assert " ".join(one.id for one in arranged) == order
