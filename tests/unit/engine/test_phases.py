from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.jobs import Job, kept_place
from pytest_llm.engine.phases import Phases
from pytest_llm.engine.places import KEPT, Placed
from pytest_llm.models.reference import ModelRef


def placed(order: str, questions: int = 1) -> list[Placed]:
    """Cells of the server's models a and b, and of another server's x and y, each with its number in the order."""
    return [
        Placed(f"{n}{kind}", ("one" if kind in "ab" else "two", kind, ""), questions)
        for n, kind in enumerate(order)
    ]


def held(phases: Phases, order: str) -> str:
    """The numbers of those that would wait."""
    return "".join(cell.id[:-1] for cell in placed(order) if phases.waits(cell.id))


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
    assert [cell for cell in ("", "another", "1b") if phases.waits(cell)] == ["1b"]


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


ANEW = ["one", "two", "rank", "exchange"]
ACTS = ["gw0", "gw1", "gw2", *ANEW]


def arranged_anew(phases: Phases, cells: Sequence[Placed], number: int, to: str) -> None:
    """A cell is moved to another server; with "rank" those that nobody was given get another order, with "exchange"
    one of them another's server, and that one its.
    """
    cell = cells[number % len(cells)]
    left = [cell.id for cell in cells if not phases.is_given(cell.id)]
    if to == "rank":
        phases.rank(left[number:] + left[:number])
    elif to == "exchange":
        later = [cell.id for cell in cells if cell.id in left and not cell.kept]
        if later and (cell.kept or phases.is_given(cell.id)):
            phases.exchange(cell.id, later[number % len(later)])
    else:
        phases.move([cell.id], (to, cell.group[1], ""))


@settings(max_examples=150, deadline=None)
@given(
    st.text("abxy", min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 7), st.sampled_from(ACTS)), max_size=24),
    st.data(),
)
def test_nobody_waits_for_ever(order: str, acts: list[tuple[int, str]], data: st.DataObject) -> None:
    """Cells are given, taken back and given again to anybody, in any order; each process does one after another.

    In between they are moved to another server, exchanged, and those that nobody was given get another order.
    """
    phases, cells = Phases(), placed(order, data.draw(st.integers(0, 1)))
    phases.arrange(cells)
    queues: dict[str, list[str]] = {"gw0": [], "gw1": [], "gw2": []}

    def act(number: int, to: str) -> None:
        cell = cells[number % len(cells)]
        if to not in queues:
            arranged_anew(phases, cells, number, to)
        else:
            for owner, queue in queues.items():
                if cell.id in queue:
                    queue.remove(cell.id)
                    phases.taken(owner, [cell.id])
            queues[to].append(cell.id)
            phases.given(to, [cell.id])

    for number, to in acts:
        act(number, to)
    while heads := [queue[0] for queue in queues.values() if queue]:
        free = [cell for cell in heads if not phases.waits(cell)]
        assert free, (order, queues)
        for queue in queues.values():
            if free[0] in queue:
                queue.remove(free[0])
        phases.done(free[0])
        act(len(free[0]), data.draw(st.sampled_from(ANEW)))


def graded(order: str) -> list[Placed]:
    """The cells of `placed` before those that a model j of the first server grades; their answers are kept."""
    answers = [
        replace(cell, id=kept_place(cell.id), kept=(Job(f"{cell.id}#0", ChatRequest(ModelRef("", "", ""), ())),))
        for cell in placed(order)
    ]
    return [*answers, *(Placed(cell.id, ("one", "j", ""), 0) for cell in placed(order))]


@settings(max_examples=150, deadline=None)
@given(
    st.text("abxy", min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 11), st.sampled_from(ACTS)), max_size=24),
    st.data(),
)
def test_nobody_waits_for_ever_for_an_answer_that_is_kept(
    order: str, acts: list[tuple[int, str]], data: st.DataObject
) -> None:
    """As above: whose own answers are not there cannot go on."""
    phases, cells = Phases(), graded(order)
    phases.arrange(cells)
    kept = {cell.id: cell for cell in cells if cell.kept}
    phases.given(KEPT, list(kept))
    queues: dict[str, list[str]] = {"gw0": [], "gw1": [], "gw2": []}

    def act(number: int, to: str) -> None:
        cell = cells[number % len(cells)]
        if to not in queues:
            arranged_anew(phases, cells, number, to)
        elif not cell.kept and not any(cell.id in queue for queue in queues.values()):
            queues[to].append(cell.id)
            phases.given(to, [cell.id])

    for number, to in acts:
        act(number, to)
    while any(queues.values()):
        ranks = phases.ranks()
        last = max(ranks[id_] for queue in queues.values() for id_ in queue)
        heads = [queue[0] for queue in queues.values() if queue]
        asked = [place for place in kept if ranks[place] < last or kept[place].kept[0].cell in heads]
        free = [id_ for id_ in (*asked, *heads) if not phases.waits(id_) and kept_place(id_) not in kept]
        assert free, (order, queues)
        if kept.pop(free[0], None):
            phases.asked(free[0], "first")
        else:
            (queue,) = (queue for queue in queues.values() if free[0] in queue)
            queue.remove(free[0])
            phases.done(free[0])
        act(len(free[0]), data.draw(st.sampled_from(ANEW)))


def test_a_slot_is_waited_for_and_what_waits_may_be_moved_to_another_server() -> None:
    async def scene() -> None:
        phases = Phases(lambda _, inside: inside < 1)
        phases.arrange([*placed("aaa"), Placed("3x", ("two", "x", ""))])
        phases.given("", ["0a", "1a", "2a", "3x"])
        turns = [asyncio.ensure_future(phases.turn(f"{n}a", "q")) for n in range(3)]
        await asyncio.sleep(0)
        assert [turn.done() for turn in turns] == [True, False, False]
        assert phases.left() == {"one": placed("aaa")[1:], "two": [Placed("3x", ("two", "x", ""))]}
        assert [phases.movable(f"{n}a") for n in range(3)] == [False, True, True]
        phases.done("3x")
        assert (phases.idle("one"), phases.idle("two")) == (False, True)
        phases.move(["2a"], ("two", "a", ""))
        await asyncio.sleep(0)
        assert turns[2].result() == "two"
        phases.leave("one")
        await asyncio.sleep(0)
        assert turns[1].result() == "one"
        assert phases.idle("two") is False
        phases.leave("two")
        assert phases.idle("two") is True

    asyncio.run(scene())


def test_a_slot_that_nobody_waits_for_is_taken_by_one_that_waits_for_another_server() -> None:
    async def scene() -> None:
        phases = Phases(lambda _, inside: inside < 1)
        cells = [Placed(f"{n}a", (at, "a", ""), 1) for n, at in enumerate(["one", "one", "one", "two", "two"])]
        cells.append(Placed("5b", ("two", "b", "")))
        phases.arrange(cells)
        phases.given("", ["0a", "1a", "2a"])
        turns = [asyncio.ensure_future(phases.turn(f"{n}a", "q", ["one", "two"][: 1 + (n > 1)])) for n in range(3)]
        await asyncio.sleep(0)
        assert (phases.lacking("one"), phases.lacking("two")) == (False, True)
        assert list(phases.waiting("two")) == ["2a"]  # the other may not be asked there
        assert list(phases.waiting("one")) == []
        assert (phases.next("one"), phases.next("two")) == (None, cells[3])
        phases.exchange("2a", "3a")
        await asyncio.sleep(0)
        assert turns[2].result() == "two"
        assert (phases.server("2a"), phases.server("3a")) == ("two", "one")
        assert [cell.id for cell in phases.left()["two"]] == ["4a", "5b"]
        assert [cell.id for cell in phases.left()["one"]] == ["1a", "3a"]
        phases.given("", ["3a", "4a", "5b"])
        assert [cell.id for cell in cells if phases.waits(cell.id)] == ["5b"]  # for what is left of a at its server
        turns[1].cancel()

    asyncio.run(scene())


def test_what_has_come_by_an_exchange_is_before_the_phases_that_follow() -> None:
    phases = Phases()
    cells = [
        Placed(f"{n}{kind}", (at, kind, "")) for n, (at, kind) in enumerate(zip("112211", "aaaabb", strict=True))
    ]
    phases.arrange(cells)
    phases.given("", ["0a"])
    phases.exchange("0a", "2a")
    assert [cell.id for cell in phases.left()["1"]] == ["1a", "2a", "4b", "5b"]


def test_who_is_cancelled_takes_no_slot() -> None:
    async def scene() -> None:
        phases = Phases(lambda _, inside: inside < 1)
        phases.arrange(placed("aa"))
        assert await phases.turn("0a", "q") == "one"
        second = asyncio.ensure_future(phases.turn("1a", "q"))
        await asyncio.sleep(0)
        phases.leave("one")
        second.cancel()  # granted, and not yet told
        await asyncio.sleep(0)
        assert await asyncio.wait_for(phases.turn("0a", "q"), 1) == "one"

    asyncio.run(scene())


def test_a_cell_whose_server_may_not_be_asked_goes_where_least_is_under_way() -> None:
    async def scene() -> None:
        phases = Phases()
        phases.arrange(placed("a"))
        phases.given("", ["0a"])
        assert await phases.turn("0a", "1", ["two", "three"]) == "two"
        assert await phases.turn("0a", "2", ["two", "three"]) == "three"
        assert await phases.turn("0a", "3", ["one", "two"]) == "one"

    asyncio.run(scene())
