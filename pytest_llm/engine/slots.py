"""How many questions a server is asked at a time: as many as the run says, or as many as pay off."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from pytest_llm.settings import MOST_SLOTS

ROUND = 8  # answers at least, after which the pace is looked at
GAIN = 1.05  # what one more must bring, and what is no more than noise


@dataclass
class Slots:
    """The limit of one server. said: by the run, 0 where it is to be found.

    It begins with 1, and one is added after each round of answers as long as tokens a second rise by 5%; one is
    taken away where they do not, where they fall, and where the server says that it is busy. Only what was answered
    while all slots were taken counts, and of that nothing that was on its way when the limit changed.
    """

    said: int = 1
    limit: int = field(init=False)
    _most: int = MOST_SLOTS
    _busy: int = MOST_SLOTS
    _kind: Hashable = None
    _paces: dict[int, float] = field(default_factory=dict)
    _unsettled: int = 0
    _answers: int = 0
    _tokens: int = 0
    _since: float = 0.0

    def __post_init__(self) -> None:
        self.limit = self.said or 1

    def answered(self, kind: Hashable, tokens: int, taken: int, now: float) -> None:
        """An answer has come. kind: the model that is loaded. taken: slots, its own too. now: seconds."""
        if self.said:
            return
        if kind != self._kind:
            self._kind, self._most = kind, self._busy
            self._paces.clear()
            self._anew(now)
        elif taken < self.limit:
            self._anew(now)
        elif self._unsettled:
            self._unsettled -= 1
            self._since = now
        else:
            self._answers, self._tokens = self._answers + 1, self._tokens + tokens
            if self._answers >= ROUND and self._answers % self.limit == 0:  # a server may answer them in one go
                self._round(self._tokens / max(now - self._since, 1e-9), now)

    def busy(self) -> None:
        """The server refused a question because it has too many."""
        if not self.said and self.limit > 1:
            self._most = self._busy = self.limit = self.limit - 1
            self._answers = 0

    def _round(self, pace: float, now: float) -> None:
        fewer, before = self._paces.get(self.limit - 1), self._paces.get(self.limit)
        self._paces[self.limit] = pace
        if fewer is not None and pace < fewer * GAIN:
            self._most = self.limit = self.limit - 1
        elif before is not None and pace * GAIN < before and self.limit > 1:
            self.limit -= 1
        elif self.limit < self._most:
            self.limit += 1
        self._anew(now)

    def _anew(self, now: float) -> None:
        self._unsettled = self.limit
        self._answers = self._tokens = 0
        self._since = now
