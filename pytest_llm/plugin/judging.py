"""Cells that come next are judged beside the tests' thread: their items only collect their verdicts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import pytest

from pytest_llm.engine.hands import Hands
from pytest_llm.engine.jobs import Job, checking
from pytest_llm.errors import RunStopped
from pytest_llm.plugin.cell_item import CellItem
from pytest_llm.plugin.session import LlmSession
from pytest_llm.providers.base import Response
from pytest_llm.verdicts import pipeline
from pytest_llm.verdicts.judge import Place
from pytest_llm.verdicts.verdict import Verdict

MOST_SERVERS = 64  # threads are started as they are needed
ENDING = 1.0  # seconds for what is still being judged when the run has ended: nobody wants it any more


class Judging:
    """The cells of a run that have been begun ahead of their items, `--llm-ahead` at most.

    From its first answer on each is judged in a thread of its own, and asks there what comes of that; checks run in
    as many of them at a time as there are `--llm-check-slots`.
    """

    def __init__(self, state: LlmSession) -> None:
        self._state = state
        self._hands = Hands(state.settings.under_way * MOST_SERVERS, "pytest-llm-judging")
        self._room = threading.Semaphore(state.settings.check_slots)
        self._begun: dict[str, Future[Verdict]] = {}

    def begin(self, item: CellItem, first: Future[Response], then: Callable[[Future[Verdict]], None]) -> None:
        """Start on a cell, where that has not been done and its checks may run in any thread.

        first: the answer to the first of its jobs. then: called with its verdict, in the thread that judged it.
        """
        if item.nodeid in self._begun or item.plan.main_thread:
            return
        judged: Future[Verdict] = Future()
        self._begun[item.nodeid] = judged
        work = partial(self._verdict, item, self._busy, item.jobs)
        first.add_done_callback(partial(self._judge, work, judged, then))

    def _judge(
        self,
        work: Callable[[], Verdict],
        judged: Future[Verdict],
        then: Callable[[Future[Verdict]], None],
        first: Future[Response],
    ) -> None:
        """A cell's first answer is there, or will never be."""
        if first.cancelled():
            judged.set_exception(RunStopped())
            return
        judged.add_done_callback(then)
        self._hands.do(work, judged)

    def verdict(self, item: CellItem) -> Verdict:
        """All of a cell, asked and judged; raises RunStopped. Whatever ends the waiting ends the asking too."""
        begun = self._begun.pop(item.nodeid, None)
        if begun is None:
            return self._verdict(item, partial(checking, self._state.engine), item.jobs)
        try:
            return begun.result()
        except KeyboardInterrupt:  # the run ends: were one cell alone let go of, the next would be asked
            self._state.own_engine.close()
            raise
        except BaseException:
            self._state.own_engine.abandon(item.nodeid)
            raise

    def drop(self, cell: str) -> None:
        """Nobody comes for the verdict of a cell any more."""
        self._begun.pop(cell, None)

    def end(self) -> None:
        """The engine has been closed: who waited for it has gone, a check that is running may go on."""
        self._hands.end(ENDING)

    def _verdict(
        self, item: CellItem, busy: Callable[[], AbstractContextManager[None]], jobs: Sequence[Job] = ()
    ) -> Verdict:
        state = self._state
        place = Place(state.settings.root, state.artifacts(item.nodeid), state.settings.browser, busy, state.engine)
        return pipeline.verdict(item.plan, item.nodeid, state.engine, place, jobs)

    @contextmanager
    def _busy(self) -> Iterator[None]:
        with self._room, checking(self._state.engine):
            yield


_JUDGING = pytest.StashKey[Judging]()


def judging(state: LlmSession) -> Judging:
    """What judges the cells of a run."""
    stash = state.config.stash
    if _JUDGING not in stash:
        stash[_JUDGING] = made = Judging(state)
        state.at_end.append(made.end)
    return stash[_JUDGING]
