"""Models that are described by a Modelfile: built on the server, or run here."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.acceptance.conftest import Bench
from tests.fake_ollama import FakeOllama

ROOT = Path(__file__).parents[2]
CASE = "models: coder\nprompt: hi\nchecks: [{contains: hello}]"


def built(server: FakeOllama) -> set[str]:
    return {name for name in server.models if name.startswith("pytest-llm/")}


def creates(server: FakeOllama) -> int:
    return len(server.asked("/api/create"))


@pytest.fixture(params=["0.24.0", "0.33.0"])
def versioned(request: pytest.FixtureRequest, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A folder with `modelfiles/coder.Modelfile` and a server of some version that has its base."""
    server = FakeOllama(request.param)
    with server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        server.add_model("m")
        server.answer("", "hello world")
        bench.server = server
        bench.file("modelfiles/coder.Modelfile", "FROM m\nSYSTEM Be brief.\nPARAMETER temperature 0.3\n")
        bench.case(CASE)
        yield bench


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_it_is_built_once_and_asked(versioned: Bench, mode: list[str]) -> None:
    versioned.case(CASE.replace("hi", "ho"), "other")
    versioned.process(*mode).assert_outcomes(passed=2)
    (name,) = built(versioned.server)
    assert name.startswith("pytest-llm/coder:")
    assert creates(versioned.server) == 1
    assert {asked["model"] for asked in versioned.server.asked()} == {name}
    model = versioned.server.models[name]
    assert model.system == "Be brief."
    assert model.parameters["temperature"] in (0.3, [0.3], "0.3")


def test_it_is_built_again_where_it_was_edited_and_only_there(versioned: Bench) -> None:
    versioned.run().assert_outcomes(passed=1)
    versioned.run().assert_outcomes(passed=1)
    assert creates(versioned.server) == 1
    versioned.file("modelfiles/coder.Modelfile", "FROM m\nSYSTEM Be long.\n")
    versioned.run().assert_outcomes(passed=1)
    assert creates(versioned.server) == 2
    assert len(built(versioned.server)) == 2


def test_a_base_that_was_pulled_anew_is_not_tested_as_the_old_one(versioned: Bench) -> None:
    versioned.run().assert_outcomes(passed=1)
    versioned.server.add_model("m", system="I am newer.")
    versioned.run().assert_outcomes(passed=1)
    assert len(built(versioned.server)) == 2


def test_a_file_beside_it_is_sent(versioned: Bench) -> None:
    shutil.copy(ROOT / "modelfiles" / "demo.gguf", versioned.path / "modelfiles" / "weights.gguf")
    versioned.file("modelfiles/coder.Modelfile", "FROM ./weights.gguf\nSYSTEM Be brief.\n")
    versioned.run().assert_outcomes(passed=1)
    assert len(built(versioned.server)) == 1


def test_what_a_linter_says_is_warned_of_once(versioned: Bench) -> None:
    versioned.file("modelfiles/coder.Modelfile", "FROM m\nPARAMETER temprature 0.3\n")
    versioned.case(CASE, "other")
    result = versioned.process()
    result.assert_outcomes(passed=2, warnings=1)
    result.stdout.fnmatch_lines(["*modelfiles/coder.Modelfile:2: unknown PARAMETER 'temprature'*'temperature'?"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FROM m\nSYTEM x\n", "coder.Modelfile:2: unknown command 'SYTEM', did you mean 'SYSTEM'?"),
        ("SYSTEM x\n", "coder.Modelfile"),
        ("", "coder.Modelfile"),
        ("FROM ./no.gguf\n", "no.gguf"),
        ("FROM m\nPARAMETER temperature hot\n", "coder.Modelfile:2"),
    ],
)
def test_a_broken_one_is_told_with_its_line(bench: Bench, text: str, words: str) -> None:
    bench.file("modelfiles/coder.Modelfile", text)
    bench.case(CASE)
    bench.case("prompt: hi\nchecks: [{contains: hello}]", "other")
    result = bench.run("--continue-on-collection-errors")
    result.assert_outcomes(errors=1, passed=1)
    shown = result.stdout.str()
    assert words in shown
    assert "Traceback" not in shown


def test_a_base_that_is_not_there_is_told_with_the_command(versioned: Bench) -> None:
    versioned.file("modelfiles/coder.Modelfile", "FROM qwen3:8b\n")
    versioned.case(CASE, "other")
    result = versioned.run()
    result.assert_outcomes(errors=2)
    assert result.stdout.str().count("ollama pull qwen3:8b") == 1
    assert built(versioned.server) == set()


def test_its_base_is_pulled_where_that_is_asked_for(versioned: Bench) -> None:
    versioned.server.publish("qwen3:8b")
    versioned.file("modelfiles/coder.Modelfile", "FROM qwen3:8b\n")
    versioned.run("--llm-pull").assert_outcomes(passed=1)


def test_the_shipped_ones_can_be_built(versioned: Bench) -> None:
    shutil.copytree(ROOT / "modelfiles", versioned.path / "shipped")
    versioned.file("pytest.ini", "[pytest]\nllm_modelfiles = shipped\naddopts = -W error\n")
    names = sorted(path.stem for path in (versioned.path / "shipped").glob("*.Modelfile"))
    for base in ("qwen2.5-coder:7b", "qwen3:8b"):
        versioned.server.add_model(base)
    versioned.case(CASE.replace("coder", str(names).replace("'", "")))
    versioned.run().assert_outcomes(passed=len(names))
    assert len(built(versioned.server)) == len(names)
