"""The blocks of an answer: between its fences, or, where it has none, the text itself as far as it is code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import dedent

from pytest_llm.answers.blocks import CodeBlock
from pytest_llm.answers.fenced import fenced_blocks
from pytest_llm.answers.fences import MOST, Fenced, written
from pytest_llm.answers.languages import guess_language
from pytest_llm.answers.pasted import pasted
from pytest_llm.answers.unfenced import unfenced, without_prose
from pytest_llm.syntax.grammars import LANGUAGES

_FENCE = re.compile("```|~~~")
_WHOLE = frozenset({"html", "json"})  # languages in which sentences may stand at the left edge
_SHOWS = 40_000  # characters: what a text is shows at its beginning


def blocks_and_notes(answer: str) -> tuple[tuple[CodeBlock, ...], tuple[str, ...]]:
    """The blocks of an answer, and what a reader must know of them."""
    lines = answer.split("\n")
    found = written(lines) if _FENCE.search(answer) else pasted(lines)
    stray = _stray(lines, found)
    if stray is not None:
        found = found[:-1]
    left_open = next((piece.first for piece in found[:-1] if not piece.closed), None)
    notes = [f"the code block in line {left_open} was never closed"] if left_open else []
    if found and not found[-1].closed:
        notes.append("the last code block was never closed")
    if len(found) == MOST:
        notes.append(f"only the first {MOST} code blocks are looked at")
    blocks = tuple(fenced_blocks(found, lines))
    if not blocks:
        blocks = _unfenced(lines if stray is None else lines[:stray])
        notes += [_taken(b, lines) for b in blocks if b.language != "json"]
    return blocks, tuple(notes)


def _stray(lines: Sequence[str], found: Sequence[Fenced]) -> int | None:
    """The line of a last bare fence that opens nothing: nothing follows, or it ends code that never began one."""
    if not found or found[-1].closed or found[-1].info:
        return None
    at = found[-1].first - 1
    if not found[-1].text.strip():
        return at
    if len(found) > 1 or guess_language(found[-1].text):
        return None
    code_before = guess_language("\n".join(lines[:at])) or without_prose(lines[:at]).strip()
    return at if code_before and not without_prose(lines[at + 1 :]).strip() else None


def _unfenced(lines: Sequence[str]) -> tuple[CodeBlock, ...]:
    lines = [line.removesuffix("\r") for line in lines]
    text = "\n".join(lines)
    language = guess_language(text)
    if not language and (sign := guess_language(dedent(without_prose(lines)[:_SHOWS]).strip("\n"))) not in _WHOLE:
        language = sign
    if language in LANGUAGES:
        return tuple(unfenced(lines, language))
    return (CodeBlock(text, language, fenced=False),) if language else ()


def _taken(block: CodeBlock, lines: Sequence[str]) -> str:
    """What a reader must know of code without a fence."""
    told = extent(block, lines)
    return f"no fence: {told} taken as code" if told else "no code fence: the text itself is taken as code"


def extent(block: CodeBlock, lines: Sequence[str]) -> str:
    """Which lines of an answer a block without a fence is, "lines 3 to 12 are"; "" where it is all of them."""
    last = block.line + block.text.removesuffix("\n").count("\n")
    around = any(line.strip() for line in (*lines[: block.line - 1], *lines[last:]))
    if not around:
        return ""
    return f"line {last} is" if last == block.line else f"lines {block.line} to {last} are"
