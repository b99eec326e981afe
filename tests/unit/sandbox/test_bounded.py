"""Functions in a process of their own: answers that never shift, limits, and an end with the parent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.errors import CheckCrashed
from pytest_llm.sandbox.bounded import LimitReached, Worker

EVAL = "builtins:eval"
PID = "__import__('os').getpid()"


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.close()


def ask(worker: Worker, expression: str, seconds: float = 30) -> Any:
    return worker.call(EVAL, [expression], seconds)


@pytest.mark.parametrize("value", [None, True, 1.5, -0.0, 10**400, "\ud800 é \n", [1, {"a": []}], "x" * 3_000_000])
def test_plain_data_there_and_back(worker: Worker, value: Any) -> None:
    assert worker.call("copy:copy", [value], 30) == value


def test_one_process_for_all_calls_and_a_new_one_after_it_ended(worker: Worker) -> None:
    first = ask(worker, PID)
    assert ask(worker, PID) == first != os.getpid()
    for ending in ("__import__('os')._exit(3)", "__import__('os').kill(__import__('os').getpid(), 9)"):
        with pytest.raises(CheckCrashed, match=r"exit code (3|-9)"):
            ask(worker, ending)
    assert ask(worker, PID) != first


def test_the_time_limit_holds_inside_of_compiled_code(worker: Worker) -> None:
    before = ask(worker, PID)
    with pytest.raises(LimitReached, match=r"not done after 0\.2 s"):
        worker.call("re:search", ["(a+)+$", "a" * 60 + "b"], 0.2)
    assert ask(worker, PID) != before


@pytest.mark.parametrize("expression", ["'x' * 10**11", "list(range(10**9))"])
def test_the_memory_limit_holds(worker: Worker, expression: str) -> None:
    with pytest.raises(LimitReached) as reached:
        ask(worker, expression)
    assert reached.value.what == "memory"
    assert ask(worker, "1 + 1") == 2


def test_what_a_function_raises(worker: Worker) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        worker.call("builtins:int", ["x"], 30)
    for name, arguments in (("operator:truediv", [1, 0]), ("builtins:set", [[1]]), ("operator:nothing", [])):
        with pytest.raises(CheckCrashed):
            worker.call(name, arguments, 30)
    assert worker.call("operator:add", [1, 2], 30) == 3


def test_a_process_that_cannot_be_started(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(CheckCrashed, match="could not be started"):
        ask(worker, "1")


def test_stray_lines_shift_no_answer(worker: Worker) -> None:
    stray = r"(print('[1, \"answer\", 7]', flush=True), __import__('os').write(1, b'[99, \"answer\", 7]\n'), 5)[2]"
    assert [ask(worker, stray), ask(worker, "6")] == [5, 6]


def test_many_threads_each_get_their_own(worker: Worker) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda n: ask(worker, f"{n} * 2"), range(100))) == [n * 2 for n in range(100)]


def test_a_clean_environment(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert "OPENAI_API_KEY" not in ask(worker, "dict(__import__('os').environ)")


def test_it_does_not_outlive_its_parent(tmp_path: Path) -> None:
    program = (
        "import os, threading, time; from pytest_llm.sandbox import bounded\n"
        f"print(bounded.call({EVAL!r}, {PID!r}, seconds=30), flush=True)\n"
        "args = ('re:search', '(a+)+$', 'a' * 60 + 'b')\n"
        "threading.Thread(target=lambda: bounded.call(*args, seconds=0.5), daemon=True).start()\n"
        "time.sleep(0.2); os.kill(os.getpid(), 9)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    child = int(done.stdout)
    for _ in range(300):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]:
            return
        time.sleep(0.05)
    os.kill(child, 9)
    pytest.fail("the child is still there")


WOUND = "(setattr(__import__('pytest_llm'), 'wounded', 1), 1)[1]"
BREAKS = "__import__('os')._exit(3) if hasattr(__import__('pytest_llm'), 'wounded') else 5"


def test_what_an_earlier_call_has_broken_is_not_the_next_ones(worker: Worker) -> None:
    assert [ask(worker, WOUND), ask(worker, BREAKS), ask(worker, BREAKS)] == [1, 5, 5]
    filled = "(setattr(__import__('pytest_llm'), 'held', 'x' * (900 << 20)), 1)[1]"
    assert [ask(worker, filled), len(ask(worker, "'x' * (40 << 20)"))] == [1, 40 << 20]
