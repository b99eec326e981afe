"""Thinking left inside the answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm.answers.extract import extract
from pytest_llm.answers.markups import MARKUPS
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
        "The model writes <|channel|>analysis and then goes on.",
        "```\n<|channel|>final<|message|>\n```\nThat is the header.",
        "Here is my thought process: I look at it and see.",
        "analysis of the data: none.",
        "<thoughts>x</thoughts>yes",
        "<answer>yes</answer>",
        "say <think> and\n</think>\n",
    ],
)
def test_tags_that_belong_to_the_answer_stay(text: str) -> None:
    assert split_thinking(text) == (text, "")


FINAL = "<|start|>assistant<|channel|>final<|message|>"
MARKED = [
    ("<thinking>hm</thinking>\nyes", "<thinking>", "hm"),
    ("<thought>\nhm\n</thought>\n\nyes", "</thought>", "hm"),
    ("<reasoning>hm</reasoning><answer>\nyes\n</answer>\n", "<reasoning>", "hm"),
    ('<thinking budget="9">hm</thinking >yes', "<thinking>", "hm"),
    ("<Think>hm</THINK>yes", "<think>", "hm"),
    ("<seed:think>hm</seed:think>yes", "<seed:think>", "hm"),
    ("<longcat_think>hm</longcat_think>yes", "<longcat_think>", "hm"),
    ("◁think▷hm◁/think▷yes", "◁think▷", "hm"),
    ("[THINK]hm[/THINK]yes", "[THINK]", "hm"),
    ("<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>yes<|END_RESPONSE|>", "<|START_THINKING|>", "hm"),
    (
        "<|begin_of_thought|>hm<|end_of_thought|>\n\n<|begin_of_solution|>\nyes\n<|end_of_solution|>",
        "<|begin_of_thought|>",
        "hm",
    ),
    ("<unused94>thought\nhm<unused95>yes", "<unused94>", "thought\nhm"),
    ("<|channel>thought\nhm<channel|>yes", "<|channel>", "hm"),
    ("<|channel>thought\n<channel|>yes", "<|channel>", ""),
    (f"<|channel|>analysis<|message|>hm<|end|>{FINAL}yes", "<|channel|>", "hm"),
    ("<|channel|>analysis hm<|channel|>final yes", "<|channel|>", "hm"),
    ("<|channel|>analysis\nhm\n<|channel|>final\nyes", "<|channel|>", "hm"),
    ("<|channel|>analysis<|message|>hm<|channel|>final<|message|>yes", "<|channel|>", "hm"),
    ("<|channel|>analysis<|message|>hm<|end|>yes", "<|channel|>", "hm"),
    (
        f"<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>b<|end|>{FINAL}yes",
        "<|channel|>",
        "a\n\nb",
    ),
    (f"{FINAL}yes", "<|channel|>", ""),
    ("<|channel|>final <|constrain|>json<|message|>yes", "<|channel|>", ""),
    (f"hm{FINAL}yes", "<|channel|>", "hm"),
    ("analysisI look.assistantfinalyes", "assistantfinal", "I look."),
    ("<|think|>hm<|end|><|begin|>assistant<|content|>yes", "<|think|>", "hm"),
    ("Here is my thought process: hm\n\nHere is my response: yes", "my thought process:", "hm"),
    ("Here are my reasoning steps:\nhm\n[BEGIN FINAL RESPONSE]\nyes\n[END FINAL RESPONSE]", "", "hm"),
    ("hm\n</thinking>\nyes", "</thinking>", "hm"),
    ("hm\n◁/think▷\n\nyes", "◁/think▷", "hm"),
    ("hm\n[/THINK]yes", "[/THINK]", "hm"),
    ("hm<channel|>\nyes", "<channel|>", "hm"),
]


@pytest.mark.parametrize(("text", "tag", "thinking"), MARKED)
def test_every_markup_is_split_off(text: str, tag: str, thinking: str) -> None:
    answer, thought = split_thinking(text)
    assert (answer.strip(), thought) == ("yes", thinking)


@pytest.mark.parametrize(("text", "tag", "thinking"), [row for row in MARKED if row[1]])
def test_a_markup_that_the_prompt_names_is_the_answers_own(text: str, tag: str, thinking: str) -> None:
    assert split_thinking(text, ["Be brief.", f"Put it between {tag.upper()} and its end."]) == (text, "")
    assert split_thinking(text, ["Be brief."]) != (text, "")


@pytest.mark.parametrize("tags", [m.tags for m in MARKUPS if m.sure and m.opening.match(m.tags[0])])
def test_a_block_that_never_ends_is_all_thinking(tags: tuple[str, ...]) -> None:
    answer, thinking = split_thinking(f"{tags[0]}\nhm, ```go\nx\n```")
    assert (answer, thinking[-15:]) == ("", "hm, ```go\nx\n```")


def test_a_longer_draft_in_the_thinking_is_no_code_of_the_answer() -> None:
    draft = "```go\n" + "draft\n" * 9 + "```"
    pairs = [markup.tags for markup in MARKUPS if len(markup.tags) == 2 and markup.sure]
    assert len(pairs) > 10
    for opening, closing in pairs:
        artifact = extract(f"{opening}{draft}\n{closing}\n```go\nfinal\n```")
        assert [block.text for block in artifact.blocks] == ["final\n"]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>\n```xml\n</think>\n```\nso</think>yes", "yes"),
        ("<think>\n```xml\n</think>\nyes", "yes"),
        ("<think>\n```\na\n```\n</think>\n```html\n</think>\n```", "```html\n</think>\n```"),
    ],
)
def test_an_end_within_code_ends_nothing(text: str, answer: str) -> None:
    assert split_thinking(text)[0] == answer


WORDS = [*(tag for markup in MARKUPS for tag in markup.tags), "<|end|>", "<answer>", "</answer>", "analysis"]


@given(st.lists(st.sampled_from([*WORDS, "alpha", "alpha", "\n", "\n", "\n```\n"])))
def test_no_word_is_lost_in_any_markup(pieces: list[str]) -> None:
    text = " ".join(pieces)
    answer, thinking = split_thinking(text)
    assert answer in text
    assert (answer + thinking).count("alpha") == text.count("alpha")


@given(st.lists(st.sampled_from(["<think>", "</think>", "a", " ", "\n", "```\n", "[THINK]", "[/THINK]", "`"])))
def test_no_word_is_lost(pieces: list[str]) -> None:
    text = "".join(pieces)
    answer, thinking = split_thinking(text)
    assert (answer + thinking).count("a") == text.count("a")
    assert text.endswith(answer)


@pytest.mark.parametrize(
    "prompt",
    [
        "Put what he thinks in thought tags.",
        "Put what he thinks in `thought` tags.",
        "Put it into a <b>bold</b> 'thought' element.",
        "XML, please; the root element is thought.",
        "Use an element called `thought`, and one called `name`.",
        "Use the tags thought and said.",
        "Each node: thought",
    ],
)
def test_a_prompt_asks_for_a_markup_in_words_too(prompt: str) -> None:
    story = "<thought>It may rain.</thought>\nIt rained."
    assert split_thinking(story, [prompt]) == (story, "")


@pytest.mark.parametrize(
    "prompt",
    [
        "Think, then answer in answer tags.",
        "Give your thought, then HTML with the tags p and b.",
        'As JSON: {"thought": "...", "answer": 1}',
        "Write a page whose elements move. Thought first.",
        "Give a thought. Tags are not wanted.",
    ],
)
def test_a_word_alone_asks_for_no_markup(prompt: str) -> None:
    assert split_thinking("<thought>hm</thought>yes", [prompt]) == ("yes", "hm")


@pytest.mark.parametrize("bullet", ["-", "*", "+"])
def test_a_closing_tag_in_a_list_is_spoken_of(bullet: str) -> None:
    text = f"These end it:\n{bullet} </think>\n{bullet} </thought>\nAll are tags."
    assert split_thinking(text) == (text, "")
