"""Which cells are to be under way: of each server's, in the order of the run, so many that none of them waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

HELD = 4  # times the look-ahead: so many verdicts wait at most for the turn of a slower server's


class Window:
    """The cells that are still to be begun. Not for several threads at a time.

    most: under way at each server; what is judged counts no more, where there are several. kept: those of the cells
    that are asked long before they come, and count for nothing. ranks: the places of the cells, as things are now;
    server: where a cell is asked. is_judged: whether a verdict is there.
    """

    def __init__(
        self,
        most: int,
        cells: Iterable[str],
        kept: Iterable[str],
        ranks: Callable[[], Mapping[str, int]],
        server: Callable[[str], str],
        is_judged: Callable[[str], bool],
    ) -> None:
        self._most, self._left, self._kept = most, set(cells), set(kept)
        self._ranks, self._server, self._is_judged = ranks, server, is_judged
        self._arranged: Mapping[str, int] = {}
        self._queues: dict[str, deque[str]] = {}
        self._servers: set[str] = set()  # also those of which all is begun: their verdicts still wait for turns
        self.begun: dict[str, str] = {}  # in that order, whose turns have not come; where each was asked then

    @property
    def several(self) -> bool:
        """Whether there are several servers."""
        return len(self._servers) > 1

    def over(self, cell: str) -> None:
        """Its turn has come, or never will."""
        self._left.discard(cell)
        self.begun.pop(cell, None)

    def fresh(self, now: Sequence[str] = ()) -> Iterator[str]:
        """What is to be begun, and is by being handed out. now: the cells that are certain to come next."""
        self._arrange()
        for cell in now:
            if cell in self._left:
                yield self._enter(cell)
        under_way = [server for cell, server in self.begun.items() if self._counts(cell, server)]
        for server, queue in self._queues.items():
            room = self._most - under_way.count(server)
            while queue and room > 0 and len(self.begun) < self._held:
                cell = queue.popleft()
                if cell in self._kept:
                    self._kept.discard(cell)
                    yield cell
                elif cell in self._left:
                    yield self._enter(cell)
                    room -= 1

    def _enter(self, cell: str) -> str:
        self._left.discard(cell)
        self.begun[cell] = self._server(cell)
        return cell

    @property
    def _held(self) -> int:
        return self._most * len(self._servers) * (HELD if self.several else 1)

    def _counts(self, cell: str, asked: str) -> bool:
        """Not what is judged, nor what has come from another server: it waits behind what this one has to do."""
        return not self.several or (self._server(cell) == asked and not self._is_judged(cell))

    def _arrange(self) -> None:
        """What is left, by server, in the order as it is now."""
        if (ranks := self._ranks()) is self._arranged:
            return
        self._arranged, self._queues = ranks, {}
        for cell in sorted(self._kept | self._left, key=ranks.__getitem__):
            self._queues.setdefault(self._server(cell), deque()).append(cell)
        self._servers.update(self._queues)
