"""Prompts and answers that do not fit into the context, on Ollama servers of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.acceptance.conftest import Bench
from tests.fake_ollama import FakeOllama, Script

JINJA = "{{ messages }}"  # of the GGUF itself: from 0.30 on such a model is llama.cpp's to render
RENDERED, NATIVE, OLDEST = ("0.24.0", "0.33.0"), "0.33.0", "0.12.3"  # the last knows neither truncate nor shift
MODES = pytest.mark.parametrize("mode", [["-p", "no:xdist"], ["-n2"]])
LONG = f"prompt: {'a word and another one ' * 120}\noptions: {{num_ctx: 512}}\nchecks: [{{contains: hello}}]\n"
SHOTS = "".join(f"  - {{user: what is the word {n} of these, assistant: it is the word {n}}}\n" for n in range(60))
MANY = f"prompt: say hello\nexamples:\n{SHOTS}options: {{num_ctx: 512}}\nchecks: [{{contains: hello}}]\n"
ENDLESS = "prompt: say it\noptions: {num_ctx: 256}\nchecks: [{contains: hello}]\n"
FEW = "\n".join(" " * 70 + chr(97 + n % 26) for n in range(330))  # some 990 tokens to GPT-4
Served = Callable[..., FakeOllama]


@pytest.fixture
def served(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Puts another server behind the bench."""
    with ExitStack() as stack:

        def serve(version: str, **model: object) -> FakeOllama:
            server = stack.enter_context(FakeOllama(version))
            monkeypatch.setenv("OLLAMA_HOST", server.url)
            server.add_model("m", **model)
            server.answer("", "hello world")
            return server

        yield serve


@MODES
@pytest.mark.parametrize(("version", "template"), [*((v, "") for v in RENDERED), (NATIVE, JINJA)])
def test_a_prompt_that_does_not_fit_fails(
    bench: Bench, served: Served, version: str, template: str, mode: list[str]
) -> None:
    server = served(version, chat_template=template)
    bench.case(LONG, "long")
    bench.case(MANY, "many")
    result = bench.process(*mode)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*the prompt does not fit*"])
    assert [body["truncate"] for body in server.asked()] == [False, False]


@pytest.mark.parametrize(
    ("version", "template", "outcome"),
    [*((v, "", {"passed": 2}) for v in RENDERED), (NATIVE, JINJA, {"failed": 2})],
)
def test_what_trims_may_do_so_where_the_case_allows_it(
    bench: Bench, served: Served, version: str, template: str, outcome: dict[str, int]
) -> None:
    server = served(version, chat_template=template)
    bench.case(f"allow: trimmed\n{LONG}", "long")
    bench.case(f"allow: [trimmed]\n{MANY}", "many")
    bench.run().assert_outcomes(**outcome)
    assert not any(body.keys() & {"truncate", "shift"} for body in server.asked())


def test_a_server_that_cannot_be_told_is_told_on_by_its_counts(bench: Bench, served: Served) -> None:
    served(OLDEST)
    bench.case(LONG, "long")
    bench.case(MANY, "many")
    bench.case("prompt: say hello\noptions: {num_ctx: 512}\nchecks: [{contains: hello}]", "short")
    result = bench.run()
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(["*the server trimmed the prompt: 512 tokens of it were read*"])
    result.stdout.fnmatch_lines(["*the server dropped a part of the messages*"])


@pytest.mark.parametrize("version", [OLDEST, *RENDERED])
@pytest.mark.parametrize(
    "text", ["\n".join(" " * 70 + chr(97 + n % 26) for n in range(330)), "=" * 20000, "ha" * 9000]
)
def test_a_long_prompt_that_was_read_whole_passes(bench: Bench, served: Served, version: str, text: str) -> None:
    served(version)
    (bench.path / "question.txt").write_text(text)
    bench.case("prompt: {file: question.txt}\noptions: {num_ctx: 8192}\nchecks: [{contains: hello}]")
    bench.run().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("version", "words"), [(OLDEST, "outgrew the context"), *((v, "cut where the context ends") for v in RENDERED)]
)
def test_an_answer_that_outgrows_the_context_fails(bench: Bench, served: Served, version: str, words: str) -> None:
    server = served(version)
    server.answer("", Script([f" hello{n}" for n in range(400)], verbatim=True))
    bench.case(ENDLESS, "a")
    bench.case(f"allow: cut\n{ENDLESS}", "b")
    result = bench.run()
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines([f"*{words}*"])


@MODES
@pytest.mark.parametrize(("version", "loads"), [("0.24.0", 1), ("0.33.0", 2)])
def test_cells_that_allow_trimming_are_a_group_of_their_own(
    bench: Bench, served: Served, version: str, loads: int, mode: list[str]
) -> None:
    server = served(version)
    for name, first in zip("abcdef", ("", "allow: trimmed\n") * 3, strict=True):
        bench.case(f"{first}prompt: {name}\nchecks: [{{contains: hello}}]", name)
    bench.process(*mode).assert_outcomes(passed=6)
    assert len(server.loads) == loads


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("0.24.0", "*the server trimmed the prompt: 512 tokens of it were read*"),
        ("0.33.0", "*to half of its context*"),
    ],
)
def test_over_v1_the_models_own_context_is_known(
    bench: Bench, served: Served, monkeypatch: pytest.MonkeyPatch, version: str, words: str
) -> None:
    server = served(version, parameters={"num_ctx": 512})
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    body = f"prompt: {'some words here ' * 130}\nchecks: [{{contains: hello}}]\n"
    bench.case(f"models: openai:m\n{body}", "long")
    bench.case(f"models: openai:m\nallow: trimmed\n{body}", "allowed")
    bench.case("models: openai:m\nprompt: say hello\nchecks: [{contains: hello}]\n", "short")
    result = bench.run()
    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines([words])
