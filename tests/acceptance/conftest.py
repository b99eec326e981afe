"""A folder of cases, a server that answers them, and pytest run on both as a user would."""

from __future__ import annotations

import importlib
import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fake_ollama import FakeOllama
from tests.helpers.forking import Forked, ForkServer, import_all

# A run inside this process drops what it imported first, and half of a library imported again is two libraries.
importlib.import_module("jinja2.sandbox")
import_all("pytest_llm")
CACHE = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")  # pytester has another home


class Bench:
    """pytest in pytest. `server` is what the Ollama engine asks."""

    def __init__(self, pytester: pytest.Pytester, server: FakeOllama, forks: ForkServer) -> None:
        pytester.popen = forks.popen  # type: ignore[assignment, method-assign]
        self.pytester, self.server, self.forks = pytester, server, forks
        self.path: Path = pytester.path
        # Hypothesis' plugin, a second of every process's start, is for this suite, not for its users' runs.
        quick = "-p no:cacheprovider -p no:hypothesispytest --strict-markers"
        self.file("pytest.ini", f"[pytest]\naddopts = {quick}\n")

    def file(self, name: str, text: str) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    def case(self, text: str, name: str = "t") -> Path:
        """A case file; one that names no model asks `m`."""
        body = textwrap.dedent(text)
        return self.file(f"{name}.prompt.yaml", body if "models:" in body else f"models: m\n{body}")

    def run(self, *arguments: str) -> pytest.RunResult:
        return self.pytester.runpytest_inprocess("-rA", *arguments)

    def started(self, *arguments: str) -> pytest.RunResult:
        """In a process that has imported nothing yet."""
        vars(self.pytester).pop("popen")
        return self.process(*arguments)

    def process(self, *arguments: str) -> pytest.RunResult:
        """In a process of its own, with its workers in theirs: for pytest-xdist, signals and the environment."""
        return self.pytester.runpytest_subprocess("-rA", *arguments, timeout=120)

    @contextmanager
    def running(self, *arguments: str, output: int | None = None) -> Iterator[Forked]:
        """One that the test looks on at, in a group of processes of its own; `output`: a file, or `output.txt`."""
        with (self.path / "output.txt").open("wb") as file:
            there = file if output is None else output
            run = self.forks.popen([sys.executable, "-m", "pytest", *arguments], there, there)
        try:
            yield run
        finally:
            run.kill()
            run.wait(60)

    def output(self) -> str:
        """What the last such run has printed."""
        return (self.path / "output.txt").read_text(encoding="utf-8", errors="replace")


@pytest.fixture
def bench(
    pytester: pytest.Pytester, fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch, forks: ForkServer
) -> Iterator[Bench]:
    monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url)
    for name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "PYTEST_ADDOPTS", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    fake_ollama.add_model("m")
    fake_ollama.answer("", "hello world")
    yield Bench(pytester, fake_ollama, forks)
    assert fake_ollama.crashes == []
