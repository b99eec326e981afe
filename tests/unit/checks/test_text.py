"""`contains`, `not_contains`, `regex`, `equals`, `max_tokens`."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm.checks.base import Finding
from pytest_llm.errors import CheckCrashed
from pytest_llm.providers.base import Response, Usage
from pytest_llm.sandbox import patterns
from tests.helpers.checking import findings, messages

CODE = "Use it:\n\n```go\n// TODO later\nx := 1\n```\nDone.\n"


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"contains": "b"}, "abc"),
        ({"contains": ["a", "c"]}, "abc"),
        ({"contains": {"text": "B", "ignore_case": True}}, "abc"),
        ({"contains": {"text": "x := 1", "in": "code"}}, CODE),
        ({"contains": "a.c"}, "a.c"),
        ({"not_contains": "z"}, "abc"),
        ({"not_contains": {"text": "Done", "in": "code"}}, CODE),
        ({"not_contains": {"text": "x", "in": "thinking"}}, "x"),
        ({"regex": "^b$"}, "a\nb\nc"),
        ({"regex": ["a", "\\d"]}, "a 1"),
        ({"regex": {"pattern": "ABC", "ignore_case": True}}, "abc"),
        ({"regex": r"(\w+\s?)+!"}, "many words and then an end!"),
        ({"equals": "yes"}, "  yes\n"),
        ({"equals": ["yes", "no"]}, "no"),
        ({"equals": {"text": "Yes", "ignore_case": True}}, "yEs"),
        ({"equals": {"text": "// TODO later\nx := 1", "in": "code"}}, CODE),
        ({"max_tokens": 3}, "twelve chars"),
    ],
)
def test_passes(entry: Any, text: str) -> None:
    assert findings(entry, text) == []


@pytest.mark.parametrize(
    ("entry", "text", "wanted"),
    [
        ({"contains": ["a", "z"]}, "abc", ["the answer does not contain 'z'"]),
        ({"contains": {"text": "Done", "in": "code"}}, CODE, ["the code does not contain 'Done'"]),
        ({"contains": {"text": "x", "in": "thinking"}}, "x", ["the thinking does not contain 'x'"]),
        ({"contains": {"text": "x", "in": "code"}}, "prose.", ["there is no code in the answer to look at"]),
        ({"not_contains": {"text": "x", "in": "code"}}, "prose.", ["there is no code in the answer to look at"]),
        ({"not_contains": "b"}, "abcb", ["the answer contains 'b' 2 times, and it must not"]),
        ({"regex": "^b$"}, "abc", ["the answer does not match /^b$/"]),
        ({"regex": r"(\w+\s?)+!"}, "some words without it", [r"the answer does not match /(\w+\s?)+!/"]),
        ({"equals": "yes"}, "no", ["the answer is 'no', not 'yes'"]),
        ({"equals": {"text": "a", "in": "code"}}, "```\n```", ["the code is '', not 'a'"]),
        ({"equals": {"text": "a\n\n\nb", "in": "code"}}, "```\na\n```", ["the code is 'a\\n', not 'a\\n\\n\\nb'"]),
        ({"equals": ["a", "b"]}, "c", ["the answer is 'c', not 'a' or 'b'"]),
        ({"equals": {"text": "yes", "strip": False}}, "yes\n", [r"the answer is 'yes\n', not 'yes'"]),
        ({"max_tokens": 2}, "twelve chars", ["the answer has 3 tokens, more than 2"]),
    ],
)
def test_failures_in_words(entry: Any, text: str, wanted: list[str]) -> None:
    assert messages(entry, text) == wanted


def test_a_forbidden_text_is_shown_where_it_stands() -> None:
    wanted = Finding(
        "not_contains",
        "the code contains 'TODO', and it must not",
        kind="forbidden",
        line=4,
        column=4,
        source="// TODO later",
    )
    assert findings({"not_contains": {"text": "TODO", "in": "code"}}, CODE) == [wanted]


def test_the_column_counts_the_indentation_of_the_fence() -> None:
    (found,) = findings({"not_contains": {"text": "x", "in": "code"}}, "1. a\n\n   ```go\n   ax\n   ```\n")
    assert (found.line, found.column, found.source) == (4, 5, "ax")


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ("```go\n1 | a\n2 | b\n3 | ax\n```\n", (4, 6)),
        ("1. a\n\n   ```go\n   1: a\n   2: b\n   3: ax\n   ```\n", (6, 8)),
        ("```go package a\n\nx\n```\n", (3, 1)),
        ("```go var x\n```\n", (2, 1)),
    ],
)
def test_the_column_counts_what_is_laid_over_the_code(answer: str, place: tuple[int, int]) -> None:
    (found,) = findings({"not_contains": {"text": "x", "in": "code"}}, answer.replace("var x", "x\nx"))
    assert (found.line, found.column) == place


def test_a_long_line_is_cut_around_the_place() -> None:
    (found,) = findings({"not_contains": "XX"}, "a" * 1000 + "XX" + "b" * 1000)
    assert "XX" in found.source
    assert len(found.source) <= 160


def test_another_case_is_mentioned() -> None:
    (found,) = findings({"contains": "todo"}, "a\nTODO")
    assert (found.line, found.details) == (2, "it contains 'TODO': `ignore_case: true` would take it")


def test_equals_shows_the_first_line_that_differs() -> None:
    (found,) = findings({"equals": "a\nb\nc"}, "\na\nX\nc\n")
    assert (found.line, found.source, found.details) == (3, "X", "line 2 is 'X', not 'b'")
    (shorter,) = findings({"equals": "a\nb"}, "a")
    assert shorter.details == "line 2 is '', not 'b'"


def test_thinking_has_no_place_in_the_answer() -> None:
    response = Response("yes", thinking="let me\nsee")
    (found,) = findings({"not_contains": {"text": "see", "in": "thinking"}}, "yes", response=response)
    assert (found.line, found.source) == (None, "see")


@pytest.mark.parametrize(
    "pattern", [r"^([A-Za-z0-9]+ ?)+$", r"BEGIN(.|\s)*END", r"^(a+)+$", r"(x*)*y", r"(a|aa)+$"]
)
def test_a_repeated_repetition_is_judged_at_once(pattern: str) -> None:
    (found,) = findings({"regex": pattern}, "BEGIN " + "a" * 200 + "!")
    assert (found.severity, found.message) == ("failure", f"the answer does not match /{pattern}/")


def test_a_pattern_that_takes_for_ever_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 0.5)
    with pytest.raises(CheckCrashed, match="was not done with this answer") as stopped:
        findings({"regex": r"^(?=(a+)+$)"}, "a" * 60 + "b")
    assert "repeats a repetition" in stopped.value.hint


def test_any_text_goes_through_the_other_process() -> None:
    text = "\ud800 \x00 ünï" + "a" * 12 + "c" * 12 + "a"
    assert patterns.search(r"(?<=c)(?:a+)+$", text)
    assert not patterns.search(r"(?<=c)(?:a+)+b$", text)


@pytest.mark.parametrize(
    ("usage", "thinking", "with_thinking", "wanted", "source"),
    [
        (Usage(answer_tokens=40), "", False, 40, "by the server's count"),
        (Usage(answer_tokens=40), "t" * 40, True, 40, "by the server's count"),
        (Usage(answer_tokens=40), "t" * 40, False, 20, "by its share of the text"),
        (Usage(answer_tokens=40, answer_only=True), "t" * 40, False, 40, "by the server's count"),
        (Usage(answer_tokens=40, answer_only=True), "t" * 40, True, 50, "for thinking is an estimate"),
        (Usage(), "t" * 40, True, 20, "the server gave no count"),
        (Usage(), "t" * 40, False, 10, "the server gave no count"),
    ],
)
def test_how_many_tokens(usage: Usage, thinking: str, with_thinking: bool, wanted: int, source: str) -> None:
    response = Response("a" * 40, thinking=thinking, usage=usage)
    (found,) = findings({"max_tokens": {"max": 1, "thinking": with_thinking}}, "a" * 40, response=response)
    assert f" {wanted} tokens" in found.message
    assert source in found.details
