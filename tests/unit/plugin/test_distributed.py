"""The schedulers: cells go out in the engine's order, and what waits is put into it no oftener than it must."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

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


class Node:
    """A worker, as far as a scheduler knows it."""

    shutting_down = False

    def __init__(self, name: str, config: Any) -> None:
        self.workerinput = {"workerid": name}
        self.gateway, self.config = SimpleNamespace(id=name), config
        self.sent: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.sent += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def run(way: str, ids: list[str], desk: Any, dies: bool = False) -> list[str]:
    """The ids in the order in which two workers run them in turn; one of them may die on the way."""
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
    ran: list[str] = []
    while left := [node for node in nodes if node.sent]:
        for node in left:
            index = node.sent.pop(0)
            ran.append(ids[index])
            scheduler.mark_test_complete(node, index)
        if dies and len(ran) > 20:
            dies = False
            gone = nodes.pop()
            gone.sent.clear()
            ran.append(scheduler.remove_node(gone) or "")
    return ran


def desk(ranks: dict[str, int]) -> Any:
    nothing = lambda *_: None  # noqa: E731
    return SimpleNamespace(ranks=ranks, room=1, given=nothing, taken=nothing)


@pytest.mark.parametrize("way", ["load", "worksteal", "loadscope"])
def test_cells_go_out_in_order_and_are_not_sorted_for_each(way: str) -> None:
    Counted.looks = 0
    ids = [f"f.prompt.yaml::{number}" for number in range(CELLS)]
    ranks = Counted({id_: (7 * place) % CELLS for place, id_ in enumerate(ids)})
    ran = run(way, ids, desk(ranks))
    assert sorted(ran) == sorted(ids)
    places = [ranks[id_] for id_ in ran]
    assert all(abs(place - number) <= 4 for number, place in enumerate(places))
    assert Counted.looks < 10 * CELLS


@pytest.mark.parametrize("way", ["load", "loadscope"])
def test_what_a_dead_worker_had_comes_back_in_order(way: str) -> None:
    ids = [f"f.prompt.yaml::{number}" for number in range(60)]
    ran = run(way, ids, desk({id_: 59 - place for place, id_ in enumerate(ids)}), dies=True)
    assert set(ran) == set(ids)
    assert sorted(ran[-30:], key=ids.index, reverse=True) == ran[-30:]
