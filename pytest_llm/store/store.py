"""The store: answers by their keys, finished runs by branch and by cell. Everything it raises is a StoreError."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from pytest_llm.errors import StoreError
from pytest_llm.store import answers as rows
from pytest_llm.store import finished
from pytest_llm.store.address import Address, default
from pytest_llm.store.answers import Answer
from pytest_llm.store.database import MEMORY, Database
from pytest_llm.store.keys import Question, Wanted
from pytest_llm.store.line import CellLine, Header
from pytest_llm.store.record import RunRecord, values
from pytest_llm.store.runs import make_home, within
from pytest_llm.store.schema import AT_ONCE
from pytest_llm.store.slim import slim


def _make_room(address: Address, path: Path, root: Path) -> None:
    """The folder that a new store is to lie in. Raises StoreError."""
    try:
        if path == default(root).path:
            make_home(root)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the store {address} cannot be made: {error.strerror or error}") from None


class Store:
    """An open store. Any thread may use it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, address: Address, root: Path, *, create: bool = True) -> Self:
        """Open it, and with `create` make it where it is not there.

        Raises StoreError, and InputError where a link leads a store within the rootdir out of it.
        """
        if address.path and address.path.is_relative_to(root):
            within(address.path, root)
        if address.is_folder:
            return cls._of_folder(address)
        if create and address.path:
            _make_room(address, address.path, root)
        return cls(Database(address, create=create))

    @classmethod
    def _of_folder(cls, address: Address) -> Self:
        """Exported answers, read into memory; nothing is written to the folder."""
        from pytest_llm.store import exports

        assert address.path
        store = cls(Database(MEMORY))
        store.add(list(exports.read(address.path)))
        store._database.address, store._database.readonly = address, True
        return store

    @property
    def readonly(self) -> bool:
        return self._database.readonly

    def close(self) -> None:
        self._database.close()

    # Answers.

    def add(self, answers: Sequence[Answer]) -> int:
        """Keep them, in one transaction; those that are there already are left as they are. How many were new."""
        return self._database.write(lambda connection: rows.add(connection, answers))

    def newest(self, question: Question, wanted: Wanted) -> Answer | None:
        """The newest answer to just this question that is good for a run."""
        return self._answer(rows.by_exact(question, wanted))

    def replayed(self, question: Question, wanted: Wanted) -> Answer | None:
        """The newest answer of any model of this name and Modelfile; measured alone first, where that is wanted."""
        return self._answer(rows.by_replay(question, wanted))

    def answer(self, id_: str) -> Answer | None:
        """The answer of this id; None where it is gone."""
        return self._answer(rows.by_id(id_))

    def digests(self, question: Question) -> int:
        """How many models of this name and Modelfile have answered it."""
        return int(self._database.read(rows.digests(question))[0][0])

    def count(self, model: str) -> int:
        """How many answers there are of a model of this name."""
        return int(self._database.read(rows.of_model(model))[0][0])

    def newest_of_each(self, model: str = "") -> Iterator[Answer]:
        """The newest answer to each question, of one model or of all."""
        ids = [found[0] for found in self._database.read(rows.newest_ids(model))]
        for begin in range(0, len(ids), AT_ONCE):
            yield from map(self._whole, self._database.read(rows.by_ids(ids[begin : begin + AT_ONCE])))

    def models(self) -> list[tuple[Answer, int, str, str]]:
        """For each model (of a name and digest): its last answer, how many there are, the first and last time."""
        found = self._database.read(rows.by_model())
        whole = map(self._whole, self._database.read(rows.by_ids([row.id for row in found])))
        last = {answer.id: answer for answer in whole}
        return [(last[row.id], row.number, row.first, row.latest) for row in found]

    def sweep(self, keep: int, before: str, runs: int, *, dry: bool) -> tuple[int, int]:
        """Delete all but the newest `keep` answers to each question, those made before that moment (ISO 8601), and
        all but the newest `runs` runs; with `dry` nothing. How many answers, how many runs.
        """
        gone = rows.superfluous(keep, before)
        number = int(self._database.read(sa.select(sa.func.count()).select_from(gone.subquery()))[0][0])
        old = [row.run for row in self._database.read(finished.all_runs())][runs:]
        if not dry and (number or old):
            self._database.write(lambda connection: rows.remove(connection, gone))
            self._database.write(lambda connection: finished.remove(connection, old))
            self._database.shrink()
        return number, len(old)

    def runs(self) -> list[str]:
        """The ids of all finished runs, the newest first."""
        return [row.run for row in self._database.read(finished.all_runs())]

    def _whole(self, row: Any) -> Answer:
        try:
            return rows.from_row(row)
        except (ValueError, TypeError, KeyError) as error:
            raise StoreError(f"the store {self._database.address} is damaged: {error}") from None

    def _answer(self, statement: sa.Select[Any]) -> Answer | None:
        found = self._database.read(statement)
        return self._whole(found[0]) if found else None

    # Finished runs.

    def add_run(self, file: Path) -> None:
        """Keep a finished run beyond its folder: each cell's verdict, numbers and findings, no text of answers.

        file: its record. Raises InputError where that is none.
        """
        self._database.write(lambda connection: finished.add(connection, values(file, slim)))

    def runs_of(self, branch: str, last: int = 10) -> list[RunRecord]:
        """The latest complete runs of a branch, the newest first.

        Their answers are without text and files, with the options alone of the request: `id` names the answer in
        this store.
        """
        return self._records(self._database.read(finished.of_branch(branch, last)))

    def history(self, nodeid: str, last: int = 10) -> list[tuple[Header, CellLine]]:
        """A cell's lines in the latest runs that held it, complete or not, the newest first."""
        rows = self._database.read(finished.of_cell(nodeid, last))
        records = [finished.record(row, [row.line], Path(row.run)) for row in rows]
        return [(record.header, line) for record in records for line in record.cells.values()]

    def _records(self, rows: Sequence[Any]) -> list[RunRecord]:
        lines: dict[str, list[str]] = defaultdict(list)
        for row in self._database.read(finished.lines_of(row.run for row in rows)):
            lines[row.run].append(row.line)
        return [finished.record(row, lines[row.run], Path(row.run)) for row in rows]
