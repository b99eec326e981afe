"""How heavy a page is, and how often it is drawn then."""

from __future__ import annotations

import itertools

import pytest

from pytest_llm.browsers.chromium.frames import Weight


@pytest.mark.parametrize(
    ("pieces", "levels", "too_much"),
    [
        ([0.05] * 12, [0] * 12, False),
        ([0.2] * 12, [0] * 6 + [1] * 5 + [2], False),  # half of the two seconds, and more than all of them
        ([3.0, 0.05, 0.05], [0, 0, 0], False),  # it worked something out first
        ([3.0, 3.0, 3.0], [0, 2, 2], False),
        ([3.0] * 6, [0, 2, 2, 2, 2, 2], True),
    ],
)
def test_a_page_that_uses_more_is_shown_less(pieces: list[float], levels: list[int], too_much: bool) -> None:
    used = iter([0.0, *itertools.accumulate(pieces), sum(pieces)])
    weight = Weight(lambda: next(used), 2.0, 5.0)
    assert [weight.settle() for _ in pieces] == levels
    assert weight.too_much() is too_much
