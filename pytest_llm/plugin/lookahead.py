"""What a plain run has under way: cells are asked and judged before their items come, so that no server waits."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

import pytest

from pytest_llm.engine.window import Window
from pytest_llm.plugin.judging import judging
from pytest_llm.plugin.nodes import PromptItem
from pytest_llm.plugin.session import LlmSession
from pytest_llm.providers.base import Response

if TYPE_CHECKING:
    from pytest_llm.engine.places import Placed


class LookAhead:
    """The cells of a run in their order, `--llm-ahead` of them under way at most.

    With several servers, so many at each: what is judged counts no more, and its item comes before those that wait
    for another server. items: pytest's list, of which what comes after the next is put into another order.
    """

    def __init__(
        self, state: LlmSession, placed: Sequence[Placed], order: Sequence[PromptItem], items: list[pytest.Item]
    ) -> None:
        self._state, self._engine, self._items = state, state.own_engine, items
        self._judging = judging(state)
        self._lock = threading.Lock()
        asking = {place.id for place in placed if place.asks}
        self._cells = {item.nodeid: item for item in order if item.nodeid in asking}
        kept = [place.id for place in placed if place.kept]
        ranks, server = lambda: self._engine.ranks, self._engine.server
        self._window = Window(state.settings.window, self._cells, kept, ranks, server, self._judging.is_judged)
        self._sorted: Mapping[str, int] = {}
        self._position = 0

    def at(self, item: pytest.Item) -> None:
        """An item is to run: what lies behind it is let go, and others are begun."""
        with self._lock, self._engine.at_once():
            while self._position < len(self._items) and self._items[self._position] is not item:
                self._let_go(self._items[self._position].nodeid)
                self._position += 1
            self._settle_next()
            fresh = self._fresh(self._items[self._position : self._position + (3 if self._window.several else 1)])
        self._judge(fresh)

    def feed(self) -> None:
        """Begin as many cells as each server is to have under way."""
        with self._lock, self._engine.at_once():
            fresh = self._fresh()
        self._judge(fresh)

    def _let_go(self, cell: str) -> None:
        self._engine.done(cell)
        self._engine.abandon(cell)
        self._judging.drop(cell)
        self._window.over(cell)
        self._cells.pop(cell, None)

    def _fresh(self, now: Sequence[pytest.Item] = ()) -> list[tuple[PromptItem, Future[Response]]]:
        """The cells of which the engine is told to begin, each with the first answer that it will get.

        now: the items that are certain to come next.
        """
        begun = list(self._window.fresh([item.nodeid for item in now]))
        for place in begun:
            if place not in self._cells:
                self._engine.keep(place)
        cells = [self._cells[id_] for id_ in begun if id_ in self._cells]
        if cells:
            self._engine.given([cell.nodeid for cell in cells])
        return [(cell, self._engine.begin(cell.jobs)[0]) for cell in cells]

    def _judge(self, fresh: Sequence[tuple[PromptItem, Future[Response]]]) -> None:
        for cell, first in fresh:
            self._judging.begin(cell, first, self.feed if self._window.several else None)

    def _settle_next(self) -> None:
        """pytest knows the next item: after it comes one whose verdict is there, or the first in the order."""
        place = self._position + 2
        if not self._window.several or not self._state.settings.by_load or place >= len(self._items):
            return
        coming, ranks = self._items[place:], self._engine.ranks
        if ranks is not self._sorted:
            self._sorted = ranks
            cells = sorted((one for one in coming if one.nodeid in ranks), key=lambda one: ranks[one.nodeid])
            given = iter(cells)
            coming = [next(given) if one.nodeid in ranks else one for one in coming]
            self._items[place:] = coming
        known = {item.nodeid for item in self._items[self._position : place]}
        begun = [id_ for id_ in list(self._window.begun) if id_ not in known]
        if ready := next((id_ for id_ in begun if self._judging.is_judged(id_)), None):
            self._items.remove(self._cells[ready])
            self._items.insert(place, self._cells[ready])
