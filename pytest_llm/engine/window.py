"""Which cells are to be under way: of each server's, in the order of the run, so many that none of them waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


class Window:
    """The cells that are still to be begun. Not for several threads at a time.

    most: under way at each server, until they are judged; held: with those whose verdicts wait for turns. kept: the
    cells that are asked long before they come, and count for nothing. ranks: the places of the cells, as things are
    now; server: where a cell is asked.
    """

    def __init__(
        self,
        most: int,
        held: int,
        cells: Iterable[str],
        kept: Iterable[str],
        ranks: Callable[[], Mapping[str, int]],
        server: Callable[[str], str],
    ) -> None:
        self._most, self._held, self._left, self._kept = most, held, set(cells), set(kept)
        self._ranks, self._server = ranks, server
        self._arranged: Mapping[str, int] = {}
        self._queues: dict[str, deque[str]] = {}
        self._servers: set[str] = set()  # also those of which all is begun: their verdicts still wait for turns
        # Whose turns have not come:
        self._begun: dict[str, str] = {}  # and where each was asked then
        self.judged: dict[str, int] = {}  # in that order; how many each counts for

    @property
    def several(self) -> bool:
        """Whether there are several servers."""
        return len(self._servers) > 1

    def judge(self, cell: str, weight: int = 1) -> None:
        """Its verdict is there, and is held until its turn as so many cells are."""
        if self._begun.pop(cell, None) is not None:
            self.judged[cell] = weight

    def over(self, cell: str) -> None:
        """Its turn has come, or never will."""
        self._left.discard(cell)
        self._begun.pop(cell, None)
        self.judged.pop(cell, None)

    def fresh(self, now: Sequence[str] = ()) -> Iterator[str]:
        """What is to be begun, and is by being handed out. now: the cells that are certain to come next."""
        self._arrange()
        for cell in now:
            if cell in self._left:
                yield self._enter(cell)
        # What has come from another server waits behind what this one has to do, and does not count.
        under_way = [asked for cell, asked in self._begun.items() if self._server(cell) == asked]
        held, most = len(under_way) + sum(self.judged.values()), self._held * len(self._servers)
        for server, queue in self._queues.items():
            room = self._most - under_way.count(server)
            while queue:
                cell = queue[0]
                if cell in self._kept:
                    self._kept.discard(cell)
                    yield cell
                elif cell in self._left:
                    if room <= 0 or held >= most:
                        break
                    yield self._enter(cell)
                    room, held = room - 1, held + 1
                queue.popleft()

    def _enter(self, cell: str) -> str:
        self._left.discard(cell)
        self._begun[cell] = self._server(cell)
        return cell

    def _arrange(self) -> None:
        """What is left, by server, in the order as it is now."""
        if (ranks := self._ranks()) is self._arranged:
            return
        self._arranged, self._queues = ranks, {}
        for cell in sorted(self._kept | self._left, key=ranks.__getitem__):
            self._queues.setdefault(self._server(cell), deque()).append(cell)
        self._servers.update(self._queues)
