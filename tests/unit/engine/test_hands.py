"""Threads that take work: whoever waits for what comes of it may let go at any moment."""

from __future__ import annotations

import threading

import pytest

from pytest_llm.engine.hands import Hands


@pytest.mark.parametrize("begun", [True, False])
def test_what_is_wanted_no_more_keeps_nothing_else_from_being_done(begun: bool) -> None:
    hands, reached, gate, done = Hands(1, "hands"), threading.Event(), threading.Event(), list[str]()

    def held() -> None:
        reached.set()
        gate.wait(30)
        done.append("first")

    first, second = hands.do(held), hands.do(lambda: done.append("second"))
    assert reached.wait(30)
    let_go = first if begun else second
    assert let_go.cancel() == (not begun)
    third = hands.do(lambda: done.append("third"))
    gate.set()
    third.result(30)
    assert done == (["first", "second", "third"] if begun else ["first", "third"])
    hands.end(30)
