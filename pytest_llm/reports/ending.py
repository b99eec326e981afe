"""The end of a run in the terminal: the matrix, what was measured of each column, failures of one kind together.

Drawn of the same data as the report's first page (`viewer.overview.matrix`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pytest_llm.reports.plain import one_line

Matrix = Mapping[str, Any]
Line = list[tuple[str, str]]  # pieces of text, each with its colour, "" for none
ROWS = 20  # of the matrix: of a longer one, those in which something did not pass
GROUPS = 10
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


def lines(matrix: Matrix, width: int, *, whole: bool = False) -> Iterator[Line]:
    """The lines below the heading: the matrix, failures of one kind, why cells were skipped.

    Less than two judged cells make no matrix. whole: every row. width: of the terminal, in characters. A matrix
    that is wider is shown in several parts.
    """
    skips = [group for group in matrix["groups"] if group["severity"] == "skip"]
    if sum(column["judged"] for column in matrix["columns"]) > 1:
        yield from _matrix(matrix, width, whole=whole)
        failures = [one for one in matrix["groups"] if one not in skips and len(one["cells"]) > 1]
        if failures or skips:
            yield []
        yield from _together(failures, "cells: ", "kinds of failures", width)
    yield from _together(skips, "skipped: ", "reasons to skip", width)


def _together(groups: Sequence[Mapping[str, Any]], noun: str, kinds: str, width: int) -> Iterator[Line]:
    """Cells of which the same is to be said, a line each."""
    for group in groups[:GROUPS]:
        said = f"{group['check']}: {group['message']}" if group["check"] else group["message"]
        yield [(one_line(f"{len(group['cells'])} {noun}{said}", width), "")]
    if len(groups) > GROUPS:
        yield [(f"and {len(groups) - GROUPS} {kinds} more", "")]


def _matrix(matrix: Matrix, width: int, *, whole: bool) -> Iterator[Line]:
    at = {(cell["row"], cell["column"]): cell for cell in matrix["cells"]}
    shown, left = _chosen(matrix, whole=whole)
    labels = [_label(matrix["rows"][row]) for row in shown]
    numbers = [(name, of) for name, of in _NUMBERS if any(of(column) for column in matrix["columns"])]
    first = min(max(map(len, ["tokens/s", *labels, *(name for name, _ in numbers)])), max(_NARROW, width // 2))
    columns = [
        _column(column, [at.get((row, place)) for row in shown], [of for _, of in numbers])
        for place, column in enumerate(matrix["columns"])
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
    if left:
        yield [(f"and {left} rows in which every cell passed (-v shows them)", "")]


def _colour(word: str) -> str:
    return _COLOURS.get(word.strip().rstrip("*").partition(" ")[0], "")


def _chosen(matrix: Matrix, *, whole: bool) -> tuple[list[int], int]:
    """The rows that are shown, and how many are not."""
    every = list(range(len(matrix["rows"])))
    if whole or len(every) <= ROWS:
        return every, 0
    hurt = {cell["row"] for cell in matrix["cells"] if cell["reported"] not in _UNHURT}
    return sorted(hurt), len(every) - len(hurt)


def _label(row: Mapping[str, Any]) -> str:
    return one_line(f"{row['case']} {row['label']}".strip())


def _column(
    column: Mapping[str, Any], cells: Sequence[Mapping[str, Any] | None], numbers: Sequence[Callable[..., str]]
) -> list[str]:
    """Heading, think mode, a word a row, the numbers."""
    think = "" if column["think"] == "default" else f"think {column['think']}"
    words = [_word(cell) if cell else "" for cell in cells]
    return [one_line(column["model"], 30), think, *words, *(of(column) for of in numbers)]


def _word(cell: Mapping[str, Any]) -> str:
    word = _WORDS.get(cell["reported"], cell["reported"])
    counted = f" {cell['passed']}/{cell['samples']}" if cell["samples"] > 1 else ""
    return f"{word}{counted}{'*' if cell['escalated'] else ''}"


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
