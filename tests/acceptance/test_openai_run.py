"""Servers that speak the OpenAI dialect: a real llama.cpp, and the fake one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.acceptance.conftest import Bench
from tests.fake_ollama import FakeOllama

ROOT = Path(__file__).parents[2]
KEY = "sk-SECRET-0123456789"
LLAMA = """
import sys, xllamacpp
p = xllamacpp.CommonParams()
p.model.path, p.api_keys, p.n_ctx, p.n_parallel = sys.argv[1], [sys.argv[2]], 8192, 1
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
p.verbosity = 1
server = xllamacpp.Server(p)
print(server.listening_address, flush=True)
sys.stdin.read()
import os
os._exit(0)
"""


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    """The URL of a llama-server that has the demo model."""
    pytest.importorskip("xllamacpp")
    command = [sys.executable, "-c", LLAMA, str(ROOT / "modelfiles" / "demo.gguf"), KEY]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for line in server.stdout:
            if line.startswith(b"http"):
                break
        yield line.decode().strip()
        server.stdin.close()


@pytest.fixture
def secret(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("PYTEST_LLM_OPENAI_KEY", KEY)
    return bench


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_shipped_cases_on_a_real_server(secret: Bench, llama: str, mode: list[str]) -> None:
    shutil.copytree(ROOT / "cases" / "structured", secret.path / "structured")
    secret.file("_defaults.yaml", "options: {temperature: 0}\n")
    result = secret.process(
        "structured",
        "--llm-model=openai:demo",
        "--llm-think=on",
        "--llm-think=off",
        f"--llm-openai-url={llama}/v1",
        *mode,
    )
    assert result.parseoutcomes().get("passed", 0) > 20, result.stdout.str()
    assert set(result.parseoutcomes()) <= {"passed", "warnings"}, result.stdout.str()


def test_a_wrong_key_is_one_clear_error(bench: Bench, llama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_LLM_OPENAI_KEY", "sk-wrong")
    bench.case("models: openai:demo\nprompt: hi\nchecks: [{contains: x}]")
    bench.case("models: openai:demo\nprompt: ho\nchecks: [{contains: x}]", "u")
    result = bench.process(f"--llm-openai-url={llama}/v1")
    result.assert_outcomes(errors=2)
    shown = result.stdout.str()
    assert "401" in shown
    assert "PYTEST_LLM_OPENAI_KEY" in shown
    assert "sk-wrong" not in shown


class Elsewhere(BaseHTTPRequestHandler):
    """Sends everybody on to another server, and notes what it was shown."""

    target = ""
    shown: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(307)
        self.send_header("Location", f"{self.target}{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


def test_the_key_goes_nowhere_else_and_is_never_shown(secret: Bench) -> None:
    with FakeOllama("llama-server", api_key=KEY) as other:
        other.add_model("m")
        Elsewhere.target = other.url
        with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}/v1"
            secret.case("models: openai:m\nprompt: hi\nchecks: [{contains: x}]")
            result = secret.process(
                f"--llm-openai-url={url}", "--junitxml=j.xml", "--html=r.html", "--tb=long", "-l"
            )
            server.shutdown()
        result.assert_outcomes(errors=1)
        assert [request for request in other.requests if KEY in str(request)] == []
    texts = [
        result.stdout.str(),
        result.stderr.str(),
        *((secret.path / name).read_text() for name in ("j.xml", "r.html")),
    ]
    assert [text for text in texts if KEY in text] == []


def test_a_url_from_an_ini_file_gets_no_key(secret: Bench) -> None:
    secret.file("pytest.ini", f"[pytest]\nllm_openai_url = {secret.server.url}/v1\n")
    secret.case("models: openai:m\nprompt: hi\nchecks: [{contains: hello}]")
    secret.process().assert_outcomes(passed=1)
    assert secret.server.requests != []
    assert [request for request in secret.server.requests if KEY in str(request)] == []
    secret.process(f"--llm-openai-url={secret.server.url}/v1").assert_outcomes(passed=1)
    assert [request for request in secret.server.requests if KEY in str(request)] != []


def test_no_url_is_told_what_to_set(bench: Bench) -> None:
    bench.case("models: openai:m\nprompt: hi\nchecks: [{contains: hello}]")
    result = bench.process()
    result.assert_outcomes(errors=1)
    assert "--llm-openai-url" in result.stdout.str()
