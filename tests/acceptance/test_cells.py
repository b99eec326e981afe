"""`--llm-cells FILE`: settings, cells and collection errors, for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Bench


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("more", [(), ("-n2",), ("-p", "no:xdist")], ids=" ".join)
def test_settings_then_cells_then_errors(bench: Bench, more: tuple[str, ...]) -> None:
    bench.case("prompt: hi\nmodels: [a, b]\nthink: [off, on]\ncategory: fast\nchecks: [{contains: x}]", "one")
    bench.case("prompt: hi\nchekcs: [x]", "two")
    bench.file("test_python.py", "raise SystemExit('imported')")
    result = bench.process("--llm-cells", "out.jsonl", "--llm-slots", "3", *more)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    head, *cells, error = lines(bench.path / "out.jsonl")
    assert (head["format"], head["root"], head["settings"]["slots"]) == (1, str(bench.path), 3)
    assert [cell["nodeid"].rpartition("::")[2] for cell in cells] == [
        f"one[{model}-think-{think}]" for model in "ab" for think in ("off", "on")
    ]
    assert (cells[0]["model"], cells[0]["engine"]) == ("a", "ollama")
    assert cells[0]["resolved"] == {"name": "a", "modelfile": None, "base": None, "gguf": None}
    assert len({cell["inputs"] for cell in cells}) == 4
    assert (cells[3]["think"], cells[3]["markers"], cells[3]["line"]) == ("on", ["fast"], 1)
    assert "two.prompt.yaml" in error["nodeid"]
    assert "'chekcs'" in error["error"]
    assert bench.server.requests == []


def test_the_models_that_checks_ask(bench: Bench) -> None:
    bench.case("prompt: hi\nmodels: a\nchecks: [{judge: {rubric: is polite, model: grader}}]")
    bench.run("--llm-cells", "out.jsonl")
    (cell,) = lines(bench.path / "out.jsonl")[1:]
    resolved = {"name": "grader", "modelfile": None, "base": None, "gguf": None}
    assert cell["asks"] == [{"model": "grader", "engine": "ollama", "resolved": resolved}]


def test_what_a_modelfile_says(bench: Bench) -> None:
    bench.file("modelfiles/mine.Modelfile", "FROM ./mine.gguf\n")
    bench.case("prompt: hi\nmodels: mine\nchecks: [{contains: x}]")
    bench.run("--llm-cells", "out.jsonl")
    (cell,) = lines(bench.path / "out.jsonl")[1:]
    folder = bench.path / "modelfiles"
    assert (cell["resolved"]["modelfile"], cell["resolved"]["gguf"]) == (
        str(folder / "mine.Modelfile"),
        str(folder / "mine.gguf"),
    )


def test_no_password_is_in_it(bench: Bench) -> None:
    bench.case("prompt: hi\nchecks: [{contains: x}]")
    hosts = ("--llm-host", "http://ann:geheim@127.0.0.1:1/x@y", "--llm-openai-url", "ann:geheim@127.0.0.1:2/v1")
    bench.run("--llm-cells", "out.jsonl", *hosts)
    text = (bench.path / "out.jsonl").read_text()
    assert "geheim" not in text
    settings = lines(bench.path / "out.jsonl")[0]["settings"]
    assert (settings["hosts"], settings["openai_urls"]) == (["http://127.0.0.1:1/x@y"], ["127.0.0.1:2/v1"])
