"""One database behind the store, SQLite or PostgreSQL: opened, and what goes wrong told as a StoreError."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from pytest_llm.errors import StoreError
from pytest_llm.store import schema
from pytest_llm.store.address import Address

T = TypeVar("T")
BUSY = 4.0  # seconds that another process may hold a lock
HASTY = 0.5  # the same, where it was held for longer the last time
CONNECT = 3  # seconds for a server to answer
_PAUSE = 0.02
MEMORY = Address(Path(":memory:"))

# What SQLite's result codes mean to its user: the words, and what to do.
_AWAY = "move it away, and a new one is begun"
_CODES = {
    sqlite3.SQLITE_BUSY: ("is locked by another process", "end that process, or name another store by --llm-store"),
    sqlite3.SQLITE_READONLY: ("cannot be written", "name another store by --llm-store, or none"),
    sqlite3.SQLITE_IOERR: ("cannot be read or written, by a fault of the disk", "look at the disk"),
    sqlite3.SQLITE_CORRUPT: ("is damaged", _AWAY),
    sqlite3.SQLITE_FULL: ("cannot be written, for the disk is full", "free some of it"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "look at the rights of its folder"),
    sqlite3.SQLITE_NOTADB: ("is no store, or it is damaged", _AWAY),
}
_SERVER = "look whether it runs, at its address and its password (PGPASSWORD); --llm-store none does without"
_STATES = {"42501": ("may not be written by this user", "a run may read it all the same")}  # PostgreSQL's codes
# None of the environment: an address that only a file of the repository names is sent no password.
_NO_PASSWORD = {"password": "", "passfile": os.devnull}


class Database:
    """An open store. readonly: nothing can be written to it. Any thread may use it, one at a time.

    One connection is held as long as it is open: to take one from a pool costs as much as to write an answer.
    """

    def __init__(self, address: Address, *, create: bool = True) -> None:
        """Open it; made where it is not there. Raises StoreError."""
        self.address, self.readonly = address, address.path is not None and _is_readonly(address.path)
        if address.path is not None and not create and not address.path.exists():
            raise self._fault("is not there", "a run that asks models makes it; --llm-store names another")
        self._busy = False
        with self._told():
            self._engine = _engine(address, readonly=self.readonly)
        self._connection: sa.Connection | None = None
        try:
            self._prepare(create=create and not self.readonly)
        except StoreError:
            self.close()
            raise

    def _prepare(self, *, create: bool) -> None:
        said = self._done(schema.said_format)
        if said is not None and said > schema.FORMAT:
            message = f"was written by a newer pytest-llm (format {said}, this one reads {schema.FORMAT})"
            raise self._fault(message, "update pytest-llm, or name another store by --llm-store")
        if said is None and not create:
            raise self._fault("holds no answers yet", "a run that asks models makes it")
        if said != schema.FORMAT and not self.readonly:
            self._done(schema.prepare)

    def read(self, statement: sa.Select[Any]) -> list[Any]:
        """The rows. Raises StoreError."""
        return self._done(lambda connection: list(connection.execute(statement)))

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Do it in one transaction: all of it or nothing. Raises StoreError."""
        if self.readonly:
            raise self._fault(*_CODES[sqlite3.SQLITE_READONLY])
        done = self._done(_hastily(work) if self._busy else work)
        self._busy = False
        return done

    def _done(self, work: Callable[[sa.Connection], T]) -> T:
        """In one transaction; where a server had gone since the last one, once more by a new connection."""
        with self._told():
            connection = self._connection = self._connection or self._engine.connect()
            try:
                with connection.begin():
                    return work(connection)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            with connection.begin():
                return work(connection)

    def shrink(self) -> None:
        """Give back the room of what was deleted. Raises StoreError."""
        self.close()
        with self._told(), self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM")

    def close(self) -> None:
        """Let the connection go; whoever uses it once more makes a new one."""
        connection, self._connection = self._connection, None
        with suppress(SQLAlchemyError, sqlite3.Error):
            if connection:
                connection.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, ImportError, ValueError) as error:  # of a format that is no number
            self._busy = _code(error) == sqlite3.SQLITE_BUSY
            raise self._fault(*_words(error)) from None

    def _fault(self, message: str, hint: str) -> StoreError:
        return StoreError(f"the store {self.address} {message}", hint=hint)


def _hastily(work: Callable[[sa.Connection], T]) -> Callable[[sa.Connection], T]:
    """With less patience for SQLite's lock; with all of it again, once that went well."""

    def hasty(connection: sa.Connection) -> T:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={round(1000 * HASTY)}")
        done = work(connection)
        connection.exec_driver_sql(f"PRAGMA busy_timeout={round(1000 * BUSY)}")
        return done

    return hasty


def _words(error: Exception) -> tuple[str, str]:
    """What happened, and what to do, in the words of a sentence that begins with the store."""
    if isinstance(error, ImportError):
        return "needs a driver that is not installed", "pip install 'pytest-llm-cases[postgres]'"
    if (code := _code(error)) in _CODES:
        return _CODES[code]
    cause = getattr(error, "orig", None) or error
    if known := _STATES.get(getattr(cause, "sqlstate", None) or ""):
        return known
    first = str(cause).strip().partition("\n")[0]
    return f"cannot be used: {_without_password(first)}", "" if isinstance(cause, sqlite3.Error) else _SERVER


def _code(error: Exception) -> int:
    """SQLite's primary result code; 0 where it is none of SQLite's."""
    return getattr(getattr(error, "orig", None) or error, "sqlite_errorcode", 0) & 0xFF


def _without_password(text: str) -> str:
    password = os.environ.get("PGPASSWORD", "")
    return text.replace(password, "***") if password else text


def _is_readonly(path: Path) -> bool:
    """Beside the file a journal is written: the folder's rights count too."""
    return path.is_file() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))


def _engine(address: Address, *, readonly: bool) -> sa.Engine:
    if address.path is not None:
        path = address.path
        return sa.create_engine("sqlite://", creator=lambda: _sqlite(path, readonly=readonly), poolclass=NullPool)
    own = {} if address.trusted else _NO_PASSWORD
    patience = {"connect_timeout": CONNECT, "tcp_user_timeout": 1000 * CONNECT, "application_name": "pytest-llm"}
    return sa.create_engine(address.url, connect_args=own | patience, poolclass=NullPool)


def _sqlite(path: Path, *, readonly: bool) -> sqlite3.Connection:
    if readonly:
        return _readonly(path)
    where = str(path) if path == MEMORY.path else f"file:{quote(os.fspath(path))}?mode=rwc"
    connection = sqlite3.connect(where, uri=True, timeout=BUSY, check_same_thread=False)
    try:
        _journal(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _readonly(path: Path) -> sqlite3.Connection:
    """Without any lock; where answers still stand in the log beside the file, with the locks that this takes."""
    log = path.with_name(f"{path.name}-wal")
    for mode in ("mode=ro", "immutable=1") if log.exists() and log.stat().st_size else ("immutable=1",):
        connection = sqlite3.connect(f"file:{quote(os.fspath(path))}?{mode}", uri=True, check_same_thread=False)
        with suppress(sqlite3.OperationalError), closing(connection.execute("SELECT 1 FROM sqlite_master")):
            return connection
        connection.close()
    return sqlite3.connect(f"file:{quote(os.fspath(path))}?immutable=1", uri=True, check_same_thread=False)


def _journal(connection: sqlite3.Connection) -> None:
    """A write-ahead log where the file system bears it: readers then wait for nobody, and a write costs no flush.

    What is written survives the end of the process in either mode; only without the log each write is flushed.
    """
    mode = _pragma(connection, "journal_mode")
    if mode not in ("wal", "memory"):
        with suppress(sqlite3.OperationalError):
            mode = _patiently(lambda: _pragma(connection, "journal_mode=WAL"))
    if mode == "wal":
        _pragma(connection, "synchronous=NORMAL")


def _pragma(connection: sqlite3.Connection, said: str) -> str:
    row = connection.execute(f"PRAGMA {said}").fetchone()
    return str(row[0]) if row else ""


def _patiently(work: Callable[[], T]) -> T:
    """Again while another process is just doing the same: for the journal's mode SQLite itself does not wait."""
    end = time.monotonic() + BUSY
    while True:
        try:
            return work()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(_PAUSE)
