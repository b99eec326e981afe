"""Thinking left inside the answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm.answers.thinking import split_thinking


@pytest.mark.parametrize(
    ("text", "answer", "thinking"),
    [
        ("plain", "plain", ""),
        ("", "", ""),
        ("<think>hm</think>yes", "yes", "hm"),
        ("\n<think>\nhm\n</think>\n\nyes\n", "yes\n", "hm"),
        ("<think>\r\nhm\r\n</think>\r\n\r\nyes", "yes", "hm"),
        ("<think></think>yes", "yes", ""),
        ("<think>\n\n</think>\n\n<think>more</think>\nyes", "yes", "more"),
        ("<think>a</think><think>b</think>c", "c", "a\n\nb"),
        ("<think>never done", "", "never done"),
        ("[THINK]hm[/THINK]yes", "yes", "hm"),
        ("hm, well\n</think>\n\nyes", "yes", "hm, well"),
        ("hm, well.</think>\nyes", "yes", "hm, well."),
        ("</think>\n\nyes", "yes", ""),
        ("<think>x</think>\n    indented", "    indented", "x"),
        ("I try ```\n</think>\nyes", "yes", "I try ```"),
    ],
)
def test_the_leading_block_is_split_off(text: str, answer: str, thinking: str) -> None:
    assert split_thinking(text) == (answer, thinking)


@pytest.mark.parametrize(
    "text",
    [
        "The tag `</think>` ends it.",
        "Write <think>x</think> first.",
        "```html\n<think>x</think>\n```",
        "```\n</think>\n```\nThat is the tag.",
        "<thinking>asked for by the prompt</thinking>yes",
        "say <think> and\n</think>\n",
    ],
)
def test_tags_that_belong_to_the_answer_stay(text: str) -> None:
    assert split_thinking(text) == (text, "")


@given(st.lists(st.sampled_from(["<think>", "</think>", "a", " ", "\n", "```\n", "[THINK]", "[/THINK]", "`"])))
def test_no_word_is_lost(pieces: list[str]) -> None:
    text = "".join(pieces)
    answer, thinking = split_thinking(text)
    assert (answer + thinking).count("a") == text.count("a")
    assert text.endswith(answer)
