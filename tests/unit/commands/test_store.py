"""`pytest-llm store`: the way out of a store and into another, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.commands.cli import main
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Response
from pytest_llm.store.address import Address
from pytest_llm.store.answers import made
from pytest_llm.store.keys import question
from pytest_llm.store.store import Store


def fill(root: Path, name: str = "a.sqlite", texts: tuple[str, ...] = ("one", "two")) -> str:
    """A store with an answer to each of two questions, the first of which was asked twice."""
    store = Store.open(Address(root / name), root)
    for text in texts:
        for model in ("m", "\x1b[31n"):
            request = ChatRequest(ModelRef(model, "ollama", "m"), (Message("user", f"say\n{model}"),))
            store.add([made(question(request, digest=f"sha256:{model}", version="1"), Response(text), alone=False)])
    store.close()
    return str(root / name)


def test_ls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = fill(tmp_path)
    assert main(["store", "--store", place, "ls"]) == 0
    out = capsys.readouterr().out
    assert "2 answers  m  ollama 1  sha256:m" in out
    assert "0 runs" in out
    assert "\x1b" not in out
    assert main(["store", "--store", place, "ls", "m"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "answer    m" in line
    for command in (["ls", "zzz"], ["export", str(tmp_path / "none"), "--model", "zzz"]):
        assert main(["store", "--store", place, *command]) == 1
        assert capsys.readouterr().err.startswith("no answer of 'zzz' is in the store\n  it has: ")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", [["ls"], ["export", "out"], ["import", "out"], ["gc", "--dry-run"]])
def test_the_store_is_named_before_its_command_or_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    place, said = fill(tmp_path), []
    assert main(["store", "--store", place, "export", "out"]) == 0
    for words in (
        ["--store", place, *command],
        [*command, "--store", place],
        ["--store", "none", *command, "--store", place],
    ):
        capsys.readouterr()
        assert main(["store", *words]) == 0
        said.append(capsys.readouterr().out)
    assert len(set(said)) == 1


def test_one_is_counted_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place, other = fill(tmp_path, texts=("one",)), str(tmp_path / "b.sqlite")
    for words, said in (
        (["ls"], "1 answer   m  ollama"),
        (["export", str(tmp_path / "out"), "--model", "m"], "1 answer written to"),
        (["import", str(tmp_path / "out"), "--store", other], "1 of 1 answer was new"),
        (["import", str(tmp_path / "out"), "--store", other], "0 of 1 answer was new"),
    ):
        assert main(["store", "--store", place, *words]) == 0
        assert said in capsys.readouterr().out


def test_out_and_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place, folder, other = fill(tmp_path), str(tmp_path / "out"), str(tmp_path / "b.sqlite")
    assert main(["store", "--store", place, "export", folder]) == 0
    texts = [json.loads(file.read_text())["answer"]["text"] for file in Path(folder).iterdir()]
    assert texts == ["two", "two"]
    for new in (2, 0):
        assert main(["store", "--store", other, "import", folder]) == 0
        assert f"{new} of 2 answers were new" in capsys.readouterr().out
    assert main(["store", "--store", other, "export", str(tmp_path / "m"), "--model", "m"]) == 0
    assert len(list((tmp_path / "m").iterdir())) == 1
    assert main(["store", "--store", folder, "ls"]) == 0
    assert main(["store", "--store", folder, "import", folder]) == 2


def test_gc(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = fill(tmp_path, texts=("one", "two", "three"))
    for arguments, said in (
        (["--dry-run"], "4 answers and 0 runs would be deleted"),
        (["--keep", "2"], "2 answers and 0 runs were deleted"),
        ([], "2 answers and 0 runs were deleted"),
        (["--days", "1"], "0 answers and 0 runs were deleted"),
    ):
        assert main(["store", "--store", place, "gc", *arguments]) == 0
        assert said in capsys.readouterr().out
    assert main(["store", "--store", place, "gc", "--keep", "0"]) == 2


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("none", "there is no store"),
        ("missing.sqlite", "is not there"),
        ("text.sqlite", "is no store"),
        ("postgresql://me:hunter2@host/db", "PGPASSWORD"),
    ],
)
def test_what_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str, said: str
) -> None:
    (tmp_path / "text.sqlite").write_text("no database at all, but a text " * 100)
    monkeypatch.chdir(tmp_path)
    assert main(["store", "--store", place, "ls"]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "hunter2" not in told


def test_the_store_of_the_project_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its settings, as pytest tells them, from any folder of it."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nllm_store = kept/a.sqlite\n")
    (tmp_path / "kept").mkdir()
    (tmp_path / "sub").mkdir()
    monkeypatch.delenv("PYTEST_LLM_STORE", raising=False)
    fill(tmp_path / "kept")
    monkeypatch.chdir(tmp_path / "sub")
    assert main(["store", "ls"]) == 0
    assert "2 answers  m" in capsys.readouterr().out
