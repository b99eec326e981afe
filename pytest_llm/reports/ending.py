"""The end of a run in the terminal: the matrix, what was measured of each column, failures of one kind together.

Drawn of the same data as the report's first page (`viewer.matrix`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pytest_llm.errors import counted
from pytest_llm.reports.plain import one_line
from pytest_llm.reports.viewer.columns import think_name
from pytest_llm.reports.viewer.grouping import Group
from pytest_llm.reports.viewer.matrix import Matrix, Row
from pytest_llm.store.line import CellLine

Shown = tuple[str, bool]  # a cell's word; whether it is one of those that did not pass
Line = list[tuple[str, str]]  # pieces of text, each with its colour, "" for none
ROWS = 20  # of the matrix: of a longer one, those in which something did not pass,
HURT = 100  # and of these so many
GROUPS = 10
REASON = 240  # characters of why cells were skipped: what mends it stands at its end
_NARROW, _GAP = 12, 2  # characters: the least of a column of names; between two columns
_WORDS = {
    "passed": "pass",
    "failed": "FAIL",
    "error": "ERROR",
    "skipped": "skip",
    "xfailed": "xfail",
    "xpassed": "XPASS",
}
_COLOURS = {"pass": "green", "FAIL": "red", "ERROR": "red", "skip": "yellow", "xfail": "yellow", "XPASS": "yellow"}
_UNHURT = ("passed", "skipped", "xfailed")


def lines(matrix: Matrix[Shown], width: int, *, whole: bool = False) -> Iterator[Line]:
    """The lines below the heading: the matrix, failures of one kind, why cells were skipped.

    Less than two judged cells make no matrix. whole: every row. width: of the terminal, in characters. A matrix
    that is wider is shown in several parts.
    """
    skips = [group for group in matrix.groups if group.severity == "skip"]
    if sum(column["judged"] for column in matrix.columns) > 1:
        yield from _matrix(matrix, width, whole=whole)
        failures = [one for one in matrix.groups if one.severity != "skip" and len(one.cells) > 1]
        if failures or skips:
            yield []
        yield from _together(failures, "cells: ", "kinds of failures", width)
    yield from _together(skips, "skipped: ", "reasons to skip", max(width, REASON))


def shown(line: CellLine, _: object = None) -> Shown:
    """What the matrix holds of a cell."""
    return _shown(line.reported, line.outcomes.count("passed"), line.samples, line.escalated)


@lru_cache(maxsize=1024)
def _shown(reported: str, passed: int, samples: int, escalated: bool) -> Shown:
    counted = f" {passed}/{samples}" if samples > 1 else ""
    return f"{_WORDS.get(reported, reported)}{counted}{'*' if escalated else ''}", reported not in _UNHURT


def _together(groups: Sequence[Group], noun: str, kinds: str, width: int) -> Iterator[Line]:
    """Cells of which the same is to be said, a line each."""
    for group in groups[:GROUPS]:
        said = f"{group.check}: {group.message}" if group.check else group.message
        yield [(one_line(f"{len(group.cells)} {noun}{said}", width), "")]
    if len(groups) > GROUPS:
        yield [(f"and {len(groups) - GROUPS} {kinds} more", "")]


def _matrix(matrix: Matrix[Shown], width: int, *, whole: bool) -> Iterator[Line]:
    at = {(row, column): word for row, column, (word, _) in matrix.cells}
    rows, left = _chosen(matrix, whole=whole)
    labels = [_label(matrix.rows[row]) for row in rows]
    numbers = [(name, of) for name, of in _NUMBERS if any(of(column) for column in matrix.columns)]
    first = min(max(map(len, ["tokens/s", *labels, *(name for name, _ in numbers)])), max(_NARROW, width // 2))
    columns = [
        _column(
            column,
            think_name(column["think"], matrix.columns),
            [at.get((row, place), "") for row in rows],
            [of for _, of in numbers],
        )
        for place, column in enumerate(matrix.columns)
    ]
    if not columns:
        return
    names = ["", "", *labels, *(name for name, _ in numbers)]
    for number, part in enumerate(_parts(columns, width - first)):
        if number:
            yield []
        for place, name in enumerate(names):
            if not (name or any(column[place] for column in part)):
                continue  # no cell has a think mode
            words = [column[place].rjust(max(map(len, column)) + _GAP) for column in part]
            yield [(one_line(name, first).ljust(first), ""), *((word, _colour(word)) for word in words)]
    yield from ([(line, "")] for line in left)


def _colour(word: str) -> str:
    return _COLOURS.get(word.strip().rstrip("*").partition(" ")[0], "")


def _chosen(matrix: Matrix[Shown], *, whole: bool) -> tuple[list[int], list[str]]:
    """The rows that are shown, and what is said of the others."""
    number = len(matrix.rows)
    if whole or number <= ROWS:
        return list(range(number)), []
    hurt = sorted({row for row, _, (_, is_hurt) in matrix.cells if is_hurt})
    left = {"something did not pass": len(hurt[HURT:]), "every cell passed": number - len(hurt)}
    said = [f"and {counted(count, 'row')} in which {what} (-v shows them)" for what, count in left.items() if count]
    return hurt[:HURT], said


def _label(row: Row) -> str:
    return one_line(f"{row.case} {row.label}".strip())


def _column(
    column: Mapping[str, Any], think: str, words: Sequence[str], numbers: Sequence[Callable[..., str]]
) -> list[str]:
    """Heading, think mode, a word a row, the numbers."""
    return [one_line(column["model"], 30), think, *words, *(of(column) for of in numbers)]


def _parts(columns: Sequence[list[str]], width: int) -> Iterator[list[list[str]]]:
    """The columns that fit side by side; at least one each."""
    part: list[list[str]] = []
    taken = 0
    for column in columns:
        needs = max(map(len, column)) + _GAP
        if part and taken + needs > width:
            yield part
            part, taken = [], 0
        part.append(column)
        taken += needs
    yield part


def _share(column: Mapping[str, Any]) -> str:
    return f"{column['passed']}/{column['judged']}" if column["judged"] else ""


def _number(key: str, form: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda column: "" if column[key] is None else form.format(column[key])


_NUMBERS: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("passed", _share),
    ("tokens/s", _number("rate", "{:.1f}")),
    ("first token", _number("first", "{:.2f} s")),
    ("load", _number("load", "{:.1f} s")),
    ("thinking", _number("thinking", "{:.0%}")),
)
