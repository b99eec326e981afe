"""The matrix of a run: cases down, models and think modes across, and what failed for one reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any, Generic, TypeVar

from pytest_llm.reports.viewer.brief import brief
from pytest_llm.reports.viewer.columns import Column, Counted, Numbers, answered, in_order
from pytest_llm.reports.viewer.grouping import Group, Grouping
from pytest_llm.store.line import CellLine

_ACTING = frozenset({"skip", "skipif", "xfail"})  # marks that say what becomes of a cell
Key = tuple[str | int, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a case, as its first cell says it. line: of the case in its file. group: what it stands under."""

    case: str
    label: str
    file: str
    line: int
    group: str
    markers: tuple[str, ...]


@dataclass(frozen=True)
class Matrix(Generic[T]):
    """columns: what was measured of each. cells: (row, column, what is shown), in the run's order; the column is -1
    where a cell has none: its worker died.
    """

    columns: Sequence[Mapping[str, Any]]
    rows: Sequence[Row]
    cells: Sequence[tuple[int, int, T]]
    groups: Sequence[Group]


def matrix(lines: Iterable[CellLine], shown: Callable[[CellLine, Numbers], T]) -> Matrix[T]:
    """The matrix of a run's cells, in the run's order; each is looked at once.

    shown: what is kept of a cell and of the numbers of its answers. Beside that, of thousands of cells, their names
    and a few tallies are.
    """
    columns: dict[Column, Counted] = {}
    rows: dict[Key, Row] = {}
    cells: dict[tuple[Key, Column], T] = {}
    grouping, taken = Grouping(), Counter[tuple[Key, Column]]()
    for number, line in enumerate(lines):
        numbers = answered(line)
        column = (intern(line.model), intern(line.think))
        key: Key = (intern(line.file), intern(line.case), line.row, *map(str, line.axes.values()))
        if (key, column) in cells:  # another row where that place is taken
            taken[key, column] += 1
            key = (*key, taken[key, column])
        if key not in rows:
            rows[key] = _row(line)
        cells[key, column] = shown(line, numbers)
        columns.setdefault(column, Counted()).add(line, numbers)
        grouping.add(number, line)
    across = in_order(column for column, counted in columns.items() if counted.of_cases)
    columns_at = {column: number for number, column in enumerate(across)}
    down = _in_groups(rows)
    rows_at = {key: number for number, key in enumerate(down)}
    return Matrix(
        [columns[column].plain(column) for column in across],
        [rows[key] for key in down],
        [(rows_at[key], columns_at.get(column, -1), value) for (key, column), value in cells.items()],
        grouping.groups(),
    )


def _row(line: CellLine) -> Row:
    about = (marker for marker in line.markers if marker not in _ACTING)
    return Row(
        case=intern(brief(line.case or line.nodeid)),
        label=brief(" · ".join(filter(None, [line.row, *map(str, line.axes.values())]))),
        file=intern(brief(line.file)),
        line=line.line,
        group=intern(brief(next(about, line.file.rpartition("/")[0]))),
        markers=tuple(intern(brief(marker)) for marker in line.markers),
    )


def _in_groups(rows: Mapping[Key, Row]) -> list[Key]:
    """The rows in the order of their files, those of a group together, where its first one stands.

    The rows of a case stand as they were asked, which within a model is their order in the file.
    """
    keys = sorted(rows, key=lambda key: (key[0], rows[key].line))
    ranks = {group: rank for rank, group in enumerate(dict.fromkeys(rows[key].group for key in keys))}
    return sorted(keys, key=lambda key: ranks[rows[key].group])
