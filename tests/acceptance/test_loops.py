"""A model that repeats itself until the server gives up, on an old Ollama, a new one, and one that says so."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Bench
from tests.fake_ollama import FakeOllama, Script

LOOP = Script(("Well", ",", *(" go",) * 400), verbatim=True)
BLANKS = Script(('{"a": 1}', *("\n",) * 400), verbatim=True)


@pytest.mark.parametrize("version", ["0.24.0", "0.33.0", "0.34.0"])
def test_a_loop_is_the_models_failure(bench: Bench, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    with FakeOllama(version) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        server.add_model("m", capabilities=("completion", "thinking"))
        server.answer("go", LOOP)
        server.answer("blanks", BLANKS)
        bench.case("prompt: go\nthink: [off, on]\nchecks: [{contains: Well}]", "a")
        bench.case("prompt: blanks\nthink: off\nformat: json\nchecks: [{json_path: {path: $.a, equals: 1}}]", "b")
        result = bench.run()
        result.assert_outcomes(failed=3)
        result.stdout.fnmatch_lines(["*the model repeated 'go' until the server gave up*", "*Well, go go go*"])
        result.stdout.fnmatch_lines(["*the model repeated blanks until the server gave up*"])
        assert len(server.asked()) == 3


@pytest.mark.parametrize("version", ["0.24.0", "0.33.0", "0.34.0"])
def test_a_loop_over_v1_too(bench: Bench, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    with FakeOllama(version) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        server.add_model("m")
        server.answer("go", LOOP)
        bench.case("models: openai:m\nprompt: go\nchecks: [{contains: Well}]")
        result = bench.run()
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*the model repeated 'go' until the server gave up*"])
        assert len(server.asked("/v1/chat/completions")) == 1


@pytest.mark.parametrize("version", ["0.24.0", "0.33.0"])
def test_a_broken_connection_is_none(bench: Bench, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    with FakeOllama(version) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        server.add_model("m")
        server.answer("go", Script(("Well", ",", *(" go",) * 20), verbatim=True))
        server.fault("reset", times=None, after=15)
        bench.case("prompt: go\nchecks: [{contains: Well}]")
        bench.run().assert_outcomes(errors=1)
