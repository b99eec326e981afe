"""An author's patterns: what Python says, and within a time limit."""

from __future__ import annotations

import re
from itertools import islice

import pytest

from pytest_llm.errors import CheckCrashed
from pytest_llm.sandbox import patterns
from pytest_llm.sandbox.patterns import compiled, linear, search
from tests.helpers.random_patterns import pairs


def test_both_engines_agree_on_ten_thousand_pairs() -> None:
    judged = [
        (pattern, flags, text, answer, bool(re.search(pattern, text, flags)))
        for pattern, flags, text in islice(pairs(seed=13), 10_000)
        if (answer := linear(pattern, text, flags)) is not None
    ]
    assert [row for row in judged if row[3] is not row[4]] == []
    assert len(judged) > 8_500
    assert 0.2 < sum(row[4] for row in judged) / len(judged) < 0.8


EVERYTHING = "".join(map(chr, range(0x110000)))


@pytest.mark.parametrize("flags", [0, re.I, re.A, re.I | re.A, re.S])
def test_every_character_is_what_python_takes_it_for(flags: int) -> None:
    for pattern in (r"\w", r"\W", r"\d", r"\s", ".", "k", "[^s]", "[a-i]", "[^İ-ſ]", "ß", r"[^\d\n]"):
        for start in (0, 0x80, 0x120, 0x17F, 0x660, 0x1C80, 0x2000, 0x2160, 0xD7FF, 0xFB00, 0x1D7CE):
            row = EVERYTHING[start : start + 100]
            inside = "".join(re.findall(pattern, row, flags))
            assert linear(rf"\A(?:{pattern})+\Z", inside, flags) is (True if inside else None)
            outside = "".join(set(row) - set(inside))
            assert linear(pattern, outside, flags) is (False if outside else None)


TEXT = "the sum\n" + "Sum of all: 12 €, due 2026-01-31.\n" * 5


@pytest.mark.parametrize(
    ("pattern", "flags", "linear_too"),
    [
        (r"BEGIN(.|\s)*END", re.M, True),
        (r"^([A-Za-z0-9]+ ?)+$", re.M, True),
        (r"(a+)+$", re.M, True),
        (r"^Sum of \w+: \d+ €", re.M, True),
        (r"sum\Z", re.I, True),
        (r"\bdue\b\s+(?P<day>\d{4}-\d\d-\d\d)", 0, True),
        (r"(?i)SUM OF", 0, True),
        (r"(?x) due \s \d  # a comment", 0, True),
        (r".$", 0, False),
        (r"(?=.*due)(?!.*never)Sum", 0, False),
        (r"(\w)\1", 0, False),
        (r"(?<=: )\d+", 0, False),
        (r"(a)?(?(1)b|c)", 0, False),
        (r"(?>l+)", 0, False),
        (r"l++", 0, False),
        (r"\w{1,2000}", 0, False),
        (r"(?a:\w)", 0, False),
        (r"(?:\w{900}){900}", 0, False),
    ],
)
def test_what_re2_can_say_and_what_python_must(pattern: str, flags: int, linear_too: bool) -> None:
    wanted = re.search(pattern, TEXT, flags) is not None
    assert search(pattern, TEXT, flags) is wanted
    assert linear(pattern, TEXT, flags) is (wanted if linear_too else None)


@pytest.mark.parametrize("pattern", [r"(?=(a+)+$)", r"(a+)+\1b", r"(?:a|aa)+(?!a)b"])
def test_a_pattern_that_never_ends_is_no_verdict(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 0.3)
    with pytest.raises(CheckCrashed, match=re.escape(f"the pattern /{pattern}/ was not done")):
        search(pattern, "a" * 80 + "c")
    assert search("(?=c)c", "abc") is True


def test_a_worker_that_cannot_search_names_the_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_FOUND", "nosuch.module:found")
    with pytest.raises(CheckCrashed, match=r"the pattern /\(\?=a\)/ could not be searched"):
        search("(?=a)", "a")


@pytest.mark.parametrize(
    ("word", "text", "there"),
    [
        ("text 1!", "a text 1! b", True),
        ("text 1!", "text 11!", False),
        ("", "", True),
        ("\n", "a\nb", True),
        ("a b", "ab", False),
        ("\ud800", "x\ud800", True),
    ],
)
def test_a_pattern_without_signs_is_looked_for_as_it_stands(word: str, text: str, there: bool) -> None:
    assert search(word, text) is there is (re.search(word, text) is not None)


@pytest.mark.parametrize("pattern", ["(", "*", "(" * 5000, "a{99999999999}", "[z-a]", r"\8", "(?P<a>x)(?P<a>y)"])
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(ValueError, match="is no regular expression"):
        compiled(pattern)


def test_lone_surrogates_and_many_kinds_of_characters() -> None:
    assert linear("\ud800+x", "a\ud800\ud800x", 0) is True
    many = "".join(map(chr, range(0x4E00, 0x4EF0)))
    assert linear(many, "x" + many, 0) is True
    assert linear(rf"\b{many}", many, 0) is None
    assert search(rf"\b{many}", many) is True


def test_a_search_too_long_for_the_slowest_engine_goes_to_python() -> None:
    assert linear(r"(?:a|b)*a(?:a|b){900}c", "c" + "ab" * 200_000, 0) is None
