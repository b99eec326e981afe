"""The live line on a terminal, the lines in CI: seen by people, and never in pytest's own way."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
from contextlib import suppress

import pytest

from pytest_llm.plugin import progress
from tests.acceptance.conftest import Bench
from tests.fake_ollama import Script
from tests.helpers.screen import Screen

CELLS = 4


@pytest.fixture
def slow(bench: Bench) -> Bench:
    bench.server.answer("", Script("one two three four hello", seconds=0.6))
    for number in range(CELLS):
        bench.case("prompt: hi\nchecks: [{contains: hello}]", f"t{number}")
    bench.file("test_a.py", "def test_a(): pass\n")
    return bench


def on_terminal(bench: Bench, *arguments: str, rows: int = 12) -> Screen:
    """What a run leaves on a terminal of so many rows."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
    screen = Screen(rows, 80)
    mode = () if "-n2" in arguments else ("-p", "no:xdist")
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {"LINES": str(rows), "COLUMNS": "80", "TERM": "xterm"}.items():
            patched.setenv(name, value)
        with bench.running(*mode, *arguments, output=theirs) as run:
            os.close(theirs)
            with suppress(OSError):
                while more := os.read(ours, 65536):
                    screen.feed(more.decode(errors="replace"))
            run.wait(60)
    os.close(ours)
    return screen


LIVE = re.compile(r"^\d/4 cells, (asking|loading) ")


@pytest.mark.parametrize("arguments", [[], ["-v"], ["-n2"]])
def test_a_live_line_leaves_no_trace(slow: Bench, arguments: list[str]) -> None:
    screen = on_terminal(slow, *arguments)
    assert any(LIVE.match(line) for line in screen.seen), sorted(screen.seen)
    assert not [line for line in screen.text if LIVE.match(line)]
    assert any("5 passed" in line for line in screen.text)
    if "-n2" not in arguments:
        word = "::t%d[m] PASSED" if arguments else " ."
        wanted = [f"t{number}.prompt.yaml{word % number if arguments else word}" for number in range(CELLS)]
        assert [re.sub(r" +\[ *\d+%\]$", "", line) for line in results(screen.text)][:CELLS] == wanted


def results(lines: list[str]) -> list[str]:
    """Those that pytest writes as the items run."""
    return [line.rstrip() for line in lines if re.search(r"(yaml|py)\b.*%\]", line)]


@pytest.mark.parametrize("arguments", [["-q"], ["-s"]])
def test_where_there_is_none(slow: Bench, arguments: list[str]) -> None:
    screen = on_terminal(slow, *arguments)
    assert not any(re.search(r"\d/4 cells", line) for line in screen.seen)


def test_whole_lines_in_ci(slow: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "RARELY", 0.0)
    slow.run().stdout.no_fnmatch_line("pytest-llm: */4 cells*")
    monkeypatch.setenv("CI", "true")
    result = slow.run()
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(["t0.prompt.yaml .*", "pytest-llm: 1/4 cells*, * left", "t1.prompt.yaml .*"])
    assert not [line for line in result.outlines if "pytest-llm" in line and not line.startswith("pytest-llm")]
    slow.run("-q").stdout.no_fnmatch_line("pytest-llm: */4 cells*")
