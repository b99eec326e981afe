"""The cells of a run in the order in which they are asked: at which server, who is to do them, what is left.

A server's time goes by phases, one for each stretch of the order that one loaded model answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_llm.engine.jobs import Job, kept_place
from pytest_llm.engine.order import Group

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
class Place:
    """Where a cell stands: its number in the order, and the phase of its server, from 0."""

    cell: Placed
    rank: int
    phase: int

    @property
    def server(self) -> str:
        return self.cell.server


def no_load(server: str) -> None:
    """Nothing is known to be loaded there."""


class Places:
    """Of one engine. loaded: what a server was asked last.

    Whoever asks may be early: another process that has cells of the phase before may not have asked for them yet,
    and a cell may ask again, depending on what it was answered. Each of these would load a model twice. So a cell
    waits for those of earlier phases that are sure to come without it.
    """

    def __init__(self, loaded: Callable[[str], Group | None] = no_load) -> None:
        self._loaded = loaded
        self._left: defaultdict[str, dict[str, None]] = defaultdict(dict)  # by server, in the order
        self._last: dict[str, Place] = {}  # by server
        self._places: dict[str, Place] = {}
        self._queues: defaultdict[str, dict[str, None]] = defaultdict(dict)  # as ordered sets
        self._asked: defaultdict[str, set[str]] = defaultdict(set)
        self._coming: defaultdict[str, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))

    def arrange(self, cells: Sequence[Placed]) -> None:
        """The order in which the cells of this run are to be asked."""
        self._places = {place.cell.id: place for place in _placed(cells)}
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

    def asked(self, cell: str, question: str) -> bool:
        """A question of a cell is on its way, or needed none; whether it was what others may have waited for."""
        place = self._places.get(cell)
        if place is None:
            return False
        self._asked[cell].add(question)
        return 0 < place.cell.questions <= len(self._asked[cell]) and self._holds_no_more(cell)

    def move(self, cells: Iterable[str], group: Group) -> None:
        """These are asked by that group's server from now on, with what it has left of it, else at the end."""
        phase = self._phase_of(group)
        for id_ in cells:
            old = self._places[id_]
            self._places[id_] = place = Place(replace(old.cell, group=group), old.rank, phase)
            if place.phase >= self._last.get(group[0], place).phase:
                self._last[group[0]] = place
            if self._left[old.server].pop(id_, self) is None:
                self._left[group[0]][id_] = None
            if id_ in self._coming[old.server].get(old.phase, ()):
                self._drop(old)
                self._coming[place.server][place.phase].add(id_)

    def _phase_of(self, group: Group) -> int:
        """That in which a server is asked, or is to be asked, what needs a group; else one after all others."""
        left, is_there = self._left[group[0]], self._loaded(group[0]) == group
        places = self._places.items()
        same = [one.phase for id_, one in places if one.cell.group == group and (is_there or id_ in left)]
        last = self._last.get(group[0])
        return max(same, default=last.phase + 1 if last else 0)

    def exchange(self, waiting: str, later: str) -> None:
        """Two cells ask each other's server: one that waits for a slot, and one that nobody was given yet."""
        one, other = self._places[waiting], self._places[later]
        self._places[waiting] = replace(one, cell=replace(one.cell, group=other.cell.group), phase=other.phase)
        self._places[later] = replace(other, cell=replace(other.cell, group=one.cell.group), phase=one.phase)
        if waiting in self._coming[one.server].get(one.phase, ()):
            self._drop(one)
            self._coming[other.server][other.phase].add(waiting)
        for id_, old in ((waiting, one), (later, other)):
            if self._left[old.server].pop(id_, self) is None:
                self._left[self._places[id_].server][id_] = None

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

    def unasked(self, cell: str, question: str) -> None:
        """A question was not taken by its server: until it is, it counts as one that was not asked."""
        if place := self._places.get(cell):
            self._asked[cell].discard(question)
            self._left[place.server].setdefault(cell)
            if any(cell in queue for queue in self._queues.values()):
                self._coming[place.server][place.phase].add(cell)

    def wants_later(self, cell: str, group: Group) -> bool:
        """Whether, after the phase of a cell, there is another for the files of a group."""
        now = self._places.get(cell)
        later = (place for place in self._places.values() if now and place.phase > now.phase)
        return any(place.cell.group[:2] == group[:2] for place in later)

    def left(self) -> dict[str, list[Placed]]:
        """What is still to be asked, by server, phase by phase."""
        places = {name: map(self._places.__getitem__, ids) for name, ids in self._left.items() if ids}
        return {name: [one.cell for one in sorted(of, key=lambda one: one.phase)] for name, of in places.items()}

    def next(self, server: str) -> Placed | None:
        """The first cell of a server that nobody was given yet."""
        cells = (self._places[id_].cell for id_ in self._left[server])
        return next((cell for cell in cells if not cell.kept and not self.is_given(cell.id)), None)

    def count(self) -> int:
        """How many cells are still to be asked."""
        return sum(map(len, self._left.values()))

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

    def held(self) -> Iterator[Placed]:
        """What is left of what workers have, each of which does its cells in turn, and none while it waits."""
        queues = (queue for owner, queue in self._queues.items() if owner not in (KEPT, ""))
        places = (self._places[id_] for queue in queues for id_ in queue)
        return (place.cell for place in places if place.cell.id in self._left[place.server])

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

    def _leave(self, cell: str, owner: str) -> None:
        if cell in self._queues[owner]:
            del self._queues[owner][cell]
            self._drop(self._places[cell])

    def _holds_no_more(self, cell: str) -> bool:
        place = self._places[cell]
        self._left[place.server].pop(cell, None)
        return self._drop(place)

    def _drop(self, place: Place) -> bool:
        """Nobody need wait for it; whether somebody may have."""
        phases = self._coming[place.server]
        coming = phases[place.phase]
        held = place.cell.id in coming
        coming.discard(place.cell.id)
        if not coming:
            del phases[place.phase]
        return held


def _placed(cells: Sequence[Placed]) -> Iterator[Place]:
    """A new phase of a server begins where the next of its cells is of another group."""
    at: dict[str, tuple[int, Group]] = {}
    for rank, cell in enumerate(cells):
        server = cell.server
        phase, group = at.get(server, (0, cell.group))
        at[server] = phase + (group != cell.group), cell.group
        yield Place(cell, rank, at[server][0])
