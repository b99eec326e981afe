from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.errors import (
    BrokenAnswer,
    GenerationTimeout,
    InputError,
    ModelUnavailable,
    PytestLlmError,
    RequestRefused,
    ServerBusy,
    ServerDown,
    Unsupported,
)
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Response
from pytest_llm.providers.scripted import Answer, ScriptedProvider, load, written

SCRIPT = """
- match: cache
  think: off
  text: quick
- match: (?i)cache
  text: "slow and right\\n"
  thinking: let me see
- match: once
  times: 1
  error: broken
  text: half of
- match: once
  text: whole
- match: measured
  text: one two three
  delay: 200ms
  rate: 2
  finish: length
  usage: {prompt_tokens: 99, load_seconds: 0.5}
- {match: down, error: down}
- {match: unavailable, error: unavailable}
- {match: refused, error: refused}
- {match: busy, error: busy}
- {match: unsupported, error: {kind: unsupported, message: no eyes}}
- {match: timeout, error: timeout, text: half}
"""


class Clock:
    """Adds up what it is asked to wait."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "answers.yaml"
    path.write_text(SCRIPT)
    return path


def request(path: Path, text: str, **fields: Any) -> ChatRequest:
    return ChatRequest(ModelRef("scripted:answers.yaml", "scripted", str(path)), (Message("user", text),), **fields)


def asked(request: ChatRequest, clock: Clock | None = None) -> Response:
    return asyncio.run(ScriptedProvider(clock or Clock()).chat(request))


@pytest.mark.parametrize(
    ("text", "think", "answer", "thinking"),
    [
        ("a cache", False, "quick", ""),
        ("a cache", True, "slow and right\n", "let me see"),
        ("a cache", None, "slow and right\n", "let me see"),
        ("a cache", "high", "slow and right\n", "let me see"),
        ("a Cache", False, "slow and right\n", ""),
    ],
)
def test_the_first_that_fits(script: Path, text: str, think: bool | str | None, answer: str, thinking: str) -> None:
    found = asked(request(script, text, think=think))
    assert (found.text, found.thinking, found.finish) == (answer, thinking, "stop")


def test_the_numbers(script: Path) -> None:
    clock = Clock()
    found = asked(request(script, "a measured thing"), clock)
    assert clock.waited == [0.2, 1.5]
    assert (found.usage.answer_tokens, found.usage.answer_seconds, found.usage.rate) == (3, 1.5, 2)
    assert (found.usage.prompt_tokens, found.usage.load_seconds) == (99, 0.5)
    assert (found.first_token, found.wall, found.finish) == (0.2, 1.7, "length")
    plain = asked(request(script, "once more a cache", think=False))
    assert (plain.usage.prompt_tokens, plain.usage.rate) == (4, 1000)


def test_num_predict_cuts(script: Path) -> None:
    found = asked(request(script, "a cache", think=True, options={"num_predict": 4}))
    assert (found.thinking, found.text, found.finish) == ("let me see", "slow ", "length")
    starved = asked(request(script, "a cache", think=True, options={"num_predict": 2}))
    assert (starved.thinking, starved.text, starved.finish) == ("let me ", "", "length")
    assert starved.usage.answer_tokens == 2


def test_the_timeout_of_a_case(script: Path) -> None:
    clock = Clock()
    with pytest.raises(GenerationTimeout) as caught:
        asked(request(script, "measured", timeout=1.0), clock)
    assert (caught.value.seconds, caught.value.partial) == (1.0, "one two ")
    assert clock.waited == [0.2, 1.0]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("down", ServerDown, "so the script says"),
        ("unavailable", ModelUnavailable, "so the script says"),
        ("refused", RequestRefused, "so the script says"),
        ("busy", ServerBusy, "so the script says"),
        ("unsupported", Unsupported, "no eyes"),
        ("timeout", GenerationTimeout, "300 s"),
        ("something else", RequestRefused, "no answer in answers.yaml fits the request 'something else'"),
    ],
)
def test_what_goes_wrong(script: Path, text: str, kind: type[PytestLlmError], words: str) -> None:
    with pytest.raises(kind, match=words):
        asked(request(script, text))


def test_an_error_once(script: Path) -> None:
    async def ask() -> str:
        provider = ScriptedProvider()
        with pytest.raises(BrokenAnswer) as caught:
            await provider.chat(request(script, "once"))
        assert caught.value.partial == "half of"
        return (await provider.chat(request(script, "once"))).text

    assert asyncio.run(ask()) == "whole"


def test_a_script_in_which_nothing_thinks(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text("- text: hi\n")
    assert asked(request(path, "x")).text == "hi"
    with pytest.raises(Unsupported, match=r"plain\.yaml does not support thinking"):
        asked(request(path, "x", think="low"))


def test_what_is_known_before_it_is_asked(script: Path) -> None:
    info = asyncio.run(ScriptedProvider().prepare(request(script, "x").model))
    assert (info.server, info.blob, info.capabilities) == ("scripted", str(script), {"completion", "thinking"})
    assert info.digest == load(script).digest != ""


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", None, "there is no answer in it"),
        ("text: hi\n", 1, "a script is a list of answers"),
        ("- text: hi\n  txet: ho\n", 2, "txet"),
        ("- text: hi\n- text: 5\n", 2, "text"),
        ("- match: '('\n", 1, "no regular expression"),
        ("- text: a\n  delay: soon\n", 2, "'soon' is no duration"),
        ("- text: a\n  error: sad\n", 2, "answer 1: `error` must be one of 'down'"),
        ("- text: a\n  rate: 0\n", 2, "answer 1: `rate` must be more than 0, not 0"),
        ("- text: a\n  usage: {tokens: 1}\n", 2, "unknown number 'tokens', there are answer_seconds"),
        ("- just text\n", 1, "answer 1: its value must be a mapping, not 'just text'"),
    ],
)
def test_what_is_no_script(tmp_path: Path, text: str, line: int | None, words: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        load(path)
    assert caught.value.line == line
    with pytest.raises(ModelUnavailable, match=words):
        asked(request(path, "x"))


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"none\.yaml: cannot be read: No such file"):
        asked(request(tmp_path / "none.yaml", "x"))


@settings(deadline=None)
@given(st.text(), st.text(), st.integers(0, 50))
def test_nothing_is_lost_but_by_num_predict(text: str, thinking: str, limit: int) -> None:
    answer = Answer(text=text, thinking=thinking)
    whole = request(Path("x"), "x", think=True)
    assert written(answer, whole) == (thinking, text, False)
    cut_thinking, cut_text, cut = written(
        answer, request(Path("x"), "x", think=True, options={"num_predict": limit})
    )
    assert thinking.startswith(cut_thinking)
    assert text.startswith(cut_text)
    assert cut == ((cut_thinking, cut_text) != (thinking, text))
