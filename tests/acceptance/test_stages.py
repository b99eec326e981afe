"""Chains of prompts: one item, one verdict."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from tests.acceptance.conftest import Bench
from tests.fake_ollama import Script

DRAW, MOVE, LAST = (f"```python\nx = {n}\n```" for n in (1, 2, 3))
CHAIN = """
    stages:
      - name: draw
        prompt: Draw it.
        checks: [{contains: x = 1}]
      - name: move
        prompt: "Move this: {{ previous.code }}!"
        checks: [{contains: x = 2}]
      - name: last
        prompt: "First {{ stages.draw.text }} then {{ stages.move.code }} and {{ previous.text }}."
    checks: [{contains: x = 3}]
    """


@pytest.fixture
def chain(bench: Bench) -> Bench:
    for prompt, answer in (("Draw it.", DRAW), ("Move this", MOVE), ("First", LAST)):
        bench.server.answer(prompt, f"So: {answer}" if prompt == "First" else answer)
    bench.case(CHAIN)
    return bench


def prompts(bench: Bench) -> list[str]:
    return [asked["messages"][-1]["content"] for asked in bench.server.asked()]


@pytest.mark.parametrize("mode", [[], ["-n2"], ["-p", "no:xdist"]])
def test_each_stage_gets_what_was_written_before(chain: Bench, mode: list[str]) -> None:
    chain.process(*mode).assert_outcomes(passed=1)
    assert prompts(chain) == [
        "Draw it.",
        "Move this: x = 1\n!",
        f"First {DRAW} then x = 2\n and {MOVE}.",
    ]


def test_a_stage_that_fails_ends_the_chain(chain: Bench) -> None:
    chain.server.answer("Move this", "I would rather not.")
    result = chain.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["stage 'move': the answer does not contain 'x = 2'", "*again: pytest*"])
    result.stdout.no_fnmatch_line("*stage 'last'*")
    assert len(prompts(chain)) == 2


def test_it_goes_on_where_it_may(chain: Bench) -> None:
    chain.case(CHAIN.replace("name: move", "name: move\n        continue_on_failure: true"))
    chain.server.answer("Move this", "I would rather not.")
    chain.server.answer("First", "Neither here.")
    result = chain.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["stage 'move': *(and 1 more)", "*stage 'last': *x = 3*"])
    assert prompts(chain)[-1] == f"First {DRAW} then I would rather not. and I would rather not.."


def test_what_a_model_wrote_is_no_template(chain: Bench) -> None:
    chain.server.answer("Draw it.", "```python\nx = 1 # {{ stages.draw.text }} {% raw %}\n```")
    chain.run().assert_outcomes(passed=1)
    assert prompts(chain)[1] == "Move this: x = 1 # {{ stages.draw.text }} {% raw %}\n!"


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_a_server_that_fails_in_a_stage_is_an_error(chain: Bench, mode: list[str]) -> None:
    chain.server.answer("Move this", Script(MOVE, seconds=0.0))
    chain.server.fault(17, times=None, after=0)
    result = chain.process(*mode)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["stage 'draw': *"])


def test_a_later_stage_that_runs_out_of_time(chain: Bench) -> None:
    chain.server.answer("Move this", Script("a b c d e f " * 10, seconds=30))
    chain.case("timeout: 1s\n" + "\n".join(line[4:] for line in CHAIN.splitlines()))
    result = chain.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["stage 'move': the model was still writing after 1 s*"])


def test_options_and_thinking_of_a_stage(chain: Bench) -> None:
    chain.server.add_model("m", capabilities=["completion", "thinking"])
    chain.case(
        """
        think: on
        options: {temperature: 0, seed: 1}
        stages:
          - {name: one, prompt: Draw it., checks: [{contains: x}]}
          - {name: two, prompt: "{{ previous.thinking }} Move this", options: {seed: 2}, checks: [{contains: x}]}
        """
    )
    chain.server.answer("Draw it.", Script(DRAW, "First I think."))
    chain.run().assert_outcomes(passed=1)
    first, second = chain.server.asked()
    assert first["options"] == {"temperature": 0, "seed": 1}
    assert second["options"] == {"temperature": 0, "seed": 2}
    assert second["messages"][-1]["content"] == "First I think. Move this"
    assert first["think"] is second["think"] is True


def test_numbers_and_files_of_each_stage(chain: Bench) -> None:
    page = "```html\n<!DOCTYPE html><html><body><h1>Hello</h1></body></html>\n```"
    chain.server.answer("", page)
    chain.case(
        """
        stages:
          - {name: one, prompt: one, checks: [{browser: {duration: 100ms}}]}
          - {name: two, prompt: two, checks: [{browser: {duration: 100ms}}]}
        """
    )
    result = chain.process("--junitxml=junit.xml", "--html=report.html")
    result.assert_outcomes(passed=1)
    properties = {
        element.get("name"): element.get("value") for element in ET.parse(chain.path / "junit.xml").iter("property")
    }
    assert {"llm.one.tokens_per_second", "llm.two.tokens_per_second"} <= set(properties), properties
    for stage in ("one", "two"):
        assert list(chain.path.glob(f".pytest_llm/**/{stage}/*.png")), stage
    assert json.dumps("two")[1:-1] in (chain.path / "report.html").read_text()


def test_unknown_names_are_found_before_anything_is_asked(chain: Bench) -> None:
    chain.case("stages:\n  - {name: a, prompt: '{{ stages.b.code }}'}\nchecks: [{contains: x}]")
    result = chain.run()
    result.assert_outcomes(errors=1)
    assert prompts(chain) == []
    result.stdout.fnmatch_lines(["*t.prompt.yaml:3: there is no stage 'b' (before 'a': none)"])


def test_a_template_that_cannot_take_what_was_written_is_an_error(chain: Bench) -> None:
    chain.case(CHAIN.replace("previous.code }}!", "previous.text.split('###')[1] }}!"))
    result = chain.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*stage 'move': the template cannot be filled in: list object has no element 1*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert prompts(chain) == ["Draw it."]
