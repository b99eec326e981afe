"""`--llm-budget`: when it is spent nothing more is asked, and the run says how much was left."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Bench

ASKS = "prompt: hi\nchecks: [{contains: hello}]"


@pytest.mark.parametrize("options", ["", "--llm-strict", "-n2", "--llm-samples=2"])
def test_what_is_left_is_skipped_with_the_reason(bench: Bench, options: str) -> None:
    for number in range(4):
        bench.case(ASKS, f"t{number}")
    run = bench.process if "-n" in options else bench.run
    result = run("--llm-budget=0.001k", *options.split())
    counts = result.parseoutcomes()
    assert (counts.get("passed", 0) + counts["skipped"], counts.get("errors", 0), result.ret) == (4, 0, 0)
    assert len(bench.server.asked()) == 1
    left = counts["skipped"]
    result.stdout.fnmatch_lines(
        [f"pytest-llm: the budget of 0.001k is spent (--llm-budget): {left} cells were not asked"]
    )


@pytest.mark.parametrize("options", ["", "--llm-strict"])
def test_python_tests_and_second_chances(bench: Bench, options: str) -> None:
    """What was not asked is skipped; a failure that could not be asked again stays one."""
    bench.file("test_b.py", "def test_b(llm): llm('hi', model='m')\n")
    bench.case("prompt: hi\nthink: off\nescalate: {think: on}\nmodels: t\nchecks: [{contains: zzz}]", "a")
    bench.server.add_model("t", capabilities=("completion", "thinking"))
    result = bench.run("--llm-budget=0.001k", "a.prompt.yaml", "test_b.py", *options.split())
    result.assert_outcomes(failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*not asked again with think on: the budget of 0.001k is spent (--llm-budget)"])


def test_a_budget_that_is_enough_says_nothing(bench: Bench) -> None:
    bench.case(ASKS)
    result = bench.run("--llm-budget=1h")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*not asked*")


def test_what_is_none_is_a_usage_error(bench: Bench) -> None:
    bench.case(ASKS)
    result = bench.run("--llm-budget=30")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--llm-budget: '30' is no budget: give a time such as 30m, or*"])


def test_groups_that_failed_or_changed_last_come_first(bench: Bench) -> None:
    for name, digit in (("n", "5"), ("o", "6")):
        bench.server.add_model(name, blob="sha256:" + digit * 64)
    bench.server.answer("good", "hello")
    bench.server.answer("bad", "no")
    for model, prompt in (("m", "good"), ("n", "bad"), ("o", "good")):
        bench.case(f"models: {model}\nprompt: {prompt}\nchecks: [{{contains: hello}}]", model)
    bench.run().assert_outcomes(passed=2, failed=1)
    bench.run("--llm-budget=0.001k").assert_outcomes(failed=1, skipped=2)
    assert [asked["model"] for asked in bench.server.asked()][3:] == ["n"]
    bench.case("models: n\nprompt: good\nchecks: [{contains: hello}]", "n")
    bench.run()
    bench.case("models: o\nprompt: good of another kind\nchecks: [{contains: hello}]", "o")
    bench.run("--llm-budget=0.001k").assert_outcomes(passed=1, skipped=2)
    assert bench.server.asked()[-1]["model"] == "o"
