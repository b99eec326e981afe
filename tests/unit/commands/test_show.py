from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_llm.checks.base import Finding
from pytest_llm.commands.cli import main
from pytest_llm.providers.base import Response
from pytest_llm.store import runs
from pytest_llm.store.line import CellLine, End, Header, to_line
from pytest_llm.verdicts.verdict import Asked, Verdict

OLD, NEW = "20260101-000000-1aa", "20260102-000000-2bb"
NAMES = ("a/go.prompt.yaml::go[m-think-on]", "a/go.prompt.yaml::go[m-think-off]", "b/page.prompt.yaml::page[m]")


def line(name: str, text: str) -> str:
    request = {"model": "m", "messages": [{"role": "user", "content": "write it"}], "think": None}
    finding = Finding("compile", "declared and not used", line=1, column=2)
    verdict = Verdict((Asked(request, Response(text, "let me think"), findings=(finding,)),))
    return to_line(CellLine(name, reported="failed", reason="declared", model="m", **verdict.to_plain()))


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for run in (OLD, NEW):
        writer = runs.Writer(tmp_path, Header(run, commit="c0ffee", branch="main", cells=(*NAMES, "z")))
        for name in NAMES:
            writer.add(line(name, f"answer of {run} to {name} \x1b[2J\n::error::x\n"))
        if run == OLD:
            writer.add(to_line(End(False, 2)))
        writer.close()
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    return tmp_path / ".pytest_llm/runs"


@pytest.mark.parametrize(
    ("words", "run", "cell"),
    [
        ([NAMES[0]], NEW, 0),
        (["go[m-think-off]"], NEW, 1),
        (["page"], NEW, 2),
        (["PAGE.prompt"], NEW, 2),
        (["page.prompt.yaml::page[m]"], NEW, 2),
        (["think-off"], NEW, 1),
        ([OLD, NAMES[0]], OLD, 0),
        (["1aa", "page"], OLD, 2),
        (["20260102", "page"], NEW, 2),
        ([f"../.pytest_llm/runs/{OLD}", "page"], OLD, 2),
        ([f"../.pytest_llm/runs/{OLD}/cells.jsonl", "page"], OLD, 2),
    ],
)
def test_one_cell(kept: Path, capsys: pytest.CaptureFixture[str], words: list[str], run: str, cell: int) -> None:
    assert main(["show", *words]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(NAMES[cell])
    assert f"answer of {run} to {NAMES[cell]}" in shown
    for said in (
        "write it",
        "let me think",
        "declared and not used",
        "  >     1 | answer of",
        f"run {run}",
        "main c0ffee",
    ):
        assert said in shown
    assert "\x1b" not in shown
    assert not re.search(r"^\s*::", shown, re.MULTILINE)


@pytest.mark.parametrize("part", ["1aa", "20260101", OLD])
def test_a_part_of_a_runs_id_is_that_run(kept: Path, capsys: pytest.CaptureFixture[str], part: str) -> None:
    assert main(["show", part]) == 0
    told = capsys.readouterr().out
    assert main(["show", OLD]) == 0
    assert told == capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["go"], 1, ["2 cells", *NAMES[:2]]),
        (["pgae"], 1, ["no cell", "'page'"]),
        (["zzz"], 1, ["no cell", "zzz", "there are:", *NAMES[:2]]),
        (["nine", "page"], 1, ["no run", "nine"]),
        (["2026", "page"], 1, ["2 runs", OLD, NEW]),
        (["a", "b", "c"], 2, ["a run and a cell"]),
    ],
)
def test_what_is_not_there(
    kept: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: list[str]
) -> None:
    assert main(["show", *words]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert all(word in captured.err for word in said), captured.err


def test_runs_and_cells_are_listed(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (kept / "20250101-000000-3cc").mkdir()
    (kept / "20250101-000000-3cc/cells.jsonl").write_text('{"kind":"run","format":9}\n')
    assert main(["show"]) == 0
    new, old, newer = capsys.readouterr().out.splitlines()
    assert new.startswith(f"{NEW}  3 failed, 1 not run (killed")
    assert old.startswith(f"{OLD}  3 failed, 1 not run  main c0ffee")
    assert "format 9" in newer
    for words in ([OLD], [str(kept / OLD)]):
        assert main(["show", *words]) == 0
        assert [text.split()[1] for text in capsys.readouterr().out.splitlines()] == list(NAMES)
    assert main(["show", "20250101-000000-3cc"]) == 2
    assert "update pytest-llm" in capsys.readouterr().err


def test_without_any_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["show", "page"]) == 2
    assert "no run is kept" in capsys.readouterr().err
