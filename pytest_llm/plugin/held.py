"""What a worker of pytest-xdist has under way: its cell, the next, and what else the controller has given it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import pytest

from pytest_llm.engine.jobs import Job
from pytest_llm.engine.remote import RemoteEngine
from pytest_llm.plugin.marks import keeps_from_asking
from pytest_llm.plugin.nodes import PromptItem


class Held:
    """The cells of a run, of which each question is told to the controller's engine once."""

    def __init__(self, engine: RemoteEngine, items: Sequence[pytest.Item]) -> None:
        self._engine = engine
        cells = (item for item in items if isinstance(item, PromptItem) and not keeps_from_asking(item))
        self._cells = {item.nodeid: item for item in cells}
        self._told: set[str] = set()

    def at(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """An item is to run; pytest tells no more than the next, the controller what comes after it."""
        now = [one.nodeid for one in (item, nextitem) if one and one.nodeid in self._cells]
        if now:
            held = self._engine.prefetch(self._fresh(now), now)
            if more := self._fresh(held):
                self._engine.begin(more)
            self._told &= {*now, *held}

    def _fresh(self, ids: Iterable[str]) -> list[Job]:
        cells = [self._cells[id_] for id_ in ids if id_ in self._cells and id_ not in self._told]
        self._told.update(cell.nodeid for cell in cells)
        return list(chain.from_iterable(cell.jobs for cell in cells))
