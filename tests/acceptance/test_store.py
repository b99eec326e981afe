"""The store as a user meets it: what is asked again, how a stored answer is told, what goes wrong."""

from __future__ import annotations

import importlib
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from pytest_llm.store import runs
from pytest_llm.store.address import default
from pytest_llm.store.record import RunRecord, read
from pytest_llm.store.store import Store
from tests.acceptance.conftest import Bench
from tests.fake_ollama import Script
from tests.helpers.postgres import Postgres

SEEN: WeakKeyDictionary[Bench, int] = WeakKeyDictionary()


def newest(bench: Bench) -> RunRecord:
    return read(runs.found(runs.home(bench.path))[0] / runs.FILE)


def asked(bench: Bench) -> list[tuple[str, str]]:
    """(model, last message) of each chat since this was called last."""
    chats = bench.server.asked()
    fresh = chats[SEEN.get(bench, 0) :]
    SEEN[bench] = len(chats)
    return sorted((str(body["model"]), body["messages"][-1]["content"]) for body in fresh)


SCHEMA = '{"type": "object", "properties": {"a": {"type": "integer"}}}'


@pytest.fixture
def project(bench: Bench) -> Bench:
    """Three cases, two of which ask a Modelfile, one with a schema that is sent."""
    bench.server.add_model("base")
    bench.file("modelfiles/mine.Modelfile", "FROM base\nSYSTEM Be kind.\n")
    bench.file("answer.json", SCHEMA)
    bench.case("models: [mine, m]\nprompt: hi\nchecks: [{contains: hello}]", "kind")
    bench.case("models: [mine, m]\nprompt: json\nformat: schema\nchecks: [{schema: answer.json}]", "json")
    bench.server.answer("json", '{"a": 1}')
    bench.run().assert_outcomes(passed=4)
    assert len(asked(bench)) == 4
    return bench


def test_what_an_edit_asks_again(project: Bench) -> None:
    project.run("--llm-reuse").assert_outcomes(passed=4)
    assert asked(project) == []

    project.file("modelfiles/mine.Modelfile", "FROM base\nSYSTEM Be brief.\n")
    before = {line.answers[0]["digest"] for line in newest(project).cells.values() if line.model == "mine"}
    project.run("--llm-reuse").assert_outcomes(passed=4)
    (first, *_), *_ = again = asked(project)
    assert again == [(first, "hi"), (first, "json")]
    assert first.startswith("pytest-llm/mine:")
    after = {line.answers[0]["digest"] for line in newest(project).cells.values() if line.model == "mine"}
    assert before.isdisjoint(after)

    project.case("models: [mine, m]\nprompt: hi\nchecks: [{contains: world}, {equals: hello}]", "kind")
    project.run("--llm-reuse").assert_outcomes(passed=2, failed=2)
    assert asked(project) == []

    project.file("answer.json", SCHEMA.replace("integer", "number"))
    project.run("--llm-reuse").assert_outcomes(passed=2, failed=2)
    assert asked(project) == [("m", "json"), (first, "json")]


def test_how_a_stored_answer_is_told(project: Bench) -> None:
    project.case("models: m\nprompt: hi\nchecks: [{equals: no}]", "kind")
    result = project.run(
        "--llm-reuse", "--junitxml=junit.xml", "--html=report.html", "--self-contained-html", "-n0"
    )
    result.assert_outcomes(passed=2, failed=1)
    text = result.stdout.str()
    assert text.count("pytest-llm: 3 cells were judged by stored answers, of 20") == 1
    assert "a stored answer of 20" in text
    assert "a stored answer of 20" in (project.path / "report.html").read_text()
    properties = [p for p in ET.parse(project.path / "junit.xml").iter("property") if p.get("name") == "llm.stored"]
    assert len(properties) == 3
    for line in newest(project).cells.values():
        (answer,) = line.answers
        assert answer["stored"] == properties[0].get("value")
        assert len(answer["id"]) == 32
        assert answer["numbers"]["answer_tokens"]


def test_a_replay_needs_no_server(project: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:1")
    project.run("--llm-replay").assert_outcomes(passed=4)
    project.case("models: m\nprompt: new\nchecks: [{contains: x}]", "new")
    result = project.run("--llm-replay", "-k", "new or kind")
    result.assert_outcomes(passed=2, errors=1)
    text = result.stdout.str()
    assert "no stored answer to this request of 'm': there are 2 of 'm' to other requests" in text
    assert "run this cell without --llm-replay" in text
    assert len([line for line in newest(project).cells.values() if line.answers[0].get("stored")]) == 2


def test_all_cells_of_a_case_with_stages_are_replayed(bench: Bench) -> None:
    stages = "[{name: a, prompt: hi}, {name: b, prompt: 'again: {{ previous.text }}'}]"
    bench.case(f"stages: {stages}\nchecks: [{{contains: hello}}]\nsamples: 2\noptions: {{seed: 5}}")
    bench.run().assert_outcomes(passed=1)
    assert len(asked(bench)) == 4
    bench.run("--llm-reuse").assert_outcomes(passed=1)
    bench.run("--llm-replay").assert_outcomes(passed=1)
    assert asked(bench) == []
    assert all(answer["stored"] for answer in next(iter(newest(bench).cells.values())).answers)


USAGE = [
    (["--llm-reuse", "--llm-replay"], "give one of them"),
    (["--llm-reuse", "--llm-store=none"], "--llm-reuse needs a store"),
    (["--llm-replay", "-o", "llm_store=none"], "--llm-replay needs a store, and llm_store is none"),
    (["--llm-store=postgresql://me:hunter2@host/db"], "PGPASSWORD"),
    (["-o", "llm_store=postgresql://me:hunter2@host/db"], "llm_store: a password does not belong"),
    (["--llm-store=mysql://host/db"], "no store of the kind 'mysql'"),
]


@pytest.mark.parametrize(
    ("arguments", "said"), USAGE, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_misuse(bench: Bench, arguments: list[str], said: str) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    result = bench.run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = result.stderr.str() + result.stdout.str()
    assert said in text
    assert "hunter2" not in text


def _damaged(file: Any) -> None:
    file.write_bytes(b"no store at all " * 1000)


def _newer(file: Any) -> None:
    Store.open(default(file.parents[1]), file.parents[1]).close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE llm_store SET value = '99'")
    connection.close()


def _tracked(file: Any) -> None:
    Store.open(default(file.parents[1]), file.parents[1]).close()
    git = ["git", "-C", str(file.parents[1])]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-f", str(file)], check=True)


WRONG = [
    (_damaged, "is no store, or it is damaged"),
    (_newer, "was written by a newer pytest-llm (format 99, this one reads 1)"),
    (_tracked, "is a file that git tracks"),
    (lambda file: file.mkdir(), "no exported answers"),
    (lambda file: file.symlink_to(file.parents[2] / "elsewhere.sqlite"), "leads out of the rootdir"),
]


@pytest.mark.parametrize(("spoil", "said"), WRONG, ids=["damaged", "newer", "tracked", "folder", "link"])
def test_a_store_that_cannot_be_used_is_told_once_and_the_run_goes_on(
    bench: Bench, spoil: Callable[[Path], object], said: str
) -> None:
    for number in range(2):
        bench.case(f"prompt: hi {number}\nchecks: [{{contains: hello}}]", f"t{number}")
    runs.make_home(bench.path)
    spoil(bench.path / ".pytest_llm/store.sqlite")
    for arguments in ([], ["--llm-reuse"]):
        result = bench.run(*arguments)
        result.assert_outcomes(passed=2, warnings=1)
        assert result.stdout.str().count(said) == 1
        result.stdout.fnmatch_lines([".pytest_llm/store.sqlite", "  .pytest_llm/store.sqlite:1: LlmWarning: *"])
        assert "2 answers of this run are not in it" in result.stdout.str()
        assert len(asked(bench)) == 2
    result = bench.run("--llm-replay")
    result.assert_outcomes(errors=2)
    assert said in result.stdout.str()
    assert asked(bench) == []
    assert not (bench.path.parent / "elsewhere.sqlite").exists()


def test_a_database_of_the_team(bench: Bench, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("psycopg", "sqlalchemy.dialects.postgresql.psycopg"):
        importlib.import_module(name)  # as tests/acceptance/conftest.py says
    monkeypatch.setenv("PYTEST_LLM_STORE", postgres.database())
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.run().assert_outcomes(passed=1)
    bench.run("--llm-reuse").assert_outcomes(passed=1)
    assert len(asked(bench)) == 1
    postgres.stop()
    try:
        result = bench.run("--llm-reuse")
        result.assert_outcomes(passed=1, warnings=1)
        assert result.stdout.str().count("look whether it runs") == 1
    finally:
        postgres.start()
    assert not (bench.path / ".pytest_llm/store.sqlite").exists()


def test_without_a_terminal_the_run_goes_on_all_the_same(bench: Bench) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    runs.make_home(bench.path)
    _damaged(bench.path / ".pytest_llm/store.sqlite")
    assert bench.pytester.runpytest_inprocess("-p", "no:terminal").ret == pytest.ExitCode.OK
    assert newest(bench).complete


def test_a_model_that_cannot_think_is_skipped_by_a_replay_too(bench: Bench) -> None:
    bench.server.add_model("m", capabilities=["completion"])
    bench.case("prompt: hi\nthink: on\nchecks: [{contains: hello}]", "skipped")
    bench.case("prompt: hi\nescalate: {think: on}\nchecks: [{equals: no}]", "escalated")
    for arguments in ([], ["--llm-replay"]):
        bench.run(*arguments).assert_outcomes(skipped=1, failed=1)
    outcomes = [[(a["attempt"], len(a["findings"])) for a in line.answers] for line in newest(bench).cells.values()]
    bench.run()
    asked_now = [
        [(a["attempt"], len(a["findings"])) for a in line.answers] for line in newest(bench).cells.values()
    ]
    assert outcomes == asked_now


def test_without_a_store_nothing_is_stored(bench: Bench) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.run("--llm-store=none").assert_outcomes(passed=1)
    assert not (bench.path / ".pytest_llm/store.sqlite").exists()


def test_errors_of_the_harness_are_asked_again(bench: Bench) -> None:
    bench.server.fault("truncated", times=None)
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.run().assert_outcomes(errors=1)
    bench.server.recover()
    bench.run("--llm-reuse").assert_outcomes(passed=1)


def test_the_cache_of_pytest_is_another_one(bench: Bench) -> None:
    bench.file("pytest.ini", "[pytest]\n")
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.run().assert_outcomes(passed=1)
    asked(bench)
    bench.run("--cache-clear", "--llm-reuse").assert_outcomes(passed=1)
    assert asked(bench) == []


def test_finished_runs_outlive_their_folders(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SHA", "c0ffee")
    monkeypatch.setenv("GITHUB_REF_NAME", "main")
    bench.file("pytest.ini", "[pytest]\naddopts = -p no:cacheprovider\nllm_keep_runs = 1\n")
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.case("prompt: ho\nchecks: [{equals: no}]", "u")
    for arguments in ([], ["--llm-reuse"], ["--llm-replay"], ["-x"]):
        bench.run(*arguments)
    store = Store.open(default(bench.path), bench.path)
    latest, reused, first = store.runs_of("main")
    assert latest.header.commit == "c0ffee"
    assert {line.case: line.outcome for line in first.cells.values()} == {"t": "passed", "u": "failed"}
    ids = [[line.answers[0]["id"] for line in record.cells.values()] for record in (first, reused, latest)]
    assert ids[0] == ids[1]
    assert set(ids[0]).isdisjoint(ids[2])
    kept = store.answer(ids[0][0])
    assert kept
    assert kept.answer["text"] == "hello world"
    store.close()


def test_nothing_heavy_is_imported_without_a_store(bench: Bench) -> None:
    bench.file(
        "conftest.py",
        """
        import sys

        def pytest_unconfigure():
            print("heavy:", sorted({"sqlalchemy", "psycopg"} & set(sys.modules)), file=sys.__stdout__)
        """,
    )
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    result = bench.started("--llm-store=none")
    result.assert_outcomes(passed=1)
    assert "heavy: []" in result.stdout.str()


def _questions(bench: Bench) -> list[bytes]:
    """The chats that have arrived whole."""
    return [request.body for request in list(bench.server.requests) if request.path == "/api/chat" and request.body]


@pytest.mark.parametrize(("mode", "kills"), [([], 2), (["-n2"], 1)])
def test_a_killed_run_goes_on_where_it_stopped(bench: Bench, mode: list[str], kills: int) -> None:
    """No answer is asked again whose verdict was told; a kill costs the one that was on its way, and on a slow
    machine the one before it too, where that was just being written.
    """
    bench.server.answer("", Script("hello world", seconds=0.15))
    for number in range(12):
        bench.case(f"prompt: question {number}\nchecks: [{{contains: hello}}]", f"t{number:02}")
    chance = random.Random(7)
    told: list[tuple[set[str], int]] = []  # at each kill: of which questions, and how many had been asked
    for kill in range(kills):
        wanted = (kill + 1) * 10 // (kills + 1)
        with bench.running("--llm-reuse", "-v", *mode) as run:
            latest = time.monotonic() + 100
            while time.monotonic() < latest:
                if len(_questions(bench)) >= wanted + kill and "PASSED" in bench.output():
                    break
                time.sleep(0.01)
            time.sleep(chance.random() * 0.3)
            os.killpg(run.pid, signal.SIGKILL)
            run.wait(60)
        passed = "".join(line for line in bench.output().splitlines() if "PASSED" in line)
        known = {f"question {int(number)}" for number in re.findall(r"\bt(\d\d)\.", passed)}
        told.append((known, len(_questions(bench))))
    bench.process("--llm-reuse", *mode).assert_outcomes(passed=12)
    prompts = [json.loads(body)["messages"][-1]["content"] for body in _questions(bench)]
    assert len(set(prompts)) == 12
    assert all(known for known, _ in told)
    assert not any(known & set(prompts[asked:]) for known, asked in told)
    assert len(prompts) <= 12 + 2 * kills
    end = newest(bench).end
    assert end
    assert end.counts == {"passed": 12}


AT_THE_END = """
import sqlite3, time
from pathlib import Path
from pytest_llm.engine import memory

memory.TOGETHER = 1000.0

def pytest_sessionfinish():
    def count():
        with sqlite3.connect(".pytest_llm/store.sqlite") as store:
            return store.execute("SELECT count(*) FROM llm_answers").fetchone()[0]

    end = time.monotonic() + 5
    while count() < 3 and time.monotonic() < end:
        time.sleep(0.01)
    Path("found").write_text(str(count()))
"""


def test_all_answers_are_in_the_store_before_reports_are_written(bench: Bench) -> None:
    for number in range(3):
        bench.case(f"prompt: question {number}\nchecks: [{{contains: x}}]", f"case-{number}")
    bench.pytester.makeconftest(AT_THE_END)
    bench.process()
    assert (bench.path / "found").read_text() == "3"
