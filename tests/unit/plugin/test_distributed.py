"""The schedulers: cells go out in the engine's order, and what waits is put into it no oftener than it must."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from xdist.remote import Producer

from pytest_llm.plugin.distributed import DESK, SCHEDULERS

CELLS = 400


class Counted(dict[str, int]):
    """Places that count how often they are looked at."""

    looks = 0

    def get(self, key: str, default: Any = None) -> Any:
        Counted.looks += 1
        return super().get(key, default)


class Run(NamedTuple):
    """The ids in the order in which they were run, the one that was begun and not ended, how many messages that
    took, and the most cells that a worker had before it.
    """

    ran: list[str]
    crashed: str
    messages: int
    most: int


class Node:
    """A worker, as far as a scheduler knows it."""

    shutting_down = False
    dead = False

    def __init__(self, name: str, config: Any) -> None:
        self.workerinput = {"workerid": name}
        self.gateway, self.config = SimpleNamespace(id=name), config
        self.sent: list[int] = []
        self.messages = 0

    def send_runtest_some(self, indices: list[int]) -> None:
        if self.dead:
            raise OSError("cannot send (already closed?)")
        self.sent += indices
        self.messages += 1

    def send_steal(self, indices: list[int]) -> None:
        if self.dead:
            raise OSError("cannot send (already closed?)")

    def shutdown(self) -> None:
        self.shutting_down = True


def begun(way: str, ids: list[str], desk: Any) -> tuple[Any, list[Node]]:
    """A scheduler that has handed out the first cells, and its two workers."""
    stash = pytest.Stash()
    stash[DESK] = desk
    values = {"maxschedchunk": None, "tx": ["a", "b"], "loadscopereorder": True, "dist": way}
    config: Any = SimpleNamespace(stash=stash, getvalue=values.get, getoption=lambda name, default=None: default)
    config.option = SimpleNamespace(loadscopereorder=True)
    kind: Any = SCHEDULERS[way]
    scheduler = kind(config, Producer("scheduler", enabled=False))
    nodes = [Node(name, config) for name in ("gw0", "gw1")]
    for node in nodes:
        scheduler.add_node(node)
        scheduler.add_node_collection(node, ids)
    scheduler.schedule()
    return scheduler, nodes


def run(way: str, ids: list[str], desk: Any, seconds: float = 1.0, dies: bool = False) -> Run:
    """Two workers run them in turn, each cell in so many seconds; one of them may die on the way."""
    scheduler, nodes = begun(way, ids, desk)
    ran, crashed, most = list[str](), "", 0
    while left := [node for node in nodes if node.sent]:
        for node in left:
            index = node.sent.pop(0)
            ran.append(ids[index])
            scheduler.mark_test_complete(node, index, seconds if ids[index] in desk.ranks else 0.001)
            most = max(most, *(sum(ids[one] in desk.ranks for one in node.sent) for node in nodes))
        if dies and len(ran) > 20:
            dies = False
            gone = nodes.pop()
            gone.dead = True  # its last report comes before the news of that
            index = gone.sent.pop(0)
            ran.append(ids[index])
            scheduler.mark_test_complete(gone, index, seconds)
            crashed = scheduler.remove_node(gone)
            assert crashed == ids[gone.sent[0]]
            gone.sent.clear()
    return Run(ran, crashed, sum(node.messages for node in nodes), most)


def desk(ranks: dict[str, int]) -> Any:
    def given(ids: list[str], owner: str) -> None:
        assert ids, "nobody is told of nothing"

    return SimpleNamespace(ranks=ranks, room=1, given=given, taken=lambda *_: None)


@pytest.mark.parametrize("way", ["load", "worksteal", "loadscope"])
def test_cells_go_out_in_order_and_are_not_sorted_for_each(way: str) -> None:
    Counted.looks = 0
    ids = [f"f.prompt.yaml::{number}" for number in range(CELLS)]
    ranks = Counted({id_: (7 * place) % CELLS for place, id_ in enumerate(ids)})
    ran = run(way, ids, desk(ranks)).ran
    assert sorted(ran) == sorted(ids)
    places = [ranks[id_] for id_ in ran]
    assert all(abs(place - number) <= 4 for number, place in enumerate(places))
    assert Counted.looks < 10 * CELLS


@pytest.mark.parametrize(
    ("way", "cells", "held"),
    [
        ("load", 3, [2, 1]),
        ("load", 4, [2, 2]),
        ("load", 5, [2, 2]),
        ("worksteal", 2, [1, 1]),
        ("worksteal", 4, [2, 2]),
        ("worksteal", 5, [2, 2]),
        ("loadscope", 4, [2, 2]),
    ],
)
def test_of_few_cells_each_worker_gets_some_that_it_can_begin(way: str, cells: int, held: list[int]) -> None:
    """One that has a single cell waits for the next, or for the news that there is none."""
    ids = [f"f.prompt.yaml::{number}" for number in range(cells)]
    _, nodes = begun(way, ids, desk({id_: place for place, id_ in enumerate(ids)}))
    assert [len(node.sent) for node in nodes] == held


@pytest.mark.parametrize("way", ["load", "worksteal", "loadscope"])
def test_what_a_dead_worker_had_comes_back_in_order(way: str) -> None:
    ids = [f"f.prompt.yaml::{number}" for number in range(60)]
    ran, crashed, *_ = run(way, ids, desk({id_: 59 - place for place, id_ in enumerate(ids)}), dies=True)
    assert sorted([*ran, crashed]) == sorted(ids)
    assert sorted(ran[-30:], key=ids.index, reverse=True) == ran[-30:]


@pytest.mark.parametrize("way", ["load", "worksteal", "loadscope"])
def test_both_workers_die_and_one_that_comes_in_their_place_has_not_collected_yet(way: str) -> None:
    ids = [f"f.prompt.yaml::{number}" for number in range(20)]
    scheduler, nodes = begun(way, ids, desk({id_: place for place, id_ in enumerate(ids)}))
    crashed, config = [], nodes[0].config
    for node in nodes:
        crashed.append(scheduler.remove_node(node))
        scheduler.add_node(Node(f"after {node.gateway.id}", config))
    news = list(scheduler.nodes)
    for node in news:
        scheduler.add_node_collection(node, ids)
        scheduler.schedule()
    ran = list[str]()
    while left := [node for node in news if node.sent]:
        for node in left:
            ran.append(ids[index := node.sent.pop(0)])
            scheduler.mark_test_complete(node, index, 1.0)
    assert sorted([*ran, *crashed]) == sorted(ids)


@pytest.mark.parametrize("way", ["load", "worksteal"])
@pytest.mark.parametrize(
    ("seconds", "messages", "most"), [(0.001, CELLS // 6, 11), (0.04, CELLS // 2, 5), (0.2, CELLS, 2)]
)
def test_quick_cells_go_out_several_at_a_time(way: str, seconds: float, messages: int, most: int) -> None:
    ids = [f"f.prompt.yaml::{number}" for number in range(CELLS)]
    found = run(way, ids, desk({id_: place for place, id_ in enumerate(ids)}), seconds)
    assert sorted(found.ran) == sorted(ids)
    assert found.messages <= messages
    assert found.most <= most


@pytest.mark.parametrize("way", ["load", "worksteal"])
def test_quick_tests_do_not_make_slow_cells_go_out_together(way: str) -> None:
    tests, cells = [f"test_a.py::{number}" for number in range(100)], [f"f.prompt.yaml::{n}" for n in range(20)]
    found = run(way, [*tests, *cells], desk({id_: place for place, id_ in enumerate(cells)}), 0.2)
    assert sorted(found.ran) == sorted([*tests, *cells])
    assert found.most == 2
