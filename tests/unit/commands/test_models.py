"""What is told of the models that the cases name."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from pytest_llm.commands import cli, models
from pytest_llm.commands.collected import NotCollected, collected
from pytest_llm.commands.models import State
from tests.fake_ollama import FakeOllama


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "modelfiles").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_BASE_URL", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def case(project: Path, *names: str) -> None:
    text = f"prompt: hi\nmodels: [{', '.join(names)}]\nchecks: [{{contains: x}}]\n"
    (project / "one.prompt.yaml").write_text(text)


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_a_server_sends_back_is_no_key(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: list[str]
) -> None:
    case(project, "m")
    with FakeOllama("0.33.0 geheim-1 YW5uOmdlaGVpbS0x") as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url.replace("://", "://ann:geheim-1@"))
        cli.main(["doctor", *form])
    told = capsys.readouterr().out
    assert "0.33.0 *** ***" in told
    assert "geheim" not in told


def test_where_each_model_is(project: Path, fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url.replace("://", "://ann:geheim@"))
    fake_ollama.add_model("qwen3:8b")
    (project / "here.gguf").write_bytes(b"GGUF")
    for name, base in (
        ("of-base", "qwen3:8b"),
        ("of-none", "llama3"),
        ("of-file", "../here.gguf"),
        ("bad", "./no.gguf"),
    ):
        (project / f"modelfiles/{name}.Modelfile").write_text(f"FROM {base}\n")
    case(project, "qwen3:8b", "gone:1b", "of-base", "of-none", "of-file", "bad", "gguf:here.gguf", "openai:x")
    states = models.examine(collected())
    where = f"Ollama {fake_ollama.profile.version} at {fake_ollama.url}"
    assert states == {
        "qwen3:8b": State(True, where),
        "gone:1b": State(False, f"gone:1b is not there ({where})", "ollama pull gone:1b"),
        "of-base": State(True, where),
        "of-none": State(False, f"llama3 is not there ({where})", "ollama pull llama3"),
        "of-file": State(True, where),
        "bad": State(False, f"{project}/modelfiles/no.gguf is not there ({where})"),
        "gguf:here.gguf": State(True, f"{project}/here.gguf"),
        "openai:x": State(False, "no server's URL is given", "export OPENAI_BASE_URL=URL"),
    }


def test_of_several_servers_each_has_a_line_and_one_that_has_a_model_is_enough(
    project: Path, fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    fake_ollama.add_model("qwen3:8b")
    with FakeOllama() as empty:
        hosts = f"{empty.url}\n    {fake_ollama.url}\n    127.0.0.1:9"
        (project / "pytest.ini").write_text(f"[pytest]\nllm_host =\n    {hosts}\n")
        case(project, "qwen3:8b", "gone:1b")
        found = {line.name: line for line in models.lines(collected()) if line.part == "Models"}
        servers = [line for line in models.lines(collected()) if line.part == "Servers"]
    assert [line.state for line in servers] == ["ok", "ok", "problem"]
    assert [line.found for line in servers[:2]] == [empty.url, fake_ollama.url]
    assert found["qwen3:8b"].state == "ok"
    assert fake_ollama.url in found["qwen3:8b"].found
    assert (found["gone:1b"].state, found["gone:1b"].remedy) == ("problem", "ollama pull gone:1b")


def test_doctor_tells_of_models_and_broken_cases(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    case(project, "a", "b")
    (project / "two.prompt.yaml").write_text("prompt: hi\nchekcs: []\n")
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in said if "model of" in line] == [["problem", "a"], ["problem", "b"]]
    assert sum("ollama serve" in line for line in said) == 1
    assert any(line.startswith("  problem") and "'chekcs'" in line for line in said)
    assert cli.main(["doctor", "no-such-folder"]) == 2
    assert "no-such-folder" in capsys.readouterr().out


JUDGED = "prompt: hi\nmodels: [a]\nthink: [off, on]\nchecks: [{judge: {rubric: is polite, model: %s}}]\n"


def test_the_models_of_judges_are_needed_too(
    project: Path, fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url)
    fake_ollama.add_model("a")
    (project / "one.prompt.yaml").write_text(JUDGED % "grader:1b")
    (project / "two.prompt.yaml").write_text((JUDGED % "a").replace("[a]", "[grader:1b]"))
    told = {line.name: line for line in models.lines(collected()) if line.part == "Models"}
    assert told["grader:1b"].remedy == "ollama pull grader:1b"
    assert told["grader:1b"].purpose == "model of 2 cells, judges 2 cells"
    assert (told["a"].state, told["a"].purpose) == ("ok", "model of 2 cells, judges 2 cells")


def test_what_is_loaded_and_which_context_is_too_long(
    project: Path, fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url)
    fake_ollama.add_model("qwen3:8b", context_length=4096)
    fake_ollama.add_model("half:1b")
    case(project, "qwen3:8b")
    with (project / "one.prompt.yaml").open("a") as file:
        file.write("options: {num_ctx: 9000}\n")
    fake_ollama.gpu = 0.5
    httpx.post(f"{fake_ollama.url}/api/generate", json={"model": "half:1b"})
    told = {(line.part, line.name): line for line in models.lines(collected())}
    assert told["Servers", "ollama"].version == fake_ollama.profile.version
    half = told["Servers", "half:1b"]
    assert (half.state, half.found.split(",")[0]) == ("warning", "50% in the GPU's memory")
    long = [line for line in models.lines(collected()) if line.purpose == "context"]
    assert [(line.state, line.name) for line in long] == [("warning", "qwen3:8b")]
    assert "num_ctx 9000 is longer than the 4096 tokens" in long[0].found


def test_nothing_is_said_where_there_is_no_case(project: Path) -> None:
    assert list(models.lines(collected())) == []


def test_a_collection_that_takes_too_long(project: Path) -> None:
    (project / "conftest.py").write_text("import time; time.sleep(60)")
    with pytest.raises(NotCollected, match="had not collected the cases after 1 s"):
        collected(limit=1)
