"""When what was asked and checked: a span for each answer that was made in this run, by server, and its checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pytest_llm.reports.viewer.brief import brief
from pytest_llm.store.line import CellLine

MOST = 4000  # spans that are drawn
CHECKS = "checks"  # what stands above their lanes
BRIEF = 0.005  # seconds
Span = tuple[float, float, float, int]  # when it began, and what it took, of it the load; the cell's place


class Timeline:
    """When what was asked and checked, of one cell after the other."""

    def __init__(self) -> None:
        self._servers: dict[str, list[Span]] = {}
        self._checked: list[Span] = []

    def add(self, number: int, line: CellLine) -> None:
        """number: the cell's place."""
        for server, began, wall, load in _spans(line):
            self._servers.setdefault(server, []).append((began, wall, load, number))
        self._checked += [(began, seconds, 0.0, number) for began, seconds in _checked(line)]

    def plain(self) -> list[dict[str, Any]]:
        """The spans by server, each [lane, seconds since the first, seconds, of these the load, the cell's place].

        A lane is one of the questions that a server was asked at a time. A load, which all answers of its group
        tell, stands before the first of them. Answers from the store are in no lane. Last come the checks, in as
        many lanes as cells were judged at a time.
        """
        whole = {name: list(_loaded(sorted(spans)[:MOST])) for name, spans in self._servers.items()}
        if self._checked:
            whole[CHECKS] = sorted(self._checked)[:MOST]
        start = min((span[0] for spans in whole.values() for span in spans), default=0.0)
        return [{"server": brief(name), "spans": _laid(spans, start)} for name, spans in whole.items()]


def _loaded(spans: Sequence[Span]) -> Iterator[Span]:
    seen = {0.0}
    for began, wall, load, number in spans:
        once = 0.0 if load in seen else load
        seen.add(load)
        yield began - once, wall + once, once, number


def _checked(line: CellLine) -> Iterator[tuple[float, float]]:
    """When the checks of each answer began, and how long they took; those that took no time are left out."""
    for answer in (*line.answers, *line.confirmations):
        began, seconds = answer.get("checked") or (0.0, 0.0)
        if began and seconds >= BRIEF:
            yield began, seconds


def _spans(line: CellLine) -> Iterator[tuple[str, float, float, float]]:
    for answer in (*line.answers, *line.confirmations):
        began, numbers = answer.get("began"), answer.get("numbers") or {}
        if isinstance(began, int | float) and began and not answer.get("stored"):
            yield (
                str(answer.get("server", "")),
                began,
                numbers.get("wall") or 0.0,
                numbers.get("load_seconds") or 0.0,
            )


def _laid(spans: Sequence[Span], start: float) -> list[list[float]]:
    """Each in the first lane that is free when it begins."""
    ends: list[float] = []
    laid: list[list[float]] = []
    for began, wall, load, number in spans:
        lane = next((at for at, end in enumerate(ends) if end <= began + 0.001), len(ends))
        ends[lane : lane + 1] = [began + wall]
        laid.append([lane, round(began - start, 3), round(wall, 3), round(load, 3), number])
    return laid
