"""`length`, `thinking`, `visible_rate`, `gpu`."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm.checks.registry import Registry
from pytest_llm.errors import InputError, Unsupported
from pytest_llm.providers.base import Fingerprint, Response, Usage
from tests.helpers.checking import messages

CODE = "Look:\n```go\na b\nc\n```\n"


@pytest.mark.parametrize(
    ("entry", "text", "wanted"),
    [
        ({"words": 3}, "one two three", []),
        ({"words": 2}, "one two three", ["the answer has 3 words, more than 2"]),
        ({"words": {"min": 4}}, "one two\n three ", ["the answer has 3 words, fewer than 4"]),
        ({"lines": {"min": 2, "max": 2}}, "\n\na\nb\n\n", []),
        ({"lines": 1}, "a\nb", ["the answer has 2 lines, more than 1"]),
        ({"characters": {"min": 2}}, " ü ", ["the answer has 1 character, fewer than 2"]),
        (
            {"words": 1, "lines": 1},
            "a b\nc",
            ["the answer has 3 words, more than 1", "the answer has 2 lines, more than 1"],
        ),
        ({"words": 3, "in": "code"}, CODE, []),
        ({"words": 2, "in": "code"}, CODE, ["the code has 3 words, more than 2"]),
        ({"words": 2, "in": "code"}, "none", ["there is no code in the answer to look at"]),
    ],
)
def test_length(entry: dict[str, Any], text: str, wanted: list[str]) -> None:
    assert messages({"length": entry}, text) == wanted


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"length": {}}, "needs a limit: words, lines, characters"),
        ({"length": 5}, "takes its arguments as a mapping"),
        ({"length": 5}, r"not 5 \(it has in, words, lines, characters\)"),
        ({"length": {"word": 5}}, "word"),
        ({"length": {"words": "five"}}, "`words` must be a whole number, or `min` and `max`, not 'five'"),
        ({"length": {"words": True}}, "`words` must be a whole number, or `min` and `max`, not True"),
        ({"length": {"words": {"min": 5, "max": 4}}}, "is above"),
        ({"thinking": {}}, "needs a limit: max_share or max"),
        ({"thinking": 500}, "takes a share from 0 to 1, or `max: 500` tokens"),
        ({"thinking": 1.5}, "less than 1"),
        ({"visible_rate": 0}, "must be more than 0"),
    ],
)
def test_mistakes(entry: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Registry().parse(entry)


THOUGHT = Response("answer", thinking="hm hm hm hm hm hm ", usage=Usage(answer_tokens=40, answer_seconds=2.0))


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        (0.75, []),
        (0.7, ["75% of what was written is thinking, more than 70%"]),
        (0, ["75% of what was written is thinking, more than 0%"]),
        ({"max": 30}, []),
        ({"max": 29}, ["about 30 tokens of thinking, more than 29"]),
    ],
)
def test_thinking(entry: Any, wanted: list[str]) -> None:
    assert messages({"thinking": entry}, "answer", response=THOUGHT) == wanted


def test_none_is_no_thinking() -> None:
    assert messages({"thinking": 0}, "answer") == []
    assert messages({"thinking": {"max": 0}}, "answer") == []


@pytest.mark.parametrize(
    ("text", "usage", "wanted"),
    [
        ("x" * 100, Usage(answer_tokens=900, answer_seconds=2.0), []),
        ("x" * 90, Usage(answer_tokens=900, answer_seconds=2.0), ["45.0 visible characters a second, below 50"]),
        ("x" * 100, Usage(answer_tokens=900), ["no measurement: the server did not say how long it wrote"]),
        ("x" * 31, Usage(answer_tokens=900, answer_seconds=1.0), ["no measurement: 31 characters are too few"]),
    ],
)
def test_visible_rate(text: str, usage: Usage, wanted: list[str]) -> None:
    assert messages({"visible_rate": 50}, text, response=Response(text, usage=usage)) == wanted


@pytest.mark.parametrize(
    ("least", "share", "wanted"),
    [
        (1.0, 1.0, []),
        (1, 0.99, ["99% of the model was in the GPU's memory, less than 100%"]),
        (0.5, 0, ["0% of the model was in the GPU's memory, less than 50%"]),
        (0.5, 0.5, []),
    ],
)
def test_gpu(least: float, share: float, wanted: list[str]) -> None:
    response = Response("x", fingerprint=Fingerprint(speed={"gpu": share}))
    assert messages({"gpu": {"min": least}}, "x", response=response) == wanted


def test_a_server_that_does_not_tell_of_its_gpu() -> None:
    with pytest.raises(Unsupported, match="does not say how much of the model"):
        messages({"gpu": 1}, "x", response=Response("x"))
