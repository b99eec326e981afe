"""How much of a failed cell's answer the terminal shows."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Bench

LONG = "hello hello " + " ".join(map(str, range(1500)))


@pytest.mark.parametrize(("said", "whole"), [([], False), (["--llm-show-answer"], True), (["-vv"], True)])
def test_whole_where_that_is_asked_for(bench: Bench, said: list[str], whole: bool) -> None:
    bench.server.answer("", LONG)
    bench.case("prompt: hi\nchecks: [{equals: zzz}]")
    bench.file("test_it.py", "def test_it(llm):\n    llm('hi', model='m').check('equals', 'zzz')\n")
    result = bench.run(*said)
    result.assert_outcomes(failed=2)
    shown = [line for line in result.outlines if line.startswith("hello hello")]
    assert [len(line) > 5000 for line in shown] == [whole, whole]
