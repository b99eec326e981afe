from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llm.engine.phases import Phases, Placed


def placed(order: str, questions: int = 1) -> list[Placed]:
    """Cells of the server's models a and b, and of another server's x and y, each with its number in the order."""
    return [
        Placed(f"{n}{kind}", ("one" if kind in "ab" else "two", kind, ""), questions)
        for n, kind in enumerate(order)
    ]


async def waiting(phases: Phases, cells: Sequence[str]) -> list[str]:
    """Those of the cells whose turn it is not."""
    turns = {cell: asyncio.ensure_future(phases.turn(cell)) for cell in cells}
    await asyncio.sleep(0)
    held = [cell for cell, turn in turns.items() if not turn.done()]
    for turn in turns.values():
        turn.cancel()
    return held


def held(phases: Phases, order: str) -> str:
    """The numbers of those that would wait."""
    return "".join(cell[:-1] for cell in asyncio.run(waiting(phases, [cell.id for cell in placed(order)])))


@pytest.mark.parametrize(
    ("order", "queues", "over", "expected"),
    [
        ("aabb", {"": [0, 1, 2, 3]}, "", "23"),
        ("aabb", {"": [0, 1, 2, 3]}, "0", "23"),
        ("aabb", {"": [0, 1, 2, 3]}, "01", ""),
        ("aabb", {}, "", ""),  # nobody is given anything: nothing to wait for
        ("aabb", {"gw0": [0], "gw1": [1, 2]}, "1", "23"),  # the other process is late
        ("aabb", {"gw0": [0], "gw1": [1, 2]}, "01", ""),
        ("abab", {"gw0": [0, 2], "gw1": [1, 3]}, "", "123"),  # interleaved: each is a phase of its own
        ("abab", {"gw0": [0, 2], "gw1": [1, 3]}, "0", "23"),
        ("abab", {"gw0": [0, 2], "gw1": [1, 3]}, "012", ""),
        ("aabb", {"gw0": [2, 1]}, "0", ""),  # only who waits could do it: as after a crash
        ("aabb", {"gw0": [2, 1], "gw1": [0]}, "", "23"),
        ("axby", {"gw0": [0, 1, 2, 3]}, "", "23"),  # each server has phases of its own
        ("axby", {"gw0": [0, 1, 2, 3]}, "0", "3"),
        ("axby", {"gw0": [0, 1, 2, 3]}, "1", "2"),
        ("axby", {"gw0": [2, 1], "gw1": [3, 0]}, "", ""),  # crosswise: either would wait for the other
    ],
)
@pytest.mark.parametrize("how", ["asked", "done"])
def test_who_waits(order: str, queues: dict[str, list[int]], over: str, expected: str, how: str) -> None:
    phases, cells = Phases(), placed(order)
    phases.arrange(cells)
    for owner, queue in queues.items():
        phases.given(owner, [cells[n].id for n in queue])
    for number in map(int, over):
        phases.asked(cells[number].id, "first") if how == "asked" else phases.done(cells[number].id)
    assert held(phases, order) == expected


def test_what_is_no_cell_and_what_nobody_placed_never_waits() -> None:
    phases = Phases()
    phases.arrange(placed("ab"))
    phases.given("", ["test_x.py::test_y", "0a", "1b"])
    phases.done("test_x.py::test_y")
    assert asyncio.run(waiting(phases, ["", "another", "1b"])) == ["1b"]


@pytest.mark.parametrize(
    ("questions", "asked", "expected"),
    [(2, ["1"], "1"), (2, ["1", "1"], "1"), (2, ["1", "2"], ""), (0, ["1", "2"], "1")],
)
def test_a_cell_that_may_ask_more_is_waited_for(questions: int, asked: list[str], expected: str) -> None:
    phases = Phases()
    phases.arrange(placed("ab", questions))
    phases.given("", ["0a", "1b"])
    for question in asked:
        phases.asked("0a", question)
    assert held(phases, "ab") == expected


@pytest.mark.parametrize(
    "how", [lambda p: p.forget("gw0"), lambda p: p.taken("gw0", ["0a"]), lambda p: p.done("0a")]
)
def test_whoever_waits_is_woken(how: object) -> None:
    async def scene() -> None:
        phases = Phases()
        phases.arrange(placed("ab"))
        phases.given("gw0", ["0a"])
        turn = asyncio.ensure_future(phases.turn("1b"))
        await asyncio.sleep(0)
        assert not turn.done()
        how(phases)  # type: ignore[operator]
        await asyncio.wait_for(turn, 1)

    asyncio.run(scene())


@settings(max_examples=150, deadline=None)
@given(
    st.text("abxy", min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 2)), max_size=24),
    st.data(),
)
def test_nobody_waits_for_ever(order: str, moves: list[tuple[int, int]], data: st.DataObject) -> None:
    """Cells are given, taken back and given again to anybody, in any order; each process does one after another."""
    phases, cells = Phases(), placed(order, data.draw(st.integers(0, 1)))
    phases.arrange(cells)
    queues: dict[str, list[str]] = {"gw0": [], "gw1": [], "gw2": []}
    for number, to in moves:
        id_ = cells[number % len(cells)].id
        for owner, queue in queues.items():
            if id_ in queue:
                queue.remove(id_)
                phases.taken(owner, [id_])
        queues[f"gw{to}"].append(id_)
        phases.given(f"gw{to}", [id_])
    while heads := [queue[0] for queue in queues.values() if queue]:
        free = [cell for cell in heads if cell not in asyncio.run(waiting(phases, heads))]
        assert free, (order, queues)
        for queue in queues.values():
            if free[0] in queue:
                queue.remove(free[0])
        phases.done(free[0])
