from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_llm.errors import CheckCrashed
from pytest_llm.sandbox import programs
from pytest_llm.sandbox.sandbox import Limits
from pytest_llm.toolchains import base, warm

# Answers with its own number; "die" ends it, "spent" makes it tell that it must not be asked again.
SERVER = """
import os, sys, time
for line in sys.stdin:
    ticket, _, payload = line.rstrip("\\n").partition("\\t")
    if payload == "die":
        sys.exit(1)
    time.sleep(0.05)
    spent = "true" if payload == "spent" else "false"
    print('%s\\t{"pid": %d, "spent": %s}' % (ticket, os.getpid(), spent), flush=True)
"""


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[warm.Pool]:
    monkeypatch.setattr(warm, "cores", lambda: 2)
    server = tmp_path / "server.py"
    server.write_text(SERVER)
    python = programs.interpreter()
    walls = base.walls(python, base.Options())
    made = warm.Pool([str(python), "-IS", "SERVER"], server, walls, Limits(seconds=60))
    yield made
    made.close()


def session(pool: warm.Pool, payload: str = "x") -> object:
    """Which session has answered; those of the two lie in two folders."""
    answer = pool.ask(payload, 60)
    assert isinstance(answer, dict)
    return answer["pid"]


def test_who_waits_little_gets_the_session_that_is_there(pool: warm.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "_START", 60.0)
    with ThreadPoolExecutor(2) as two:
        list(two.map(lambda _: session(pool), range(12)))
    assert len(pool._folders) == 1


def test_another_one_starts_once_that_pays(pool: warm.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "_START", 0.01)
    both = threading.Barrier(2)

    def ask(_: int) -> object:
        both.wait(60)
        return session(pool)

    with ThreadPoolExecutor(2) as two:
        list(two.map(ask, range(4)))
    assert len(pool._folders) == 2


def test_one_that_ends_is_replaced(pool: warm.Pool) -> None:
    session(pool)
    with pytest.raises(CheckCrashed):
        pool.ask("die", 60)
    session(pool, "spent")
    session(pool)
    assert len(pool._folders) == 3
