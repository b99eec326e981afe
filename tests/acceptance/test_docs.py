"""The code that docs/ shows, run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.acceptance.conftest import Bench

DOCS = Path(__file__).parents[2] / "docs"


def shown(page: str, heading: str) -> str:
    """The first Python block under a heading."""
    text = (DOCS / page).read_text("utf-8").partition(f"## {heading}\n")[2]
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_an_engine_of_your_own(bench: Bench, mode: list[str]) -> None:
    bench.file("conftest.py", shown("engines.md", "An engine of your own"))
    bench.case("prompt: Hello you!\nchecks: [{equals: 'm: Hello you!'}]")
    (bench.process if mode else bench.run)("--llm-engine", "echo", *mode).assert_outcomes(passed=1)
    assert bench.server.requests == []


def test_a_check_of_your_own(bench: Bench) -> None:
    bench.file("conftest.py", shown("checks.md", "Your own checks"))
    bench.server.answer("", "the day\nthe night")
    bench.case("prompt: hi\nchecks: [rhymes]")
    result = bench.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*rhymes, line 2: line 2 does not end in 'ay'*"])
