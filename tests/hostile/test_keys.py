"""A key or a password is in no output, whoever sends it back."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.acceptance.conftest import Bench

PASSWORD, KEY = "pw-geheim-123", "sk-geheim-456"


@pytest.fixture
def leaky(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A server that tells what it was sent: in an answer, in a finding, in an error, in the name of a model."""
    monkeypatch.setenv("PYTEST_LLM_HEADERS", f"X-Api-Key: {KEY}")
    said = f"the key is {KEY}, the password {PASSWORD}"
    bench.server.answer("", f"{said}\n")
    bench.server.add_model(f"other-{KEY}")
    bench.case("prompt: hi\nchecks: [{contains: nothing of this}]", "failed")
    bench.case("prompt: hi\nchecks: [{contains: the key}]", "passed")
    bench.case(
        f"prompt: hi\nchecks: [{{json_path: {{path: $.x, equals: 1}}}}, {{regex: '{KEY[:5]}.*nope'}}]", "json"
    )
    bench.case("prompt: hi\nmodels: othr\nchecks: [{contains: x}]", "missing")
    return bench


@pytest.mark.parametrize("mode", [("-p", "no:xdist"), ("-n2",)], ids=" ".join)
def test_nothing_shows_them(leaky: Bench, mode: tuple[str, ...]) -> None:
    host = leaky.server.url.replace("://", f"://ann:{PASSWORD}@")
    outputs = ("--llm-stream", "--junitxml=junit.xml", "--html=report.html", "--self-contained-html", "-vv", "-rA")
    result = leaky.process(*mode, *outputs, "--llm-host", host)
    result.assert_outcomes(passed=1, failed=2, errors=1)
    again = [line for line in result.outlines if "again: " in line and "failed" in line]
    assert [("--llm-host" in line, "ann:***@" in line) for line in again] == [(True, True)]
    shown = {"stdout": result.stdout.str(), "stderr": result.stderr.str()}
    files = (file for file in leaky.path.rglob("*") if file.is_file() and not file.name.endswith(".yaml"))
    shown |= {str(file): file.read_text(errors="replace") for file in files}
    assert any("cells.jsonl" in name for name in shown)
    assert [name for name, text in shown.items() if PASSWORD in text or KEY in text] == []


def event(**choice: object) -> str:
    return f"data: {json.dumps({'choices': [{'index': 0, **choice}]})}\n\n"


END = event(delta={}, finish_reason="stop") + "data: [DONE]\n\n"

# What a server of the OpenAI dialect sends where the model is called so: status, headers, body.
ECHOES: dict[str, tuple[int, dict[str, str], str]] = {
    "error": (400, {}, json.dumps({"error": {"message": f"wrong key {KEY}"}})),
    "line": (200, {}, f'data: {{"error": {{"message": "no credit for {KEY}"}}}}\n\n'),
    "title": (200, {"Content-Type": "text/html"}, f"<html><title>{KEY}</title></html>"),
    "finish": (200, {}, event(delta={"content": "hi"}) + event(delta={}, finish_reason=KEY) + "data: [DONE]\n\n"),
    "call": (
        200,
        {},
        event(delta={"tool_calls": [{"index": 0, "function": {"name": KEY, "arguments": KEY}}]}) + END,
    ),
    "busy": (429, {"Retry-After": "0"}, f"slow down, {KEY}"),
    "garbage": (200, {}, f"{KEY}\n"),
    "cut": (200, {}, event(delta={"content": "hi"}) + f"data: {'x' * 193} {KEY}\n\n"),
    "cut error": (200, {}, f'data: {{"error": {{"message": "{"x" * 193} {KEY}"}}}}\n\n'),
    # The last: a server that sends elsewhere is asked no more.
    "location": (302, {"Location": f"http://127.0.0.1:9/{KEY}"}, ""),
}


class Echo(BaseHTTPRequestHandler):
    """Answers by the model's name, and lists models that are called as the key."""

    def do_GET(self) -> None:
        self._send(200, {}, json.dumps({"data": [{"id": f"other-{KEY}"}]}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._send(*ECHOES[body["model"]])

    def _send(self, status: int, headers: dict[str, str], body: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


def test_a_key_that_a_server_sends_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    models = ", ".join(f"openai:{name}" for name in ECHOES)
    bench.case(f"prompt: hi\nmodels: [{models}]\nchecks: [{{contains: hi}}]")
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1"
        result = bench.process("--llm-openai-url", url, "--junitxml=junit.xml", "-vv", "-rA")
        server.shutdown()
    counts = result.parseoutcomes()
    assert (counts["passed"], counts["failed"], counts["errors"]) == (1, 1, len(ECHOES) - 2)
    shown = {"output": result.stdout.str() + result.stderr.str()}
    shown |= {str(file): file.read_text() for file in bench.path.rglob("*.jsonl")}
    shown["junit"] = (bench.path / "junit.xml").read_text()
    assert len(shown) == 3
    assert [name for name, text in shown.items() if KEY[:6] in text] == []


@pytest.mark.parametrize("option", ["--llm-host", "--llm-openai-url"])
def test_an_address_that_is_none_is_told_without_its_password(leaky: Bench, option: str) -> None:
    result = leaky.run(option, f"ftp://ann:{PASSWORD}@host:99999999")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert PASSWORD not in result.stdout.str() + result.stderr.str()


STORES = ("host=x password={} dbname=y", "postgresql:/ann:{}@host/db", "postgresql://host/db?sslpassword={}")


@pytest.mark.parametrize("address", STORES)
def test_the_address_of_a_store_is_told_without_its_password(leaky: Bench, address: str) -> None:
    result = leaky.run("--llm-store", address.format(PASSWORD))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert PASSWORD not in result.stdout.str() + result.stderr.str()
