"""Shares out anew what is left, while a run goes on: to a server that has nothing to do, from one that has died."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from pytest_llm.engine.order import Group
from pytest_llm.engine.phases import Phases
from pytest_llm.engine.places import Placed
from pytest_llm.engine.servers import Server
from pytest_llm.engine.sharing import Pace, Part, Queue, Shares, Work, assigned, merged, taken

AGAIN = 16  # when a sixteenth of what is left is done, its order and who may take some of it are looked at again
LOAD = 10.0  # seconds, about, where nothing was loaded yet: as an answer


@dataclass
class Balance:
    """Of one engine. server: what is known of the one of a name."""

    phases: Phases
    server: Callable[[str], Server]
    pace: Pace = field(default_factory=Pace)
    servers: tuple[str, ...] = ()
    _looked: dict[str, int] = field(default_factory=dict)
    _ranked: int = 0
    _lost: set[Group] = field(default_factory=set)
    _refused: defaultdict[str, frozenset[str]] = field(default_factory=lambda: defaultdict(frozenset))  # by cell

    def begin(self, cells: Iterable[Placed]) -> None:
        """The order is settled."""
        self.servers = tuple(dict.fromkeys(group[0] for cell in cells for group in (cell.group, *cell.groups)))
        self._looked, self._ranked = {}, self.phases.count()

    def joined(self, server: str) -> None:
        """One more can be asked."""
        self.servers, self._looked = tuple(dict.fromkeys((*self.servers, server))), {}

    def saw(self, cell: str, group: Group, took: float) -> None:
        """A question of a cell took so many seconds of its server."""
        if (placed := self.phases.cell(cell)) and len(self.servers) > 1:
            self.pace.saw(group, placed.seconds / max(1, placed.questions), took)

    def even(self) -> bool:
        """Let servers that have nothing to do take something; whether the order is another one by now.

        Which is so, too, when a part of what was left is done: by then it is known better who is ready when.
        """
        if len(self.servers) < 2:
            return False
        helped = [self._helps(name) for name in self.servers if self.phases.idle(name)]
        self.exchange()
        old = 0 < self.phases.count() <= self._ranked * (1 - 1 / AGAIN)
        if old:
            self._rank()
        return old or any(helped)

    def rests(self) -> None:
        """A server wants to be left alone: who found nothing to take looks again, and its cells go out late."""
        self._looked = {}
        self._rank()

    def lost(self, server: str, group: Group | None = None) -> None:
        """A server is asked no more, or not for a group: the others get what they can do of what it has left."""
        if group is None:
            self.servers = tuple(name for name in self.servers if name != server)
        else:
            self._lost.add(group)
        self._hand_on()

    def refused(self, cell: str, server: str) -> None:
        """A server did not take a cell, and is not asked for it again."""
        self._refused[cell] |= {server}
        self._hand_on()

    def _hand_on(self) -> None:
        """What is where it cannot be asked, to those that are ready with it first."""
        shares, cells = self._shares(lambda cell: True)
        there = tuple(part for part in shares.parts if part.group in shares.works[part.work].groups)
        lost = {part.work for part in shares.parts if part not in there and shares.works[part.work].groups}
        for part in assigned(replace(shares, parts=there), lost).parts:
            if part.work in lost:
                self.phases.move(cells[part.work], part.group)
        self._rank()

    def _able(self, groups: Collection[Group], refused: Collection[str]) -> tuple[Group, ...]:
        """Of the groups of a cell those that can be asked."""
        names = [name for name in self.servers if name not in refused]
        return tuple(group for group in groups if group[0] in names and group not in self._lost)

    def _helps(self, idle: str) -> bool:
        left = self.phases.count()
        if idle in self._looked and left > self._looked[idle] * (1 - 1 / AGAIN):
            return False
        shares, cells = self._shares(self.phases.movable)
        move = taken(shares, idle)
        if move is None:
            self._looked[idle] = left
            return False
        self.phases.move(cells[move.part.work][move.cut :], move.group)
        self._rank()
        return True

    def exchange(self) -> None:
        """A server that lacks cells answers some that wait for others, which get as many of its own to come.

        So no slot is idle where workers were given too many of one server's cells, or wait for one that rests.
        """
        for name in self.servers if len(self.servers) > 1 else ():
            while self.phases.lacking(name) and (pair := self._pair(name)):
                self.phases.exchange(*pair)
            rest = any(self.server(other).rests for other in self.servers)
            if rest and not self.server(name).rests and self.phases.lacking(name):
                self._relieve(name)

    def _relieve(self, lacking: str) -> None:
        """A server takes what workers would wait with for one that rests, where a load is sooner over."""
        load = self.pace.load(LOAD)
        late = [cell for cell in self.phases.held() if self.server(cell.server).rests > load]
        works: defaultdict[Group, list[str]] = defaultdict(list)
        for cell in late:
            for group in self._able(cell.groups, self._refused.get(cell.id, ())):
                if group[0] == lacking and self.phases.movable(cell.id):
                    works[group].append(cell.id)
        for group, ids in list(works.items())[:1]:
            self.phases.move(ids, group)

    def _pair(self, lacking: str) -> tuple[str, str] | None:
        """A cell that waits elsewhere, and the next of the server's own, where neither then needs a load."""
        own = self.phases.next(lacking)
        if own is None or own.alone or not self._is_loaded(own.group):
            return None
        waiting = map(self.phases.cell, self.phases.waiting(lacking))
        return next(((cell.id, own.id) for cell in waiting if cell and self._is_like(own, cell)), None)

    def _is_like(self, own: Placed, cell: Placed) -> bool:
        return cell.groups == own.groups and not cell.alone and self._is_loaded(cell.group)

    def _is_loaded(self, group: Group) -> bool:
        return self.server(group[0]).loaded == group

    def _shares(self, movable: Callable[[str], bool]) -> tuple[Shares, list[list[str]]]:
        """What is left, and of each work the cells. What cannot be moved any more keeps its server busy."""
        works: defaultdict[tuple[Group, Collection[Group], Collection[str]], list[Placed]] = defaultdict(list)
        busy = defaultdict(float, {name: self.server(name).rests for name in self.servers})
        for server, cells in self.phases.left().items():
            busy[server] += self._busy(server, cells)
            for cell in cells:
                if movable(cell.id):
                    works[cell.group, cell.groups, self._refused.get(cell.id, frozenset())].append(cell)
                else:
                    busy[server] += self._seconds(cell)
        loaded = {name: self.server(name).loaded for name in self.servers}
        ready = {group for group in loaded.values() if group}
        gone = {group for name in self.servers for group in self.server(name).loads.seen} - ready
        made = [
            Work(
                self._able(groups, refused),
                tuple(cell.seconds for cell in cells),
                group[0] if group in ready else "",
                max(cell.seconds * (1 if cell.alone else self.server(group[0]).slots.limit) for cell in cells),
            )
            for (group, groups, refused), cells in works.items()
        ]
        parts = tuple(Part(n, group, 0, len(cells)) for n, ((group, *_), cells) in enumerate(works.items()))
        resting = {name for name in self.servers if self.server(name).rests}
        shares = Shares(made, parts, self.pace.load(LOAD), ready, busy, gone, resting, self.pace.factor)
        return shares, [[cell.id for cell in cells] for cells in works.values()]

    def _busy(self, server: str, left: Sequence[Placed]) -> float:
        """Seconds of what is under way at a server, which is half done, about, and like what is left."""
        return self.phases.inside[server] * fmean(map(self._seconds, left)) / 2

    def _seconds(self, cell: Placed) -> float:
        return cell.seconds * self.pace.factor(cell.group)

    def _rank(self) -> None:
        """What nobody was given yet goes out by the time at which it would be answered now.

        What waits for answers that are kept comes after all these.
        """
        queues = [
            Queue(
                [(cell.id, cell.group, self._seconds(cell)) for cell in sorted(cells, key=self._turn)],
                self._busy(server, cells) + self.server(server).rests,
                None if self.server(server).loads.under_way else self.server(server).loaded,
            )
            for server, cells in self.phases.left().items()
        ]
        fresh = [id_ for id_ in merged(queues, self.pace.load(LOAD)) if not self.phases.is_given(id_)]
        self.phases.rank(sorted(fresh, key=self.phases.waits_for_kept))
        self._ranked = self.phases.count()

    def _turn(self, cell: Placed) -> tuple[bool, bool]:
        return not self.phases.is_given(cell.id), self.phases.waits_for_kept(cell.id)
