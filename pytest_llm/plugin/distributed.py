"""pytest-xdist: one engine in the controller, and the cells handed out in its order."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import ceil
from typing import Any

import pytest
from xdist import scheduler

from pytest_llm.engine.desk import Desk
from pytest_llm.plugin.files import NAMED, named
from pytest_llm.plugin.session import ADDRESS, CHANGES, RUN_ID, session
from pytest_llm.plugin.telling import TELLS

DESK = pytest.StashKey[Desk]()

FAILURES = pytest.StashKey[int]()
SERVED = pytest.StashKey[tuple[str, int, str]]()
TELLER = pytest.StashKey[str]()  # the worker that tells what all of them collect
TOLD = pytest.StashKey[bool]()  # it has done so


def configure_node(node: Any) -> None:
    """Tell a worker where the engine is."""
    config: pytest.Config = node.config
    node.workerinput[TELLS] = config.stash.setdefault(TELLER, _name(node)) == _name(node)
    if SERVED not in config.stash:
        config.stash[DESK] = desk = Desk(session(config).start_engine)
        config.stash[SERVED] = desk.open()
        config.add_cleanup(desk.close)
    node.workerinput[ADDRESS] = config.stash[SERVED]
    node.workerinput[RUN_ID] = session(config).run_id
    node.workerinput[NAMED] = named(config)
    if changed := config.pluginmanager.get_plugin("llm_changed"):
        node.workerinput[CHANGES] = changed.handed_on()


def told(node: Any) -> None:
    """A worker has collected, and told what is to be told of that, if it is the one."""
    if node.workerinput[TELLS]:
        node.config.stash[TOLD] = True


def collected(node: Any) -> None:
    """A worker knows its items: the first to come after the order was settled begins the record.

    The one that settles it does so before it says that it has collected, and nothing runs before all have said so.
    """
    config: pytest.Config = node.config
    from pytest_llm.plugin import recording

    begun = config.pluginmanager.hasplugin(recording.NAME)
    if begun or config.option.collectonly or not settled(config):
        return
    if complaint := config.stash[DESK].complaint:
        raise pytest.UsageError(complaint)
    if gate := config.pluginmanager.get_plugin("llm_gate"):
        gate.read()
        config.stash[DESK].past = gate.past
    recording.begin(config, config.stash[DESK].header)


def settled(config: pytest.Config) -> bool:
    """Whether a worker has told what is asked in this run."""
    desk = config.stash.get(DESK, None)
    return desk is not None and desk.settled


def node_down(node: Any) -> None:
    """A worker has gone: what it wanted or was checking no longer counts. The next to come tells in its place."""
    config: pytest.Config = node.config
    if desk := config.stash.get(DESK, None):
        desk.forget(_name(node))
    if config.stash.get(TELLER, "") == _name(node) and not config.stash.get(TOLD, False):
        del config.stash[TELLER]


def reported(config: pytest.Config, report: pytest.TestReport) -> None:
    """What a worker says of an item: a cell's last word but for its teardown lets others go on."""
    if report.failed:
        _failed(config)
    desk = config.stash.get(DESK, None)
    if desk and report.when != "teardown" and (report.when != "setup" or not report.passed):
        desk.done(report.nodeid)


def _failed(config: pytest.Config) -> None:
    """From the last failure that is borne on (`-x`), no other worker waits for its answer."""
    config.stash[FAILURES] = config.stash.get(FAILURES, 0) + 1
    desk = config.stash.get(DESK, None)
    if desk and config.stash[FAILURES] == config.getoption("maxfail"):
        desk.stop()


def finish(config: pytest.Config) -> None:
    """Let go of what is still asked for, before xdist waits for workers that wait for it."""
    desk = config.stash.get(DESK, None)
    if desk:
        desk.close()


def _name(node: Any) -> str:
    name: str = node.workerinput["workerid"]
    return name


class _Pace:
    """How quick the last cells were. To hand out one at a time costs more than a quick one takes."""

    _AHEAD = 0.1  # seconds of work that a worker may have besides: nobody sees by how much another ends sooner
    _MOST = 8  # of 4, 8 and 16 the cheapest: what waits is looked through for each answer

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=8)

    def done(self, seconds: float) -> None:
        self._last.append(seconds)

    @property
    def more(self) -> int:
        """How many more cells a worker is to get at a time; 0 where one of the last was slow."""
        known = len(self._last) == self._last.maxlen
        return min(self._MOST, int(self._AHEAD / max(*self._last, 1e-6))) if known else 0


# A worker that has just died is told of by xdist a moment later, which gives others what it was sent in between.
_unless_dead = suppress(OSError)


class _Ranked:
    """What the schedulers below share: the places of the cells, by id; what is no cell comes before them."""

    config: pytest.Config
    nodes: list[Any]
    _left: tuple[Mapping[str, int], int] = ({}, 0)

    def _is_sorted(self, ranks: Mapping[str, int], waiting: int) -> bool:
        """Whether what waits is what was left, and the order still that one: to sort it anew for each cell would
        cost the square of their number.
        """
        return self._left[0] is ranks and self._left[1] == waiting

    @property
    def ranks(self) -> Mapping[str, int]:
        return desk.ranks if (desk := self.desk) else {}

    @property
    def desk(self) -> Desk | None:
        return self.config.stash.get(DESK, None)

    @property
    def hold(self) -> int:
        """How many cells a worker has at least: one that it waits for or judges, and one that is on its way to it.

        Of each further question that the servers are asked at a time, its part: that one, and the next.
        """
        room = max(1, desk.room) if (desk := self.desk) else 1
        return 2 + 2 * (room - 1) // len(self.nodes)

    def _give(self, node: Any, ids: Sequence[str]) -> None:
        """Tell the engine who runs what, before the worker knows."""
        if self.desk:
            self.desk.given(list(ids), _name(node))


class _InOrder(_Ranked):
    """Hands out the cells in the engine's order, to each worker as many as it is to hold."""

    collection: list[str]
    pending: list[int]
    node2pending: Mapping[Any, Sequence[int]]

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)  # type: ignore[call-arg]
        self._pace = _Pace()

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        if self.collection[item_index] in self.ranks:
            self._pace.done(duration)
        super().mark_test_complete(node, item_index, duration)  # type: ignore[misc]

    def _room(self, node: Any) -> int:
        """How many more a worker is to get: of the last ones no more than its part."""
        held, part = len(self.node2pending[node]), ceil(len(self.pending) / len(self.nodes))
        return min(self.hold - held + self._pace.more, max(2 - held, part)) if held < self.hold else 0

    def _last_ones(self, node: Any) -> int:
        """How many it gets where few are left: one, and two who holds none, which would run none of one, where all
        can have these."""
        wanted = sum(max(0, 2 - len(held)) for held in self.node2pending.values())
        return max(1, 2 - len(self.node2pending[node])) if wanted <= len(self.pending) else 1

    def _send_tests(self, node: Any, num: int) -> None:
        if ranks := self.ranks:
            if not self._is_sorted(ranks, len(self.pending)):
                self.pending.sort(key=lambda index: ranks.get(self.collection[index], -1))
            few = len(self.pending) < 2 * len(self.nodes)
            num = min(num, self._last_ones(node)) if few else max(0, self._room(node))
            if num == 0:
                return
            self._give(node, [self.collection[index] for index in self.pending[:num]])
        with _unless_dead:
            super()._send_tests(node, num)  # type: ignore[misc]
        self._left = ranks, len(self.pending)

    def _fill(self, node: Any) -> None:
        if self.pending and not node.shutting_down and (room := self._room(node)) > 0:
            self._send_tests(node, room)


class _Filling(_InOrder):
    """As above, where a worker that has ended a test gets others."""

    def check_schedule(self, node: Any, duration: float = 0) -> None:
        if self.pending and self.ranks:
            self._fill(node)
        else:
            super().check_schedule(node, duration)  # type: ignore[misc]


class _Stealing(_InOrder):
    """As above where a worker gives back what it has not begun."""

    def check_schedule(self) -> None:
        if self.ranks:
            for node in self.nodes:
                self._fill(node)
        with _unless_dead:
            super().check_schedule()  # type: ignore[misc]

    def remove_pending_tests_from_node(self, node: Any, indices: Sequence[int]) -> None:
        if self.ranks and self.desk:
            self.desk.taken([self.collection[index] for index in indices], _name(node))
        super().remove_pending_tests_from_node(node, indices)  # type: ignore[misc]


class _InScopes(_Ranked):
    """As above where tests go out by file, class or group: a cell is a scope of its own."""

    collection: list[str]
    workqueue: OrderedDict[str, Any]
    registered_collections: Mapping[Any, Sequence[str]]
    assigned_work: Mapping[Any, Any]

    def _split_scope(self, nodeid: str) -> str:
        scope: str = nodeid if nodeid in self.ranks else super()._split_scope(nodeid)  # type: ignore[misc]
        return scope

    def _assign_work_unit(self, node: Any) -> None:
        if ranks := self.ranks:
            if not self._is_sorted(ranks, len(self.workqueue)):
                units = sorted(self.workqueue.items(), key=lambda unit: ranks.get(unit[0], -1))
                self.workqueue = OrderedDict(units)
            self._give(node, list(next(iter(self.workqueue.values()))))
        with _unless_dead:
            super()._assign_work_unit(node)  # type: ignore[misc]
        self._left = ranks, len(self.workqueue)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        super().mark_test_complete(node, item_index, duration)  # type: ignore[misc]
        if (cell := self.collection[item_index]) in self.ranks:
            del self.assigned_work[node][cell]  # for each cell all of these are counted

    def remove_node(self, node: Any) -> str | None:
        """A cell that its worker did not survive is not given to another one."""
        work = self.assigned_work[node]
        begun = next((scope for scope, ids in work.items() if not all(ids.values())), None)
        died = work.pop(begun) if begun in self.ranks else None
        crashed: str | None = super().remove_node(node)  # type: ignore[misc]
        return begun if died else crashed

    def _reschedule(self, node: Any) -> None:
        if node not in self.registered_collections:  # it has come in a dead one's place, and collects
            return
        super()._reschedule(node)  # type: ignore[misc]
        while self.ranks and not node.shutting_down and self._room(node) > 0:
            self._assign_work_unit(node)

    def _room(self, node: Any) -> int:
        held: int = self._pending_of(self.assigned_work[node])  # type: ignore[attr-defined]
        return min(self.hold - held, len(self.workqueue) // len(self.nodes))


class _Refused(_Ranked):
    """Where every worker runs everything."""

    def schedule(self) -> None:
        if self.ranks:
            raise pytest.UsageError("--dist each would ask every cell once a worker: use --dist load")
        super().schedule()  # type: ignore[misc]


SCHEDULERS = {
    name: type(f"Cell{kind.__name__}", (way, kind), {})
    for name, way, kind in (
        ("load", _Filling, scheduler.LoadScheduling),
        ("worksteal", _Stealing, scheduler.WorkStealingScheduling),
        ("loadscope", _InScopes, scheduler.LoadScopeScheduling),
        ("loadfile", _InScopes, scheduler.LoadFileScheduling),
        ("loadgroup", _InScopes, scheduler.LoadGroupScheduling),
        ("each", _Refused, scheduler.EachScheduling),
    )
}


def make_scheduler(config: pytest.Config, log: Any) -> object:
    """The scheduler that `--dist` names, with the cells in order; None for one that another plugin brings."""
    kind = SCHEDULERS.get(config.getvalue("dist"))
    return kind(config, log) if kind else None
