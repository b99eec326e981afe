"""The errors people meet first: one clean message each, said once."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import CACHE, Bench
from tests.fake_ollama import Script

DEMO = Path(__file__).parents[2] / "modelfiles" / "demo.gguf"
GO = "```go\npackage main\n\nfunc main() {\n\tx := 1\n}\n```"


def clean(result: pytest.RunResult) -> str:
    """What was printed; never a stack trace of ours."""
    text = result.stdout.str() + result.stderr.str()
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text
    assert not re.search(r"pytest_llm/\w+\.py:\d+", text)
    return text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prompt: [a\nchecks: [x]", ["t.prompt.yaml:2: this is not valid YAML", "a bracket is opened here"]),
        ("prompt: a: b\nchecks: [x]", ["t.prompt.yaml:2: this is not valid YAML", "quote the value"]),
        ("prmpt: hi\nchecks: [{contains: x}]", ["t.prompt.yaml:2: unknown key 'prmpt', did you mean 'prompt'?"]),
        (
            "prompt: hi\nchecks:\n  - contians: x",
            ["t.prompt.yaml:4: there is no check 'contians', did you mean 'contains'?"],
        ),
        ("prompt: hi\nchecks:\n  - contains: {valu: x}", ["t.prompt.yaml:4: contains:"]),
        (
            "prompt: hi\noptions: {temprature: 0}\nchecks: [{contains: x}]",
            ["t.prompt.yaml:3: unknown request option 'temprature', did you mean 'temperature'?", "x_temprature"],
        ),
        ("prompt: hi", ["t.prompt.yaml:1: a case without checks could not fail"]),
        ("prompt: hi\nchecks: [{schema: no.json}]", ["t.prompt.yaml:3: schema:", "'no.json' is not there"]),
        ("prompt: hi\nchecks: [{schema: bad.json}]", ["bad.json", "this is no JSON Schema"]),
        (
            "prompt: hi\nformat: schema\nchecks: [{contains: x}]",
            ["t.prompt.yaml:3: `format: schema` needs a schema"],
        ),
        (
            "prompt: file://task.md\nchecks: [{contains: x}]",
            ["t.prompt.yaml:2: prompt names a file as other tools do", "write `prompt: {file: task.md}`"],
        ),
        (
            "prompt: |\n  file://task.md\nchecks: [{contains: x}]",
            ["t.prompt.yaml:2: prompt names a file as other tools do", "write `prompt: {file: task.md}`"],
        ),
        (
            "stages: [{name: a, prompt: file://a.md, checks: [contains: x]}]",
            ["t.prompt.yaml:2: prompt names a file as other tools do", "write `prompt: {file: a.md}`"],
        ),
        *(
            (
                f"{text}\nchecks: [{{contains: x}}]",
                [f"t.prompt.yaml:2: {key} names a file as other tools do", f"write `{key}: {{file: a.md}}`"],
            )
            for key, text in {
                "system": "system: file://a.md\nprompt: hi",
                "content": "messages: [{role: user, content: file://a.md}]",
                "user": "examples: [{user: file://a.md, assistant: b}]\nprompt: hi",
                "assistant": "examples: [{user: b, assistant: file://a.md}]\nprompt: hi",
            }.items()
        ),
        (
            "prompt: hi\nchecks: [{judge: {model: m, rubric: file://a.md}}]",
            ["t.prompt.yaml:3: judge: rubric names a file as other tools do", "write `rubric: {file: a.md}`"],
        ),
        (
            "stages: [{name: a, prompt: hi, temperature: 1, checks: [contains: x]}]",
            ["t.prompt.yaml:2: unknown key 'temperature': it belongs under `options:`"],
        ),
        (
            "prompt: hi\nformat: jsn\nchecks: [{contains: x}]",
            ["t.prompt.yaml:3: file 'jsn' is not there, did you mean 'json'?"],
        ),
        ("prompt: ''\nchecks: [{contains: x}]", ["t.prompt.yaml:2: prompt is empty"]),
        ("prompt: '{{ x }}'\nvars: {y: 1}\nchecks: [{contains: x}]", ["t.prompt.yaml:2:", "'x' is undefined"]),
        ("prompt: hi\ntools: 3\nchecks: [{contains: x}]", ["t.prompt.yaml:3: 'tools' is not supported"]),
    ],
)
def test_a_broken_file_is_one_collection_error(bench: Bench, text: str, words: list[str]) -> None:
    bench.file("bad.json", '{"type": "objekt"}')
    bench.case("prompt: hi\nchecks: [{contains: hello}]", "good")
    bench.case(text)
    result = bench.run()
    shown = clean(result)
    for part in words:
        assert part in shown, shown
    result.assert_outcomes(errors=1)
    again = bench.run("--continue-on-collection-errors")
    again.assert_outcomes(errors=1, passed=1)


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_no_server(bench: Bench, mode: list[str]) -> None:
    bench.server.fault(1)
    for name in "abc":
        bench.case("prompt: hi\nchecks: [{contains: hello}]", name)
    result = bench.process(*mode)
    result.assert_outcomes(errors=3)
    shown = clean(result)
    assert shown.count("ollama serve") == 1
    assert bench.server.url in shown


@pytest.mark.parametrize(
    ("settings", "arguments", "words"),
    [
        ("", ["--llm-model", "a,b"], "--llm-model: 'a,b' is no model's name"),
        ("llm_models = a,b", [], "llm_models: 'a,b' is no model's name"),
        ("", ["--llm-engine=embedded", "--llm-model=Mine"], "--llm-model: the embedded engine cannot run 'Mine'"),
        (
            "llm_embedded_models = Mine",
            ["--llm-engine=embedded"],
            "llm_embedded_models: the embedded engine cannot run",
        ),
    ],
)
def test_a_model_that_no_case_names_is_told_by_who_names_it(
    bench: Bench, settings: str, arguments: list[str], words: str
) -> None:
    bench.file("pytest.ini", f"[pytest]\n{settings}\n")
    bench.file("modelfiles/mine.Modelfile", "FROM m")
    bench.file("t.prompt.yaml", "prompt: hi\nchecks: [{contains: hello}]")
    result = bench.run(*arguments)
    result.assert_outcomes(errors=1)
    assert f"\n{words}" in clean(result)
    assert ("repeat the option" in clean(result), "write each on a line" in clean(result)) == (
        "a,b" in str(arguments),
        "a,b" in settings,
    )
    assert ("did you mean 'mine'?" in clean(result)) == ("Mine" in words or "embedded" in settings)


def test_an_engine_that_is_none(bench: Bench) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    result = bench.run("--llm-engine", "olama")
    result.assert_outcomes(errors=1)
    assert "there is no engine called 'olama', did you mean 'ollama'?\n  the engines are" in clean(result)


def test_a_model_that_is_not_there(bench: Bench) -> None:
    bench.file("modelfiles/qwen3-mine.Modelfile", "FROM qwen3:8b\n")
    bench.case("models: qwen3:8b\nprompt: hi\nchecks: [{contains: hello}]", "a")
    bench.case("models: qwen3:8b\nprompt: ho\nchecks: [{contains: hello}]", "b")
    bench.case("prompt: hi\nchecks: [{contains: hello}]", "c")
    bench.server.add_model("qwen3:4b")
    result = bench.run()
    result.assert_outcomes(errors=2, passed=1)
    shown = clean(result)
    assert shown.count("ollama pull qwen3:8b") == 1
    assert "qwen3:4b" in shown


def test_a_model_is_pulled_where_that_is_asked_for(bench: Bench) -> None:
    bench.server.publish("qwen3:8b")
    bench.case("models: qwen3:8b\nprompt: hi\nchecks: [{contains: hello}]")
    bench.process("--llm-pull").assert_outcomes(passed=1)


def test_a_model_that_cannot_think_is_skipped_with_the_reason(bench: Bench) -> None:
    bench.case("prompt: hi\nthink: on\nchecks: [{contains: hello}]")
    result = bench.run("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*cannot think*"])
    strict = bench.run("--llm-strict")
    strict.assert_outcomes(errors=1)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (Script(""), "the answer is empty"),
        (Script("tick tock " * 40), "the answer was cut at num_predict=9"),
        (Script("hello", "tick tock " * 40), "thinking ate the whole budget: it was cut at num_predict=9"),
    ],
)
def test_an_answer_that_never_passes(bench: Bench, script: Script, words: str) -> None:
    bench.server.add_model("m", capabilities=["completion", "thinking"])
    bench.server.answer("hi", script)
    bench.case("prompt: hi\nthink: on\noptions: {num_predict: 9}\nchecks: [{not_contains: zzz}]")
    result = bench.run()
    result.assert_outcomes(failed=1)
    assert words in clean(result)


@pytest.mark.parametrize(
    ("answer", "checks", "words"),
    [
        ("I would rather not.", "[{compile: go}]", "no "),
        ("```python\nprint(1)\n```", "[{compile: go}]", "python"),
        (GO, "[{compile: go}]", "not used"),
        ("```json\n{}\n```", "[{schema: {type: object, required: [name]}}]", "name"),
    ],
)
def test_a_failure_says_what_is_wrong_and_how_to_run_it_again(
    bench: Bench, answer: str, checks: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", CACHE)  # with what Go has built already
    bench.server.answer("hi", answer)
    bench.case(f"prompt: hi\nchecks: {checks}")
    result = bench.run()
    result.assert_outcomes(failed=1)
    shown = clean(result)
    assert words in shown
    assert "again: pytest" in shown
    assert "t.prompt.yaml::t[m]" in shown
    summary = next(line for line in result.outlines if line.startswith("FAILED "))
    assert words in summary or "no " in summary


def test_a_compiler_that_is_missing(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bench.server.answer("hi", "```go\npackage main\n\nfunc main() {}\n```")
    bench.case("prompt: hi\nchecks: [{compile: go}]")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{tmp_path}")
    monkeypatch.setenv("HOME", str(tmp_path))
    result = bench.process("-rs")
    if result.parseoutcomes().get("passed"):
        pytest.fail("go was found outside of PATH and HOME")
    result.assert_outcomes(skipped=1)
    shown = clean(result)
    assert "golang" in shown
    bench.process("--llm-strict").assert_outcomes(errors=1)


def test_an_sdk_that_is_too_old(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bench.server.answer("hi", "```C# 12\nConsole.WriteLine(1);\n```")
    bench.case("prompt: hi\nchecks: [{compile: c#}]")
    for name, said in {"dotnet": f"6.0.428 [{tmp_path}/sdk]", "mcs": "Mono C# compiler version 6.8.0.105"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{said}'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{tmp_path}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOTNET_ROOT", raising=False)
    result = bench.process("-rs")
    result.assert_outcomes(skipped=1)
    shown = clean(result)
    assert "the .NET SDK 6.0.428 is too old for C# (from 8 on)" in shown
    assert "dotnet-sdk-8.0" in shown
    assert "mono" not in shown.lower()


ENDLESS = """```cpp
template <int N, int M> struct Tree { static const int v = Tree<N - 1, 2 * M>::v + Tree<N - 1, 2 * M + 1>::v; };
template <int M> struct Tree<0, M> { static const int v = M; };
int main() { return Tree<28, 0>::v; }
```"""


def test_a_compiler_that_hangs_is_the_programs_failure(bench: Bench) -> None:
    bench.server.answer("hi", ENDLESS)
    bench.server.answer("ho", "```cpp\nint main() { return 0; }\n```")
    bench.case("prompt: hi\nchecks: [{compile: {language: cpp, timeout: 2s}}]")
    bench.case("prompt: ho\nchecks: [{compile: cpp}]", "u")
    result = bench.run()
    result.assert_outcomes(failed=1, passed=1)
    assert re.search("C\\+\\+ .* (2 s of processor time|memory)", clean(result))


def test_a_server_that_dies_while_it_answers(bench: Bench) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.server.fault(12, times=1)
    again = bench.run()
    again.assert_outcomes(passed=1)
    bench.server.fault(12, times=None)
    result = bench.run()
    result.assert_outcomes(errors=1)
    shown = clean(result)
    assert "unexpected EOF" in shown
    assert "asked 2 times" in shown


def test_a_context_that_was_filled(bench: Bench) -> None:
    """The server has promised to trim nothing, and its counts say more than the context holds."""
    bench.server.fault("trimmed", times=None)
    bench.case("prompt: hi\noptions: {num_ctx: 64}\nchecks: [{not_contains: zzz}]")
    result = bench.run()
    result.assert_outcomes(failed=1)
    assert "the answer was cut where the context ends" in clean(result)


def test_a_generation_that_outlives_its_timeout_is_the_models_failure(bench: Bench) -> None:
    bench.server.answer("hi", Script("a b c d e f " * 10, seconds=30))
    bench.case("prompt: hi\ntimeout: 1s\nchecks: [{contains: a}]")
    result = bench.run()
    result.assert_outcomes(failed=1)
    assert "still writing after 1 s" in clean(result)


def test_silence_is_an_error(bench: Bench) -> None:
    bench.server.fault("stalled", times=None)
    bench.case("prompt: hi\nchecks: [{contains: a}]")
    result = bench.run("--llm-silence-timeout=500ms")
    result.assert_outcomes(errors=1)
    clean(result)


@pytest.mark.parametrize("content", [None, b"", b"GGUF", b"junk" * 100])
def test_a_gguf_file_that_is_missing_or_none(bench: Bench, content: bytes | None) -> None:
    if content is not None:
        (bench.path / "bad.gguf").write_bytes(content)
    bench.case("models: 'gguf:bad.gguf'\nprompt: hi\nchecks: [{contains: a}]")
    result = bench.process()
    result.assert_outcomes(errors=1)
    assert "bad.gguf" in clean(result)


def test_an_engine_that_is_not_installed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.file("block/sitecustomize.py", "import sys\nsys.modules['xllamacpp'] = None\n")
    monkeypatch.setenv("PYTHONPATH", str(bench.path / "block"))
    bench.case(f"models: 'gguf:{DEMO}'\nprompt: hi\nchecks: [contains: a]")
    result = bench.process()
    result.assert_outcomes(errors=1)
    assert "pytest-llm-cases[embedded]" in clean(result)


def test_a_ci_run_that_tested_nothing_is_not_green(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.case("prompt: hi\nthink: on\nchecks: [{contains: hello}]")
    assert bench.process().ret == 0
    monkeypatch.setenv("CI", "true")
    assert bench.process().ret == 5
    assert bench.process("-n2").ret == 5
    bench.file("test_a.py", "def test_a(): pass\n")
    assert bench.process().ret == 0


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--llm-modl=m", "there is no option --llm-modl, did you mean '--llm-model'?"),
        ("--llm-jsnol", "there is no option --llm-jsnol, did you mean '--llm-jsonl'?"),
        ("--llm-vram=3", "there is no option --llm-vram: it is llm_vram in the ini file"),
        ("--llm-zzz", "there is no option --llm-zzz (`pytest --help`"),
    ],
)
def test_an_option_that_is_none(bench: Bench, flag: str, words: str) -> None:
    result = bench.run(flag)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {words}*"])


def test_an_option_of_somebody_else_may_look_like_ours(bench: Bench) -> None:
    bench.file("conftest.py", "def pytest_addoption(parser): parser.addoption('--llm-mine')\n")
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.run("--llm-mine=x").assert_outcomes(passed=1)
