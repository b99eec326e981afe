"""The time limits of a stream. Pure code: whoever keeps them is told the time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """Time limits in seconds: to the first line, between two lines, and for all of them (None: no limit).

    size: how many bytes all lines may have (None: no limit, where no line is kept).
    """

    first: float
    silence: float
    whole: float | None = None
    size: int | None = None


class Watch:
    """Keeps the time limits of one stream. All times are of one clock, in seconds.

    Only lines that are progress count: neither keep-alive comments nor a drip of bytes that never ends a line
    keeps a dead stream alive. `whole` runs from the first line, and is over only when a line comes after it: a
    server that has fallen silent is no slow model.
    """

    def __init__(self, patience: Patience, now: float) -> None:
        self.patience = patience
        self.flowing = False
        self.began: float | None = None
        self.deadline = now + patience.first
        self._first = self.deadline
        self._late: float | None = None

    def progress(self, now: float) -> bool:
        """A line has come; says whether it came too late."""
        if not self.flowing and self.patience.whole is not None:
            self._late = now + self.patience.whole
        self.flowing = True
        self.deadline = now + self.patience.silence
        return self._late is not None and now > self._late

    def heard(self, now: float, *, pending: bool) -> None:
        """Bytes have come, and have been taken; pending: a line has begun that has not ended."""
        if self.flowing:
            return
        self.began = (now if self.began is None else self.began) if pending else None
        began = self._first if self.began is None else self.began + self.patience.silence
        self.deadline = min(self._first, began)
