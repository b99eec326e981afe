"""The database behind the store: opened in every state in which it may be found, on both kinds of databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_llm.errors import InputError
from pytest_llm.store.address import Address, default, parse
from pytest_llm.store.record import CellLine, End, Header, RunRecord
from pytest_llm.store.store import Store

Reopen = Callable[[], Store]


@pytest.fixture(params=["sqlite", "postgresql"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reopen]:
    """Opens one store, again and again; all that were opened are closed."""
    where = default(tmp_path)
    if request.param == "postgresql":
        where = Address(url=request.getfixturevalue("postgres").database())
    opened: list[Store] = []

    def reopen() -> Store:
        opened.append(Store.open(where, tmp_path))
        return opened[-1]

    yield reopen
    for store in opened:
        store.close()


HOSTILE = 'a/\x00 \ud800 " \u2028.prompt.yaml::a[\U0001f600]' + "x" * 5000


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
    return RunRecord(Path(run), header, lines, End(complete, 0, {"passed": 2}))


def test_finished_runs_of_a_branch(reopen: Reopen) -> None:
    store = reopen()
    for number in range(4):
        store.add_run(a_run(f"2026010{number}-000000-1"))
    store.add_run(a_run("20260109-000000-1", complete=False))
    store.add_run(a_run("20260109-000000-2", branch=HOSTILE))
    found = reopen().runs_of("main", last=3)
    assert [record.header.run[7] for record in found] == ["3", "2", "1"]
    record, given = found[0], a_run("20260103-000000-1")
    assert (record.header, record.end) == (given.header, given.end)
    assert [line.nodeid for line in record.lines] == ["a", HOSTILE]
    assert record.lines[1] == given.lines[1]
    (answer,) = record.lines[0].answers
    assert answer == {
        "stage": "",
        "id": "answer-20260103-000000-1",
        "request": {"options": {"seed": 7}},
        "numbers": {"rate": 7.5},
        "findings": [{"check": "contains", "message": "no", "severity": "failure", "kind": ""}],
    }
    assert len(store.runs_of(HOSTILE)) == 1
    assert store.runs_of("no such branch") == []


def test_a_run_is_kept_once(reopen: Reopen) -> None:
    store = reopen()
    for outcome in ("failed", "passed"):
        store.add_run(a_run("20260101-000000-1", outcome=outcome))
    (record,) = store.runs_of("main")
    assert [line.outcome for line in record.lines] == ["passed", "passed"]


def test_the_history_of_a_cell(reopen: Reopen) -> None:
    store = reopen()
    for number, outcome in enumerate(("passed", "failed", "error")):
        store.add_run(a_run(f"2026010{number}-000000-1", outcome=outcome, complete=outcome != "error"))
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
