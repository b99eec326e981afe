"""Finished runs as rows: what a run's record says of each cell, less what stands among the answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from pytest_llm.store.line import CellLine, End, Header, from_line, to_line
from pytest_llm.store.record import RunRecord
from pytest_llm.store.schema import AT_ONCE, cells, hashed, insert, runs


def add(connection: sa.Connection, found: Iterator[Header | CellLine | End]) -> None:
    """Write a finished run as its record says it, some lines at a time; one that is there already is replaced."""
    header, end = next(found), End(complete=False, exit_status=-1)
    assert isinstance(header, Header)
    remove(connection, [header.run])
    places = {nodeid: number for number, nodeid in enumerate(header.cells)}
    while some := list(islice(found, AT_ONCE)):
        end = next((value for value in some if isinstance(value, End)), end)
        lines = [value for value in some if isinstance(value, CellLine)]
        rows = [
            {"run": header.run, "position": places.setdefault(line.nodeid, len(places))} | _cell(line)
            for line in lines
        ]
        if rows:
            connection.execute(_adding(connection.dialect.name), rows)
    row = {
        "run": header.run,
        "branch": hashed(header.branch),
        "complete": end.complete,
        "header": to_line(header),
        "ending": to_line(end),
    }
    connection.execute(sa.insert(runs), [row])


@cache
def _adding(dialect: str) -> sa.Insert:
    """A cell that was run again has the line of its last time."""
    new = insert(cells, dialect)
    adding: sa.Insert = new.on_conflict_do_update(
        index_elements=["run", "position"], set_={"line": new.excluded.line}
    )
    return adding


def _cell(line: CellLine) -> dict[str, str]:
    return {"cell": hashed(line.nodeid), "line": to_line(line)}


def remove(connection: sa.Connection, ids: Iterable[str]) -> None:
    for run in ids:
        connection.execute(sa.delete(cells).where(cells.c.run == run))
        connection.execute(sa.delete(runs).where(runs.c.run == run))


def of_branch(branch: str, last: int) -> sa.Select[Any]:
    """The latest complete runs of a branch."""
    wanted = sa.select(runs).where(runs.c.branch == hashed(branch), runs.c.complete)
    return wanted.order_by(runs.c.run.desc()).limit(last)


def all_runs() -> sa.Select[Any]:
    """The newest first."""
    return sa.select(runs.c.run).order_by(runs.c.run.desc())


def of_cell(nodeid: str, last: int) -> sa.Select[Any]:
    """The latest lines of a cell, each with the run it stands in."""
    joined = sa.select(runs, cells.c.line).join(cells, cells.c.run == runs.c.run)
    return joined.where(cells.c.cell == hashed(nodeid)).order_by(runs.c.run.desc()).limit(last)


def lines_of(ids: Iterable[str]) -> sa.Select[Any]:
    """The lines of these runs, in the order in which they came."""
    return (
        sa.select(cells.c.run, cells.c.line)
        .where(cells.c.run.in_(list(ids)))
        .order_by(cells.c.run, cells.c.position)
    )


def record(row: Any, lines: Iterable[str], place: Path) -> RunRecord:
    """A run as its record was, of its row and the lines of its cells."""
    found = (cast(CellLine, from_line(line)) for line in lines)
    return RunRecord.of(place, cast(Header, from_line(row.header)), found, cast(End, from_line(row.ending)))
