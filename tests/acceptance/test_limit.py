"""`--llm-limit`: a few cells of each case."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Bench

CASES = """
    prompt: hi
    models: m
    options: {seed: 1}
    matrix: {options.seed: [1, 2, 3], options.top_k: [1, 2]}
    checks: [{contains: hello}]
    ---
    id: other
    prompt: '{{ word }}'
    models: m
    parametrize: [{word: a}, {word: b}]
    checks: [{contains: hello}]
    """


@pytest.fixture
def cases(bench: Bench) -> Bench:
    bench.case(CASES, "a")
    bench.case("prompt: hi\nchecks: [{contains: hello}]", "b")
    bench.file("test_plain.py", "def test_one(): pass\ndef test_two(): pass\n")
    return bench


@pytest.mark.parametrize(
    ("options", "passed", "said"),
    [
        (["--llm-limit=1"], 3 + 2, "--llm-limit 1: 6 of 9 cells were left out"),
        (["--llm-limit", "2"], 5 + 2, "--llm-limit 2: 4 of 9 cells were left out"),
        (["--llm-limit=2", "-k", "seed-3"], 2, None),
        (["--llm-limit=1", "-k", "seed-3"], 1, "--llm-limit 1: 1 of 2 cells were left out"),
        (["--llm-limit=1", "a.prompt.yaml::a[m-seed-3-top_k-2]"], 1, None),
        (["--llm-limit=99"], 9 + 2, None),
        ([], 9 + 2, None),
    ],
)
def test_the_first_cells_of_each_case(cases: Bench, options: list[str], passed: int, said: str | None) -> None:
    result = cases.run(*options)
    assert result.parseoutcomes()["passed"] == passed
    if said:
        result.stdout.fnmatch_lines([said])
    else:
        result.stdout.no_fnmatch_line("*were left out*")


def test_every_worker_collects_the_same(cases: Bench) -> None:
    result = cases.process("--llm-limit=1", "-n2")
    result.assert_outcomes(passed=5, deselected=6)
    result.stdout.fnmatch_lines(["--llm-limit 1: 6 of 9 cells were left out"])


def test_what_is_left_out_is_checked_for_mistakes(cases: Bench) -> None:
    cases.case(CASES.replace("{word: b}", "{wort: b}"), "a")
    result = cases.run("--llm-limit=1")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*'word' is undefined*"])


@pytest.mark.parametrize("value", ["0", "-1", "some", "1.5"])
def test_a_limit_is_a_number_from_one(cases: Bench, value: str) -> None:
    result = cases.run(f"--llm-limit={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--llm-limit: must be a whole number from 1, not '{value}'*"])
