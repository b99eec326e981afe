"""A server's time goes by phases, one for each stretch of the order that one loaded model answers.

Whoever asks may be early: another process that has cells of the phase before may not have asked for them yet, and a
cell may ask again, depending on what it was answered. Each of these would load a model twice. So a cell waits for
those of earlier phases that are sure to come without it. It waits for a free slot of its server too: until then it
can be moved to another server.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_llm.engine.jobs import Job, kept_place
from pytest_llm.engine.order import Group

Free = Callable[[str, int], bool]
KEPT = "kept"  # the owner of what the engine asks by itself, in any order


@dataclass(frozen=True)
class Placed:
    """A cell in the order of a run. group: what is loaded for it, and where.

    questions: how many it asks, 0 where that depends on what it is answered. groups: of each server that can be
    asked, that of `group` among them. seconds: how long a server takes, as far as that can be estimated. asks:
    False where it will ask nothing. kept: instead of a cell's own turn, the questions that are asked long before
    it, and their answers kept. alone: it has its server for itself.
    """

    id: str
    group: Group
    questions: int = 0
    groups: tuple[Group, ...] = ()
    seconds: float = 1.0
    asks: bool = True
    kept: tuple[Job, ...] = ()
    alone: bool = False

    @property
    def server(self) -> str:
        return self.group[0]


@dataclass(frozen=True)
class _Place:
    cell: Placed
    rank: int
    phase: int

    @property
    def server(self) -> str:
        return self.cell.server


@dataclass(eq=False)
class _Turn:
    """Somebody who waits to ask. servers: that may be asked where the cell is not in the order."""

    cell: str
    question: str
    servers: Collection[str]
    granted: asyncio.Future[str]


def _always(server: str, inside: int) -> bool:
    return True


class Phases:
    """Who waits for whom, in one event loop. A cell that is not in the order waits for a free slot alone.

    free: whether a server of which so many slots are taken has one more. Nobody waits for ever: whom a cell waits
    for comes before it in the order, and has nothing before it among what its owner is to do that comes after it in
    the order, whichever server each is at.
    """

    def __init__(self, free: Free = _always) -> None:
        self._free = free
        self.inside: Counter[str] = Counter()
        self._left: defaultdict[str, dict[str, None]] = defaultdict(dict)  # by server, in the order
        self._last: dict[str, _Place] = {}  # by server
        self._places: dict[str, _Place] = {}
        self._queues: defaultdict[str, dict[str, None]] = defaultdict(dict)  # as ordered sets
        self._asked: defaultdict[str, set[str]] = defaultdict(set)
        self._coming: defaultdict[str, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._waiting: dict[_Turn, None] = {}  # in the order in which they came
        self._aside: dict[str, set[asyncio.Future[None]]] = defaultdict(set)  # by cell

    def arrange(self, cells: Sequence[Placed]) -> None:
        """The order in which the cells of this run are to be asked."""
        self._places = {place.cell.id: place for place in _places(cells)}
        self._last = {place.server: place for place in self._places.values()}
        self._left.clear()
        for cell in cells:
            if cell.asks:
                self._left[cell.server][cell.id] = None

    def widen(self, wider: Mapping[tuple[Group, ...], tuple[Group, ...]]) -> None:
        """More servers can be asked. wider: the groups that cells have from now on, by those that they had."""
        for id_, place in self._places.items():
            groups = place.cell.groups
            while groups in wider:
                groups = wider[groups]
            if groups is not place.cell.groups:
                self._places[id_] = replace(place, cell=replace(place.cell, groups=groups))

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
        if cell in self._places:
            self._holds_no_more(cell)
        self._asked.pop(cell, None)
        self._wake()

    def asked(self, cell: str, question: str) -> None:
        """A question of a cell is on its way, or needed none."""
        if self._asks(cell, question):
            self._wake()

    def unasked(self, cell: str, question: str) -> None:
        """A question was not taken by its server: until it is, it counts as one that was not asked."""
        if place := self._places.get(cell):
            self._asked[cell].discard(question)
            self._left[place.server].setdefault(cell)
            if any(cell in queue for queue in self._queues.values()):
                self._coming[place.server][place.phase].add(cell)

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

    def wants_later(self, cell: str, group: Group) -> bool:
        """Whether, after the phase of a cell, there is another for the files of a group."""
        now = self._places.get(cell)
        later = (place for place in self._places.values() if now and place.phase > now.phase)
        return any(place.cell.group[:2] == group[:2] for place in later)

    async def turn(self, cell: str, question: str = "", servers: Collection[str] = ()) -> str:
        """Wait for what comes before a cell, and for a slot, which is then taken; the server that is to be asked.

        The question is then on its way: it comes before whoever waits for it.
        """
        turn = _Turn(cell, question, servers, asyncio.get_running_loop().create_future())
        self._waiting[turn] = None
        self._wake()
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

    def move(self, cells: Iterable[str], group: Group) -> None:
        """These are asked by that group's server from now on, after what it has to do."""
        for id_ in cells:
            old = self._places[id_]
            cell = replace(old.cell, group=group)
            last = self._last.get(group[0])
            place = _Place(cell, old.rank, last.phase + (last.cell.group != group) if last else 0)
            self._places[id_] = self._last[group[0]] = place
            if self._left[old.server].pop(id_, self) is None:
                self._left[group[0]][id_] = None
            if id_ in self._coming[old.server].get(old.phase, ()):
                self._drop(old)
                self._coming[place.server][place.phase].add(id_)
            for waiting in self._aside.pop(id_, ()):
                waiting.set_result(None)
        self._wake()

    def rank(self, cells: Sequence[str]) -> None:
        """The order of these, which nobody was given yet, from now on; what is kept comes before its own cell."""
        given = (id_ for owner, queue in self._queues.items() if owner != KEPT for id_ in queue)
        first = 1 + max((self._places[id_].rank for id_ in given), default=-1)
        for rank, id_ in enumerate(cells, first):
            self._places[id_] = replace(self._places[id_], rank=rank)
        for id_ in cells:
            place = self._places[id_]
            if place.cell.kept:
                own = self._places[place.cell.kept[0].cell]
                self._places[id_] = replace(place, rank=min(place.rank, own.rank))

    def left(self) -> dict[str, list[Placed]]:
        """What is still to be asked, by server."""
        return {name: [self._places[id_].cell for id_ in ids] for name, ids in self._left.items() if ids}

    def count(self) -> int:
        """How many cells are still to be asked."""
        return sum(map(len, self._left.values()))

    def idle(self, server: str) -> bool:
        """Whether a server has nothing to do, and nothing to come."""
        return not self._left[server] and not self.inside[server]

    def ranks(self) -> dict[str, int]:
        """The places of the cells in the order."""
        return {id_: place.rank for id_, place in self._places.items()}

    def movable(self, cell: str) -> bool:
        """Whether nothing of it was asked yet."""
        return not self._asked[cell]

    def waits_for_kept(self, cell: str) -> bool:
        """Whether it is judged by answers that are asked apart from it."""
        return kept_place(cell) in self._places

    def is_given(self, cell: str) -> bool:
        return any(cell in queue for owner, queue in self._queues.items() if owner != KEPT)

    def cells(self) -> list[Placed]:
        """All of the run, as they are placed now."""
        return [place.cell for place in self._places.values()]

    def cell(self, cell: str) -> Placed | None:
        """A cell as it is placed now."""
        place = self._places.get(cell)
        return place.cell if place else None

    def server(self, cell: str) -> str:
        """Where a cell is asked, "" where that is not settled."""
        return placed.server if (placed := self.cell(cell)) else ""

    def waits(self, cell: str) -> bool:
        """Whether a cell's turn has not come."""
        place = self._places.get(cell)
        return place is not None and any(
            phase < place.phase and any(self._places[other].rank < place.rank for other in others)
            for phase, others in self._coming[place.server].items()
        )

    def _asks(self, cell: str, question: str) -> bool:
        """A question of a cell is on its way; whether it was what others may have waited for."""
        place = self._places.get(cell)
        if place is None:
            return False
        self._asked[cell].add(question)
        return 0 < place.cell.questions <= len(self._asked[cell]) and self._holds_no_more(cell)

    def _leave(self, cell: str, owner: str) -> None:
        if cell in self._queues[owner]:
            del self._queues[owner][cell]
            self._drop(self._places[cell])

    def _holds_no_more(self, cell: str) -> bool:
        place = self._places[cell]
        self._left[place.server].pop(cell, None)
        return self._drop(place)

    def _drop(self, place: _Place) -> bool:
        """Nobody need wait for it; whether somebody may have."""
        phases = self._coming[place.server]
        coming = phases[place.phase]
        held = place.cell.id in coming
        coming.discard(place.cell.id)
        if not coming:
            del phases[place.phase]
        return held

    def _wake(self) -> None:
        """Grant their turns to those who need not wait any more: by phase, else in the order in which they came."""
        for turn in sorted(self._waiting, key=self._phase):  # who is granted one holds up later phases alone
            server = self._asked_by(turn)
            if self._free(server, self.inside[server]) and not turn.granted.done() and not self.waits(turn.cell):
                del self._waiting[turn]
                self.inside[server] += 1
                turn.granted.set_result(server)
                self._asks(turn.cell, turn.question)

    def _phase(self, turn: _Turn) -> int:
        place = self._places.get(turn.cell)
        return place.phase if place else 0

    def _asked_by(self, turn: _Turn) -> str:
        """The server that a question goes to."""
        server = self.server(turn.cell)
        if server and (not turn.servers or server in turn.servers):
            return server
        return min(turn.servers, key=self.inside.__getitem__, default="")


def _places(cells: Sequence[Placed]) -> Iterator[_Place]:
    """A new phase of a server begins where the next of its cells is of another group."""
    at: dict[str, tuple[int, Group]] = {}
    for rank, cell in enumerate(cells):
        server = cell.server
        phase, group = at.get(server, (0, cell.group))
        at[server] = phase + (group != cell.group), cell.group
        yield _Place(cell, rank, at[server][0])
