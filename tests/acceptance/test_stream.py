"""`--llm-stream`: answers as they come, and pytest's own lines whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.acceptance.conftest import Bench
from tests.fake_ollama import Script


def said(result: pytest.RunResult) -> list[str]:
    lines = [line.rstrip() for line in result.outlines]
    begin = lines.index("") + 1
    return lines[begin : next(n for n in range(begin, len(lines)) if lines[n].startswith("==="))]


def test_answers_stand_between_the_lines_of_pytest(bench: Bench) -> None:
    bench.server.add_model("m", capabilities=["completion", "thinking"])
    bench.server.answer("", Script("hello\n::error::\x1b[31m\nworld", thinking="hm. "))
    for name in "ab":
        bench.case("prompt: hi\nthink: on\nchecks: [{contains: hello}]", name)
    bench.file("test_c.py", "def test_c(): pass\n")
    lines = said(bench.run("--llm-stream"))
    answer = ["│ hm. hello", "│ ::error::\\x1b[31m", "│ world"]
    assert lines[:4] == ["a.prompt.yaml", *answer]
    assert lines[4].startswith("a.prompt.yaml .")
    assert lines[5:9] == ["b.prompt.yaml", *answer]
    assert lines[9].startswith("b.prompt.yaml .")
    verbose = said(bench.run("--llm-stream", "-v"))
    assert verbose[:4] == ["a.prompt.yaml::a[m]", *answer]
    assert verbose[4].startswith("a.prompt.yaml::a[m] PASSED")


def test_samples_come_one_after_the_other_and_stored_ones_are_silent(bench: Bench) -> None:
    bench.server.answer("", Script("one two three", seconds=0.2))
    bench.case("prompt: hi\nsamples: 3\nchecks: [{contains: two}]")
    lines = said(bench.run("--llm-stream", "--llm-slots=3"))
    assert lines[:4] == ["t.prompt.yaml", *["│ one two three"] * 3]
    assert not [line for line in said(bench.run("--llm-stream", "--llm-reuse")) if "│" in line]


def test_answers_of_workers_come_one_after_the_other(bench: Bench) -> None:
    """Each below its cell's name, once more where pytest has written in between."""
    bench.server.answer("", lambda ask: Script(f"one {ask.prompt}\ntwo {ask.prompt}", seconds=0.2))
    bench.server.scheduler.limits = replace(bench.server.scheduler.limits, slots=2)
    for name in "abcd":
        bench.case(f"prompt: {name}\nchecks: [{{contains: two}}]", name)
    for more in [], ["-v"]:
        result = bench.process("-n2", "--llm-stream", "--llm-slots=2", *more)
        result.assert_outcomes(passed=4)
        told, cell = dict.fromkeys("abcd", ""), ""
        for line in result.outlines:
            if line.endswith("[m]") and line[1:] == f".prompt.yaml::{line[:1]}[m]":
                cell = line[0]
            elif "│" in line:
                assert line.startswith("│ ")
                told[cell] += line[2:].replace(" ", "")
        assert told == {name: f"one{name}two{name}" for name in "abcd"}
