"""How far a run is, in one line: a state that each event takes on, and its words."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate

from pytest_llm.cases.durations import in_words
from pytest_llm.engine.events import Event, Kind
from pytest_llm.reports.plain import one_line


@dataclass(frozen=True)
class Flight:
    """A question that a server is answering. Times by time.monotonic; first: None before the first token."""

    cell: str
    model: str
    asked: float
    loads: bool = False
    first: float | None = None
    pieces: int = 0

    def speed(self, now: float) -> float:
        """Tokens a second: servers send one in a piece, or few."""
        return 0.0 if self.first is None else self.pieces / max(now - self.first, 0.5)


@dataclass(frozen=True)
class Progress:
    """total: cells of the run. began: when. done: those that are judged, by node id. flights: by the job's id.

    said: the last that was to be told.
    """

    total: int
    began: float
    said: str = ""
    done: frozenset[str] = frozenset()
    flights: Mapping[str, Flight] = field(default_factory=dict)

    def after(self, event: Event) -> Progress:
        """What it is once this has happened."""
        return _AFTER[event.kind](self, event)

    def _with(self, job: str, flight: Flight) -> Progress:
        return replace(self, flights={**self.flights, job: flight})

    def line(self, now: float) -> str:
        """Cells done, what is being asked or loaded and for how long, tokens a second, time left."""
        parts = [f"{len(self.done)}/{self.total} cells", self._asking(now), self._left(now), self.said]
        return ", ".join(filter(None, parts))

    def _asking(self, now: float) -> str:
        if not self.flights:
            return ""
        first, *others = sorted(self.flights.values(), key=lambda flight: flight.asked)
        loading = first.loads and first.first is None
        what = f"loading {first.model}" if loading else f"asking {first.cell.rpartition('::')[2]}"
        more = f" and {len(others)} more" if others else ""
        speed = sum(
            flight.pieces / max(now - flight.first, 0.5) for flight in self.flights.values() if flight.first
        )
        rate = f", {speed:.0f} tokens/s" if speed else ""
        return f"{one_line(what, 60)}{more} for {in_words(now - first.asked)}{rate}"

    def _left(self, now: float) -> str:
        if not self.done:
            return ""
        left = (now - self.began) / len(self.done) * (self.total - len(self.done))
        return f"{in_words(left)} left" if left else ""


def _asked(progress: Progress, event: Event) -> Progress:
    before = progress.flights.get(event.job)
    loads = event.kind == "loading" or bool(before and before.loads)
    return progress._with(event.job, Flight(event.cell, event.model, event.at, loads))


def _loaded(progress: Progress, event: Event) -> Progress:
    flight = progress.flights.get(event.job)
    return progress._with(event.job, replace(flight, loads=False)) if flight else progress


def _first(progress: Progress, event: Event) -> Progress:
    flight = progress.flights.get(event.job)
    return progress._with(event.job, replace(flight, first=event.at)) if flight else progress


def _piece(progress: Progress, event: Event) -> Progress:
    flight = progress.flights.get(event.job)
    return progress._with(event.job, replace(flight, pieces=flight.pieces + 1)) if flight else progress


def _answered(progress: Progress, event: Event) -> Progress:
    return replace(
        progress, said="", flights={job: one for job, one in progress.flights.items() if job != event.job}
    )


def _judged(progress: Progress, event: Event) -> Progress:
    return replace(progress, done=progress.done | {event.cell})


def _said(progress: Progress, event: Event) -> Progress:
    return replace(progress, said=one_line(event.text))


_AFTER: Mapping[Kind, Callable[[Progress, Event], Progress]] = {
    "loading": _asked,
    "asked": _asked,
    "first token": _first,
    "piece": _piece,
    "answered": _answered,
    "judged": _judged,
    "said": _said,
    "loaded": _loaded,
}


def cut(text: str, width: int) -> str:
    """As much of a line as fits into so many columns; some letters take two."""
    taken = accumulate(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
    return text[: sum(columns <= width for columns in taken)]
