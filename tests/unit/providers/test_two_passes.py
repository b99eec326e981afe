"""Rates over `/v1` where thinking and answer are two passes: each part by its own time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Response
from pytest_llm.providers.openai.answer import NO_RATE, OUR_CLOCK, EventSink
from pytest_llm.providers.wire.complaint import Asked


class Clock:
    """Seconds, as a test sets them."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def answer(pieces: list[tuple[float, str, str]], tokens: int, form: Any = "json", **last: Any) -> Response:
    """pieces: (when it came, "reasoning" or "content", its text). tokens: as the server counts."""
    clock = Clock()
    sink = EventSink(Asked("u", "m"), clock)
    request = ChatRequest(ModelRef("m", "openai", "m"), (Message("user", "hi"),), format=form)
    for clock.now, key, text in pieces:
        sink.take(b"data: " + json.dumps({"choices": [{"delta": {key: text}}]}).encode())
    done = {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": {"completion_tokens": tokens}, **last}
    sink.take(b"data: " + json.dumps(done).encode())
    sink.take(b"data: [DONE]")
    sink.end()
    return sink.response(request)


THOUGHT = [(1.0 + n, "reasoning", "hm ") for n in range(10)]
ANSWER = [(30.0 + n, "content", "{} ") for n in range(11)]


@pytest.mark.parametrize(
    ("pieces", "tokens", "form", "only", "seconds"),
    [
        ([*THOUGHT, *ANSWER], 11, "json", True, 11.0),  # ten intervals of a second, and one more
        ([*THOUGHT, *ANSWER], 12, {"type": "object"}, True, 10 * 12 / 11),
        ([*THOUGHT, *ANSWER], 25, "json", False, 39 * 25 / 24),  # one pass: both are counted, both are timed
        ([*THOUGHT, *ANSWER], 11, None, False, 39 * 11 / 10),
        (ANSWER, 11, "json", False, 11.0),
        ([*THOUGHT, (30.0, "content", "{}")], 8, "json", True, None),
    ],
)
def test_the_part_that_was_counted_is_timed(
    pieces: list[tuple[float, str, str]], tokens: int, form: Any, only: bool, seconds: float | None
) -> None:
    response = answer(pieces, tokens, form)
    assert response.usage.answer_only is only
    assert response.usage.answer_seconds == (None if seconds is None else pytest.approx(seconds))
    assert (NO_RATE if seconds is None else OUR_CLOCK) in response.notes
    assert any("second pass" in note for note in response.notes) is only


def test_a_server_that_measures_itself_is_believed() -> None:
    timings = {"predicted_n": 30, "predicted_ms": 500}
    response = answer([*THOUGHT, *ANSWER], 30, timings=timings)
    assert response.usage.answer_seconds == 0.5
    assert not response.notes
