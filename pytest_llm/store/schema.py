"""The tables of a store, and how an older one becomes one of today.

Whatever a model, a file or a branch may be called, or say, stands in them as JSON in ASCII or as a hash: there is
no text that one database takes and the other does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import sqlalchemy as sa

FORMAT = 1
AT_ONCE = 100  # rows that are read or written together: they may be long

metadata = sa.MetaData()

about = sa.Table(
    "llm_store",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

# id: sorts by time. exact, replay: the two keys. kind: how it ended (answers.KINDS). cut: the seconds or bytes at
# which it was. alone: it was measured with the server alone. question, answer: JSON.
answers = sa.Table(
    "llm_answers",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("exact", sa.String(64), nullable=False),
    sa.Column("replay", sa.String(64), nullable=False),
    sa.Column("made", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("cut", sa.Float),
    sa.Column("alone", sa.Boolean, nullable=False),
    sa.Column("model", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Index("llm_answers_exact", "exact", "id"),
    sa.Index("llm_answers_replay", "replay", "id"),
    sa.Index("llm_answers_model", "model"),
)

# branch: a hash of its name. header, ending: lines of the run's record.
runs = sa.Table(
    "llm_runs",
    metadata,
    sa.Column("run", sa.String(64), primary_key=True),
    sa.Column("branch", sa.String(64), nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("header", sa.Text, nullable=False),
    sa.Column("ending", sa.Text, nullable=False),
    sa.Index("llm_runs_branch", "branch", "run"),
)

# cell: a hash of its node id. line: that of the run's record, its answers without what stands among the answers.
cells = sa.Table(
    "llm_cells",
    metadata,
    sa.Column("run", sa.String(64), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("cell", sa.String(64), nullable=False),
    sa.Column("line", sa.Text, nullable=False),
    sa.Index("llm_cells_cell", "cell", "run"),
)

Step = Callable[[sa.Connection], None]
# From each older format to the next one.
MIGRATIONS: Mapping[int, Step] = {}

_LOCKS = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7266301)"}


def hashed(text: str) -> str:
    """sha256, hex: for names that no index takes as they are."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def insert(table: sa.Table, dialect: str) -> Any:
    """An INSERT that may say what is to become of rows that are there already. dialect: it is loaded then."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)


def said_format(connection: sa.Connection) -> int | None:
    """The format that a store says it has; None where there is no store yet."""
    if not sa.inspect(connection).has_table(about.name):
        return None
    value = connection.scalar(sa.select(about.c.value).where(about.c.name == "format"))
    return int(value) if value else None


def prepare(connection: sa.Connection) -> None:
    """Make the tables, or bring them to today's format, in the transaction that goes on; one process at a time."""
    connection.exec_driver_sql(_LOCKS[connection.dialect.name])
    said = said_format(connection)
    if said is None:
        metadata.create_all(connection)
        connection.execute(sa.insert(about).values(name="format", value=str(FORMAT)))
        return
    for older in range(said, FORMAT):
        MIGRATIONS[older](connection)
    connection.execute(sa.update(about).where(about.c.name == "format").values(value=str(FORMAT)))
