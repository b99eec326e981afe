"""The first files of a project: what is written is collected by pytest and passes, and nothing is written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llm.commands.cli import main
from pytest_llm.commands.collected import collected
from pytest_llm.commands.starter import writing
from pytest_llm.commands.starter.new import kinds
from tests.fake_ollama import FakeOllama


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("PYTEST_ADDOPTS", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    return tmp_path


def written(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".pytest_cache" not in path.parts
    )


def test_of_a_model_of_the_server(
    folder: Path, fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url)
    fake_ollama.add_model("nomic-embed:latest", capabilities=("embedding",))
    fake_ollama.add_model("qwen3:8b", capabilities=("completion", "thinking"))
    assert main(["init"]) == 0
    assert written(folder) == [
        ".github/workflows/prompts.yml",
        "cases/_defaults.yaml",
        "cases/hello.prompt.yaml",
        "cases/hello.schema.json",
        "cases/prompt.schema.json",
        "modelfiles/my-qwen3.Modelfile",
        "pytest.ini",
        "requirements.txt",
    ]
    assert "next: pytest cases/" in capsys.readouterr().out
    found = collected()
    assert not found.errors
    assert {(cell["model"], cell["think"]) for cell in found.cells} == {("my-qwen3", "off"), ("my-qwen3", "on")}
    assert {cell["resolved"]["base"] for cell in found.cells} == {"qwen3:8b"}
    assert main(["init"]) == 2
    assert "cases/hello.prompt.yaml, " in capsys.readouterr().err
    assert main(["doctor", "cases"]) in (0, 1)
    assert "problem  my-qwen3" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("models", "words", "said"),
    [
        ([], [], "has no model that can chat"),
        (["nomic-embed"], [], "has no model that can chat"),
        (["qwen3:8b"], ["--model", "llama3"], "llama3"),
        (None, [], "nothing listens at"),
    ],
)
def test_no_model_to_begin_with(
    folder: Path,
    fake_ollama: FakeOllama,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    models: list[str] | None,
    words: list[str],
    said: str,
) -> None:
    if models is not None:
        monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url)
    for name in models or ():
        fake_ollama.add_model(name, capabilities=("embedding" if "embed" in name else "completion",))
    assert main(["init", *words]) == 2
    assert said in capsys.readouterr().err
    assert written(folder) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '-q'\n"),
        ("pyproject.toml", "[tool.pytest]\naddopts = ['-q']\n"),
        ("setup.cfg", "[tool:pytest]\naddopts = -q\n"),
        ("tox.ini", "[pytest]\n"),
        ("pytest.toml", "[pytest]\n"),
    ],
)
def test_settings_that_are_there_are_left_alone(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    (folder / name).write_text(text)
    (folder / "requirements.txt").write_text("requests\n")
    assert main(["init", "--demo"]) == 0
    assert (folder / name).read_text() == text
    assert not (folder / "pytest.ini").exists()
    assert f"add to pytest's settings in {name}: llm_engine = embedded" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["pyproject.toml", "tox.ini"])
def test_settings_that_cannot_be_read(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (folder / name).write_text("[broken\n")
    assert main(["init", "--demo"]) == 2
    assert capsys.readouterr().err.startswith(
        {"pyproject.toml": f"{name}: is no TOML"}.get(name, f"{name} cannot be read")
    )
    assert written(folder) == [name]


@pytest.mark.parametrize(
    ("ci", "file"), [("github", ".github/workflows/prompts.yml"), ("gitlab", "prompts-ci.yml")]
)
def test_ci(
    folder: Path,
    fake_ollama: FakeOllama,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ci: str,
    file: str,
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url)
    fake_ollama.add_model("hf.co/org/Repo-GGUF:Q4_K_M")
    (folder / "requirements.txt").write_text("requests\n")
    assert main(["init", "sub", "--ci", ci]) == 0
    assert (folder / "sub" / file).is_file()
    assert (folder / "sub/modelfiles/my-repo-gguf.Modelfile").is_file()
    assert "next: cd sub && pytest cases/" in capsys.readouterr().out


def test_a_file_where_a_folder_should_be(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "cases").write_text("")
    assert main(["init", "--demo"]) == 2
    assert capsys.readouterr().err.startswith("cases/_defaults.yaml: cannot be written: ")
    assert written(folder) == ["cases"]
    for command in (
        ["init", "cases", "--demo"],
        ["init", "cases/sub", "--demo"],
        ["new", "a", "--folder", "cases"],
    ):
        assert main(command) == 2
        said = capsys.readouterr().err
        assert "cases" in said
        assert "Errno" not in said


def test_the_demo_passes_with_no_server_at_all(folder: Path, pytester: pytest.Pytester) -> None:
    """Structured cases and code in Python: what every machine can judge."""
    assert main(["init", str(pytester.path), "--demo"]) == 0
    done = pytester.runpytest_subprocess(
        "cases/structured", "cases/backend", "-k", "number or python", "--llm-store", "none"
    )
    done.assert_outcomes(passed=6)


@pytest.mark.parametrize("category", [*kinds(), "poetry", "visaul"])
def test_new(folder: Path, capsys: pytest.CaptureFixture[str], category: str) -> None:
    (folder / "pytest.ini").write_text("[pytest]\n")
    assert main(["new", "mine", "--category", category]) == 0
    said = capsys.readouterr().err
    assert ("begins as any other case; backend, structured, visual begin in their own way" in said) is (
        category not in kinds()
    )
    assert ("did you mean 'visual'?" in said) is (category == "visaul")
    assert main(["new", "mine.prompt.yaml", "--category", category]) == 2
    assert "cases/mine.prompt.yaml" not in capsys.readouterr().out.splitlines()[-1:]
    (folder / "cases" / category).mkdir()
    assert main(["new", "mine", "--category", category]) == 0
    cells = collected(("--llm-model", "m")).cells
    places = [str(Path(cell["file"]).relative_to(folder)) for cell in cells]
    assert set(places) == {"cases/mine.prompt.yaml", f"cases/{category}/mine.prompt.yaml"}
    assert all(category in cell["markers"] for cell in cells)


@pytest.mark.parametrize("name", ["../x", "a/b", "", "-x y", "a\nb"])
def test_a_name_that_is_none(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["new", "--", name]) == 2
    assert "is no name" in capsys.readouterr().err
    assert written(folder) == []


def test_every_file_is_a_link_to_one_of_the_project_or_stands_here() -> None:
    assert all(path.resolve().is_file() for path in writing.FILES.iterdir())


def test_modelfiles_that_are_there_are_what_is_asked(
    folder: Path, fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "modelfiles").mkdir()
    for name in ("my-coder", "7b"):
        (folder / f"modelfiles/{name}.Modelfile").write_text("FROM qwen3:8b\n")
    assert main(["init", "--ci", "none"]) == 0  # no server listens
    assert sorted(file.name for file in (folder / "modelfiles").iterdir()) == ["7b.Modelfile", "my-coder.Modelfile"]
    found = collected()
    assert not found.errors
    assert {cell["model"] for cell in found.cells} == {"my-coder", "7b"}


def test_what_was_built_here_is_not_offered(
    folder: Path, fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url)
    fake_ollama.add_model("qwen3:8b")
    fake_ollama.add_model("pytest-llm/my-coder:7dce00a5890dc9c3")
    assert main(["init"]) == 0
    assert [file.name for file in (folder / "modelfiles").iterdir()] == ["my-qwen3.Modelfile"]
