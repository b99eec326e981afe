"""The summary of a job, where a CI system names a file for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import Bench


@pytest.fixture
def file(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(bench.path / "summary.md"))
    bench.case("models: [m, gone]\nprompt: hi\nchecks: [{contains: hello}]")
    bench.case("models: [m]\nprompt: hi\nchecks: [{contains: nothing}]", "bad")
    return bench.path / "summary.md"


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_what_it_says(bench: Bench, file: Path, mode: list[str]) -> None:
    file.write_text("# of an earlier step\n\n")
    bench.file("modelfiles/x.Modelfile", "FROM m\nSYTEM x\n")
    (bench.process if mode else bench.run)(".", "modelfiles", *mode).assert_outcomes(passed=1, failed=2, errors=1)
    text = file.read_text("utf-8")
    assert text.startswith("# of an earlier step\n\n## pytest-llm: 1 passed, 1 failed, 1 error\n")
    assert "| `m` | 2 | 1 | 1 | 0 |" in text
    assert "- `bad.prompt.yaml::bad[m]` `the answer does not contain 'nothing'`" in text
    assert "- 1 cell: `the model 'gone' is not on " in text
    assert "### Modelfiles\n\n- `modelfiles/x.Modelfile:2: unknown command" in text


def test_the_word_of_the_gate_and_its_flips(bench: Bench, file: Path) -> None:
    bench.run("--llm-write-baseline", "b.json", "bad.prompt.yaml")
    bench.server.answer("", "goodbye")
    file.unlink()
    bench.run("--llm-baseline", "b.json", "--llm-gate=@m>=50%", "--llm-model", "m")
    text = file.read_text("utf-8")
    assert text.startswith("## pytest-llm: BLOCK\n")
    assert "@m>=50%: missed" in text
    assert "### Cells\n\n| model |" in text


def test_broken_cases_and_a_file_that_cannot_be_written(bench: Bench, file: Path) -> None:
    bench.case("prompt: hi\nchecks: [{contians: hello}]", "typo")
    bench.run("--continue-on-collection-errors", "--llm-model", "m")
    assert "### Not collected\n\n- `typo.prompt.yaml:3: there is no check 'contians'" in file.read_text("utf-8")
    file.unlink()
    file.mkdir()
    result = bench.run("bad.prompt.yaml")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["pytest-llm: the summary cannot be written to $GITHUB_STEP_SUMMARY: Is a directory"]
    )


def test_a_run_without_cases_says_nothing(bench: Bench, file: Path) -> None:
    bench.file("test_x.py", "def test_x(): pass\n")
    bench.run("test_x.py").assert_outcomes(passed=1)
    assert not file.exists()


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_for_programs(bench: Bench, monkeypatch: pytest.MonkeyPatch, mode: list[str]) -> None:
    """The record and the summary as files, a hook a cell, annotations: all in one process of the run."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(bench.path.parent))
    bench.server.answer("", "100%\n::error::mine")
    bench.case("models: [m]\ntags: [t]\nprompt: hi\nchecks: [{equals: 'a'}]\nparametrize: [{n: 1}, {n: 2}]")
    bench.case("models: [m]\nprompt: hi\nmarks: [{xfail: {reason: r}}]\nchecks: [{contains: nothing}]", "known")
    bench.file(
        "conftest.py",
        "def pytest_llm_verdict(nodeid, verdict, config):\n"
        "    with open('told', 'a') as file: print(nodeid, verdict.outcome, verdict.response.text[:4], file=file)\n",  # noqa: E501
    )
    arguments = ["--llm-jsonl", "run.jsonl", "--llm-markdown", "run.md", *mode]
    result = (bench.process if mode else bench.run)(*arguments)
    result.assert_outcomes(failed=2, xfailed=1)
    kept = next((bench.path / ".pytest_llm/runs").glob("*/cells.jsonl"))
    assert (bench.path / "run.jsonl").read_text() == kept.read_text()
    assert (bench.path / "run.md").read_text().startswith("## pytest-llm: 2 failed, 1 xfailed\n")
    told = sorted((bench.path / "told").read_text().splitlines())
    assert told == [
        "known.prompt.yaml::known[m] failed 100%",
        "t.prompt.yaml::t[m-row1] failed 100%",
        "t.prompt.yaml::t[m-row2] failed 100%",
    ]
    lines = [line for line in result.outlines if line.startswith("::")]
    place = f"::error file={bench.path.name}/t.prompt.yaml,line=1,title=t.prompt.yaml%3A%3At[m-row1]::"
    assert len(lines) == 2
    assert lines[0].startswith(place)


def test_annotations_of_files_and_of_many(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    bench.case("prompt: hi\nchecks: [{contians: hello}]", "typo")
    rows = ", ".join(f"{{n: {n}}}" for n in range(11))
    bench.case(f"models: [m]\nprompt: hi\nchecks: [{{contains: x}}]\nparametrize: [{rows}]", "many")
    bench.file("modelfiles/x.Modelfile", "FROM m\nSYTEM x\n")
    result = bench.run("--continue-on-collection-errors", ".", "modelfiles")
    lines = [line for line in result.outlines if line.startswith("::")]
    typo = "::error file=typo.prompt.yaml,line=3,title=typo.prompt.yaml::there is no check 'contians'"
    assert len(lines) == 10
    assert lines[0].startswith(typo)
    assert lines[-1] == "::error title=pytest-llm::and 4 more, in the log"
