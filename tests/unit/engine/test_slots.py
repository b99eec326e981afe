"""How many questions at a time a server is found to be worth, in simulated time."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import pytest

from pytest_llm.engine.slots import ROUND, Slots


def asked(slots: Slots, seconds: Callable[[int], float], answers: int, kind: str = "m", now: float = 0.0) -> float:
    """So many answers of 100 tokens, all slots taken at any time; seconds: of an answer beside so many others."""
    flight: list[float] = []
    for _ in range(answers):
        while len(flight) < slots.limit:
            heapq.heappush(flight, now + seconds(len(flight) + 1))
        taken, now = len(flight), heapq.heappop(flight)
        slots.answered(kind, 100, taken, now)
    return now


def parallel(places: int) -> Callable[[int], float]:
    """A server that answers so many at once in a second each, and lets the others wait."""
    return lambda beside: max(1.0, beside / places)


@pytest.mark.parametrize("places", [1, 2, 3, 4, 8])
def test_as_many_as_the_server_answers_at_once(places: int) -> None:
    slots = Slots(0)
    asked(slots, parallel(places), 60 * (places + 1))
    assert slots.limit == places


def test_sixteen_at_most() -> None:
    slots = Slots(0)
    asked(slots, parallel(64), 2000)
    assert slots.limit == 16


def test_one_more_after_eight_answers_that_began_after_the_last_change() -> None:
    slots, limits = Slots(0), []
    for number in range(40):
        slots.answered("m", 100 * slots.limit, slots.limit, float(number))
        limits.append(slots.limit)
    assert [limits.index(limit) for limit in (2, 3)] == [1 + ROUND, 1 + ROUND + 2 + ROUND]


def test_a_busy_server_is_asked_less_and_not_tried_again() -> None:
    slots = Slots(0)
    now = asked(slots, parallel(8), 60)
    assert (before := slots.limit) > 2
    slots.busy()
    asked(slots, parallel(8), 200, now=now)
    assert slots.limit == before - 1
    for _ in range(40):
        slots.busy()
    assert slots.limit == 1


def test_another_model_is_another_question() -> None:
    slots = Slots(0)
    now = asked(slots, parallel(2), 100, "small")
    assert slots.limit == 2
    asked(slots, parallel(5), 300, "large", now)
    assert slots.limit == 5


def test_a_server_that_becomes_slower_the_more_it_is_asked_is_asked_one_at_a_time() -> None:
    slots = Slots(0)
    asked(slots, lambda beside: beside**1.5, 100)
    assert slots.limit == 1


def test_answers_that_came_while_slots_were_free_say_nothing() -> None:
    slots = Slots(0)
    now = asked(slots, parallel(4), 40)
    limit = slots.limit
    for number in range(50):
        slots.answered("m", 100, limit - 1, now + number)
    assert slots.limit == limit > 1


def test_a_number_that_was_said_is_kept() -> None:
    slots = Slots(3)
    asked(slots, parallel(1), 100)
    slots.busy()
    assert slots.limit == 3
