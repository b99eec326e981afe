"""`pytest-llm calibrate`: a judge held against people, on a fake server."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.checks import calibration
from pytest_llm.checks.grading import Scale
from pytest_llm.commands import graded
from pytest_llm.commands.calibrate import calibrate
from pytest_llm.commands.collected import Collected, collected
from pytest_llm.errors import InputError
from pytest_llm.settings import Settings
from tests.fake_ollama import FakeOllama

CASE = """
models: m
prompt: say hi
checks:
  - contains: hi
  - judge: {{rubric: The answer is polite., model: j, calibration: polite.json{more}}}
"""
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    """Calibrates with these grades of people; the judge says of an answer what stands in it."""
    monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url)
    monkeypatch.chdir(tmp_path)
    fake_ollama.add_model("j")
    fake_ollama.answer("", lambda ask: re.findall(r"SAYS (.*)", ask.prompt)[-1], model="j")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def run_it(
        pairs: list[tuple[Any, Any]],
        number: int | None = None,
        output: Path | None = None,
        *,
        more: str = "",
        real: bool = False,
    ) -> tuple[int, str]:
        (tmp_path / "t.prompt.yaml").write_text(CASE.format(more=more))
        lines = [
            {"answer": f"SAYS {json.dumps({'reason': 'so', 'grade': judge})}", "grade": people}
            for people, judge in pairs
        ]
        (tmp_path / "answers.jsonl").write_text("\n".join(map(json.dumps, lines)))
        settings = Settings(tmp_path, hosts=(fake_ollama.url,))
        found = Collected(tmp_path, dataclasses.asdict(settings), (), ())
        collect = collected if real else lambda _: found
        code = calibrate(Path("t.prompt.yaml"), Path("answers.jsonl"), output, number, collect)
        told = capsys.readouterr()
        return code, told.out + told.err

    return run_it


def test_a_judge_that_agrees_may_fail_a_cell(run: Run, tmp_path: Path, fake_ollama: FakeOllama) -> None:
    code, told = run(
        [("pass", "pass")] * 10 + [("fail", "fail")] * 8 + [("fail", "pass"), ("pass", "dunno")] * 2, real=True
    )
    assert code == 0, told
    found = calibration.read(tmp_path / "polite.json")
    assert (found.n, found.agreement, found.kappa) == (20, 0.9, pytest.approx(0.8))
    assert found.model == "j"
    assert found.digest == fake_ollama.models["j:latest"].digest
    assert "people: pass            10           0           2" in told
    assert "people: fail             2           8           0" in told
    assert "line 19: people fail, the judge pass: so" in told
    assert "line 20: people pass, the judge gave no verdict: its grade is none of pass, fail" in told
    assert "the judge may fail a cell" in told
    assert {ask["model"] for ask in fake_ollama.asked()} == {"j"}
    assert all("say hi" in ask["messages"][1]["content"] for ask in fake_ollama.asked())


@pytest.mark.parametrize(
    ("pairs", "more", "code", "words"),
    [
        ([("pass", "pass")] * 20, "", 1, "kappa undefined"),
        ([("pass", "pass"), ("fail", "pass")] * 10, "", 1, "its kappa with people is 0.00, and 0.6 is needed"),
        ([(5, 4), (1, 2), (4, 5), (2, 1)] * 5, ", min: 4", 0, "weighted kappa of the grades: 0.80"),
        ([("pass", "dunno"), ("fail", "fail")] * 10, "", 1, "its calibration rests on 10 answers"),
        ([("pass", "pass")] * 19, "", 2, "19 answers were graded, and 20 are the least"),
        ([(5, 4)] * 20, "", 2, "answers.jsonl:1: `grade` must be pass or fail, as the judge's is, not 5"),
    ],
)
def test_what_else_comes_of_it(run: Run, pairs: list[Any], more: str, code: int, words: str) -> None:
    found, told = run(pairs, more=more)
    assert words in told
    assert found == code


def test_no_server_is_one_sentence(run: Run, fake_ollama: FakeOllama) -> None:
    fake_ollama.fault("refused")
    code, told = run([("pass", "pass"), ("fail", "fail")] * 10)
    assert code == 2
    assert "Traceback" not in told
    assert fake_ollama.url in told


def test_which_judge_is_meant(run: Run, tmp_path: Path) -> None:
    two = "}\n  - warn: {judge: {rubric: The answer is short., model: j"
    code, told = run([("pass", "pass"), ("fail", "fail")] * 10, more=f"{two}, options: {{num_ctx: 2048}}}}")
    assert code == 2
    assert "there are 2 judges, say which" in told
    code, told = run([("pass", "pass"), ("fail", "fail")] * 10, 3, more=f"{two}}}")
    assert (code, "there is no judge 3" in told) == (2, True)
    code, told = run([("pass", "pass"), ("fail", "fail")] * 10, 2, Path("b.json"), more=f"{two}}}")
    assert code == 0, told
    assert (tmp_path / "b.json").is_file()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.yaml", "- {answer: x, grade: pass}\n- {answer: y, grade: false, prompt: p}", ["pass", "fail"]),
        ("a.json", '[{"answer": "x", "grade": true}]', ["pass"]),
        ("a.jsonl", '{"answer": "x", "grade": "fail"}\n\n{"answer": "y", "grade": "pass"}\n', ["fail", "pass"]),
        ("a.yaml", "answer: x\ngrade: pass\n---\nanswer: y\ngrade: fail", ["pass", "fail"]),
        ("a.jsonl", '{"answer": "x", "grade": "fail"}\n{', ":2: is no line of JSON"),
        ("a.yaml", "- {answer: x, grade: pass}\n- x", ":2: an entry is a mapping, not 'x'"),
        ("a.yaml", "- {answer: x, grad: pass}", "unknown key 'grad', did you mean 'grade'?"),
        ("a.yaml", "- {answer: '', grade: pass}", "`answer` must be the answer's text"),
        ("a.yaml", "- {answer: x}", "`grade` must be pass or fail, as the judge's is, not None"),
        ("a.yaml", "- {answer: x, grade: 1}", "`grade` must be pass or fail"),
        ("a.yaml", "- {answer: x, grade: [pass]}", "`grade` must be pass or fail"),
        ("a.yaml", "- {answer: x, grade: pass, prompt: 3}", "`prompt` must be text"),
        ("a.yaml", "", []),
    ],
)
def test_files_of_graded_answers(tmp_path: Path, name: str, text: str, expected: list[str] | str) -> None:
    path = tmp_path / name
    path.write_text(text)
    if isinstance(expected, list):
        assert [one.grade for one in graded.read(path, Scale())] == expected
        return
    with pytest.raises(InputError) as raised:
        graded.read(path, Scale())
    assert expected in str(raised.value)
