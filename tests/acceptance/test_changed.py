"""`--llm-changed REF`: what a change touches is asked, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.conftest import Bench

GIT = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "init.defaultBranch=main"]
CONFTEST = """
    from helping import limit
    from pytest_llm import check

    @check("shorter")
    def shorter(artifact, than: str = "golden.txt"):
        return len(artifact.answer) < limit()
    """


def git(folder: Path, *arguments: str) -> None:
    subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")


@pytest.fixture
def cases(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """One case for each kind of input; the rootdir is a folder of the repository."""
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    bench.file(".gitignore", ".pytest_llm\n__pycache__\n*.gguf\n")
    bench.file("plain/plain.prompt.yaml", "models: m\nprompt: hi\nchecks: [{contains: hello}]\n")
    bench.file("asks/asks.prompt.yaml", "models: m\nprompt: {file: ask.txt}\nchecks: [{contains: hello}]\n")
    bench.file("asks/ask.txt", "hi\n")
    bench.file(
        "fits/fits.prompt.yaml",
        "models: m\nprompt: hi\nchecks: [{contains: hello}, {warn: {schema: ../s/outer.json}}]\n",
    )
    bench.file("s/outer.json", '{"$ref": "inner.json"}')
    bench.file("s/inner.json", '{"type": "object"}')
    bench.file("own/own.prompt.yaml", "models: m\nprompt: hi\nchecks: [shorter]\n")
    bench.file("own/conftest.py", CONFTEST)
    bench.file("helping.py", "def limit():\n    return 99\n")
    bench.file("mine/mine.prompt.yaml", "models: mine\nprompt: hi\nchecks: [{contains: hello}]\n")
    bench.file("modelfiles/mine.Modelfile", "FROM base\n")
    bench.file("modelfiles/base.Modelfile", "FROM m\nSYSTEM one\n")
    bench.file("pytest.ini", "[pytest]\naddopts = -p no:cacheprovider\npythonpath = .\nllm_slots = 2\n")
    bench.file("test_python.py", "def test_python(): pass\n")
    git(bench.path, "init", "-q")
    commit(bench.path)
    return bench


def selected(bench: Bench, *arguments: str, ref: str = "main") -> list[str]:
    """The cases that were asked."""
    result = bench.run("--llm-changed", ref, *arguments)
    reports = [line for line in result.outlines if line.startswith("PASSED ")]
    return [line.rpartition("::")[2].partition("[")[0] for line in reports if ".prompt.yaml" in line]


EDITS = {
    "plain/plain.prompt.yaml": (["plain"], "# a word\n"),
    "asks/ask.txt": (["asks"], "there\n"),
    "s/inner.json": (["fits"], " "),
    "helping.py": (["own"], "\n# a word\n"),
    "own/conftest.py": (["own"], "\n# a word\n"),
    "own/golden.txt": (["own"], "new"),
    "modelfiles/base.Modelfile": (["mine"], "# a word\n"),
    "modelfiles/m.Modelfile": (["asks", "fits", "mine", "own", "plain"], "FROM m\n"),
    "mine/_defaults.yaml": (["mine"], "timeout: 9\n"),
    "conftest.py": (["asks", "fits", "mine", "own", "plain"], "\n"),
    "pytest.ini": (["asks", "fits", "mine", "own", "plain"], "llm_models = m\n"),
    "unused.txt": ([], "x"),
    "test_python.py": ([], "\n"),
}


def test_each_kind_of_input_selects_its_cells(cases: Bench) -> None:
    for name, (expected, more) in EDITS.items():
        path = cases.path / name
        before = path.read_text() if path.exists() else None
        path.write_text((before or "") + more)
        assert sorted(selected(cases)) == expected, name
        path.unlink() if before is None else path.write_text(before)
    assert selected(cases) == []


def test_what_is_committed_since_the_merge_base_counts_and_what_main_did_does_not(cases: Bench) -> None:
    git(cases.path, "checkout", "-q", "-b", "work")
    cases.file("asks/ask.txt", "committed\n")
    commit(cases.path)
    git(cases.path, "checkout", "-q", "main")
    cases.file("plain/plain.prompt.yaml", "models: m\nprompt: main\nchecks: [{contains: hello}]\n")
    commit(cases.path)
    git(cases.path, "checkout", "-q", "work")
    assert selected(cases) == ["asks"]
    git(cases.path, "mv", "plain/plain.prompt.yaml", "plain/moved.prompt.yaml")
    assert selected(cases) == ["asks", "moved"]


def test_what_is_said(cases: Bench) -> None:
    cases.file("asks/ask.txt", "there\n")
    cases.file("w.gguf", "GGUF")
    cases.file("modelfiles/far.Modelfile", "FROM ../w.gguf\n")
    cases.file("far/far.prompt.yaml", "models: far\nprompt: hi\nchecks: [{contains: hello}]\n")
    result = cases.run("--llm-changed=main", "-v", "--llm-model=m")
    result.assert_outcomes(passed=3, deselected=4)
    (said,) = (line for line in result.outlines if "left out" in line)
    assert said.startswith("--llm-changed main: 4 of 6 cells were left out: no input of theirs differs from ")
    lines = [line.strip() for line in result.outlines]
    assert "asks/asks.prompt.yaml::asks[m]: asks/ask.txt" in lines
    assert "far/far.prompt.yaml::far[m]: far/far.prompt.yaml" in lines
    quiet = cases.run("--llm-changed=main", "--llm-model=m")
    quiet.stdout.no_fnmatch_line("*: asks/ask.txt")
    quiet.stdout.no_fnmatch_line("*does not know*")
    known = cases.run("--llm-changed=main", "--collect-only", "-q")
    known.stdout.fnmatch_lines(["--llm-changed main: git does not know w.gguf: what changed there is not seen"])


def test_a_setting_selects_all_and_says_so(cases: Bench) -> None:
    cases.file("pytest.ini", "[pytest]\naddopts = -p no:cacheprovider\npythonpath = .\nllm_slots = 3\n")
    result = cases.run("--llm-changed=main", "-v")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["--llm-changed main: all 5 cells were selected: llm_slots differs in pytest.ini"])
    git(cases.path, "mv", "pytest.ini", "tox.ini")
    result = cases.run("--llm-changed=main")
    result.stdout.fnmatch_lines(["--llm-changed main: all 5 cells were selected: llm_slots differs in tox.ini"])
    cases.file("tox.ini", "[pytest]\naddopts = -p no:cacheprovider\npythonpath = .\nllm_slots = 2\n")
    assert selected(cases) == []


def test_with_other_selections(cases: Bench) -> None:
    cases.file("asks/ask.txt", "there\n")
    cases.file(
        "plain/plain.prompt.yaml",
        "models: m\nprompt: '{{ x }}'\nparametrize: [{x: 1}, {x: 2}, {x: 3}]\nchecks: [{contains: hello}]\n",
    )
    assert selected(cases, "-k", "asks or own") == ["asks"]
    assert selected(cases, "--llm-limit=2") == ["asks", "plain", "plain"]
    assert selected(cases, "plain") == ["plain", "plain", "plain"]


def test_every_worker_is_told_once(cases: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases.file("asks/asks.prompt.yaml", "models: m\nprompt: hi\nchecks: [{contains: hello}]\n")
    cases.file(f"asks/{os.fsdecode(bytes([0xFF]))}.txt", "x")
    wrapper = tmp_path / "bin/git"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\nexec {shutil.which("git")} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}")
    result = cases.process("--llm-changed=main", "-n2", "-v")
    result.assert_outcomes(passed=2, deselected=4)
    result.stdout.fnmatch_lines(["--llm-changed main: 4 of 5 cells were left out: *", "*: asks/asks.prompt.yaml"])
    assert (tmp_path / "calls").read_text().count(" diff ") == 1


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("none", "*--llm-changed: git knows no commit 'none'; name a branch*"),
        ("", "*--llm-changed: git knows no commit ''*"),
    ],
)
def test_what_is_no_commit_is_a_usage_error(cases: Bench, ref: str, said: str) -> None:
    result = cases.run(f"--llm-changed={ref}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([said])


def test_outside_of_git_is_a_usage_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(bench.path.parent))
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    result = bench.run("--llm-changed=main")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--llm-changed: * is in no git work tree; run it in a clone of the repository*"])
