"""The command line itself: usage, help, completion."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_llm.commands.cli import cli, main


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n  {name} " in said for name in cli.commands)
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("pytest-llm, version ")


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_each_command_says_what_it_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: pytest-llm {name}")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Usage: pytest-llm"),
        (["nosuch"], "No such command 'nosuch'"),
        (["show", "a", "b", "c"], "show takes a run and a cell, no more"),
        (["history"], "Missing argument 'CELL'"),
        (["history", "x", "--last", "0"], "0 is not in the range x>=1"),
        (["store", "gc", "--keep", "none"], "'none' is not a valid integer range"),
        (["compare", "a", "b", "--jsn"], "No such option"),
        (["completion", "tcl"], "'tcl' is not one of 'bash', 'zsh', 'fish'."),
        (["completion", "bsh"], "'bsh' is not one of 'bash', 'zsh', 'fish', did you mean 'bash'?"),
        (["init", "--ci", "gihub"], "did you mean 'github'?"),
    ],
)
def test_a_usage_error_is_told_and_is_2(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"{shell}_complete" in script
    assert "pytest-llm" in script


def test_the_shell_is_told_of_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("20260101-000000-aaaaaa", "20260102-000000-bbbbbb"):
        folder = tmp_path / ".pytest_llm/runs" / name
        folder.mkdir(parents=True)
        (folder / "cells.jsonl").touch()
    monkeypatch.chdir(tmp_path)
    words = {"COMP_WORDS": "pytest-llm show 20260102", "COMP_CWORD": "2", "_PYTEST_LLM_COMPLETE": "bash_complete"}
    for key, value in words.items():
        monkeypatch.setitem(os.environ, key, value)
    with pytest.raises(SystemExit):
        main([])
    assert capsys.readouterr().out == "plain,20260102-000000-bbbbbb\n"
