"""Cells are pytest items like any others."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from tests.acceptance.conftest import Bench

MODES = [[], ["-n0"], ["-n2"], ["-p", "no:xdist"]]
TWO_BY_TWO = """
    category: greeting
    tags: [short, code-golf]
    models: [m, n]
    think: [off, default]
    prompt: say hello
    checks: [{contains: hello}]
    """


@pytest.fixture
def matrix(bench: Bench) -> Bench:
    bench.server.add_model("n")
    bench.case(TWO_BY_TWO)
    return bench


@pytest.mark.parametrize("mode", MODES)
def test_every_cell_is_an_item(matrix: Bench, mode: list[str]) -> None:
    result = matrix.process(*mode)
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines_random(
        [f"PASSED t.prompt.yaml::t[[]{m}-think-{t}]" for m in "mn" for t in ("off", "default")]
    )


@pytest.mark.parametrize(
    ("arguments", "passed"),
    [
        (["-m", "greeting"], 4),
        (["-m", "short and not greeting"], 0),
        (["-m", "code-golf"], 4),
        (["-k", "think-off"], 2),
        (["-k", "n-think-default"], 1),
        (["t.prompt.yaml"], 4),
        (["t.prompt.yaml::t"], 4),
        (["t.prompt.yaml::t[m-think-off]"], 1),
        (["--deselect", "t.prompt.yaml::t[m-think-off]"], 3),
        (["--deselect", "t.prompt.yaml::t[m"], 2),
        (["--llm-model", "n"], 2),
        (["--llm-think", "off"], 2),
        (["--llm-model", "n", "--llm-model", "m", "--llm-think", "default"], 2),
    ],
)
def test_selection(matrix: Bench, arguments: list[str], passed: int) -> None:
    assert matrix.run(*arguments).parseoutcomes().get("passed", 0) == passed


def test_an_id_that_is_not_there(matrix: Bench) -> None:
    result = matrix.run("t.prompt.yaml::t[nobody]")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_collect_only(matrix: Bench) -> None:
    result = matrix.run("--co", "-q")
    result.stdout.fnmatch_lines(["t.prompt.yaml::t[[]m-think-off]", "*4 tests collected*"])
    assert matrix.server.requests == []


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_last_failed_and_failed_first(bench: Bench, mode: list[str]) -> None:
    bench.file("pytest.ini", "[pytest]\n")
    bench.case("prompt: hi\nparametrize: [{a: hello}, {a: nope}, {a: world}]\nchecks: [{contains: '{{ a }}'}]")
    bench.process(*mode).assert_outcomes(passed=2, failed=1)
    bench.process("--lf", *mode).assert_outcomes(failed=1)
    first = bench.process("--ff", "-v", *mode)
    first.assert_outcomes(passed=2, failed=1)
    bench.server.answer("hi", "hello world nope")
    bench.process("--lf", *mode).assert_outcomes(passed=1)


def test_stepwise_and_exitfirst(bench: Bench) -> None:
    bench.file("pytest.ini", "[pytest]\n")
    bench.case("prompt: hi\nparametrize: [{a: hello}, {a: nope}, {a: world}]\nchecks: [{contains: '{{ a }}'}]")
    bench.process("--sw").assert_outcomes(passed=1, failed=1)
    bench.process("-x").assert_outcomes(passed=1, failed=1)
    bench.server.answer("hi", "hello world nope")
    bench.process("--sw").assert_outcomes(passed=2, deselected=1)


def test_junit_carries_the_numbers(bench: Bench) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.case("prompt: hi\nchecks: [{contains: nope}]", "bad")
    bench.process("--junitxml=j.xml", "-n2").assert_outcomes(passed=1, failed=1)
    cells = {case.get("name"): case for case in ET.parse(bench.path / "j.xml").iter("testcase")}
    numbers = {p.get("name"): p.get("value") for p in cells["t[m]"].iter("property")}
    assert numbers["llm.model"] == "m"
    assert float(numbers["llm.answer_tokens"] or 0) > 0
    failure = next(cells["bad[m]"].iter("failure"))
    assert "nope" in (failure.get("message") or "")


def test_marks(bench: Bench) -> None:
    bench.file("pytest.ini", "[pytest]\naddopts = --strict-markers\nmarkers = slow: takes long\n")
    bench.case("prompt: hi\nmarks: [skip]\nchecks: [{contains: x}]", "a")
    bench.case("prompt: hi\nmarks: [{skip: not today}]\nchecks: [{contains: x}]", "b")
    bench.case("prompt: hi\nmarks: [{xfail: known}]\nchecks: [{contains: x}]", "c")
    bench.case("prompt: hi\nmarks: [slow]\nchecks: [{contains: hello}]", "d")
    bench.run().assert_outcomes(skipped=2, xfailed=1, passed=1)
    bench.run("-m", "slow").assert_outcomes(passed=1, deselected=3)
    assert len(bench.server.asked()) == 3


@pytest.mark.parametrize(
    ("mark", "down"),
    [("(reason='known')", "errors"), ("(True, reason='known')", "errors"), ("(raises=Exception)", "xfailed")],
)
def test_an_xfail_of_a_conftest_expects_failed_checks(bench: Bench, mark: str, down: str) -> None:
    bench.file(
        "conftest.py",
        f"""
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                item.add_marker(pytest.mark.xfail{mark})
        """,
    )
    bench.case("prompt: hi\nchecks: [{contains: zebra}]", "a")
    bench.case("models: gone\nprompt: hi\nchecks: [{contains: hello}]", "b")
    counts = {"xfailed": 1, down: 1} if down == "errors" else {"xfailed": 2}
    bench.run().assert_outcomes(**counts)


def test_what_xfail_and_skipif_say_is_heeded(bench: Bench) -> None:
    bench.case("prompt: hi\nmarks: [{xfail: {reason: known, strict: true}}]\nchecks: [{contains: hello}]", "a")
    bench.case("prompt: hi\nmarks: [{xfail: {reason: known, run: false}}]\nchecks: [{contains: hello}]", "b")
    bench.case("prompt: hi\nmarks: [{xfail: {condition: false}}]\nchecks: [{contains: hello}]", "c")
    bench.case("prompt: hi\nmarks: [{skipif: {condition: true, reason: not here}}]\nchecks: [{contains: x}]", "d")
    bench.case("prompt: hi\nmarks: [{skipif: false}]\nchecks: [{contains: hello}]", "e")
    bench.run().assert_outcomes(failed=1, xfailed=1, passed=2, skipped=1)
    assert len(bench.server.asked()) == 3


def test_a_server_that_is_down_is_no_expected_failure(bench: Bench) -> None:
    bench.case("prompt: hi\nmarks: [{xfail: known}]\nchecks: [{contains: x}]")
    bench.server.fault(1)
    bench.run().assert_outcomes(errors=1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("marks: [slwo]", "unknown mark 'slwo', did you mean 'slow'?"),
        ("category: skip", "'skip' is the name of a mark that pytest acts on"),
        ("tags: [xfail]", "'xfail' is the name of a mark"),
        ("tags: [timed]", "'timed' is the name of a mark that takes arguments"),
        ("category: timed", "'timed' is the name of a mark that takes arguments"),
        ("tags: [usefixtures]", "'usefixtures' is the name of a mark"),
        ("marks: [{skipif: os.system('id')}]", "the mark 'skipif' needs a condition: true or false"),
        ("marks: [{skipif: {condition: '1', reason: x}}]", "the condition of the mark 'skipif' is true or false"),
        ("marks: [{xfail: {condition: '1'}}]", "the condition of the mark 'xfail' is true or false, not '1'"),
        ("marks: [{slow: {condition: '1'}}]", "the condition of the mark 'slow' is true or false, not '1'"),
        ("marks: [{filterwarnings: 'error::evil.W'}]", "the mark 'filterwarnings' cannot act on a case"),
        ("marks: [{usefixtures: x}]", "the mark 'usefixtures' cannot act on a case"),
        ("marks: [{parametrize: x}]", "the mark 'parametrize' cannot act on a case"),
        ("marks: [{repeat: 3}]", "the mark 'repeat' cannot act on a case"),
        ("marks: [{xfail: {raises: OSError}}]", "the mark 'xfail' has no 'raises'"),
        ("marks: [{xfail: {strict: maybe}}]", "'strict' of the mark 'xfail' is true or false, not 'maybe'"),
        ("marks: [{skip: x, slow: y}]", "a mark is a name, or one name with its arguments"),
    ],
)
def test_marks_that_are_none(bench: Bench, text: str, words: str) -> None:
    bench.file("pytest.ini", "[pytest]\nmarkers =\n  slow: takes long\n  timed(seconds): acted on\n")
    bench.case(f"prompt: hi\n{text}\nchecks: [{{contains: x}}]")
    result = bench.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*t.prompt.yaml:3: {words}*"])


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_dry_run_shows_the_requests_and_asks_nothing(matrix: Bench, mode: list[str]) -> None:
    result = matrix.process("--llm-dry-run", *mode)
    assert result.ret == 0
    text = result.stdout.str()
    assert text.count('"content": "say hello"') == 4
    assert "4 requests shown, none asked" in text
    assert matrix.server.requests == []
    start = text.index("{", text.index("::t[m-think-off]"))
    shown, _ = json.JSONDecoder().raw_decode(text[start:])
    assert shown["think"] is False


def test_cells_of_a_model_run_together(bench: Bench) -> None:
    bench.server.add_model("n", blob="sha256:" + "5" * 64)
    for name in "abc":
        bench.case("models: [m, n]\nprompt: hi\nchecks: [{contains: hello}]", name)
    bench.run().assert_outcomes(passed=6)
    assert [ask["model"] for ask in bench.server.asked()] == ["m"] * 3 + ["n"] * 3


def test_python_tests_keep_their_places(bench: Bench) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.file("test_a.py", "def test_a(): pass\n")
    bench.process("-n2").assert_outcomes(passed=2)
    bench.run().assert_outcomes(passed=2)


@pytest.mark.parametrize("method", ["signal"])
def test_pytest_timeout_ends_a_cell_and_the_server_sees_it(bench: Bench, method: str) -> None:
    from tests.fake_ollama import Script

    bench.server.answer("slow", Script("a b c d e f g h", seconds=60))
    bench.case("prompt: slow\nchecks: [{contains: x}]", "a")
    bench.case("prompt: hi\nchecks: [{contains: hello}]", "b")
    bench.process("--timeout=2", f"--timeout-method={method}").assert_outcomes(errors=1, passed=1)
    bench.server.wait_for(lambda: bench.server.cancelled)


def test_options_are_in_one_group_of_help(bench: Bench) -> None:
    text = bench.run("--help").stdout.str()
    group = text[text.index("prompts as test cases (pytest-llm)") :].split("\n\n")[0]
    for name in ("model", "think", "host", "engine", "openai-url", "pull", "slots", "strict", "dry-run"):
        assert f"--llm-{name}" in group
    for name in ("llm_models", "llm_host", "llm_silence_timeout", "llm_embedded_models"):
        assert name in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--llm-think=maybe"], "--llm-think must be off, on,"),
        (["--llm-order=laod"], "--llm-order (llm_order) must be load or pytest, not 'laod', did you mean 'load'?"),
        (
            ["-o", "llm_inconclusive=fial"],
            "llm_inconclusive must be pass or fail, not 'fial', did you mean 'fail'?",
        ),
        (["--llm-order=load,pytest"], "must be load or pytest, not 'load,pytest', did you"),
        (["--llm-think=on,off"], "not 'on,off': repeat the option for each"),
        (["--llm-host=a:1,b:2"], "--llm-host holds several addresses: repeat the option for each"),
        (["--llm-slots=0"], "--llm-slots: must be auto or a whole number from 1"),
        (["--llm-silence-timeout=soon"], "--llm-silence-timeout: 'soon' is no duration"),
    ],
)
def test_options_that_are_none(bench: Bench, arguments: list[str], words: str) -> None:
    result = bench.process(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert words in result.stderr.str()


def test_ini_settings_hold_where_a_case_says_nothing(bench: Bench) -> None:
    bench.file("pytest.ini", "[pytest]\nllm_models =\n    m\n    n\nllm_think =\n    off\n    default\n")
    bench.server.add_model("n")
    bench.file("t.prompt.yaml", "prompt: hi\nchecks: [{contains: hello}]\n")
    bench.file("u.prompt.yaml", "prompt: hi\nmodels: m\nthink: off\nchecks: [{contains: hello}]\n")
    bench.run().assert_outcomes(passed=5)
