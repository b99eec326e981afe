"""Who is asked what, as a pure function of what is to be asked."""

from __future__ import annotations

import pytest

from pytest_llm.engine.order import Group
from pytest_llm.engine.sharing import Pace, Part, Queue, Shares, Work, merged, share, taken


def group(server: str, model: str) -> Group:
    return server, model, ""


def work(model: str, cells: int, servers: str = "AB", begun: str = "", least: float = 0.0) -> Work:
    return Work(tuple(group(server, model) for server in servers), (1.0,) * cells, begun, least)


def said(shares: Shares) -> dict[str, dict[str, int]]:
    """How many cells of each model a server gets."""
    found: dict[str, dict[str, int]] = {}
    for part in shares.parts:
        at = found.setdefault(part.server, {})
        at[part.group[1]] = at.get(part.group[1], 0) + part.end - part.begin
    return found


@pytest.mark.parametrize(
    ("works", "load", "ready", "expected"),
    [
        ([], 1, (), {}),
        ([work("m", 3, "A")], 1, (), {"A": {"m": 3}}),  # no other has it
        ([work("m", 4), work("n", 4)], 1, (), {"A": {"m": 4}, "B": {"n": 4}}),
        ([work("m", 4), work("n", 4)], 1, [group("B", "m")], {"B": {"m": 4}, "A": {"n": 4}}),  # it is there
        ([work("m", 9), work("n", 5), work("o", 4)], 1, (), {"A": {"m": 9}, "B": {"n": 5, "o": 4}}),
        ([work("m", 9), work("n", 4), work("o", 4, "A")], 1, (), {"A": {"m": 9, "o": 4}, "B": {"n": 4}}),
        ([work("m", 20)], 2, (), {"A": {"m": 10}, "B": {"m": 10}}),
        ([work("m", 20)], 30, (), {"A": {"m": 10}, "B": {"m": 10}}),  # both load at once
        ([work("m", 20)], 10, [group("A", "m")], {"A": {"m": 15}, "B": {"m": 5}}),
        ([work("m", 20)], 20, [group("A", "m")], {"A": {"m": 20}}),  # another load takes as long
        ([work("m", 3, "A"), work("n", 4, "AB")], 1, (), {"A": {"m": 3}, "B": {"n": 4}}),
        ([work("m", 1)], 0, (), {"A": {"m": 1}}),  # a cell is whole
        ([work("m", 12, "ABC")], 0, (), {"A": {"m": 4}, "B": {"m": 4}, "C": {"m": 4}}),
        ([work("m", 101, "ABC")], 9, (), {"A": {"m": 34}, "B": {"m": 34}, "C": {"m": 33}}),
        ([work("m", 31, "ABC")], 6, [group("A", "m")], {"A": {"m": 14}, "B": {"m": 8}, "C": {"m": 9}}),
        ([work("m", 31, "ABC")], 20, [group("A", "m")], {"A": {"m": 24}, "B": {"m": 4}, "C": {"m": 3}}),
        ([work("m", 9), work("n", 2, least=6)], 1, (), {"A": {"m": 9}, "B": {"n": 2}}),
        ([work("m", 9, least=9)], 1, (), {"A": {"m": 9}}),  # all are answered at once
    ],
)
def test_who_gets_what(
    works: list[Work], load: float, ready: list[Group], expected: dict[str, dict[str, int]]
) -> None:
    assert said(share(works, load, ready)) == expected


@pytest.mark.parametrize("servers", ["A", "AB", "ABC", "ABCD"])
@pytest.mark.parametrize("sizes", [[1], [25] * 4, [100, 1, 1, 1], [7, 3, 3, 2, 2, 2, 1]])
@pytest.mark.parametrize("load", [0, 1, 5, 50])
def test_every_cell_goes_to_one_server_and_none_is_ready_much_later(
    servers: str, sizes: list[int], load: float
) -> None:
    works = [work(f"m{n}", size, servers) for n, size in enumerate(sizes)]
    shares = share(works, load)
    found = sorted((part.work, cell) for part in shares.parts for cell in range(part.begin, part.end))
    assert found == [(n, cell) for n, size in enumerate(sizes) for cell in range(size)]
    last = max(map(shares.end, servers))
    alone = sum(sizes) + load * len(sizes)
    assert last <= alone
    assert last <= alone / len(servers) + max(sizes) + load


RUNNING = Shares(
    (work("m", 6, begun="A"), work("n", 3), work("o", 2, "A")),
    (Part(0, group("A", "m"), 0, 6), Part(1, group("A", "n"), 0, 3), Part(2, group("A", "o"), 0, 2)),
    load=1,
    ready=(group("A", "m"),),
)


@pytest.mark.parametrize(
    ("left", "load", "expected"),
    [
        ((0, 1, 2), 1, ("n", 0, True)),  # a group that is not begun, whole, though a part of `m` is as good
        ((0,), 1, ("m", 4, False)),  # a part of one that is
        ((0,), 6, None),  # to load it takes as long as the rest
        ((2,), 1, None),  # the other cannot
        ((), 1, None),
    ],
)
def test_what_a_server_takes_that_has_nothing_to_do(
    left: tuple[int, ...], load: float, expected: tuple[str, int, bool] | None
) -> None:
    parts = tuple(part for part in RUNNING.parts if part.work in left)
    move = taken(Shares(RUNNING.works, parts, load, RUNNING.ready), "B")
    assert (move and (move.group[1], move.cut, move.whole)) == expected


@pytest.mark.parametrize(
    ("gone", "slow", "won", "expected"),
    [
        ((), 1, 5, 2),
        ([group("B", "m")], 1, 5, None),  # it would be loaded there a second time
        ([group("B", "n")], 1, 5, 2),
        ((), 9, 5, None),  # it takes nine times as long there
        ((), 1, 1.05, None),  # a load wins next to nothing
    ],
)
def test_what_speaks_against_another_load(gone: list[Group], slow: float, won: float, expected: int | None) -> None:
    """A server has six cells left; another one with nothing to do loads for so many seconds less than these."""
    part = Part(0, group("A", "m"), 0, 6)
    factor = {"A": 1.0, "B": slow}
    shares = Shares(
        RUNNING.works, (part,), 6 - won, RUNNING.ready, gone=gone, factor=lambda group: factor[group[0]]
    )
    move = taken(shares, "B")
    assert (move and 6 - move.cut) == expected


A = [("a0", group("A", "m"), 2.0), ("a1", group("A", "m"), 2.0), ("a2", group("A", "n"), 2.0)]
B = [(f"b{n}", group("B", "m"), 1.0) for n in range(4)]


@pytest.mark.parametrize(
    ("queues", "expected"),
    [
        ([], ""),
        ([Queue(A)], "a0 a1 a2"),
        ([Queue(A), Queue(B)], "a0 b0 b1 b2 a1 a2 b3"),  # the first of a group when its load begins
        ([Queue(A, loaded=group("A", "m")), Queue(B)], "b0 a0 b1 a1 a2 b2 b3"),
        ([Queue(A, 1.5), Queue(B)], "b0 a0 b1 b2 b3 a1 a2"),
        ([Queue(B, loaded=group("B", "m")), Queue(A)], "a0 b0 b1 b2 b3 a1 a2"),
    ],
)
def test_the_cells_of_all_servers_by_when_they_would_be_answered(queues: list[Queue], expected: str) -> None:
    assert " ".join(merged(queues, load=1)) == expected


def test_what_was_seen_mends_what_was_estimated() -> None:
    pace, seen, other = Pace(), group("A", "m"), group("A", "n")
    assert (pace.factor(seen), pace.load(10)) == (1, 10)
    pace.saw(seen, 10, 1)
    assert (pace.factor(seen), pace.factor(group("B", "m")), pace.factor(other)) == (0.1, 0.1, 0.1)
    assert pace.load(10) == 1
    pace.saw(other, 10, 5)
    pace.loaded(2)
    pace.loaded(4)
    assert (pace.factor(seen), pace.factor(other), pace.load(10)) == (0.1, 0.5, 3)


def test_what_a_server_takes_beside_the_others_counts_for_what_it_was_not_asked() -> None:
    pace = Pace()
    pace.saw(group("A", "m"), 10, 10)
    pace.saw(group("A", "n"), 10, 20)
    assert pace.factor(group("B", "n")) == 2
    pace.saw(group("B", "m"), 30, 90)  # all in all 120 for 50, this server 90 for 30
    assert pace.factor(group("B", "m")) == 3
    assert pace.factor(group("B", "n")) == 2 * (90 / 30) / (120 / 50)
