"""A server's time goes by phases, one for each stretch of the order that one loaded model answers.

Whoever asks may be early: another process that has cells of the phase before may not have asked for them yet, and a
cell may ask again, depending on what it was answered. Each of these would load a model twice. So a cell waits for
those of earlier phases that are sure to come without it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llm.engine.order import Group

if TYPE_CHECKING:
    from pytest_llm.engine.engine import Job


@dataclass(frozen=True)
class Placed:
    """A cell in the order of a run. questions: how many it asks, 0 where that depends on what it is answered.

    kept: instead of a cell's own turn, the questions that are asked long before it, and their answers kept.
    """

    id: str
    group: Group
    questions: int = 0
    kept: tuple[Job, ...] = ()


@dataclass(frozen=True)
class _Place:
    rank: int
    server: str
    phase: int
    questions: int
    group: Group


class Phases:
    """Who waits for whom, in one event loop. A cell that is not in the order never waits.

    Nobody waits for ever: whom a cell waits for comes before it in the order, and has nothing before it among what
    its owner is to do that comes after it in the order.
    """

    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}
        self._queues: defaultdict[str, dict[str, None]] = defaultdict(dict)  # as ordered sets
        self._asked: defaultdict[str, set[str]] = defaultdict(set)
        self._coming: defaultdict[str, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._waiting: list[asyncio.Future[None]] = []

    def arrange(self, cells: Sequence[Placed]) -> None:
        """The order in which the cells of this run are to be asked."""
        self._places = {cell.id: place for cell, place in zip(cells, _places(cells), strict=True)}

    def given(self, owner: str, cells: Iterable[str]) -> None:
        """A process is to do these, after what it was given before."""
        queue = self._queues[owner]
        last = max((self._places[id_].rank for id_ in queue), default=-1)
        for id_ in cells:
            if place := self._places.get(id_):
                queue[id_] = None
                if place.rank > last:
                    last = place.rank
                    self._coming[place.server][place.phase].add(id_)

    def taken(self, owner: str, cells: Iterable[str]) -> None:
        """A process is not to do these any more."""
        for id_ in cells:
            self._leave(id_, owner)
        self._wake()

    def forget(self, owner: str) -> None:
        """A process has gone."""
        self.taken(owner, list(self._queues[owner]))

    def done(self, cell: str) -> None:
        """It asks nothing more."""
        for owner in self._queues:
            self._leave(cell, owner)
        self._wake()

    def asked(self, cell: str, question: str) -> None:
        """A question of a cell is on its way, or needed none."""
        place = self._places.get(cell)
        if place and place.questions:
            self._asked[cell].add(question)
            if len(self._asked[cell]) >= place.questions:
                self._holds_no_more(cell)
                self._wake()

    def wants_later(self, cell: str, group: Group) -> bool:
        """Whether, after the phase of a cell, there is another for the files of a group."""
        now = self._places.get(cell)
        later = (place for place in self._places.values() if now and place.phase > now.phase)
        return any(place.group[:2] == group[:2] for place in later)

    async def turn(self, cell: str) -> None:
        """Wait for what comes before a cell."""
        while self._waits(cell):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn

    def _waits(self, cell: str) -> bool:
        place = self._places.get(cell)
        return place is not None and any(phase < place.phase for phase in self._coming[place.server])

    def _leave(self, cell: str, owner: str) -> None:
        if cell in self._queues[owner]:
            del self._queues[owner][cell]
            self._holds_no_more(cell)

    def _holds_no_more(self, cell: str) -> None:
        place = self._places[cell]
        phases = self._coming[place.server]
        phases[place.phase].discard(cell)
        if not phases[place.phase]:
            del phases[place.phase]

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)


def _places(cells: Sequence[Placed]) -> Iterator[_Place]:
    """A new phase of a server begins where the next of its cells is of another group."""
    at: dict[str, tuple[int, Group]] = {}
    for rank, cell in enumerate(cells):
        server = cell.group[0]
        phase, group = at.get(server, (0, cell.group))
        at[server] = phase + (group != cell.group), cell.group
        yield _Place(rank, server, at[server][0], cell.questions, cell.group)
