"""Who waits for whom, and for a slot.

A cell waits for what comes before it at its server, and for a free slot: until then it can be moved to another one.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llm.engine.order import Group
from pytest_llm.engine.places import Places, no_load

Free = Callable[[str, int], bool]


class Moved(Exception):
    """Another server is to be asked instead."""


@dataclass(eq=False)
class Turn:
    """Somebody who waits to ask. servers: that may be asked; where the cell is not in the order, any of them."""

    cell: str
    question: str
    servers: Collection[str]
    granted: asyncio.Future[str]


def _always(server: str, inside: int) -> bool:
    return True


class Phases(Places):
    """The places of a run's cells, and who waits for his turn, in one event loop.

    free: whether a server of which so many slots are taken has one more; what is not in the order waits for that
    alone. loaded: what a server was asked last.

    Nobody waits for ever: whom a cell waits for comes before it in the order, and has nothing before it among what
    its owner is to do that comes after it in the order, whichever server each is at.
    """

    def __init__(self, free: Free = _always, loaded: Callable[[str], Group | None] = no_load) -> None:
        super().__init__(loaded)
        self._free = free
        self.inside: Counter[str] = Counter()
        self._waiting: dict[Turn, None] = {}  # in the order in which they came
        self._aside: dict[str, set[asyncio.Future[None]]] = defaultdict(set)  # by cell

    def widen(self, wider: Mapping[tuple[Group, ...], tuple[Group, ...]]) -> None:
        """Who waits for a turn, and has more servers since, gets Moved: his turn is at those that he knew."""
        before = {turn: self.cell(turn.cell) for turn in self._waiting}
        super().widen(wider)
        for turn, cell in before.items():
            if self.cell(turn.cell) is not cell and not turn.granted.done():
                turn.granted.set_exception(Moved())

    def taken(self, owner: str, cells: Iterable[str]) -> None:
        super().taken(owner, cells)
        self._wake()

    def done(self, cell: str) -> None:
        super().done(cell)
        self._wake()

    def asked(self, cell: str, question: str) -> bool:
        held = super().asked(cell, question)
        if held:
            self._wake()
        return held

    def move(self, cells: Iterable[str], group: Group) -> None:
        cells = list(cells)
        super().move(cells, group)
        for waiting in [one for cell in cells for one in self._aside.pop(cell, ())]:
            waiting.set_result(None)
        self._wake()

    def exchange(self, waiting: str, later: str) -> None:
        super().exchange(waiting, later)
        self._wake()

    async def aside(self, cell: str, question: str, over: asyncio.Future[None]) -> bool:
        """Wait with a question that was not taken; whether its cell was moved to another server meanwhile."""
        moved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._aside[cell].add(moved)
        try:
            await asyncio.wait((over, moved), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._aside[cell].discard(moved)
        if not moved.done():
            self.asked(cell, question)
        return moved.done()

    def turn(self, cell: str, question: str = "", servers: Collection[str] = ()) -> Coroutine[Any, Any, str]:
        """Wait for what comes before a cell, and for a slot, which is then taken; the server that is to be asked.

        The question is then on its way: it comes before whoever waits for it.
        """
        turn = Turn(cell, question, servers, asyncio.get_running_loop().create_future())
        self._waiting[turn] = None
        self._wake()
        return self._granted(turn)

    async def _granted(self, turn: Turn) -> str:
        try:
            return await turn.granted
        except asyncio.CancelledError:
            if turn.granted.done() and not turn.granted.cancelled():  # in the very moment of being cancelled
                self.leave(turn.granted.result())
            raise
        finally:
            self._waiting.pop(turn, None)

    def leave(self, server: str) -> None:
        """A slot is free again."""
        self.inside[server] -= 1
        self._wake()

    def idle(self, server: str) -> bool:
        """Whether a server has nothing to do, and nothing to come."""
        return not self._left[server] and not self.inside[server]

    def lacking(self, server: str) -> bool:
        """Whether a server has a slot free, and nobody waits for it."""
        waited = any(self.server(turn.cell) == server for turn in self._waiting)
        return not waited and self._free(server, self.inside[server])

    def waiting(self, at: str) -> Iterator[str]:
        """The cells that wait for another server, may be asked at this one, and of which nothing was asked."""
        for turn in self._waiting:
            if at in turn.servers and self.server(turn.cell) not in ("", at) and self.movable(turn.cell):
                yield turn.cell

    def _wake(self) -> None:
        """Grant their turns to those who need not wait any more.

        What needs no load first, the others by phase, else in the order in which they came.
        """
        for turn in sorted(self._waiting, key=self._urgency):  # who is granted one holds up later phases alone
            server = self._asked_by(turn)
            if self._free(server, self.inside[server]) and not turn.granted.done() and not self.waits(turn.cell):
                del self._waiting[turn]
                self.inside[server] += 1
                turn.granted.set_result(server)
                super().asked(turn.cell, turn.question)

    def _urgency(self, turn: Turn) -> tuple[bool, int]:
        place = self._places.get(turn.cell)
        return (self._loaded(place.server) != place.cell.group, place.phase) if place else (False, 0)

    def _asked_by(self, turn: Turn) -> str:
        """The server that a question goes to."""
        server = self.server(turn.cell)
        if server and (not turn.servers or server in turn.servers):
            return server
        return min(turn.servers, key=self.inside.__getitem__, default="")
