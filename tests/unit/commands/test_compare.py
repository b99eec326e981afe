"""Two runs or baselines, held against each other; the last runs of a cell."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.commands.cli import main
from pytest_llm.gates import baseline as files
from pytest_llm.gates.past import to_file
from pytest_llm.store import runs
from pytest_llm.store.address import Address, default
from pytest_llm.store.line import CellLine, End, Header, to_line
from pytest_llm.store.record import RunRecord, read
from pytest_llm.store.store import Store

OLD, SAME, WORSE = "20260101-000000-1aa", "20260102-000000-2bb", "20260103-000000-3cc"
NAMES = [f"cases/a.prompt.yaml::c{place}" for place in range(30)]


def answer(passed: bool, sample: int, rate: float | None = None) -> dict[str, Any]:
    finding = {"check": "compile", "message": "declared and not used", "severity": "failure"}
    numbers = {"rate": rate, "answer_tokens": 100, "first_token": 0.5 + sample / 100} if rate else {}
    said = {"text": f"answer {passed}", "numbers": numbers, "request": {"model": "m", "options": {}}}
    prints = {"answers": {"server": "ollama", "base": "m"}, "speed": {}}
    return {
        **said,
        "sample": sample,
        "attempt": 1,
        "stage": "",
        "findings": [] if passed else [finding],
        "fingerprint": prints,
    }


def line(name: str, passes: Iterable[bool], again: Iterable[bool] = (), rate: float | None = None) -> CellLine:
    answers = tuple(answer(passed, sample, rate and rate + sample) for sample, passed in enumerate(passes))
    passed = not any(one["findings"] for one in answers)
    word = "passed" if passed else "failed"
    return CellLine(
        name,
        word,
        reported=word,
        reason="" if passed else "declared and not used",
        case="c",
        model="m",
        think="off",
        markers=("visual",),
        inputs="same",
        exclusive=rate is not None,
        started="2026-01-02T03:04:05",
        answers=answers,
        confirmations=tuple(answer(passed, 9 + number) for number, passed in enumerate(again)),
    )


def keep(root: Path, run: str, lines: Iterable[CellLine]) -> RunRecord:
    lines = list(lines)
    header = Header(run, commit="c0ffee" * 4, branch="main", cells=tuple(one.nodeid for one in lines))
    writer = runs.Writer(root, header)
    for one in lines:
        writer.add(to_line(one))
    writer.add(to_line(End(complete=True, exit_status=0)))
    writer.close()
    return read(writer.folder / runs.FILE)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    keep(tmp_path, OLD, [line(name, [True] * 5, rate=40.0) for name in NAMES])
    keep(tmp_path, SAME, [line(name, [True] * 5, rate=40.0) for name in NAMES])
    broken = line(NAMES[0], [False], again=[False] * 12)
    keep(tmp_path, WORSE, [broken, *(line(name, [True]) for name in NAMES[1:])])
    for run, name in ((OLD, "old.json"), (WORSE, "worse.json")):
        files.write(tmp_path / name, to_file(read(tmp_path / ".pytest_llm/runs" / run / runs.FILE)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("before", "now", "code", "word"),
    [
        (OLD, SAME, 0, "PASS: no new failure in 30 cells"),
        ("1aa", "3cc", 1, f"BLOCK: {NAMES[0]} newly fails and failed again"),
        ("old.json", WORSE, 1, f"BLOCK: {NAMES[0]} newly fails and failed again"),
        (f".pytest_llm/runs/{OLD}", f".pytest_llm/runs/{WORSE}/cells.jsonl", 1, f"BLOCK: {NAMES[0]} newly"),
        ("old.json", "worse.json", 0, "WARN: 1 newly failing cell that could not be confirmed"),
        ("worse.json", "old.json", 0, "PASS: no new failure in 30 cells"),
        (WORSE, "old.json", 0, "PASS: no new failure in 30 cells"),
    ],
)
def test_the_word_and_the_code(
    kept: Path, capsys: pytest.CaptureFixture[str], before: str, now: str, code: int, word: str
) -> None:
    assert main(["compare", before, now]) == code
    assert capsys.readouterr().out.splitlines()[-1].startswith(word)


@pytest.mark.parametrize(
    ("file", "text", "now", "code", "word"),
    [
        ("pytest.ini", "[pytest]\nllm_gate_alpha = 0.0001%\n", WORSE, 0, "INCONCLUSIVE: 1 newly failing"),
        ("tox.ini", "[pytest]\nllm_gate_alpha = 0.0001%\nllm_gate_effect = 90%\n", WORSE, 0, "WARN: 1 newly"),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\nllm_gate = ["visual>=99%"]\n',
            WORSE,
            1,
            "BLOCK: the bar visual",
        ),
        ("pytest.ini", "[pytest]\naddopts = --llm-gate rate>=90\n", SAME, 1, "BLOCK: the bar rate>=90 is missed"),
        ("pytest.ini", "[pytest]\nllm_gate = other>=99%\n", SAME, 0, "PASS: no new failure in 30 cells"),
        ("setup.cfg", "[metadata]\nname = x\n", SAME, 0, "PASS: no new failure in 30 cells"),
        ("pytest.ini", "[pytest]\nllm_gate_alpha = much\n", SAME, 2, "pytest.ini: llm_gate_alpha: must be a share"),
        ("pytest.ini", "[pytest]\nllm_gate = much\n", SAME, 2, "pytest.ini: llm_gate: 'much' is no bar"),
    ],
)
def test_the_settings_of_the_ini_file_count(
    kept: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    file: str,
    text: str,
    now: str,
    code: int,
    word: str,
) -> None:
    (kept / file).write_text(text, encoding="utf-8")
    (kept / "deeper").mkdir()
    monkeypatch.chdir(kept / "deeper")
    assert main(["compare", OLD, now]) == code
    said = capsys.readouterr()
    assert word in (said.err if code == 2 else said.out.splitlines()[-1])


def test_markdown_and_json(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", OLD, WORSE, "--markdown"]) == 1
    assert capsys.readouterr().out.startswith("## pytest-llm: BLOCK")
    assert main(["compare", OLD, WORSE, "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["cells"][0]["row"]["answers"] == ["answer True", "answer False"]
    assert data["baseline"] == OLD


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nothing.json", OLD], "nothing.json: there is no such baseline"),
        ([OLD, "nothing.json"], "nothing.json: there is no such baseline"),
        (["4dd", OLD], "no run is called '4dd'"),
        (["2026", OLD], "3 runs are called like '2026'"),
        (["broken.json", OLD], "broken.json: is no baseline"),
        ([OLD, "broken.jsonl"], "broken.jsonl"),
    ],
)
def test_what_cannot_be_read_is_2(
    kept: Path, capsys: pytest.CaptureFixture[str], words: list[str], complaint: str
) -> None:
    for name in ("broken.json", "broken.jsonl"):
        (kept / name).write_text("{", encoding="utf-8")
    assert main(["compare", *words]) == 2
    said = capsys.readouterr()
    assert (complaint in said.err, said.out) == (True, "")


def test_a_fingerprint_that_differs_is_said_for_files_too(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (kept / "old.json").read_text("utf-8")
    (kept / "newer.json").write_text(text.replace('"ollama"', '"vllm"'), encoding="utf-8")
    assert main(["compare", "old.json", "newer.json"]) == 0
    assert capsys.readouterr().out.startswith("answers fingerprint of m differs: server vllm, was ollama\n")


def test_a_cell_that_a_file_has_no_more_is_gone(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = files.read(kept / "old.json")
    cells = {name: cell for name, cell in baseline.cells.items() if name != NAMES[3]}
    files.write(kept / "less.json", files.Baseline(baseline.commit, baseline.fingerprints, cells))
    assert main(["compare", "old.json", "less.json"]) == 0
    assert "WARN: 1 cell of the baseline is gone" in capsys.readouterr().out


def test_the_history_of_a_cell(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "c0"]) == 0
    name, heading, *rows = capsys.readouterr().out.splitlines()
    assert name == NAMES[0]
    assert heading.split() == ["run", "began", "commit", "result", "passed", "tokens/s", "first", "token"]
    assert [row.split() for row in rows] == [
        [WORSE, "2026-01-02", "03:04", "c0ffeec0ffee", "failed", "0", "of", "1"],
        [SAME, "2026-01-02", "03:04", "c0ffeec0ffee", "passed", "5", "of", "5", "42.0", "0.52", "s"],
        [OLD, "2026-01-02", "03:04", "c0ffeec0ffee", "passed", "5", "of", "5", "42.0", "0.52", "s"],
    ]
    assert main(["history", "c0", "--last", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_rate_that_was_not_measured_alone_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path, OLD, [replace(line("a::b", [True], rate=33.0), exclusive=False)])
    monkeypatch.chdir(tmp_path)
    assert main(["history", "b"]) == 0
    assert "~33.0" in capsys.readouterr().out


def test_runs_that_are_swept_come_from_the_store(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    older = "20251231-000000-0ff"
    store = Store.open(default(kept), kept)
    for run in (older, SAME):
        lines = (line(NAMES[0], [True, False]), line("only::stored", [True]))
        store.add_run(keep(kept / "elsewhere", run, lines).path)
    store.close()
    assert main(["history", "c0"]) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split()[0] for row in rows] == [WORSE, SAME, OLD, older]
    assert "1 of 2" in rows[-1]
    assert main(["history", "only::stored"]) == 0
    assert older in capsys.readouterr().out


def test_a_branch_of_the_store_is_pooled(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "store:main", WORSE]) == 2
    assert "store.sqlite" in capsys.readouterr().err
    store = Store.open(default(kept), kept)
    for run in (OLD, SAME):
        store.add_run(kept / ".pytest_llm/runs" / run / runs.FILE)
    store.close()
    assert main(["compare", "store:main", WORSE, "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["baseline"], data["rows"][0]["baseline"]["passed"]) == ("store:main", 10)
    assert main(["compare", "store:main", WORSE, "--store", "none"]) == 2
    assert main(["compare", "store:other", WORSE]) == 0
    assert "INCONCLUSIVE: store:other holds none" in capsys.readouterr().out


def test_the_store_is_that_of_the_settings(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (kept / "pytest.ini").write_text("[pytest]\nllm_store = answers/own.sqlite\n")
    store = Store.open(Address(kept / "answers/own.sqlite"), kept)
    for run in (OLD, SAME):
        store.add_run(kept / ".pytest_llm/runs" / run / runs.FILE)
    store.add_run(keep(kept / "elsewhere", "1", [line("only::stored", [True])]).path)
    store.close()
    assert main(["compare", "store:main", WORSE]) == 1
    assert main(["history", "only::stored"]) == 0
    (kept / "pytest.ini").write_text("[pytest]\nllm_store = none\n")
    assert main(["compare", "store:main", WORSE]) == 2
    assert "says none" in capsys.readouterr().err
    assert main(["history", "c0"]) == 0


def test_where_no_cell_goes_by_that_name_it_is_1(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "c77"]) == 1
    assert "no cell is called 'c77'" in capsys.readouterr().err
    assert main(["history", "cases/a.prompt"]) == 1
    assert "30 cells are called like" in capsys.readouterr().err


def test_a_store_that_is_named_and_not_there_is_2(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "c0", "--store", "elsewhere.sqlite"]) == 2
    assert "elsewhere.sqlite" in capsys.readouterr().err


def test_a_damaged_store_or_run_is_told_and_the_rest_is_shown(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    default(kept).path.write_bytes(b"no database " * 100)  # type: ignore[union-attr]
    (kept / ".pytest_llm/runs" / OLD / runs.FILE).write_text("{}\n", encoding="ascii")
    assert main(["history", "c0"]) == 0
    said = capsys.readouterr()
    assert (SAME in said.out, OLD in said.out) == (True, False)
    assert "store.sqlite" in said.err
    assert "no record of a run" in said.err


def test_without_any_run_it_is_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["history", "c0"]) == 2
    assert "no run is kept" in capsys.readouterr().err
    assert main(["compare", "a", "b"]) == 2
