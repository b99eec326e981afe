"""A wrong address is a usage error: of an option or an ini value at once, of the environment at a prompt file."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Bench

USAGE = pytest.ExitCode.USAGE_ERROR
CASE = "prompt: hi\nmarks: [xfail]\nchecks: [{contains: hello}]"


def refused(result: pytest.RunResult, *words: str) -> None:
    said = result.stderr.str() + result.stdout.str()
    assert result.ret == USAGE, said
    for word in (*words, "ERROR: "):
        assert word in said
    for word in ("Traceback", "INTERNALERROR", "FAILED", "XFAIL", "secret"):
        assert word not in said


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("host", "ftp://h", "ftp://… is no address of an Ollama server"),
        ("host", "localhost:1143x", "'1143x' is no port"),
        ("host", "me:secret@a b", "no host name"),
        ("host", "1.2.3.400", "no host name"),
        ("openai-url", "me:secret@ x", "no host name"),
        ("openai-url", "http://h:99999", "no URL"),
        ("openai-url", "http://h/v1?api_key=secret", "a key goes into OPENAI_API_KEY"),
    ],
)
def test_of_an_option_or_an_ini_value_at_the_start(bench: Bench, name: str, value: str, words: str) -> None:
    bench.file("test_a.py", "def test_a(): pass\n")
    refused(bench.run(f"--llm-{name}={value}"), f"--llm-{name}: ", words)
    ini = f"llm_{name.replace('-', '_')}"
    bench.file("pytest.ini", f"[pytest]\n{ini} = {value}\n")
    refused(bench.run(), f"{ini}: ", words)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("OLLAMA_HOST", "ftp://me:secret@h", "OLLAMA_HOST: ftp://… is no address"),
        ("OLLAMA_HOST", "no host", "OLLAMA_HOST: the server's address is no host name; write host:port or a URL"),
        ("OPENAI_BASE_URL", "http://", "OPENAI_BASE_URL: "),
        ("PYTEST_LLM_HEADERS", "X-Token secret", "PYTEST_LLM_HEADERS: line 1 of PYTEST_LLM_HEADERS is no header"),
        ("OPENAI_API_KEY", "sécret", "OPENAI_API_KEY holds characters"),
    ],
)
def test_of_the_environment_at_the_first_prompt_file(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    bench.file("test_a.py", "def test_a(): pass\n")
    monkeypatch.setenv(name, value)
    bench.run().assert_outcomes(passed=1)
    bench.case(CASE)
    refused(bench.run(), words)
    assert bench.server.requests == []


@pytest.mark.parametrize("mode", [["-n2"], ["-p", "no:xdist"]])
def test_of_the_environment_with_and_without_xdist(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, mode: list[str]
) -> None:
    bench.case(CASE)
    monkeypatch.setenv("OLLAMA_HOST", "ftp://h")
    refused(bench.process(*mode), "OLLAMA_HOST: ftp://… is no address")


def test_what_the_command_line_replaces_is_not_looked_at(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    monkeypatch.setenv("OLLAMA_HOST", "ftp://h")
    bench.run(f"--llm-host={bench.server.url}").assert_outcomes(passed=1)


def test_a_server_bound_to_every_address_is_found(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    port = bench.server.url.rpartition(":")[2]
    for host in ("0.0.0.0", "[::]"):
        monkeypatch.setenv("OLLAMA_HOST", f"{host}:{port}")
        bench.run().assert_outcomes(passed=1)


def test_what_no_engine_should_raise_is_an_error(bench: Bench) -> None:
    bench.file(
        "conftest.py",
        """
        from pytest_llm.errors import InputError
        from pytest_llm.providers.base import ModelInfo

        class Echo:
            async def prepare(self, model):
                return ModelInfo(server="echo", blob="")

            async def chat(self, request):
                raise InputError("its settings are wrong")

            async def close(self):
                pass

        def pytest_llm_provider(engine, settings):
            return Echo() if engine == "echo" else None
        """,
    )
    bench.case(CASE)
    result = bench.run("--llm-engine=echo")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*its settings are wrong*"])
