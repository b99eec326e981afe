"""The database behind the store: opened in every state in which it may be found, on both kinds of databases."""

from __future__ import annotations

import multiprocessing
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.errors import InputError, StoreError
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Response
from pytest_llm.store import answers as rows
from pytest_llm.store import database, schema
from pytest_llm.store.address import Address, default, parse
from pytest_llm.store.answers import Answer, made
from pytest_llm.store.keys import question
from pytest_llm.store.line import CellLine, End, Header, to_line
from pytest_llm.store.record import RunRecord
from pytest_llm.store.store import Store
from tests.helpers.postgres import PASSWORD, Postgres

Reopen = Callable[[], Store]


def test_a_place_beside_the_rootdir_is_no_link_out_of_it(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    address = parse("../beside.sqlite", root)
    assert address is not None
    assert address.path == tmp_path / "beside.sqlite"
    Store.open(address, root).close()
    assert (tmp_path / "beside.sqlite").is_file()


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Address:
    """A place for a store of either kind."""
    if request.param == "postgresql":
        return Address(url=request.getfixturevalue("postgres").database())
    return default(tmp_path)


@pytest.fixture
def reopen(where: Address, tmp_path: Path) -> Iterator[Reopen]:
    """Opens one store, again and again; all that were opened are closed."""
    opened: list[Store] = []

    def reopen() -> Store:
        opened.append(Store.open(where, tmp_path))
        return opened[-1]

    yield reopen
    for store in opened:
        store.close()


HOSTILE = 'a/\x00 \ud800 " \u2028.prompt.yaml::a[\U0001f600]' + "x" * 5000


def keep(store: Store, record: RunRecord, folder: Path, more: str = "") -> None:
    """Write the record to a file, and keep it by that. more: what follows after its lines."""
    file = folder / "cells.jsonl"
    values = [record.header, *record.cells.values(), record.end]
    file.write_text("".join(to_line(value) for value in values if value) + more, encoding="ascii")
    store.add_run(file)


def a_run(run: str, branch: str = "main", *, complete: bool = True, outcome: str = "passed") -> RunRecord:
    answer = {
        "stage": "",
        "id": f"answer-{run}",
        "text": "long",
        "thinking": "longer",
        "request": {"messages": ["long"], "options": {"seed": 7}},
        "files": [["page", "x.html"]],
        "numbers": {"rate": 7.5},
        "findings": [{"check": "contains", "message": "no", "severity": "failure", "kind": "", "source": "x"}],
    }
    lines = (CellLine("a", outcome, answers=(answer,)), CellLine(HOSTILE, "passed", markers=("slow",)))
    header = Header(run, branch=branch, commit="c0ffee", cells=("a", HOSTILE), versions={"pytest": "9"})
    return RunRecord.of(Path(run), header, lines, End(complete, 0, {"passed": 2}))


def test_finished_runs_of_a_branch(reopen: Reopen, tmp_path: Path) -> None:
    store = reopen()
    for number in range(4):
        keep(store, a_run(f"2026010{number}-000000-1"), tmp_path)
    keep(store, a_run("20260109-000000-1", complete=False), tmp_path)
    keep(store, a_run("20260109-000000-2", branch=HOSTILE), tmp_path)
    found = reopen().runs_of("main", last=3)
    assert [record.header.run[7] for record in found] == ["3", "2", "1"]
    record, given = found[0], a_run("20260103-000000-1")
    assert (record.header, record.end) == (given.header, given.end)
    assert list(record.cells) == ["a", HOSTILE]
    assert record.cells[HOSTILE] == given.cells[HOSTILE]
    (answer,) = record.cells["a"].answers
    assert answer == {
        "stage": "",
        "id": "answer-20260103-000000-1",
        "request": {"options": {"seed": 7}},
        "numbers": {"rate": 7.5},
        "findings": [{"check": "contains", "message": "no", "severity": "failure", "kind": ""}],
    }
    assert len(store.runs_of(HOSTILE)) == 1
    assert store.runs_of("no such branch") == []


def test_a_run_is_kept_once(reopen: Reopen, tmp_path: Path) -> None:
    store = reopen()
    for outcome in ("failed", "passed"):
        keep(store, a_run("20260101-000000-1", outcome=outcome), tmp_path)
    (record,) = store.runs_of("main")
    assert [line.outcome for line in record.cells.values()] == ["passed", "passed"]


def test_a_long_run_is_kept_whole_in_its_order_each_cell_by_its_last_line(reopen: Reopen, tmp_path: Path) -> None:
    store, names = reopen(), [f"c{number}" for number in range(2 * schema.AT_ONCE + 7)]
    came = [*reversed(names), "not foreseen", names[3], *names[:2], "not foreseen"]
    lines = [CellLine(name, "passed", reason=str(at)) for at, name in enumerate(came)]
    header = Header("20260101-000000-1", branch="main", cells=tuple(names))
    for end in (None, End(True, 0)):  # once while it still went on
        keep(store, RunRecord.of(tmp_path, header, lines, end), tmp_path)
    (record,) = store.runs_of("main")
    last = {line.nodeid: line for line in lines}
    assert list(record.cells.values()) == [last[name] for name in [*names, "not foreseen"]]


@pytest.mark.parametrize(
    "damage",
    ["no line of JSON\n", '{"kind": "cell", "outcome": "passed"}\n'],
    ids=["no JSON", "a cell without a name"],
)
def test_of_a_damaged_record_nothing_is_kept(reopen: Reopen, tmp_path: Path, damage: str) -> None:
    store, good = reopen(), a_run("20260101-000000-1")
    keep(store, good, tmp_path)
    many = replace(good, cells={f"{n}": CellLine(f"{n}", "failed") for n in range(schema.AT_ONCE + 1)})
    with pytest.raises(InputError):
        keep(store, many, tmp_path, more=damage)
    (record,) = store.runs_of("main")
    assert [line.outcome for line in record.cells.values()] == ["passed", "passed"]


def test_the_history_of_a_cell(reopen: Reopen, tmp_path: Path) -> None:
    store = reopen()
    for number, outcome in enumerate(("passed", "failed", "error")):
        keep(store, a_run(f"2026010{number}-000000-1", outcome=outcome, complete=outcome != "error"), tmp_path)
    assert [line.outcome for _, line in store.history("a")] == ["error", "failed", "passed"]
    assert [header.run[7] for header, _ in store.history(HOSTILE, last=2)] == ["2", "1"]
    assert store.history("b") == []


PLACES = [
    ("none", None),
    ("a.sqlite", "{base}/a.sqlite"),
    ("sub/answers", "{base}/sub/answers"),
    ("/abs/a.sqlite", "/abs/a.sqlite"),
    ("sqlite:///a.sqlite", "{base}/a.sqlite"),
    ("sqlite:////abs/a.sqlite", "/abs/a.sqlite"),
    ("postgresql://me@host/db", "postgresql+psycopg://me@host/db"),
    ("postgresql+psycopg:///db?host=/run", "postgresql+psycopg:///db?host=/run"),
    ("runs/user=ann/store.sqlite", "{base}/runs/user=ann/store.sqlite"),
    ("my password.sqlite", "{base}/my password.sqlite"),
]


@pytest.mark.parametrize(("text", "place"), PLACES)
def test_addresses(tmp_path: Path, text: str, place: str | None) -> None:
    found = parse(text, tmp_path)
    assert (found and str(found)) == (place and place.format(base=tmp_path))


REFUSED = [
    ("mysql://me@host/db", "no store of the kind 'mysql'", "postgresql"),
    ("postgresql://me:hunter2@host/db", "password does not belong", "PGPASSWORD"),
    ("postgresql://me:@host/db", "password does not belong", "PGPASSWORD"),
    ("postgresql+psycopg://me@host/db?sslmode=off&password=hunter2", "password does not belong", "PGPASSWORD"),
    ("postgresql://me@host/db?PASSWORD=hunter2", "password does not belong", "PGPASSWORD"),
    ("postgresql://me@host/db?p%61ssword=hunter2", "password does not belong", "PGPASSWORD"),
    ("postgresql://me@host/db?sslpassword=hunter2", "password does not belong", "PGPASSWORD"),
    ("postgresql://me@host/db?oauth_client_secret=hunter2", "password does not belong", "PGPASSWORD"),
    ("host=x password=hunter2 dbname=y", "is a URL", "postgresql"),
    ("  password = 'hunter2'", "is a URL", "postgresql"),
    ("dbname=y\tpassword=hunter2", "is a URL", "postgresql"),
    ("HOST=x PASSWORD=hunter2", "is a URL", "postgresql"),
    ("dbname=postgresql://me:hunter2@host/db", "is a URL", "postgresql"),
    ("x sslpassword=hunter2 sslkey=k", "is a URL", "postgresql"),
    ("service=mine", "is a URL", "postgresql"),
    ("postgresql:/me:hunter2@host/db", "is a URL", "postgresql"),
    ("postgres:me:hunter2@host", "is a URL", "postgresql"),
    ("postgres://me:hunter2@host/db", "no store of the kind 'postgres'", "postgresql"),
    ("me:hunter2@host://x", "no store of the kind", "postgresql"),
    ("postgresql://[me:hunter2@host/db", "no URL", "SQLite file"),
    ("postgresql://me@host", "names no database", "DATABASE"),
    ("postgresql://me@host/", "names no database", "DATABASE"),
]


@pytest.mark.parametrize(("text", "message", "hint"), REFUSED)
def test_addresses_that_are_refused(tmp_path: Path, text: str, message: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text, tmp_path)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "hunter2" not in str(caught.value)


def write(where: Address, root: Path, numbers: range) -> None:
    """What one engine does: an answer at a time."""
    store = Store.open(where, root)
    for number in numbers:
        store.add([numbered(number)])
    store.close()


def numbered(number: int) -> Answer:
    request = ChatRequest(ModelRef("m", "ollama", "m"), (Message("user", "hi"),), sample=number)
    return made(question(request, digest="d"), Response(f"answer {number} \x00 \ud800"), alone=False)


def test_many_engines_write_to_one_store_at_once(where: Address, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    engines = [context.Process(target=write, args=(where, tmp_path, range(n, 60, 3))) for n in range(3)]
    for engine in engines:
        engine.start()
    for engine in engines:
        engine.join(120)
    assert [engine.exitcode for engine in engines] == [0] * 3
    store = Store.open(where, tmp_path)
    texts = sorted(str(answer.answer["text"]) for answer in store.newest_of_each())
    store.close()
    assert texts == sorted(f"answer {number} \x00 \ud800" for number in range(60))


def test_an_older_format_is_brought_to_todays(
    where: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.open(where, tmp_path).close()

    def step(connection: sa.Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE llm_store ADD COLUMN more TEXT")

    monkeypatch.setattr(schema, "FORMAT", 3)
    monkeypatch.setattr(schema, "MIGRATIONS", {1: step, 2: lambda connection: None})
    for _ in range(2):
        store = Store.open(where, tmp_path)
        assert store.add([numbered(1)]) == 1
        store.close()
    monkeypatch.setattr(schema, "FORMAT", 2)
    with pytest.raises(StoreError, match=r"newer pytest-llm \(format 3, this one reads 2\)"):
        Store.open(where, tmp_path)


def test_a_migration_that_fails_leaves_the_store_as_it_was(
    where: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(where, tmp_path)
    store.add([numbered(1)])
    store.close()

    def step(connection: sa.Connection) -> None:
        connection.exec_driver_sql("DELETE FROM llm_answers")
        connection.exec_driver_sql("no such statement")

    with monkeypatch.context() as patched:
        patched.setattr(schema, "FORMAT", 2)
        patched.setattr(schema, "MIGRATIONS", {1: step})
        with pytest.raises(StoreError, match="cannot be used"):
            Store.open(where, tmp_path)
    store = Store.open(where, tmp_path)
    assert store.count("m") == 1
    store.close()


def test_a_sweep_keeps_the_newest(reopen: Reopen, tmp_path: Path) -> None:
    store = reopen()
    for _ in range(3):
        store.add([numbered(1), numbered(2)])
    for number in range(3):
        keep(store, a_run(f"2026010{number}-000000-1"), tmp_path)
    assert store.sweep(1, "", 2, dry=True) == (4, 1)
    assert store.count("m") == 6
    assert store.sweep(2, "", 2, dry=False) == (2, 1)
    assert (store.count("m"), len(store.runs())) == (4, 2)
    assert store.sweep(9, "9999", 9, dry=False) == (4, 0)
    assert store.count("m") == 0
    assert store.models() == []


def test_one_connection_is_held_and_no_transaction_is_left_open(reopen: Reopen) -> None:
    store = reopen()
    taken: list[object] = []
    sa.event.listen(store._database._engine, "checkout", lambda *given: taken.append(given))

    def breaks(connection: sa.Connection) -> None:
        rows.add(connection, [numbered(7)])
        raise StoreError("no")

    for number in range(3):
        assert store.add([numbered(number)]) == 1
        assert store.count("m") == 2 * number + 1
        with pytest.raises(StoreError, match="no"):
            store._database.write(breaks)
        with pytest.raises(StoreError, match="cannot be used"):
            store._database.write(lambda connection: connection.exec_driver_sql("no such statement"))
        other = reopen()
        assert other.count("m") == 2 * number + 1
        assert other.add([numbered(number)]) == 1, "another process waits for nothing"
    assert taken == []


def test_a_store_that_was_closed_is_opened_by_its_next_use(reopen: Reopen) -> None:
    store = reopen()
    store.close()
    store.close()
    assert store.add([numbered(1)]) == 1


def test_a_format_that_is_none(reopen: Reopen) -> None:
    store = reopen()
    store._database.write(lambda connection: connection.exec_driver_sql("UPDATE llm_store SET value = 'x'"))
    with pytest.raises(StoreError, match="cannot be used"):
        reopen()


# SQLite alone


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store with one answer."""
    store = Store.open(default(tmp_path), tmp_path)
    store.add([numbered(1)])
    store.close()
    return tmp_path / ".pytest_llm/store.sqlite"


def test_a_store_that_another_process_locks(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY", 0.1)
    other = sqlite3.connect(file)
    other.execute("BEGIN IMMEDIATE")
    store = Store.open(default(tmp_path), tmp_path)
    with pytest.raises(StoreError, match="is locked by another process"):
        store.add([numbered(2)])
    assert store.count("m") == 1
    other.rollback()
    other.close()
    assert store.add([numbered(2)]) == 1
    store.close()


def test_a_full_disk(file: Path, tmp_path: Path) -> None:
    store = Store.open(default(tmp_path), tmp_path)
    pages = store._database.write(lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar())
    store._database.write(lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StoreError, match="the disk is full"):
        store.add([numbered(number) for number in range(500)])
    assert store.count("m") == 1
    store.close()


@pytest.mark.parametrize("size", [0, 100, 4096, 6000])
def test_a_file_that_was_cut(file: Path, tmp_path: Path, size: int) -> None:
    with file.open("r+b") as opened:
        opened.truncate(size)
    if size == 0:  # for SQLite an empty file is an empty database
        store = Store.open(default(tmp_path), tmp_path)
        assert store.count("m") == 0
        store.close()
        return
    with pytest.raises(StoreError, match="damaged"):
        Store.open(default(tmp_path), tmp_path)


@pytest.mark.parametrize("killed", [False, True], ids=["closed well", "killed"])
def test_a_checkout_that_is_read_only(
    file: Path, tmp_path: Path, killed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if killed:
        code = f"""
import os
from pathlib import Path
from tests.unit.store.test_database import Store, default, numbered
root = Path({str(tmp_path)!r})
store = Store.open(default(root), root)
store.add([numbered(2)])
os._exit(9)
"""
        subprocess.run([sys.executable, "-c", code], check=False, timeout=120)
        assert file.with_name("store.sqlite-wal").stat().st_size
    before = {path.name: path.read_bytes() for path in file.parent.iterdir() if not path.name.endswith("-shm")}
    monkeypatch.setattr(database, "_is_readonly", lambda path: True)  # root may write whatever its rights are
    store = Store.open(default(tmp_path), tmp_path)
    assert store.readonly
    assert store.count("m") == (2 if killed else 1)
    with pytest.raises(StoreError, match="cannot be written"):
        store.add([numbered(3)])
    store.close()
    after = {path.name: path.read_bytes() for path in file.parent.iterdir() if not path.name.endswith("-shm")}
    assert before == after


def test_a_driver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match="needs a driver that is not installed") as caught:
        Store.open(Address(url="postgresql+psycopg://u@127.0.0.1:1/db"), tmp_path)
    assert caught.value.hint == "pip install 'pytest-llm-cases[postgres]'"


def test_a_store_that_is_not_there_is_not_made_to_be_read(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not there"):
        Store.open(Address(tmp_path / "x.sqlite"), tmp_path, create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_hold_a_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made: "):
        Store.open(Address(tmp_path / "file/x.sqlite"), tmp_path)


def test_a_store_elsewhere_makes_its_folder_but_follows_no_link_out_of_the_rootdir(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root, outside):
        folder.mkdir()
    for place in (root / "a/b/x.sqlite", outside / "c/x.sqlite"):
        Store.open(Address(place), root).close()
        assert place.is_file()
    (root / "link").symlink_to(outside)
    (root / "x.sqlite").symlink_to(outside / "c/x.sqlite")
    for place in (root / "link/y.sqlite", root / "x.sqlite", root / "link"):
        with pytest.raises(InputError, match="leads out of the rootdir"):
            Store.open(Address(place), root)
    assert [path.name for path in outside.iterdir()] == ["c"]


# PostgreSQL alone


def test_the_password_comes_from_the_environment_and_goes_where_the_user_says(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.over_tcp(postgres.database())
    for name in ("PGPASSWORD", "PGPASSFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(StoreError, match="password"):
        Store.open(Address(url=url), tmp_path)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    Store.open(Address(url=url), tmp_path).close()
    with pytest.raises(StoreError, match="password") as caught:
        Store.open(Address(url=url, trusted=False), tmp_path)
    assert PASSWORD not in str(caught.value)


def test_a_user_who_may_only_read(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.database()
    store = Store.open(Address(url=url), tmp_path)
    store.add([numbered(1)])
    store._database.write(lambda connection: connection.exec_driver_sql("CREATE ROLE reader LOGIN"))
    store._database.write(
        lambda connection: connection.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    )
    store.close()
    store = Store.open(Address(url=url.replace("tester@", "reader@")), tmp_path)
    assert store.count("m") == 1
    with pytest.raises(StoreError, match="may not be written by this user"):
        store.add([numbered(2)])
    store.close()


def test_a_server_that_goes_and_comes_back(postgres: Postgres, tmp_path: Path) -> None:
    where = Address(url=postgres.database())
    store = Store.open(where, tmp_path)
    assert store.add([numbered(1)]) == 1
    postgres.stop()
    try:
        with pytest.raises(StoreError, match="cannot be used"):
            store.add([numbered(2)])
        with pytest.raises(StoreError, match=r"cannot be used") as caught:
            Store.open(where, tmp_path)
        assert "whether it runs" in caught.value.hint
        assert "\n" not in caught.value.message
    finally:
        postgres.start()
    assert store.add([numbered(2)]) == 1
    postgres.stop()
    postgres.start()
    assert store.add([numbered(3)]) == 1, "where it was only started anew, nobody need know"
    postgres.stop()
    postgres.start()
    assert store.count("m") == 3
    store.close()
