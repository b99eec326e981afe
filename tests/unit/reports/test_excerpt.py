from __future__ import annotations

import pytest

from pytest_llm.checks.base import Finding
from pytest_llm.providers.base import Response
from pytest_llm.reports import terminal
from pytest_llm.reports.excerpt import WIDTH, excerpt
from pytest_llm.verdicts.verdict import Asked, Verdict

LINES = "\n".join(f"line {number}" for number in range(1, 10))


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (1, [">1", "2", "3"]),
        (2, ["1", ">2", "3", "4"]),
        (5, ["3", "4", ">5", "6", "7"]),
        (9, ["7", "8", ">9"]),
        (10, []),
        (None, []),
    ],
)
def test_the_lines_around_it(line: int | None, shown: list[str]) -> None:
    found = list(excerpt(Finding("c", "m", line=line), LINES))
    assert [text.partition("|")[0].replace(" ", "") for text in found] == shown
    assert all(text.endswith(f"line {text.partition('|')[0].strip(' >')}") for text in found)


@pytest.mark.parametrize("column", [1, 59, 61, 161, 20_001, 39_999, 40_000, None])
def test_a_long_line_is_cut_around_the_column(column: int | None) -> None:
    at = (column or 1) - 1
    line = "x" * at + "Q" + "y" * (39_999 - at)
    (shown,) = excerpt(Finding("c", "m", line=1, column=column), line)
    text = shown.partition("| ")[2]
    assert "Q" in text
    assert len(text) <= WIDTH + 2
    assert text.startswith("…") == (at > 60)
    assert text.endswith("…") == (at < 39_840)


def test_what_a_line_quotes_stands_in_it_or_is_shown_alone() -> None:
    quotes = Finding("c", "m", line=2, column=3, source="  line 2  ")
    assert len(list(excerpt(quotes, LINES))) == 4
    other = Finding("c", "m", line=2, column=3, source="of another text")
    assert list(excerpt(other, LINES)) == ["        2 | of another text"]
    assert list(excerpt(Finding("c", "m", source="a\nb"), "")) == ["          | a", "          | b"]


def test_nothing_in_it_is_obeyed() -> None:
    shown = "\n".join(excerpt(Finding("c", "m", line=2), "\x1b[2J\r\n::error::x\x07\n##[error]y\r"))
    assert "\x1b" not in shown
    assert "\r" not in shown
    assert "##[" not in shown


def verdict(text: str) -> Verdict:
    request = {"model": "m", "messages": [{"role": "user", "content": "prompt " + text}], "think": None}
    return Verdict((Asked(request, Response(text, "thought " + text), findings=(Finding("c", "m", line=1),)),))


def test_a_long_answer_says_where_the_rest_is() -> None:
    long = verdict("word " * 10_000)
    for _, text in terminal.sections(long, "pytest-llm show r c"):
        assert len(text) < 2200
        assert text.endswith("more characters: pytest-llm show r c")
    assert all(len(text) >= 50_000 for _, text in terminal.sections(long, whole=True))
    assert all("-vv" in text for _, text in terminal.sections(long))
    assert len("\n".join(terminal.every_word(long))) > 150_000


def test_the_story_names_the_record() -> None:
    assert "  whole: pytest-llm show r c\n" in terminal.story(verdict("a"), "again", kept="pytest-llm show r c")
    assert "whole:" not in terminal.story(verdict("a"), "again")
