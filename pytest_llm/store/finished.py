"""Finished runs as rows: what a run's record says of each cell, less what stands among the answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from pytest_llm.store.record import CellLine, End, Header, RunRecord, from_line, to_line
from pytest_llm.store.schema import cells, runs
from pytest_llm.store.slim import slim


def hashed(text: str) -> str:
    """sha256, hex: for names that no index takes as they are."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def add(connection: sa.Connection, record: RunRecord) -> None:
    """Write a finished run; one that is there already is replaced."""
    header, end = record.header, record.end or End(complete=False, exit_status=-1)
    remove(connection, [header.run])
    row = {
        "run": header.run,
        "branch": hashed(header.branch),
        "complete": end.complete,
        "header": to_line(header),
        "ending": to_line(end),
    }
    connection.execute(sa.insert(runs), [row])
    rows = [
        {"run": header.run, "position": number, "cell": hashed(line.nodeid), "line": to_line(slim(line))}
        for number, line in enumerate(record.cells.values())
    ]
    if rows:
        connection.execute(sa.insert(cells), rows)


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
    found = tuple(cast(CellLine, from_line(line)) for line in lines)
    return RunRecord(place, cast(Header, from_line(row.header)), found, cast(End, from_line(row.ending)))
