"""What a plain run has under way: cells are asked and judged before their items come, so that no server waits."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_llm.engine.window import Window
from pytest_llm.plugin.judging import judging
from pytest_llm.plugin.nodes import PromptItem
from pytest_llm.plugin.ordering import is_grouped
from pytest_llm.plugin.session import LlmSession
from pytest_llm.verdicts.verdict import Verdict

if TYPE_CHECKING:
    from pytest_llm.engine.places import Placed

LARGE = 100_000  # characters of prompts and answers: so many more are held in memory as one more verdict


class LookAhead:
    """The cells of a run in their order, as many of them under way as keep each server and the checks busy.

    A slow one holds up no others: their verdicts wait for their turns, `--llm-ahead` at most; with several servers
    they come before what waits for another server. items: pytest's list, of which what comes after the next is put
    into another order.
    """

    def __init__(
        self, state: LlmSession, placed: Sequence[Placed], order: Sequence[PromptItem], items: list[pytest.Item]
    ) -> None:
        self._grouped, self._engine, self._items = is_grouped(state), state.own_engine, items
        self._judging = judging(state)
        self._lock = threading.Lock()
        asking = {place.id for place in placed if place.asks}
        self._cells = {item.nodeid: item for item in order if item.nodeid in asking}
        kept = [place.id for place in placed if place.kept]
        ranks, server = lambda: self._engine.ranks, self._engine.server
        most, held = state.settings.under_way, state.settings.held
        self._window = Window(most, held, self._cells, kept, ranks, server)
        self._sorted: Mapping[str, int] = {}
        self._position = 0

    def at(self, item: pytest.Item) -> None:
        """An item is to run: what lies behind it is let go, and others are begun."""
        with self._lock, self._engine.at_once():
            while self._position < len(self._items) and self._items[self._position] is not item:
                self._let_go(self._items[self._position].nodeid)
                self._position += 1
            self._settle_next()
            self._begin(self._items[self._position : self._position + (3 if self._window.several else 1)])

    def _judged(self, cell: str, verdict: Future[Verdict]) -> None:
        """The verdict of a cell is there: another is begun in its place."""
        large = 0 if verdict.exception() else verdict.result().size // LARGE
        with self._lock, self._engine.at_once():
            self._window.judge(cell, 1 + large)
            self._begin()

    def _let_go(self, cell: str) -> None:
        self._engine.done(cell)
        self._engine.abandon(cell)
        self._judging.drop(cell)
        self._window.over(cell)
        self._cells.pop(cell, None)

    def _begin(self, now: Sequence[pytest.Item] = ()) -> None:
        """Tell the engine which cells to begin, and have each judged from its first answer on.

        now: the items that are certain to come next.
        """
        begun = list(self._window.fresh([item.nodeid for item in now]))
        for place in begun:
            if place not in self._cells:
                self._engine.keep(place)
        cells = [self._cells[id_] for id_ in begun if id_ in self._cells]
        if cells:
            self._engine.given([cell.nodeid for cell in cells])
        for cell in cells:
            first = self._engine.begin(cell.jobs)[0]
            self._judging.begin(cell, first, partial(self._judged, cell.nodeid))

    def _settle_next(self) -> None:
        """pytest knows the next item: after it comes one whose verdict is there, or the first in the order."""
        place = self._position + 2
        if not self._window.several or not self._grouped or place >= len(self._items):
            return
        coming, ranks = self._items[place:], self._engine.ranks
        if ranks is not self._sorted:
            self._sorted = ranks
            cells = sorted((one for one in coming if one.nodeid in ranks), key=lambda one: ranks[one.nodeid])
            given = iter(cells)
            coming = [next(given) if one.nodeid in ranks else one for one in coming]
            self._items[place:] = coming
        known = {item.nodeid for item in self._items[self._position : place]}
        if ready := next((id_ for id_ in self._window.judged if id_ not in known), None):
            self._items.remove(self._cells[ready])
            self._items.insert(place, self._cells[ready])
