"""Whatever a model writes: extraction never raises and never loses a line between fences."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pytest_llm.answers.extract import Artifact, extract

PIECES = st.sampled_from(
    [
        "```", "````", "~~~", "``", "`", "go", "markdown", "html", "json", " ", "  ", "    ", "\t", "> ", "- ",
        "1. ", "\n", "\n", "\n", "\r\n", "\u2028", "\x0c", "\ufeff", "x", "<html>", "</html>", "<!doctype html>",
        "{", "}", "package main", "<think>", "</think>", "\ud800", "\x00", "<|im_end|>", "</s>", "<|im_start|>",
        '{"a": 1}', "def f():", "// a.js", "# ...", "<|channel|>final",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=200)
PLAIN_LINE = st.text("abc xyz.{}();=#`~", max_size=12).filter(
    lambda line: not line.lstrip().startswith(("```", "~~~", ">", "#"))
)


def everything(artifact: Artifact) -> None:
    artifact.code()
    artifact.code("go")
    artifact.page()
    artifact.json_text()


@given(TEXTS, st.lists(TEXTS, max_size=2))
def test_never_raises(text: str, prompt: list[str]) -> None:
    everything(extract(text, prompt=prompt))


@given(TEXTS)
@example("    ```\n``")
def test_an_answer_that_repeats_its_prompt_has_no_code_of_its_own(text: str) -> None:
    artifact = extract(text)
    again = extract(text, prompt=[artifact.answer])
    assume(again.answer == artifact.answer)  # markup that the prompt names is the answer's own
    for block in (again.code(), again.page()):
        assert block is None or block.echo or not block.fenced or not block.text.strip()


def steps(text: str) -> int:
    """How many lines of the room's code run for a text."""
    count = 0

    def tracer(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        if "answers" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        everything(extract(text, prompt=[PROMPT]))
    finally:
        sys.settrace(before)
    return count


PROMPT = "Mend it:\n```go\npackage main\n```\n"
GROWING = [
    "```go\nfunc F() {\n}\n```\n",
    "```go\nfunc F() {\n}\n",
    "```\npackage main\n```<|im_end|>\n",
    "<think>a</think>\n",
    "<think>\n```\n</think>\n",
    "```markdown\n```go\nx\n```\n",
    "```json\n[" + "1," * 9 + "\n```\n",
    "```html\n<html></html>\n```\n<html>",
    "<|im_end|>\n",
    "<|im_end|>\n<|im_start|>",
    "</s>",
    "- > ```x\n",
    "<|channel|>analysis<|end|>",
    "# ... \n// a.js\n",
    "````go\nx\n```\n",
    "```go\ny()```\n",
    "Here: ```go\nx\n",
    "```\n```go\n",
    "```go\nx\n```\n```\ny\n```\n",
    "```go\n1 x\n2 y\n3 z\n```\n",
    "### a.go\n\nIt is so.\n\n```go\nx\n```\n",
    "<code>\nx\n</code>\n",
    "<code>\n<pre>\n",
    "[go]\n'''go\n",
]


@pytest.mark.parametrize("piece", GROWING)
def test_twice_the_text_takes_twice_the_steps(piece: str) -> None:
    once, twice = steps(piece * 40), steps(piece * 80)
    assert 40 < once <= twice < 2.3 * once + 100


def test_twice_as_many_tags_that_nothing_closes_take_twice_the_steps() -> None:
    names = [f"<{a}{b}x>\n" for a in "abcdefghijklmno" for b in "abcdefghijklmno"]
    once, twice = steps("".join(names[:100])), steps("".join(names[:200]))
    assert 100 < once <= twice < 2.3 * once + 100


@given(TEXTS)
@example("~~~<html>\ufeff```")
@example("> - \u200b```go\u200b package\u00a0main\ufeff;\n> - func F() {}")
def test_every_block_is_where_it_says(text: str) -> None:
    artifact = extract(text)
    lines = artifact.answer.split("\n")
    above = 0
    for block in artifact.blocks:
        written = block.text.split("\n")[:-1] if block.fenced else block.text.split("\n")
        assert block.line > above
        for at, line in enumerate(written, 1):
            assert line in lines[block.line + at - 2]  # a closing fence may stand behind it
            row, column = block.place(at, 1)
            assert column is None or not line or lines[row - 1].startswith(line, column - 1)
        above = block.line + len(written) - 1
    assert above <= len(lines)


@given(TEXTS)
def test_pages_are_where_they_say(text: str) -> None:
    artifact = extract(text)
    page = artifact.page()
    if page is not None and page.text:
        first = artifact.answer.split("\n")[page.line - 1]
        assert page.text.split("\n")[0].removesuffix("\r") in first


@given(
    st.lists(
        st.tuples(st.lists(PLAIN_LINE, max_size=3), st.lists(PLAIN_LINE, max_size=4), st.integers(3, 6)), max_size=5
    )
)
def test_what_was_fenced_comes_back(parts: list[tuple[list[str], list[str], int]]) -> None:
    answer: list[str] = []
    for prose, code, length in parts:
        answer += [*prose, "`" * length + "go", *code, "`" * length]
    blocks = [block.text for block in extract("\n".join(answer)).blocks if block.fenced]
    assert blocks == ["".join(f"{line}\n" for line in code) for _, code, _ in parts]


@given(st.lists(st.lists(PLAIN_LINE, max_size=3), min_size=1, max_size=6), st.booleans())
def test_no_line_between_fences_is_lost(parts: list[list[str]], closed: bool) -> None:
    marked = [[f"{line}§{n}" for n, line in enumerate(part)] for part in parts]
    text = "\n".join(line for part in marked for line in ("```go", *part, "```"))
    blocks = extract(text if closed else text.removesuffix("\n```")).blocks
    assert "".join(block.text for block in blocks).count("§") == text.count("§")


def judged(text: str) -> list[tuple[str, str, int] | None]:
    """What of an answer counts as code, as a page, and as JSON in a fence."""
    artifact = extract(text)
    found = [artifact.code(), artifact.code("go"), artifact.code("python"), artifact.page(), artifact.json_text()]
    return [(block.text, block.language, block.line) if block and block.fenced else None for block in found]


@given(TEXTS.map(lambda text: text.replace("\r", "\n")))
def test_carriage_returns_change_nothing(text: str) -> None:
    assert judged(text.replace("\n", "\r\n")) == judged(text)


BLOCKS = st.lists(
    st.tuples(
        st.lists(PLAIN_LINE, max_size=4),
        st.sampled_from(["go", "python", "json", "html", ""]),
        st.lists(PLAIN_LINE, max_size=4),
    ),
    min_size=1,
    max_size=4,
)
ENDS = [
    "\nLet me know if you have questions!\n",
    "**Note:** it is O(n).",
    "Done.",
    "\n---\n*End.*\n",
    " ",
    "\n\n \n",
]


@given(BLOCKS, st.sampled_from(ENDS))
def test_a_closing_remark_changes_nothing(parts: list[tuple[list[str], str, list[str]]], end: str) -> None:
    text = "".join("\n".join([*prose, f"```{label}", *code, "```\n"]) for prose, label, code in parts)
    assert judged(text + end) == judged(text)
