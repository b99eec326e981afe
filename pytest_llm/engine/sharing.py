"""Which server is asked what: groups are shared out so that the last server is ready as early as may be.

Seconds are those of a server: where it answers several questions at a time, each costs its part.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from pytest_llm.engine.order import Group

WORTH = 0.1  # of a load's time: what is won by one more must be that at least, else it is within the guesses' error


@dataclass(frozen=True)
class Work:
    """Cells that one loaded model answers. groups: what must be loaded, at each server that can; the first is best.

    seconds: of each cell, in the order in which they are asked. begun: the server that has begun it. least: seconds
    of the longest answer: less time no part of it takes, however many are answered at a time.
    """

    groups: tuple[Group, ...]
    seconds: tuple[float, ...]
    begun: str = ""
    least: float = 0.0


@dataclass(frozen=True)
class Part:
    """The cells `begin` to `end` of a work, at one server. work: its number."""

    work: int
    group: Group
    begin: int
    end: int

    @property
    def server(self) -> str:
        return self.group[0]


@dataclass(frozen=True)
class Move:
    """The cells of a part from `cut` on go to another server, which loads `group`. end: when both are ready."""

    part: Part
    cut: int
    group: Group
    end: float

    @property
    def whole(self) -> bool:
        return self.cut == self.part.begin


def _even(group: Group) -> float:
    return 1.0


@dataclass(frozen=True)
class Shares:
    """What each server is to do.

    load: seconds of one; ready: groups that need none, gone: those that were loaded and are not any more; busy:
    seconds before a server can begin; resting: those that nobody is to ask now. factor: how much longer than its
    works say a group takes at its server.
    """

    works: Sequence[Work]
    parts: tuple[Part, ...] = ()
    load: float = 0.0
    ready: Collection[Group] = ()
    busy: Mapping[str, float] = field(default_factory=dict)
    gone: Collection[Group] = ()
    resting: Collection[str] = ()
    factor: Callable[[Group], float] = _even

    def end(self, server: str) -> float:
        """Seconds until a server has done its parts."""
        here = [part for part in self.parts if part.server == server]
        loads = len({part.group for part in here} - set(self.ready))
        return self.busy.get(server, 0.0) + sum(map(self.seconds, here)) + loads * self.load

    def seconds(self, part: Part) -> float:
        work = self.works[part.work]
        return self.takes(work, part.group, sum(work.seconds[part.begin : part.end]))

    def takes(self, work: Work, group: Group, seconds: float) -> float:
        """How long some cells of a work take, of which the works say so many seconds."""
        return self.factor(group) * max(seconds, work.least)

    def loads(self, group: Group) -> float:
        """Seconds for what must be loaded before one more part of a group."""
        there = group in self.ready or any(part.group == group for part in self.parts)
        return 0.0 if there else self.load

    def without(self, part: Part) -> Shares:
        return replace(self, parts=tuple(other for other in self.parts if other != part))

    def moved(self, move: Move) -> Shares:
        part = move.part
        rest = () if move.whole else (replace(part, end=move.cut),)
        shares = self.without(part)
        return replace(shares, parts=(*shares.parts, *rest, replace(part, begin=move.cut, group=move.group)))


def share(works: Sequence[Work], load: float, ready: Collection[Group] = ()) -> Shares:
    """The longest first, each whole to the server that is ready with it first; who gets none takes its part of one.

    What else is to be divided shows when a server has nothing to do: then it is known what answers and loads take.
    """
    shares = assigned(Shares(works, load=load, ready=ready), range(len(works)))
    for server in dict.fromkeys(group[0] for work in works for group in work.groups):
        nothing = all(part.server != server for part in shares.parts)
        if nothing and (move := taken(shares, server)):
            shares = divided(shares.moved(move), move.part.work)
    return shares


def divided(shares: Shares, number: int) -> Shares:
    """A work anew among the servers that have parts of it, so that all are ready at once."""
    work = shares.works[number]
    groups = [part.group for part in shares.parts if part.work == number]
    others = replace(shares, parts=tuple(part for part in shares.parts if part.work != number))
    begins = {group: others.end(group[0]) + others.loads(group) for group in groups}
    level, cut, parts = _level(list(begins.values()), sum(work.seconds)), 0, list(others.parts)
    for group in groups:
        begin, at = cut, begins[group]
        while cut < len(work.seconds) and (group == groups[-1] or at + work.seconds[cut] / 2 <= level):
            at, cut = at + work.seconds[cut], cut + 1
        parts += [Part(number, group, begin, cut)] if cut > begin else []
    return replace(shares, parts=tuple(parts))


def _level(begins: Sequence[float], total: float) -> float:
    """When all are ready that share `total` seconds of work, of whom each can begin at its time."""
    first = sorted(begins)
    levels = ((total + sum(first[:n])) / n for n in range(1, len(first) + 1))
    return min(levels)


def assigned(shares: Shares, numbers: Iterable[int]) -> Shares:
    """With these works too, the longest first, each at the server that is ready with it first."""
    works = shares.works
    for number in sorted(numbers, key=lambda number: -sum(works[number].seconds)):
        work, took = works[number], sum(works[number].seconds)

        def ready(group: Group, work: Work = work, took: float = took, shares: Shares = shares) -> float:
            return shares.end(group[0]) + shares.takes(work, group, took) + shares.loads(group)

        best = min(work.groups, key=ready)
        shares = replace(shares, parts=(*shares.parts, Part(number, best, 0, len(work.seconds))))
    return shares


def taken(shares: Shares, idle: str) -> Move | None:
    """What a server that has nothing to do takes from the one that is ready last, or from the next.

    A group that this one has not begun, whole, else a part of one; None where that would end no earlier.
    """
    others = dict.fromkeys(part.server for part in shares.parts if part.server != idle)
    for server in sorted(others, key=shares.end, reverse=True):
        moves = list(_moves(shares, server, idle))
        if moves:
            return min(moves, key=lambda move: (not (move.whole and _fresh(shares, move)), move.end))
    return None


def _fresh(shares: Shares, move: Move) -> bool:
    return shares.works[move.part.work].begun != move.part.server


def _moves(shares: Shares, last: str, idle: str) -> Iterator[Move]:
    """Of each part of a server, to another that may have it, what makes both ready earlier than that is now.

    No server loads twice what it has loaded, but what would wait for one that rests.
    """
    now, gone = shares.end(last), () if last in shares.resting else shares.gone
    for part in (part for part in shares.parts if part.server == last):
        work = shares.works[part.work]
        for group in (group for group in work.groups if group[0] == idle and group not in gone):
            move = _cut(shares, part, group)
            if move.end < now - WORTH * shares.loads(group):
                yield move


def _cut(shares: Shares, part: Part, group: Group) -> Move:
    """Where to divide a part best."""
    work = shares.works[part.work]
    seconds = work.seconds[part.begin : part.end]
    there = shares.end(group[0]) + shares.loads(group)
    spared, rest = shares.without(part).end(part.server), shares.end(part.server) - shares.seconds(part)
    total = sum(seconds)

    def end(before: float) -> tuple[float, float]:
        """With so many seconds of cells kept; and what it would be if answers could be divided."""
        parts = before * shares.factor(part.group), (total - before) * shares.factor(group)
        stays = rest + shares.takes(work, part.group, before) if before else spared
        goes = there + shares.takes(work, group, total - before)
        return max(stays, goes), max(rest + parts[0], there + parts[1])

    kept = [0.0, *accumulate(seconds)][:-1]  # of the cells before the cut
    best, later = min((end(before), -offset) for offset, before in enumerate(kept))
    return Move(part, part.begin - later, group, best[0])


@dataclass(frozen=True)
class Queue:
    """What a server has to do.

    cells: id, group and seconds of each; busy: seconds before it can begin; loaded: the group that needs no load.
    """

    cells: Sequence[tuple[str, Group, float]]
    busy: float = 0.0
    loaded: Group | None = None


def merged(queues: Iterable[Queue], load: float) -> list[str]:
    """The cells of all servers by the time at which each would be answered; what has a model loaded, when it has.

    A cell that waits for a load keeps others from nothing that could be answered before.
    """
    starts: list[tuple[float, int, str]] = []
    for queue in queues:
        at, loaded = queue.busy, queue.loaded
        for place, (id_, group, seconds) in enumerate(queue.cells):
            begin, anew = at, group != loaded
            at += (load if anew else 0.0) + seconds
            starts.append((begin if anew else at, place, id_))
            loaded = group
    return [id_ for _, _, id_ in sorted(starts, key=lambda start: start[:2])]


class Pace:
    """How long what was asked took, beside what was estimated: by it the rest is estimated better."""

    def __init__(self) -> None:
        self._took: dict[tuple[str, ...], tuple[float, float]] = {}
        self._loads: list[float] = []

    def saw(self, group: Group, estimated: float, took: float) -> None:
        for key in (group, group[1:], group[:1], ()):
            before = self._took.get(key, (0.0, 0.0))
            self._took[key] = before[0] + estimated, before[1] + took

    def loaded(self, seconds: float) -> None:
        self._loads.append(seconds)

    def factor(self, group: Group) -> float:
        """How much longer than estimated a cell of a group takes at its server.

        Where it was not asked there: as at the others, by what else this server took beside them.
        """
        here, anywhere = self._ratio(group), self._ratio(())
        if here or not anywhere:
            return here or 1.0
        server = self._ratio(group[:1])
        return (self._ratio(group[1:]) or anywhere) * (server / anywhere if server else 1.0)

    def _ratio(self, key: tuple[str, ...]) -> float:
        """0 where nothing was seen."""
        estimated, took = self._took.get(key, (0.0, 0.0))
        return took / estimated if estimated else 0.0

    def load(self, estimated: float) -> float:
        """Seconds of a load."""
        if self._loads:
            return sum(self._loads) / len(self._loads)
        return estimated * (self._ratio(()) or 1.0)
