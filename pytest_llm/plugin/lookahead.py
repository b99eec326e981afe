"""What a plain run has under way: cells are asked and judged before their items come, so that no server waits."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pytest

from pytest_llm.plugin.marks import keeps_from_asking
from pytest_llm.plugin.nodes import PromptItem
from pytest_llm.verdicts.pipeline import first_jobs

if TYPE_CHECKING:
    from pytest_llm.engine.phases import Placed
    from pytest_llm.plugin.session import LlmSession

HELD = 4  # times the look-ahead: so many verdicts wait at most for the item of a slower server


class LookAhead:
    """The cells of a run in their order, `--llm-ahead` of them under way at most.

    With several servers, so many at each: what is judged counts no more, and its item comes before those that wait
    for another server. items: pytest's list, of which what comes after the next is put into another order.
    """

    def __init__(
        self, state: LlmSession, placed: Sequence[Placed], order: Sequence[PromptItem], items: list[pytest.Item]
    ) -> None:
        self._state, self._engine, self._items = state, state.own_engine, items
        self._window = state.settings.window
        self._lock = threading.Lock()
        self._cells = {item.nodeid: item for item in order if not keeps_from_asking(item)}
        self._kept = {place.id for place in placed if place.kept}  # not yet asked
        self._begun: dict[str, PromptItem] = {}  # in that order, whose items have not come
        self._queues: dict[str, deque[str]] = {}
        self._ranks: Mapping[str, int] = {}
        self._sorted: Mapping[str, int] = self._engine.ranks
        self._position = 0

    def at(self, item: pytest.Item) -> None:
        """An item is to run: what lies behind it is let go, and others are begun."""
        while self._position < len(self._items) and self._items[self._position] is not item:
            over = self._items[self._position]
            self._engine.done(over.nodeid)
            self._state.judging.drop(over.nodeid)
            with self._lock:
                self._cells.pop(over.nodeid, None)
                self._begun.pop(over.nodeid, None)
            self._position += 1
        self._settle_next()
        self.feed(self._items[self._position : self._position + (3 if self._several else 1)])

    def feed(self, now: Sequence[pytest.Item] = ()) -> None:
        """Begin as many cells as each server is to have under way. now: the items that are certain to come next."""
        with self._lock:
            fresh = [(cell, first_jobs(cell.plan, cell.nodeid)) for cell in self._fresh(now)]
            if not fresh:
                return
            self._engine.given([cell.nodeid for cell, _ in fresh])
            self._engine.begin([job for _, jobs in fresh for job in jobs])
        for cell, jobs in fresh:
            self._state.judging.begin(cell, jobs, self.feed if self._several else None)

    @property
    def _several(self) -> bool:
        return len(self._queues) > 1

    def _fresh(self, now: Sequence[pytest.Item]) -> Iterator[PromptItem]:
        self._arrange()
        for item in now:
            if item.nodeid in self._cells and item.nodeid not in self._begun:
                yield self._enter(item.nodeid)
        under_way = Counter(self._engine.server(id_) for id_, item in self._begun.items() if self._counts(item))
        for server, queue in self._queues.items():
            while queue and under_way[server] < self._window and len(self._begun) < self._most:
                id_ = queue.popleft()
                if id_ in self._kept:
                    self._kept.discard(id_)
                    self._engine.keep(id_)
                elif id_ in self._cells and id_ not in self._begun:
                    yield self._enter(id_)
                    under_way[server] += 1

    def _enter(self, id_: str) -> PromptItem:
        self._begun[id_] = self._cells[id_]
        return self._cells[id_]

    @property
    def _most(self) -> int:
        return self._window * len(self._queues) * (HELD if self._several else 1)

    def _counts(self, item: PromptItem) -> bool:
        return not (self._several and self._state.judging.is_judged(item))

    def _arrange(self) -> None:
        """What is still to be begun, by server, in the order as it is now."""
        if self._ranks is self._engine.ranks:
            return
        self._ranks = self._engine.ranks
        self._queues = {}
        left = self._kept | (self._cells.keys() - self._begun.keys())
        for id_ in sorted(left, key=self._ranks.__getitem__):
            self._queues.setdefault(self._engine.server(id_), deque()).append(id_)

    def _settle_next(self) -> None:
        """pytest knows the next item: after it comes one whose verdict is there, or the first in the order."""
        place = self._position + 2
        if not self._several or not self._state.settings.by_load or place >= len(self._items):
            return
        coming, ranks, judging = self._items[place:], self._engine.ranks, self._state.judging
        if ranks is not self._sorted:
            self._sorted = ranks
            cells = sorted((one for one in coming if one.nodeid in ranks), key=lambda one: ranks[one.nodeid])
            given = iter(cells)
            coming = [next(given) if one.nodeid in ranks else one for one in coming]
            self._items[place:] = coming
        known = {item.nodeid for item in self._items[self._position : place]}
        begun = [item for id_, item in list(self._begun.items()) if id_ not in known]
        if ready := next((item for item in begun if judging.is_judged(item)), None):
            self._items.remove(ready)
            self._items.insert(place, ready)
