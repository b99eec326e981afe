"""The shipped demo model in a whole run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.acceptance.conftest import Bench
from tests.helpers.forking import ForkServer

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "modelfiles" / "demo.gguf"
STRUCTURED = ROOT / "cases" / "structured"


@pytest.mark.parametrize("mode", [[], ["-n2"], ["-p", "no:xdist"]])
def test_shipped_cases_pass(
    mode: list[str], tmp_path: Path, forks: ForkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the README says; the plain run in a process that is started."""
    junit = tmp_path / "junit.xml"
    words = ["cases", "-m", "structured", "--llm-engine", "embedded", f"--junitxml={junit}"]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words, *mode]
    monkeypatch.chdir(ROOT)
    run = forks.run if mode else partial(subprocess.run, capture_output=True, text=True)
    done = run(command, timeout=300)
    assert done.returncode == 0, done.stdout
    cases = list(ET.parse(junit).iter("testcase"))
    assert len(cases) > 20
    for case in cases:
        numbers = {p.get("name"): p.get("value") for p in case.iter("property")}
        assert float(numbers["llm.tokens_per_second"] or 0) > 0
        assert int(numbers["llm.answer_tokens"] or 0) > 0
        assert numbers["llm.outcome"] == "passed"


@pytest.mark.parametrize("think", ["on", "off"])
def test_a_model_by_its_file(bench: Bench, think: str) -> None:
    folder = ROOT / "cases" / "structured"
    text = (folder / "model-routing.prompt.yaml").read_text("utf-8")
    shutil.copytree(folder / "schemas", bench.path / "schemas")
    bench.file("modelfiles/base.Modelfile", f"FROM {DEMO}\n")
    bench.file("modelfiles/mine.Modelfile", "FROM base\nPARAMETER temperature 0\n")
    bench.file("routing.prompt.yaml", text)
    result = bench.process("--llm-engine=embedded", "--llm-model=mine", f"--llm-think={think}")
    assert result.ret == 0, result.stdout.str()
    assert bench.server.asked() == []


def test_what_failed_last_is_run_first(bench: Bench) -> None:
    bench.file("pytest.ini", "[pytest]\n")
    bench.file("modelfiles/mine.Modelfile", f"FROM {DEMO}\n")
    bench.case(
        "models: mine\nprompt: hi\noptions: {num_predict: 4}\nallow: [cut, empty]\nchecks: [{contains: zzzz}]", "a"
    )
    bench.case(
        "models: mine\nprompt: hi\noptions: {num_predict: 4}\nallow: [cut, empty]\nchecks: [{not_contains: zzzz}]",
        "b",
    )
    bench.process("--llm-engine=embedded").assert_outcomes(passed=1, failed=1)
    again = bench.process("--llm-engine=embedded", "--lf")
    again.assert_outcomes(failed=1)


@contextmanager
def endless(bench: Bench, *mode: str) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """A run whose model writes without end, and the processes that it started."""
    bench.file("modelfiles/mine.Modelfile", f"FROM {DEMO}\nPARAMETER num_ctx 16384\n")
    options = "{num_predict: -1, x_ignore_eos: true, temperature: 2}"
    bench.case(f"models: mine\nprompt: hi\noptions: {options}\nchecks: [{{contains: zzzz}}]")
    command = [sys.executable, "-m", "pytest", "--llm-engine=embedded", *mode]
    run = subprocess.Popen(command, cwd=bench.path, stdout=subprocess.PIPE, text=True, start_new_session=True)
    below: list[psutil.Process] = []
    with run:
        try:
            below += waiting(run.pid)
            yield run, below
        finally:
            if run.poll() is None:
                below += psutil.Process(run.pid).children(recursive=True)
                run.kill()
            for process in below:
                with suppress(psutil.NoSuchProcess):
                    process.kill()


def waiting(pid: int) -> list[psutil.Process]:
    """All processes below, once the model's is among them and has begun to write."""
    for _ in range(1200):
        below = psutil.Process(pid).children(recursive=True)
        if any(answers(process) for process in below):
            return below
        time.sleep(0.05)
    raise AssertionError("no model was started")


def answers(process: psutil.Process) -> bool:
    """Whether it is the model's server, and somebody talks to it."""
    try:
        ours = any(word.endswith("embedded/child.py") for word in process.cmdline())
        return ours and any(c.status == "ESTABLISHED" for c in process.net_connections("tcp"))
    except psutil.Error:
        return False


@pytest.mark.parametrize("mode", [[], ["-n2"]])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_running(bench: Bench, how: signal.Signals, mode: list[str]) -> None:
    with endless(bench, *mode) as (run, below):
        os.kill(run.pid, how)
        run.wait(30)
        _, alive = psutil.wait_procs(below, timeout=20)
    assert alive == []
