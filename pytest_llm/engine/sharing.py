"""Which server is asked what: groups are shared out so that the last server is ready as early as may be.

Seconds are those of a server: where it answers several questions at a time, each costs its part.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from pytest_llm.engine.order import Group

STEPS = 8  # a server's attempts to hand on what keeps it longest


@dataclass(frozen=True)
class Work:
    """Cells that one loaded model answers. groups: what must be loaded, at each server that can; the first is best.

    seconds: of each cell, in the order in which they are asked. begun: the server that has begun it.
    """

    groups: tuple[Group, ...]
    seconds: tuple[float, ...]
    begun: str = ""


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


@dataclass(frozen=True)
class Shares:
    """What each server is to do.

    load: seconds of one; ready: groups that need none; busy: seconds before a server can begin.
    """

    works: Sequence[Work]
    parts: tuple[Part, ...] = ()
    load: float = 0.0
    ready: Collection[Group] = ()
    busy: Mapping[str, float] = field(default_factory=dict)

    def end(self, server: str) -> float:
        """Seconds until a server has done its parts."""
        here = [part for part in self.parts if part.server == server]
        loads = len({part.group for part in here} - set(self.ready))
        return self.busy.get(server, 0.0) + sum(map(self.seconds, here)) + loads * self.load

    def seconds(self, part: Part) -> float:
        return sum(self.works[part.work].seconds[part.begin : part.end])

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
    """The longest first, each to the server that is ready with it first; then what keeps one longest is divided."""
    return levelled(assigned(Shares(works, load=load, ready=ready), range(len(works))))


def assigned(shares: Shares, numbers: Iterable[int]) -> Shares:
    """With these works too, the longest first, each at the server that is ready with it first."""
    works = shares.works
    for number in sorted(numbers, key=lambda number: -sum(works[number].seconds)):
        took = sum(works[number].seconds)
        best = min(works[number].groups, key=lambda group: shares.end(group[0]) + took + shares.loads(group))
        shares = replace(shares, parts=(*shares.parts, Part(number, best, 0, len(works[number].seconds))))
    return shares


def levelled(shares: Shares) -> Shares:
    """While some server is ready earlier for it, another takes a part of what keeps a server longest."""
    servers = {group[0] for work in shares.works for group in work.groups}
    for _ in range(STEPS * (len(servers) - 1)):
        last = max(servers, key=shares.end)
        move = min(_moves(shares, last, servers - {last}), key=lambda move: move.end, default=None)
        if move is None:
            break
        shares = shares.moved(move)
    return shares


def taken(shares: Shares, idle: str) -> Move | None:
    """What a server that has nothing to do takes from the one that is ready last, or from the next.

    A group that this one has not begun, whole, else a part of one; None where that would end no earlier.
    """
    others = {part.server for part in shares.parts} - {idle}
    for server in sorted(others, key=shares.end, reverse=True):
        moves = list(_moves(shares, server, {idle}))
        if moves:
            return min(moves, key=lambda move: (not (move.whole and _fresh(shares, move)), move.end))
    return None


def _fresh(shares: Shares, move: Move) -> bool:
    return shares.works[move.part.work].begun != move.part.server


def _moves(shares: Shares, last: str, others: Collection[str]) -> Iterator[Move]:
    """Of each part of a server, to each other that may have it, what makes both ready earlier than that is now."""
    now = shares.end(last)
    for part in (part for part in shares.parts if part.server == last):
        work = shares.works[part.work]
        for group in (group for group in work.groups if group[0] in others):
            there = shares.end(group[0]) + shares.loads(group)
            spared = shares.without(part).end(last)
            move = _cut(part, group, work.seconds[part.begin : part.end], now, spared, there)
            if move.end < now:
                yield move


def _cut(part: Part, group: Group, seconds: Sequence[float], now: float, spared: float, there: float) -> Move:
    """Where to divide a part best. spared: when its server is ready without it; there: when the other begins."""
    kept = [0.0, *accumulate(seconds)][:-1]  # of the cells before the cut
    total = sum(seconds)
    first = now - total  # with the load of what stays
    ends = (max(first + before if before else spared, there + total - before) for before in kept)
    end, later = min((end, -offset) for offset, end in enumerate(ends))
    return Move(part, part.begin - later, group, end)


def merged(queues: Iterable[Sequence[tuple[str, Group, float]]], load: float) -> list[str]:
    """The cells of all servers by the time at which each would be asked. Each of them: id, group, seconds."""
    starts: list[tuple[float, int, str]] = []
    for queue in queues:
        at, loaded = 0.0, None
        for place, (id_, group, seconds) in enumerate(queue):
            at += load if group != loaded else 0.0
            starts.append((at, place, id_))
            at, loaded = at + seconds, group
    return [id_ for _, _, id_ in sorted(starts, key=lambda start: start[:2])]


class Pace:
    """How long what was asked took, beside what was estimated: by it the rest is estimated better."""

    def __init__(self) -> None:
        self._took: dict[tuple[str, ...], tuple[float, float]] = {}
        self._loads: list[float] = []

    def saw(self, group: Group, estimated: float, took: float) -> None:
        for key in (group[1:], ()):
            before = self._took.get(key, (0.0, 0.0))
            self._took[key] = before[0] + estimated, before[1] + took

    def loaded(self, seconds: float) -> None:
        self._loads.append(seconds)

    def factor(self, group: Group) -> float:
        """How much longer than estimated a cell of a group takes; the others' where none of it was seen."""
        estimated, took = self._took.get(group[1:]) or self._took.get((), (0.0, 0.0))
        return took / estimated if estimated else 1.0

    def load(self, estimated: float) -> float:
        """Seconds of a load."""
        if self._loads:
            return sum(self._loads) / len(self._loads)
        return estimated * self.factor(("", "", ""))
