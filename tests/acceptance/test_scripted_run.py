"""Engines that are no servers: answers in a file, and a provider that a plugin brings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.acceptance.conftest import Bench

ROOT = Path(__file__).parents[2]

PLUGIN = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "engines.md").read_text("utf-8"), re.DOTALL)[0]


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_answers_from_a_file(bench: Bench, mode: list[str]) -> None:
    bench.file(
        "answers.yaml",
        """
        - {match: LRU, text: "```go\\npackage lru\\n```"}
        - {match: broken, error: {kind: broken, message: the line went dead}}
        - {match: "", text: hello}
        """,
    )
    bench.case("models: scripted:answers.yaml\nprompt: An LRU\nchecks: [{contains: package lru}]", "a")
    bench.case("models: scripted:answers.yaml\nprompt: hi\nchecks: [{equals: hello}, {max_tokens: 5}]", "b")
    bench.case("models: scripted:answers.yaml\nprompt: broken\nchecks: [{contains: x}]", "c")
    result = bench.process(*mode)
    result.assert_outcomes(passed=2, errors=1)
    assert "the line went dead" in result.stdout.str()
    assert bench.server.asked() == []


def test_the_words_of_a_script_tell_of_no_lost_prompt(bench: Bench) -> None:
    prompts = [
        "请写一个快速排序的程序，并且解释每一步的含义" * 5,
        "https://example.com/" + "a1b2c3d4" * 20,
        '{"a":1,"b":[1,2]}' * 6,
    ]
    bench.file("made_up.yaml", "- text: hi")
    bench.file("counted.yaml", "- {text: hi, usage: {prompt_tokens: 1}}")
    for index, prompt in enumerate(prompts):
        case = (
            f"models: ['scripted:made_up.yaml', 'scripted:counted.yaml']\nprompt: {prompt!r}\nchecks: [equals: hi]"
        )
        bench.case(case, f"case{index}")
    result = bench.run()
    result.assert_outcomes(passed=3, failed=3)
    result.stdout.fnmatch_lines(["*the server dropped a part of the messages*"])


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_a_plugins_engine(bench: Bench, mode: list[str]) -> None:
    bench.file("conftest.py", PLUGIN)
    bench.case("models: ['a', 'echo:b']\nprompt: hi\nchecks: [{regex: '^[ab]: hi$'}]")
    bench.process("--llm-engine=echo", *mode).assert_outcomes(passed=2)
    bench.process("--llm-engine=echo", "--llm-model=c", *mode).assert_outcomes(failed=1)


def test_an_engine_that_nobody_brings(bench: Bench) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    result = bench.run("--llm-engine=acme")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*acme*"])
    assert "Traceback" not in result.stdout.str()


def test_a_plugins_engine_that_breaks_costs_its_cells_only(bench: Bench) -> None:
    bench.file("conftest.py", PLUGIN.replace("return Response(", "raise RuntimeError("))
    bench.case("models: a\nprompt: hi\nchecks: [{contains: hi}]", "a")
    bench.case("models: openai:m\nprompt: hi\nchecks: [{contains: hello}]", "b")
    result = bench.run("--llm-engine=echo", f"--llm-openai-url={bench.server.url}/v1")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["the engine broke: RuntimeError: a: hi"])
