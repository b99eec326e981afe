"""`token_rate` and `time`."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm.errors import Unsupported
from pytest_llm.providers.base import Response, Usage
from tests.helpers.checking import findings, messages


def answered(tokens: int | None, seconds: float | None, **more: Any) -> Response:
    return Response("x", usage=Usage(answer_tokens=tokens, answer_seconds=seconds), **more)


@pytest.mark.parametrize(
    ("response", "wanted"),
    [
        (answered(400, 10.0), []),
        (answered(399, 10.0), ["39.9 tokens a second, below 40"]),
        (answered(32, 0.1), []),
        (answered(31, 0.1), ["no measurement: 31 tokens are too few, it takes 32"]),
        (answered(None, 0.1), ["no measurement: the server did not say how many tokens it wrote"]),
        (answered(400, None), ["no measurement: the server did not say how long it wrote"]),
        (answered(0, 1.0), ["no measurement: the server did not say how many tokens it wrote"]),
        (answered(100, None, wall=7.0, first_token=2.0), ["20.0 tokens a second, below 40"]),
        (
            Response("x", usage=Usage(answer_tokens=100, answer_only=True), wall=7.0, first_token=2.0),
            ["no measurement: the server did not say how long it wrote"],
        ),
    ],
)
def test_token_rate(response: Response, wanted: list[str]) -> None:
    assert messages({"token_rate": 40}, "x", response=response) == wanted
    assert messages({"token_rate": {"min": 40}}, "x", response=response) == wanted


def test_a_slow_answer_comes_with_its_numbers() -> None:
    usage = Usage(50, 0.5, 100, 5.0, load_seconds=8.0, total_seconds=14.0)
    response = Response("x", usage=usage, first_token=8.6, wall=14.1, retries=("busy",))
    (found,) = findings({"token_rate": 40}, "x", response=response)
    assert found.details.split("\n") == [
        "100 tokens in 5.00 s",
        "8.00 s to load the model",
        "8.60 s to the first token",
        "50 prompt tokens in 0.50 s (100 a second)",
        "14.00 s in all, by the server",
        "asked 2 times",
    ]


def test_what_a_reader_of_the_rate_must_know() -> None:
    usage = Usage(answer_tokens=100, answer_seconds=1.0, answer_only=True)
    found = findings({"token_rate": 40}, "x", response=Response("x", usage=usage, stored="2026-11-01"))
    assert {f.severity for f in found} == {"note"}
    assert [f.kind for f in found] == ["answer-only", "stored"]
    (own,) = findings({"token_rate": 5}, "x", response=answered(100, None, wall=7.0, first_token=2.0))
    assert (own.severity, own.message) == (
        "note",
        "20.0 tokens a second: 100 tokens in 5.00 s by our own clock",
    )


TIMED = Response("x", usage=Usage(load_seconds=8.0, total_seconds=20.0), first_token=9.0, wall=21.0)


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ({"time": "21s"}, []),
        ({"time": 20.5}, ["the answer took 21.00 s, more than 20.5 s"]),
        ({"time": {"first_token": "500ms"}}, ["the first token took 9.00 s, more than 0.5 s"]),
        ({"time": {"load": "8s", "first_token": 9, "total": "1m"}}, []),
        (
            {"time": {"load": 7, "total": 1}},
            ["the answer took 21.00 s, more than 1 s", "loading took 8.00 s, more than 7 s"],
        ),
    ],
)
def test_time(entry: Any, wanted: list[str]) -> None:
    assert messages(entry, "x", response=TIMED) == wanted


def test_times_that_nobody_took() -> None:
    assert messages({"time": {"first_token": 1}}, "x") == ["no measurement: the first token was not timed"]
    assert messages({"time": 1}, "x", response=Response("x", usage=Usage(total_seconds=2.0))) == [
        "the answer took 2.00 s, more than 1 s"
    ]
    with pytest.raises(Unsupported, match="does not say how long it loads"):
        findings({"time": {"load": 1}}, "x")
