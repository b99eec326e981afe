"""Which models `pytest-llm prune` removes, and that it removes no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llm.commands import cli
from pytest_llm.errors import InputError
from pytest_llm.models.modelfile import ModelSpec, load
from pytest_llm.models.reference import at
from pytest_llm.providers.ollama.building import built_name
from pytest_llm.providers.ollama.pruning import sort
from tests.fake_ollama import FakeOllama
from tests.helpers.tiny_gguf import write_gguf

OLD = "0123456789abcdef"
THEIRS = (
    "qwen3:8b",
    "pytest-llm:latest",
    "pytest-llm/mine:latest",
    "pytest-llm/coder:v1",
    "me/coder:0123456789abcdef",
)
OLD = "0123456789abcdef"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "modelfiles").mkdir()
    return tmp_path / "modelfiles"


def specs(folder: Path) -> list[tuple[Path, ModelSpec | InputError]]:
    return [(path, at(path, [folder], folder.parent)) for path in sorted(folder.glob("*.Modelfile"))]


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.Modelfile").write_text(text)


def test_what_stands_for_a_modelfile_stays(folder: Path) -> None:
    write(folder, coder="FROM m\n", file="FROM ./own.gguf\n", child="FROM coder\n")
    write_gguf(folder / "own.gguf")
    by_name = {path.stem: spec for path, spec in specs(folder) if isinstance(spec, ModelSpec)}
    coder, file = built_name(by_name["coder"], "of-m"), built_name(by_name["file"], "")
    child = built_name(by_name["child"], "of-coder")
    stale = [f"pytest-llm/{name}:{OLD}" for name in ("coder", "file", "child", "gone")]
    there = dict.fromkeys((*THEIRS, *stale, file, child), "x") | {coder: "of-coder", "m:latest": "of-m"}
    found = sort(there, specs(folder))
    assert set(found.stale) == set(stale)
    assert set(found.kept) == {coder, file, child}
    assert found.unsure == {}


def test_what_cannot_be_told_stays(folder: Path) -> None:
    write(folder, coder="FROM none\n", file="FROM ./none.gguf\n", child="FROM coder\n")
    broken: list[tuple[Path, ModelSpec | InputError]] = [(folder / "bad.Modelfile", InputError("no FROM"))]
    there = dict.fromkeys([f"pytest-llm/{name}:{OLD}" for name in ("coder", "file", "child", "bad", "gone")], "x")
    found = sort(there, specs(folder) + broken)
    assert found.stale == (f"pytest-llm/gone:{OLD}",)
    assert {name.split("/")[1].split(":")[0]: why.partition("told: ")[2] for name, why in found.unsure.items()} == {
        "coder": "its base none is not on the server",
        "file": f"the model file {folder}/none.gguf cannot be read: No such file or directory",
        "child": "its base none is not on the server",
        "bad": "no FROM",
    }


def test_another_base_makes_another_model(folder: Path) -> None:
    write(folder, coder="FROM m\n")
    ((_, spec),) = specs(folder)
    assert isinstance(spec, ModelSpec)
    there = {built_name(spec, "old"): "a", "m:latest": "new"}
    assert sort(there, specs(folder)).stale == (built_name(spec, "old"),)


@pytest.fixture
def project(folder: Path, fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> FakeOllama:
    """A project with a Modelfile whose model is there, beside older ones and the models of others."""
    (folder.parent / "pytest.ini").write_text("[pytest]\n")
    (folder.parent / "test_slow.py").write_text("raise SystemExit('nobody imports this')\n")
    (folder.parent / "bad.prompt.yaml").write_text("nonsense: [\n")
    write(folder, coder="FROM qwen3:8b\n", bad="FROM m\nSYTEM x\n")
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    for name in (*THEIRS, *(f"pytest-llm/{own}:{OLD}" for own in ("coder", "gone", "bad"))):
        fake_ollama.add_model(name)
    spec, digest = load(folder / "coder.Modelfile"), fake_ollama.models["qwen3:8b"].digest
    fake_ollama.add_model(built_name(spec, digest))
    return fake_ollama


def ours(server: FakeOllama) -> list[str]:
    return sorted(name.split("/")[1] for name in server.models if name.startswith("pytest-llm/"))


def test_the_command(project: FakeOllama, capsys: pytest.CaptureFixture[str]) -> None:
    before = set(project.models)
    assert cli.main(["prune", "--dry-run"]) == 0
    assert f"to remove pytest-llm/gone:{OLD}" in capsys.readouterr().out
    assert set(project.models) == before
    assert cli.main(["prune"]) == 0
    shown = capsys.readouterr().out
    assert f"removed   pytest-llm/coder:{OLD}" in shown
    assert f"kept      pytest-llm/bad:{OLD}" in shown
    assert "unknown command 'SYTEM'" in shown
    assert shown.endswith(f"2 of 4 models were removed from {project.url}\n")
    assert before - set(project.models) == {f"pytest-llm/{name}:{OLD}" for name in ("coder", "gone")}
    assert cli.main(["prune", "--all"]) == 0
    assert "2 of 2 models were removed" in capsys.readouterr().out
    assert set(THEIRS) - {name if ":" in name else f"{name}:latest" for name in project.models} == set()


def test_what_cannot_be_removed(project: FakeOllama, capsys: pytest.CaptureFixture[str]) -> None:
    project.fault("html", times=None, path="/api/delete")
    before = set(project.models)
    assert cli.main(["prune"]) == 1
    shown = capsys.readouterr().out
    assert f"failed    pytest-llm/gone:{OLD}: " in shown
    assert "0 of 4 models were removed" in shown
    assert set(project.models) == before


def test_no_server(
    project: FakeOllama, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    assert cli.main(["prune"]) == 2
    assert "nothing listens at http://127.0.0.1:9" in capsys.readouterr().err
