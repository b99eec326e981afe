"""The end of `--llm-dry-run`: what a run would cost."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Bench

CHECKS = "checks: [{contains: hello}]"
CHAIN = f"stages:\n  - {{name: a, prompt: x, {CHECKS}}}\n  - {{name: b, prompt: y, {CHECKS}}}"


@pytest.mark.parametrize(
    ("case", "options", "said"),
    [
        (f"prompt: hi\n{CHECKS}", "", "send 1 request and load 1 model"),
        (f"prompt: hi\nsamples: 5\n{CHECKS}", "", "send 5 requests and load 1 model"),
        (f"prompt: hi\n{CHECKS}", "--llm-samples=3", "send 3 requests and load 1 model"),
        (f"prompt: hi\nsamples: 5\nmin_pass: 4\n{CHECKS}", "--llm-stop-early", "send 2 to 5 requests and"),
        (f"prompt: hi\nescalate: {{think: on}}\nthink: off\n{CHECKS}", "", "send 1 to 2 requests and load 1 model"),
        (CHAIN, "", "send 1 to 2 requests and load 1 model"),
        (CHAIN.replace("name: a", "name: a, continue_on_failure: true"), "", "send 2 requests and load 1 model"),
        (f"models: [m, n]\nthink: [off, on]\nprompt: hi\n{CHECKS}", "", "send 4 requests and load 2 models"),
        (f"models: [m, mine]\nprompt: hi\n{CHECKS}", "", "send 2 requests and load 1 model"),
        (
            f"prompt: hi\noptions: {{num_ctx: 512}}\nmatrix: {{options.num_ctx: [512, 1024]}}\n{CHECKS}",
            "",
            "send 2 requests and load 2 models",
        ),
        (
            "prompt: hi\nchecks: [judge: {rubric: x, model: j, votes: 3}]",
            "",
            "send 1 to 4 requests and load 2 models",
        ),
        (f"prompt: hi\nmarks: [skip]\n{CHECKS}", "", "send 0 requests and load 0 models"),
        (f"models: broken\nprompt: hi\n{CHECKS}", "", "send 0 requests and load 0 models"),
    ],
)
def test_requests_and_loads(bench: Bench, case: str, options: str, said: str) -> None:
    bench.file("modelfiles/mine.Modelfile", "FROM m\nSYSTEM Be brief.\n")
    bench.file("modelfiles/broken.Modelfile", "FORM m\n")
    bench.case(case)
    result = bench.run("--llm-dry-run", *options.split())
    assert result.ret == 0
    result.stdout.fnmatch_lines([f"a run would {said}*"])
    assert bench.server.requests == []


def test_the_time_by_the_store(bench: Bench) -> None:
    bench.case(f"prompt: hi\n{CHECKS}", "a")
    bench.run("--llm-dry-run").stdout.no_fnmatch_line("*by the last run*")
    assert not (bench.path / ".pytest_llm").exists()
    bench.run().assert_outcomes(passed=1)
    bench.run("--llm-dry-run").stdout.fnmatch_lines(["by the last run, that takes some 1 s, loads not counted"])
    bench.case(f"prompt: hi\n{CHECKS}", "b")
    bench.run("--llm-dry-run").stdout.fnmatch_lines(["by the last run of 1 of 2 cells, that*"])
    bench.run("--llm-dry-run", "--llm-store=none").stdout.no_fnmatch_line("*by the last run*")
