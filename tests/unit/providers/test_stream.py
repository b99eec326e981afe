"""The reader: lines, events, values and time limits, without a socket."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm.errors import BrokenAnswer
from pytest_llm.providers.base import Usage
from pytest_llm.providers.wire.patience import Patience, Watch
from pytest_llm.providers.wire.stream import (
    Events,
    Lines,
    NotJson,
    count,
    mapping,
    number,
    parse_object,
    quoted,
    string,
    whole_characters,
)


@given(st.binary(), st.lists(st.integers(0, 200)))
def test_lines_do_not_depend_on_the_chunks(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    lines = Lines()
    got = [line for begin, end in itertools.pairwise(edges) for line in lines.feed(data[begin:end])]
    assert [*got, lines.rest()] == [line.removesuffix(b"\r") for line in data.split(b"\n")]


def test_a_line_may_not_grow_for_ever() -> None:
    lines = Lines(limit=10)
    assert lines.feed(b"0123456789\n") == [b"0123456789"]
    lines.feed(b"01234")
    assert lines.pending
    with pytest.raises(BrokenAnswer, match="more than 10 bytes"):
        lines.feed(b"567890")


@pytest.mark.parametrize(
    ("lines", "data"),
    [
        ([b"data: {}", b""], ["{}"]),
        ([b"data:{}", b""], ["{}"]),
        ([b"data: {", b"data: }", b""], ["{\n}"]),
        ([b"data: [DONE]"], ["[DONE]"]),
        ([b": ping", b"", b"event: x", b"id: 1", b"retry: 3", b"data: 1", b""], ["1"]),
        ([b'{"error": 1}'], ['{"error": 1}']),
        ([b"\xef\xbb\xbfdata: {}"], ["{}"]),
    ],
)
def test_events(lines: list[bytes], data: list[str]) -> None:
    reader = Events()
    assert [found for line in lines if (found := reader.feed(line)) is not None] == data


@pytest.mark.parametrize("lines", [[b"<html>"], [b"data: <html>", b""], [b"data: \xff"], [b"data: {", b""]])
def test_events_that_are_none(lines: list[bytes]) -> None:
    reader = Events()
    with pytest.raises(NotJson):
        for line in lines:
            reader.feed(line)


@pytest.mark.parametrize("text", [b"", b"[1]", b"nul", b"\xff{}", b"[" * 100_000, b'{"a":' * 100_000, "{'a': 1}"])
def test_what_is_no_object(text: bytes | str) -> None:
    with pytest.raises(NotJson):
        parse_object(text)


@given(st.binary())
def test_any_bytes_are_an_object_or_not(data: bytes) -> None:
    with suppress(NotJson):
        assert isinstance(parse_object(data), dict)


def test_of_duplicate_keys_the_last_counts() -> None:
    assert parse_object(b'{"done":false,"done":true}') == {"done": True}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (3, 3.0),
        (2.5, 2.5),
        ("12", 12.0),
        ("1e3", 1000.0),
        (0, 0.0),
        (None, None),
        (True, None),
        ("many", None),
        (-1, None),
        (float("nan"), None),
        (float("inf"), None),
        ([1], None),
        (10**400, None),
        (2**53, float(2**53)),
        (2**54, None),  # as JSON is read elsewhere, such a number is another one
        (1e308, None),
    ],
)
def test_numbers(value: Any, found: float | None) -> None:
    assert number({"n": value}, "n") == found
    assert count({"n": value}, "n") == (None if found is None else int(found))


@pytest.mark.parametrize(
    ("seconds", "rate"), [(2.0, 5.0), (0.0, None), (1e-300, None), (5e-324, None), (None, None)]
)
def test_a_rate_is_a_number(seconds: float | None, rate: float | None) -> None:
    assert Usage(answer_tokens=10, answer_seconds=seconds).rate == rate


def test_texts_and_objects() -> None:
    assert string({"a": "x"}, "a") == "x"
    assert string({"a": None}, "a") == string({}, "a") == ""
    with pytest.raises(NotJson, match="'a' is no text: 5"):
        string({"a": 5}, "a")
    assert mapping({"a": {"b": 1}}, "a") == {"b": 1}
    assert mapping({"a": "x"}, "a") == {}


@given(st.text(st.characters(codec="utf-8")))
def test_good_text_stays_as_it_is(text: str) -> None:
    assert whole_characters(text) == text


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_can_be_written_to_a_file(text: str) -> None:
    whole_characters(text).encode()


def test_halves_of_a_character_are_joined() -> None:
    assert whole_characters("a\ud83d\ude00b\udfff") == "a😀b�"


def test_a_quotation_is_short_and_printable() -> None:
    assert quoted("a\n\x1b[31mb") == "a �[31mb"
    assert len(quoted("x" * 999)) == 201


def test_the_watch_waits_for_the_first_line_then_between_lines() -> None:
    watch = Watch(Patience(first=100, silence=10, whole=50), now=0)
    assert watch.deadline == 100
    watch.heard(5, pending=False)  # a comment, or headers
    assert watch.deadline == 100
    assert not watch.progress(90)
    assert watch.deadline == 100
    assert not watch.progress(95)
    assert watch.deadline == 105
    watch.heard(99, pending=True)  # half a line is no line
    assert watch.deadline == 105
    assert not watch.progress(140)  # the whole time runs from the first line
    assert watch.progress(140.1)


def test_the_watch_gives_a_drip_no_more_than_the_silence() -> None:
    watch = Watch(Patience(first=100, silence=10), now=0)
    watch.heard(20, pending=True)
    watch.heard(29, pending=True)
    assert watch.deadline == 30
    watch.heard(29.5, pending=False)  # the line ended, and was a comment
    assert watch.deadline == 100
    watch.heard(95, pending=True)
    assert watch.deadline == 100
