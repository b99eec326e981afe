"""The ini twins of the options, in each of pytest's files and as each type that such a file can hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llm.plugin.option_table import TABLE, Option
from tests.acceptance.conftest import Bench

INI = [option for option in TABLE if option.ini or option.ini_only]
NATIVE = {
    "pyproject.toml": "[tool.pytest]",
    "pytest.toml": "[pytest]",
}
STRINGS = {"pyproject.toml": "[tool.pytest.ini_options]", "pytest.ini": "[pytest]", "tox.ini": "[pytest]"}
SHOW = """
    import pytest

    def pytest_configure(config):
        from pytest_llm.plugin.options import SETTINGS
        s = config.stash[SETTINGS]
        times = (s.silence_timeout, s.connect_timeout)
        print("SEEN", s.default_models, s.default_thinks, s.slots, *times, s.strict, s.engine)
    """
SEEN = "SEEN ('a', 'b') ('off',) 3 2.5 5.0 True mine"
VALUES: dict[str, Any] = {
    "llm_models": ["a", "b"],
    "llm_think": ["off"],
    "llm_slots": 3,
    "llm_silence_timeout": 2.5,
    "llm_connect_timeout": 5,
    "llm_strict": True,
    "llm_engine": "mine",
}


def shown(bench: Bench, file: str, table: str, lines: list[str]) -> pytest.RunResult:
    (bench.path / "pytest.ini").unlink()
    bench.file("conftest.py", SHOW)
    bench.file(file, "\n".join([table, *lines]) + "\n")
    bench.file("test_one.py", "def test_one(): pass\n")
    return bench.pytester.runpytest_inprocess("-s", "-p", "no:cacheprovider")


def written(option: Option) -> str:
    """A value of the option's kind, as TOML has it."""
    kinds = {
        "flag": "true",
        "list": '["off"]',
        "seconds": "2.5",
        "count": "2",
        "slots": "2",
        "size": "2",
        "share": "0.5",
    }
    kinds["budget"] = '"30m"'
    own = {"gate": '[">=1%"]', "inconclusive": '"fail"', "store": '"none"', "order": '"pytest"'}
    return own.get(option.name, kinds.get(option.kind, '"http://h:1"'))


@pytest.mark.skipif(pytest.version_tuple < (9, 2), reason="pytest has native TOML tables with numbers from 9.2 on")
@pytest.mark.parametrize("file", NATIVE)
def test_native_types(bench: Bench, file: str) -> None:
    lines = [f"{name} = {json.dumps(value)}" for name, value in VALUES.items()]
    result = shown(bench, file, NATIVE[file], lines)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"*{glob(SEEN)}*"])


@pytest.mark.skipif(pytest.version_tuple < (9, 2), reason="pytest has native TOML tables with numbers from 9.2 on")
def test_every_option_takes_its_native_type(bench: Bench) -> None:
    result = shown(bench, "pytest.toml", "[pytest]", [f"{o.ini_name} = {written(o)}" for o in INI])
    result.assert_outcomes(passed=1)


@pytest.mark.skipif(pytest.version_tuple < (9, 2), reason="pytest has native TOML tables with numbers from 9.2 on")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("llm_slots = 0", "ERROR: llm_slots: must be auto or a whole number from 1, not 0"),
        ("llm_slots = 1.5", "must be auto or a whole number from 1, not 1.5"),
        ("llm_slots = true", "llm_slots"),
        ("llm_silence_timeout = -1", "ERROR: llm_silence_timeout: must be a duration above 0, not -1"),
        ('llm_strict = "yes"', "llm_strict"),
        ('llm_think = ["maybe"]', "ERROR: llm_think must be off, on,"),
    ],
)
def test_native_types_that_do_not_fit(bench: Bench, line: str, words: str) -> None:
    result = shown(bench, "pytest.toml", "[pytest]", [line])
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert words in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("llm_slots = many", "llm_slots: must be auto or a whole number from 1, not 'many'"),
        ("llm_connect_timeout = soon", "llm_connect_timeout: 'soon' is no duration"),
        ("llm_answer_size = big", "llm_answer_size: 'big' is no size"),
        ("llm_budget = lots", "llm_budget: 'lots' is no budget"),
        ("llm_gate_alpha = 200%", "llm_gate_alpha: must be a share"),
        ("llm_strict = perhaps", "llm_strict: invalid truth value 'perhaps'; write true or false"),
        (
            "llm_think = on, off",
            "llm_think must be off, on, low, medium, high, max or default, not 'on, off': write each",
        ),
        ("llm_host = a:1, b:2", "llm_host holds several addresses: write each on a line of its own"),
        ("llm_openai_url = http://a/v1,http://b/v1", "llm_openai_url holds several addresses: write each"),
        (
            "llm_think = onn",
            "llm_think must be off, on, low, medium, high, max or default, not 'onn', did you",
        ),
    ],
)
def test_a_value_that_is_none_is_told_by_the_name_that_stands_in_the_file(
    bench: Bench, line: str, words: str
) -> None:
    result = shown(bench, "pytest.ini", "[pytest]", [line])
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {words}" in result.stderr.str()


@pytest.mark.parametrize("file", [*STRINGS, "pytest.toml"])
def test_names_that_are_none_are_told_with_what_was_meant(bench: Bench, file: str) -> None:
    wanted = {
        "llm_modls": "llm_modls is no option of the ini file, did you mean 'llm_models'?",
        "llm_modl": "llm_modl is no option of the ini file, did you mean 'llm_models'?",
        "llm_hosts": "llm_hosts is no option of the ini file, did you mean 'llm_host'?",
        "llm_reuse": "llm_reuse is no option of the ini file: give --llm-reuse on the command line, or in addopts",
        "llm_xyzzy": "llm_xyzzy is no option of the ini file",
    }
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    quote = '"' if file.endswith(".toml") else ""
    table = {**STRINGS, "pytest.toml": "[pytest]"}[file]
    shown(
        bench,
        file,
        table,
        [*(f"{name} = {quote}a{quote}" for name in wanted), f"llm_engine = {quote}ollama{quote}"],
    )
    result = bench.run("-o", "llm_storr=none", "-p", "no:cacheprovider")
    lines = [line.strip() for line in result.stdout.lines if "no option of the ini file" in line]
    there = [f"{file}:{number}: LlmWarning: {text}" for number, text in enumerate(wanted.values(), 2)]
    assert sorted(lines) == sorted(
        [*there, f"{file}:1: LlmWarning: llm_storr is no option of the ini file, did you mean 'llm_store'?"]
    )


@pytest.mark.parametrize("file", STRINGS)
def test_text(bench: Bench, file: str) -> None:
    toml = file.endswith(".toml")
    texts = {name: value if isinstance(value, list) else str(value) for name, value in VALUES.items()}
    joined = {name: "\n    ".join(value) if isinstance(value, list) else value for name, value in texts.items()}
    lines = [f"{name} = {json.dumps(value) if toml else joined[name]}" for name, value in texts.items()]
    result = shown(bench, file, STRINGS[file], lines)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"*{glob(SEEN)}*"])


def glob(text: str) -> str:
    return text.replace("[", "[[]")


def test_an_ini_file_that_goes_while_the_run_goes_on_is_no_crash(bench: Bench) -> None:
    bench.server.answer("", "hello")
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.file("pytest.ini", "[pytest]\nllm_modls = a\n")
    bench.file(
        "conftest.py", "def pytest_sessionstart(session):\n    (session.config.rootpath / 'pytest.ini').unlink()\n"
    )
    result = bench.run("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    assert "no option of the ini file" not in result.stdout.str()
