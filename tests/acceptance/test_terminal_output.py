"""What a model or a server wrote is shown without doing anything to the terminal or to a CI log."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.acceptance.conftest import Bench
from tests.fake_ollama import Script

HOSTILE = (
    "\x1b[2J\x1b]0;title\x07\x1b[31mred \x9b1m\r overwritten \x08\x7f nul \x00\n"
    "::error file=a,line=1::wrong\n  ::set-output name=x::y\n##[error]wrong\n"
    "##vso[task.complete result=Failed;]x\nsee ##teamcity[testFailed name='x']\n--- title\n ^^^ +++\n"
    "travis_fold:start:x section_start:1560896352:x\n"
    "left \u202eright\u202c \u2066x\u2069 \u2028 line"
)
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|\r(?!\n)")
COMMAND = re.compile(
    r"^\s*(::|(---|\+\+\+|~~~|\^\^\^) )|##(vso|teamcity)?\[|travis_fold:|section_start:", re.MULTILINE
)


def shown(result: pytest.RunResult) -> str:
    """What was printed, bytes and all; nothing in it is a command."""
    text = (result.stdout.str() + result.stderr.str()).replace("\r\n", "\n")
    assert not FORBIDDEN.search(text), FORBIDDEN.search(text)
    assert not COMMAND.search(text)
    return text


@pytest.fixture
def hostile(bench: Bench) -> Bench:
    """Cases that pass, fail, are skipped and end in an error, with hostile text wherever a stranger may write."""
    bench.server.add_model("m", capabilities=["completion", "thinking"])
    bench.server.answer("", Script(f"hello {HOSTILE}", f"thinking {HOSTILE}"))
    bench.case("prompt: hi\nthink: on\nchecks: [{contains: hello}]", "passes")
    bench.case("prompt: hi\nthink: on\nchecks: [{equals: zzz}, {regex: zzz}, {json_path: {path: $.a}}]", "fails")
    bench.case("prompt: hi\nchecks: [{schema: {type: object}}, {compile: python}]", "breaks")
    bench.case('prompt: "hi \\e[2J\\r\\n::error::x"\nchecks: [{own: 1}]', "raises")
    bench.file(
        "conftest.py",
        """
        from pytest_llm import check

        @check("own")
        def own(artifact, value=None):
            raise ValueError(artifact.answer)
        """,
    )
    return bench


@pytest.mark.parametrize(
    "arguments",
    [["-v"], ["--tb=short"], ["--tb=line"], ["--tb=long", "-vv"], ["-s"], ["-q", "-n2"], ["--color=no", "-rA"]],
)
def test_no_control_of_a_strangers(hostile: Bench, arguments: list[str]) -> None:
    result = hostile.process(*arguments)
    result.assert_outcomes(passed=1, failed=2, errors=1)
    assert "hello" in shown(result)


class Rude(BaseHTTPRequestHandler):
    """Answers everything with an error in hostile words."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps({"error": {"message": HOSTILE}}).encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("model", ["m", "openai:m"])
def test_a_servers_words_are_harmless_too(bench: Bench, model: str) -> None:
    bench.case(f"models: '{model}'\nprompt: hi\nchecks: [{{contains: x}}]")
    with ThreadingHTTPServer(("127.0.0.1", 0), Rude) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        result = bench.process(f"--llm-host={url}", f"--llm-openai-url={url}/v1")
        server.shutdown()
    result.assert_outcomes(errors=1)
    assert "red" in shown(result)


def test_the_matrix_has_no_gaps(bench: Bench) -> None:
    bench.server.add_model("m", capabilities=["completion", "thinking"])
    bench.case("prompt: hi\nthink: [off, on]\nchecks: [{not_contains: zzz}]", "fine")
    lines = bench.pytester.runpytest_inprocess().outlines
    heading = next(number for number, line in enumerate(lines) if " llm cells " in line)
    below = lines[heading + 1 : heading + 4]
    assert [line.split() for line in below] == [
        ["m", "m"],
        ["think", "off", "think", "on"],
        ["fine", "pass", "pass"],
    ]
