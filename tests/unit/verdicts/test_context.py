"""Whether question and answer fitted, by the counts of servers that say nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.models.modelfile import parse
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Response, Usage
from pytest_llm.verdicts import luck
from tests.unit.verdicts.test_bounds import CHINESE, IDS, MEASURED, PHRASES, RUSSIAN

ENGLISH = "The quick brown fox jumps over the lazy dog near the old river bank again. "  # 16 tokens or so
EXAMPLE = "Classify this expense: a subway ticket for two dollars. It is transport, of course. "


def ask(*texts: str, **options: int) -> ChatRequest:
    return ChatRequest(
        ModelRef("m", "ollama", "m"), tuple(Message("user", text) for text in texts), options=options
    )


def read(tokens: int | None, context: int | None, answer: int | None = None, **more: Any) -> Response:
    usage = Usage(prompt_tokens=tokens, answer_tokens=answer, answer_only=more.pop("answer_only", False))
    return Response("ok", context_length=context, usage=usage, **more)


def found(request: ChatRequest, response: Response, *allow: str) -> list[tuple[str, str]]:
    return [(finding.kind, finding.severity) for finding in luck.findings(request, response, allow)]


TRIMMED, UNSURE, CUT = [("trimmed", "failure")], [("trimmed", "warning")], [("cut", "failure")]


@pytest.mark.parametrize(
    ("request_", "response", "expected"),
    [
        # cut to the whole context, as before 0.30
        (ask(ENGLISH * 60), read(512, 512), TRIMMED),
        (ask(ENGLISH * 60), read(500, 500), TRIMMED),
        (ask("hi"), read(4096, 4096), TRIMMED),
        # cut to half of it, as from 0.30 on
        (ask(ENGLISH * 215), read(2050, 4096), TRIMMED),
        (ask(ENGLISH * 25), read(258, 512), TRIMMED),
        (ask(ENGLISH * 25), read(259, 512), TRIMMED),
        (ask(ENGLISH * 25, num_keep=24), read(268, 512), TRIMMED),
        (ask(ENGLISH * 50, num_keep=24), read(268, 512), TRIMMED),
        (ask(ENGLISH * 100, num_keep=-1), read(511, 512), TRIMMED),
        (ask(CHINESE * 100), read(2050, 4096), TRIMMED),
        (ask(RUSSIAN * 200), read(2050, 4096), TRIMMED),
        # the oldest messages dropped
        (ask(*[EXAMPLE] * 45), read(240, 512), TRIMMED),
        (ask(*[EXAMPLE] * 62), read(475, 512), TRIMMED),
        (ask("word " * 4000), read(1500, 2048), TRIMMED),
        # the context unknown
        (ask("word " * 6000), read(1026, None), TRIMMED),
        (ask(ENGLISH * 375), read(1026, None), TRIMMED),
        (ask(CHINESE * 160), read(1026, None), TRIMMED),
        (ask("word " * 6000), read(2999, None), TRIMMED),
        (ask("word " * 6000), read(3001, None), UNSURE),
        (ask("word " * 6000), read(5999, None), UNSURE),
        (ask("word " * 6000), read(6000, None), []),
        # where it may be, and may not
        (ask(CHINESE * 30), read(2050, 4096), UNSURE),
        (ask("x" * 1500), read(258, 512), UNSURE),
        # read whole
        (ask("hi"), read(509, 512), []),
        (ask("hi"), read(511, 512), []),
        (ask("hi"), read(258, 512), []),
        (ask("hi"), read(None, 512), []),
        (ask("hi"), read(0, 512), []),
        (ask(ENGLISH * 16), read(257, 512), []),
        (ask("hi"), read(505, 500, refuses=True), []),
        (ask(ENGLISH * 60), read(258, 512, refuses=True), []),
        (ask("hi"), read(1000, 1000, answer_only=True), []),
        # a server that was told to refuse, and cut all the same
        (ask("hi"), read(4096, 4096, refuses=True), TRIMMED),
    ],
)
def test_a_prompt_that_was_not_read_whole(
    request_: ChatRequest, response: Response, expected: list[tuple[str, str]]
) -> None:
    assert found(request_, response) == expected
    assert found(request_, response, "trimmed") == []


@pytest.mark.parametrize("name", IDS)
def test_a_prompt_that_was_read_whole_is_never_called_trimmed(name: str) -> None:
    text, fewest, most = {**MEASURED, **PHRASES}[name]
    for tokens in (fewest, (fewest + most) // 2, most):
        half = 2 * tokens - 4  # of this context, just as many would be left
        for context in (tokens + 1, tokens + 2, tokens + 100, half + 1, 2 * tokens + 7, 131072, None):
            kinds = found(ask(text), read(tokens, context))
            assert ("trimmed", "failure") not in kinds, (tokens, context)


@pytest.mark.parametrize("name", MEASURED)
def test_where_it_could_be_a_cut_prompt_it_is_a_warning_at_most(name: str) -> None:
    text, fewest, most = MEASURED[name]
    for tokens in (fewest, most):
        for context in (2 * tokens - 4, 2 * tokens - 5, 2 * tokens - 6):
            assert ("trimmed", "failure") not in found(ask(text), read(tokens, context)), (tokens, context)


def test_the_modelfiles_own_messages_are_a_part_of_the_prompt() -> None:
    lines = "".join(f'MESSAGE user """{ENGLISH * 40}"""\n' for _ in range(2))
    spec = parse(f"FROM m\nSYSTEM {ENGLISH * 40}\n{lines}", Path("m.Modelfile"))
    request = replace(ask("hi"), model=ModelRef("m", "ollama", "m", spec=spec))
    assert found(request, read(400, 512)) == TRIMMED
    assert found(request, read(2000, 4096)) == []


@pytest.mark.parametrize("markup", ["<think>\n{}\n</think>\n\n{}", "{}\n</think>\n{}", "[THINK]{}[/THINK]{}"])
@pytest.mark.parametrize("context", [None, 400, 4096])
def test_thinking_in_earlier_answers_need_not_be_read(markup: str, context: int | None) -> None:
    answer = markup.format(ENGLISH * 30, "transport")
    shots = [Message("user", EXAMPLE), Message("assistant", answer)] * 4
    request = replace(ask(), messages=(*shots, Message("user", EXAMPLE)))
    assert found(request, read(150, context)) == []
    own = "".join(f'MESSAGE {m.role} """{m.content}"""\n' for m in shots)
    spec = parse(f"FROM m\n{own}", Path("m.Modelfile"))
    assert found(replace(ask(EXAMPLE), model=ModelRef("m", "ollama", "m", spec=spec)), read(150, context)) == []


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (read(118, 256, 176), CUT),
        (read(118, 256, 139), []),  # the last of these ends the turn
        (read(118, 256, 140), CUT),
        (read(118, 256, None), []),
        (read(None, 256, 176), []),
        (read(118, None, 176), []),
        (read(450, 500, 60, refuses=True), []),  # llama.cpp rounds the context up, and stops there
        (read(450, 500, 64, refuses=True), CUT),
        (read(200, 256, 100, answer_only=True), CUT),
        (read(256, 256, 9, answer_only=True), CUT),
    ],
)
def test_an_answer_that_outgrew_the_context(response: Response, expected: list[tuple[str, str]]) -> None:
    assert found(ask("hi"), response) == expected
    assert found(ask("hi"), response, "cut") == []


@pytest.mark.parametrize(
    ("response", "request_", "words"),
    [
        (read(118, 256, 176), ask("hi"), "the answer outgrew the context: 118 and 176 tokens, and num_ctx=256"),
        (
            replace(read(68, 256, 188), finish="length"),
            ask("hi"),
            "was cut where the context ends: 68 and 188 tokens, and num_ctx=256",
        ),
        (replace(read(68, 256, 188), finish="length"), ask("hi", num_predict=188), "was cut at num_predict=188"),
        (replace(read(68, 256, 188), finish="length"), ask("hi", num_predict=900), "where the context ends"),
        (replace(read(68, 256, 7), finish="length"), ask("hi"), "cut by the length limit"),
        (
            replace(read(68, 256, 188), finish="length", text="", thinking="hm"),
            ask("hi"),
            "the whole budget: it was cut where the context ends",
        ),
    ],
)
def test_where_an_answer_ended_is_told(response: Response, request_: ChatRequest, words: str) -> None:
    assert [words in finding.message for finding in luck.findings(request_, response)] == [True]


def test_where_trimming_is_allowed_a_prompt_may_fill_the_context() -> None:
    request = replace(ask("hi"), trim=True)
    assert found(request, read(512, 512, 100), "trimmed") == []
    assert found(request, read(512, 512, 600), "trimmed") == CUT
    assert found(request, read(258, 512, 300), "trimmed") == CUT
