"""Models that are described by a Modelfile: built on the server, or run here."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
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
def versioned(request: pytest.FixtureRequest, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
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
    result.stdout.fnmatch_lines(["*LlmWarning: coder.Modelfile:2: unknown PARAMETER 'temprature'*'temperature'?"])


BROKEN = {
    "unknown": ("FROM m\nSYTEM x\n", "unknown.Modelfile:2: unknown command 'SYTEM', did you mean 'SYSTEM'?"),
    "baseless": ("SYSTEM x\n", "baseless.Modelfile: there is no FROM line"),
    "empty": ("", "empty.Modelfile: there is no FROM line"),
    "missing": ("FROM ./no.gguf\n", "no.gguf: there is no such file"),
    "outside": ("FROM ../../no.gguf\n", "outside.Modelfile:1: FROM ../../no.gguf leaves the rootdir"),
    "digest": ("FROM m@sha256:abc\n", "digest.Modelfile:1: FROM names no model"),
    "hot": ("FROM m\nPARAMETER temperature hot\n", "hot.Modelfile:2: PARAMETER temperature takes a number"),
    "twice": ("FROM m\nPARAMETER seed x\nREQUIRES y\n", "twice.Modelfile:3: REQUIRES takes a version"),
    "circle": ("FROM ring\n", "leads back to where it began"),
    "ring": ("FROM circle\n", "FROM ring leads back to where it began: ring -> circle -> ring"),
}


def test_a_broken_one_is_an_error_of_its_cells_told_once(bench: Bench) -> None:
    for name, (text, _) in BROKEN.items():
        bench.file(f"modelfiles/{name}.Modelfile", text)
    bench.case(CASE.replace("coder", f"[{', '.join(BROKEN)}, m]"))
    bench.case(CASE.replace("coder", "[unknown, twice, m]"), "other")
    result = bench.run()
    result.assert_outcomes(errors=len(BROKEN) + 2, passed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told = "\n".join(line for line in result.outlines if not line.startswith("ERROR "))
    assert {name for name, (_, words) in BROKEN.items() if words not in told} == set()
    assert [told.count(BROKEN[name][1]) for name in ("unknown", "twice")] == [1, 1]
    assert "Traceback" not in told
    assert {asked["model"] for asked in bench.server.asked()} == {"m"}


def test_a_broken_one_under_xdist_and_as_an_item(bench: Bench) -> None:
    bench.file("modelfiles/coder.Modelfile", BROKEN["unknown"][0])
    bench.case(CASE.replace("coder", "[coder, m]"))
    bench.case(CASE, "other")
    result = bench.process("-n2", ".", "modelfiles")
    result.assert_outcomes(errors=2, passed=1, failed=1)
    assert {asked["model"] for asked in bench.server.asked()} == {"m"}


def test_a_broken_one_is_listed_and_shown(bench: Bench) -> None:
    bench.file("modelfiles/coder.Modelfile", BROKEN["unknown"][0])
    bench.case(CASE)
    bench.run("--llm-cells", "cells.jsonl")
    _, cell = map(json.loads, (bench.path / "cells.jsonl").read_text("utf-8").splitlines())
    assert cell["resolved"]["fault"].startswith("modelfiles/coder.Modelfile:2: unknown command 'SYTEM'")
    assert cell["resolved"]["modelfile"].endswith("coder.Modelfile")
    bench.run("--llm-dry-run").stdout.fnmatch_lines(["cannot be asked: modelfiles/coder.Modelfile:2: unknown*"])


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
