"""The `llm` fixture in Python tests: the same engine, store and checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.acceptance.conftest import Bench
from tests.fake_ollama import Script

ROOT = Path(__file__).parents[2]
TESTS = """
    import pytest
    from pydantic import BaseModel

    class City(BaseModel):
        name: str
        people: int

    def test_text(llm):
        assert llm("greet", model="m").check("contains", "hello").text == "hello world"

    def test_json(llm):
        answer = llm("json", model="m", format="json")
        assert answer.json == {"name": "Ulm", "people": 3}

    def test_parsed(llm):
        city = llm("json", model="m", format=City).parsed
        assert isinstance(city, City) and city.people == 3

    def test_code(llm):
        answer = llm("code", model="m")
        assert answer.code("python") == "x = 1\\n"
        answer.check("compile", language="python").check("contains", text="x", **{"in": "code"})

    def test_verdict(llm):
        verdict = llm("greet", model="m").verdict("contains", "goodbye")
        assert verdict.outcome == "failed"
        assert verdict.reasons[0].check.startswith("contains")

    def test_messages(llm):
        said = [("user", "a"), ("assistant", "b"), ("user", "c")]
        said = [{"role": role, "content": text} for role, text in said]
        assert llm(said, model="m", system="be kind", options={"seed": 7}).response.model

    def test_fails(llm):
        llm("greet", model="m").check("contains", "goodbye")

    def test_no_json(llm):
        llm("greet", model="m").json

    def test_no_city(llm):
        llm("wrong", model="m", format=City).parsed

    def test_no_code(llm):
        llm("greet", model="m").code("go")

    def test_empty(llm):
        llm("nothing", model="m")

    def test_may_be_empty(llm):
        assert llm("nothing", model="m", allow=["empty"]).text == ""

    def test_names_no_model(llm):
        llm("greet")

    def test_unknown_check(llm):
        llm("greet", model="m").check("contain", "x")

    def test_unknown_option(llm):
        llm("greet", model="m", options={"tmp": 1})

    def test_gone(llm):
        llm("greet", model="gone")
"""


@pytest.fixture
def tests(bench: Bench) -> Bench:
    bench.file("test_it.py", TESTS)
    bench.server.answer("json", '{"name": "Ulm", "people": 3}')
    bench.server.answer("wrong", Script('{"name": "Ulm", "people": "many"}', verbatim=True))
    bench.server.answer("code", "```python\nx = 1\n```")
    bench.server.answer("nothing", "")
    return bench


def test_what_a_test_gets(tests: Bench) -> None:
    result = tests.run("test_it.py", "--junitxml=junit.xml")
    result.assert_outcomes(passed=7, failed=5, errors=4)
    junit = (tests.path / "junit.xml").read_text("utf-8")
    assert junit.count('name="llm.model" value="m"') == 13
    assert "llm.outcome" not in junit
    assert junit.count('name="llm.wall_seconds"') == 13
    result.stdout.fnmatch_lines_random(
        [
            "FAILED test_it.py::test_fails - *the answer does not contain*",
            "FAILED test_it.py::test_no_json - *the answer is no JSON*",
            "FAILED test_it.py::test_no_city - *the answer is no City: *",
            "FAILED test_it.py::test_no_code - *there is no go code*",
            "FAILED test_it.py::test_empty - *the answer is empty*",
            "ERROR test_it.py::test_names_no_model - the test names no model*",
            "ERROR test_it.py::test_unknown_check - *there is no check 'contain'*",
            "ERROR test_it.py::test_unknown_option - *unknown request option 'tmp'*",
            "ERROR test_it.py::test_gone - *'gone'*",
        ]
    )
    assert "pytest_llm/" not in result.stdout.str()
    result.stdout.fnmatch_lines(['>       llm("greet", model="m").check("contains", "goodbye")'])


CROSSED = """
    import pytest

    def test_each(llm, llm_model):
        assert llm("greet").request.model.written == llm_model

    @pytest.mark.parametrize("llm_model", ["m"])
    def test_own(llm):
        llm("greet")

    def test_plain():
        pass
"""


def test_a_model_is_a_name(bench: Bench) -> None:
    bench.file("test_it.py", "def test_it(llm):\n    llm('hi', model=3)\n")
    result = bench.run("test_it.py")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["`model` must be text, not 3"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("None", "`prompt` must be some text or some messages, not None"),
        ("''", "`prompt` must be some text or some messages, not ''"),
        ("b'hi'", "`prompt` must be some text or some messages, not b'hi'"),
        ("[]", "`prompt` must be some text or some messages, not []"),
        ("['hi']", "`prompt.0` must be a mapping, not 'hi'"),
        (
            "[{'role': 'usr', 'content': 'hi'}]",
            "`prompt.0.role` must be one of 'system', 'user', 'assistant', not 'usr'",
        ),
        ("[{'role': 'user'}]", "`prompt.0` needs `content`"),
        ("'hi', allow=['emty']", "`allow.0` must be one of 'empty', 'cut', 'trimmed', 'echo', not 'emty'"),
        ("'hi', allow='emty'", "`allow` must be one of 'empty', 'cut', 'trimmed', 'echo', not 'emty'"),
        ("'hi', timeout='soon'", "`timeout`: 'soon' is no duration"),
        ("'hi', timeout=0", "`timeout` must be a duration above 0, not 0"),
        (
            "[{'role': 'system', 'content': 'a'}, {'role': 'user', 'content': 'b'}], system='c'",
            "`system` and a system message of `prompt` say the same thing twice",
        ),
        ("'hi', format='jsn'", "`format` must be 'json', a JSON Schema or a pydantic model, not 'jsn'"),
        ("'hi', system=3", "`system` must be text, not 3"),
        ("'hi', think='yes'", "think is one of off, on"),
        ("[{'role': 'user', 'content': ''}]", "`prompt.0.content` must be something, not ''"),
        ("'', options={'temperature': 'hot'}", "`prompt` must be some text"),
        ("'hi', options={'temperature': 'hot'}", "options: `temperature` must be a number, not 'hot'"),
        ("'hi', options='hot'", "options: its value must be a mapping, not 'hot'"),
    ],
)
def test_arguments_are_held_to_what_a_case_may_say(bench: Bench, arguments: str, words: str) -> None:
    bench.file("test_it.py", f"def test_it(llm):\n    llm({arguments}, model='m')\n")
    result = bench.run("test_it.py")
    result.assert_outcomes(errors=1)
    assert any(line.startswith(words) for line in result.outlines)
    assert bench.server.asked() == []


def test_a_test_is_crossed_with_the_models_of_the_run(bench: Bench) -> None:
    bench.server.add_model("n", capabilities=["completion", "thinking"])
    bench.server.add_model("m", capabilities=["completion", "thinking"])
    bench.file("test_it.py", CROSSED)
    result = bench.run("test_it.py", "--llm-model=m", "--llm-model=n", "--llm-think=off", "--llm-think=on")
    result.assert_outcomes(passed=7)
    result.stdout.fnmatch_lines_random(
        ["PASSED test_it.py::test_each[[]n-think-on]", "PASSED test_it.py::test_own[[]m-think-off]"]
    )
    bench.run("test_it.py", "-k", "own or plain").assert_outcomes(passed=2, deselected=1)
    bench.run("test_it.py", "-k", "each").assert_outcomes(errors=1, deselected=2)


def test_answers_are_kept_and_a_server_that_is_down_is_an_error(tests: Bench) -> None:
    tests.run("test_it.py", "-k", "text or verdict").assert_outcomes(passed=2, deselected=14)
    asked = len(tests.server.asked())
    assert asked == 2
    tests.run("test_it.py", "-k", "text", "--llm-reuse").assert_outcomes(passed=1, deselected=15)
    tests.run("test_it.py", "-k", "text", "--llm-replay").assert_outcomes(passed=1, deselected=15)
    assert len(tests.server.asked()) == asked
    tests.server.fault("refused")
    result = tests.run("test_it.py", "-k", "text", "--llm-store=none")
    result.assert_outcomes(errors=1, deselected=15)
    result.stdout.fnmatch_lines([f"*{tests.server.url}*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_under_xdist_there_is_one_engine_and_one_store(tests: Bench) -> None:
    tests.case("prompt: a case\nchecks: [contains: hello]")
    result = tests.process("-n2", "-k", "text or json or gone or code or t.prompt")
    result.assert_outcomes(passed=4, failed=2, errors=1)
    asked = len(tests.server.asked())
    tests.process("-n2", "-k", "text", "--llm-replay").assert_outcomes(passed=1)
    assert len(tests.server.asked()) == asked


def test_a_fixture_of_ones_own_of_that_name_is_left_alone(bench: Bench) -> None:
    bench.file("conftest.py", "import pytest\n\n@pytest.fixture\ndef llm():\n    return 7\n")
    bench.file("test_it.py", "def test_own(llm):\n    assert llm == 7\n")
    bench.run("test_it.py", "--llm-model=m", "--llm-model=n").assert_outcomes(passed=1)


def test_the_examples_of_the_page(bench: Bench) -> None:
    (text,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text("utf-8"), re.DOTALL)
    bench.file("test_it.py", text)
    bench.server.add_model("qwen3:8b", capabilities=["completion", "thinking"])
    bench.server.answer("Greet", "Hello!", model="qwen3:8b")
    bench.server.answer("Ulm", '{"name": "Ulm", "people": 126000}', model="qwen3:8b")
    bench.server.answer("double", "```python\ndef double(x):\n    return 2 * x\n```", model="qwen3:8b")
    bench.run("test_it.py").assert_outcomes(passed=3)
