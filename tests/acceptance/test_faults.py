"""Every way in which a server can fail, as a user of pytest meets it, with pytest-xdist and without."""

from __future__ import annotations

import re

import pytest

from tests.acceptance.conftest import Bench
from tests.helpers.faulty import equip
from tests.helpers.tiny_gguf import write_gguf

MODES = pytest.mark.parametrize("mode", [["-p", "no:xdist"], ["-n2"]])
TWO_CELLS = (
    "models: {model}\nprompt: hi {{{{ n }}}}\nparametrize: [{{n: 1}}, {{n: 2}}]\nchecks: [{{contains: hello}}]"
)


@MODES
def test_the_verdict_of_each_failing_model(bench: Bench, mode: list[str]) -> None:
    expected = equip(bench.server, without=["queue-full"])  # whose pauses take half a minute: once is enough
    asked = "prompt: say hello\noptions: {num_ctx: 4096}\nchecks: [{contains: hello}]"
    bench.case(f"models: {list(expected)}\n{asked}")
    result = bench.process(*mode, "--llm-slots=4")
    told = re.compile(r"^(PASSED|FAILED|ERROR|SKIPPED) t\.prompt\.yaml::t\[([^\]]+)\]", re.MULTILINE)
    found = told.findall(result.stdout.str())
    assert {model: outcome.lower() for outcome, model in found} == expected
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


@MODES
@pytest.mark.parametrize(
    ("fault", "path", "words"),
    [
        ("silent", "/api/chat", "took the request and sent nothing for 1 s"),
        ("stalled", "/api/chat", "fell silent: no line for 1 s"),
        ("html", "/", "a proxy"),
        ("html-504", "/api/show", "answered 504"),
        ("forbidden", "/api/version", "Host or Origin"),
        ("refused", "", "nothing listens"),
    ],
)
def test_a_server_that_fails_whomever_it_is_asked_for(
    bench: Bench, fault: str, path: str, words: str, mode: list[str]
) -> None:
    bench.case(TWO_CELLS.format(model="m"))
    bench.server.fault(fault, times=None, path=path)
    result = bench.process(*mode, "--llm-first-byte-timeout=1", "--llm-silence-timeout=1")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines([f"*{words}*"])
    result.stdout.no_fnmatch_line("*Traceback*")


@MODES
@pytest.mark.parametrize(
    ("fault", "base", "words"),
    [
        ("blob-mismatch", "./tiny.gguf", "digest mismatch"),
        ("create-failed", "./tiny.gguf", "no space left on device"),
        ("pull-failed", "far/away", "file does not exist"),
    ],
)
def test_a_model_that_cannot_be_built(bench: Bench, fault: str, base: str, words: str, mode: list[str]) -> None:
    modelfile = bench.file("modelfiles/mine.Modelfile", f"FROM {base}\n")
    write_gguf(modelfile.with_name("tiny.gguf"))
    bench.case(TWO_CELLS.format(model="mine"))
    bench.server.publish("far/away")
    bench.server.fault(fault, times=None)
    result = bench.process(*mode, "--llm-pull")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines([f"*{words}*"])
    result.stdout.no_fnmatch_line("*Traceback*")
