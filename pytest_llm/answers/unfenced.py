"""The code in an answer without any fence: the text without the prose before, between and after it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from pytest_llm.answers.blocks import CodeBlock
from pytest_llm.answers.languages import guess_language
from pytest_llm.answers.prose import HASHED, headings, prose_lines
from pytest_llm.answers.sentences import Line, label
from pytest_llm.syntax.grammars import LANGUAGES, PAGE
from pytest_llm.syntax.outline import within

_LEAD = re.compile(r"[^\W\d_][^:{}()=;\[\]<>\"`]{3,80}:[ \t]+(?=\S)")
_ANNOUNCES = re.compile(r"[A-Z][a-z']{0,20}(?: [a-z']{1,20}){0,2}:")  # what stands below, in a program nothing
_MARKDOWN = 4  # columns by which Markdown indents code


def unfenced(lines: Sequence[str], language: str) -> list[CodeBlock]:
    """The code in the lines of an answer, in order; none where all of them are prose.

    They are one block, in which prose between its lines is left blank, and tests beside what they test, unless one
    of its pieces is another version of an earlier one: then each is a block. Where nothing is plainly prose, the
    whole text is the block.
    """
    lines = [line.removesuffix("\r") for line in lines]
    if width := _lead_in(first := next((line for line in lines if line.strip()), "")):
        at = lines.index(first)
        found = _unfenced([*lines[:at], first[width:], *lines[at + 1 :]], language)
        return [_moved(block, width) if block.line + _blank(block) == at + 1 else block for block in found]
    return _unfenced(lines, language)


def _unfenced(lines: Sequence[str], language: str) -> list[CodeBlock]:
    prose = _outside(lines, language)
    if not any(prose):
        if quoted := _all_quoted(lines):
            return [_block(lines, quoted, language)]
        return [CodeBlock("\n".join(lines), language, fenced=False)]
    prose = headings(lines, prose, language)
    pieces = [(piece, _block(lines, piece, language)) for piece in _pieces(lines, prose)]
    own = [piece for piece in pieces if not piece[1].tests] or pieces
    if _apart([block for _, block in own], language):
        return [block for _, block in pieces]
    return [_block(lines, [at for piece, _ in own for at in piece], language)] if own else []


def _lead_in(line: str) -> int:
    """How wide the prose is that stands before code in a line: `Here is the code: x = f()`."""
    found = _LEAD.match(line[:200])
    return found.end() if found and label(Line(f"{found[0]}Code")) and guess_language(line[found.end() :]) else 0


def _blank(block: CodeBlock) -> int:
    """How many blank lines a block begins with."""
    return block.text[: len(block.text) - len(block.text.lstrip("\n"))].count("\n")


def _moved(block: CodeBlock, width: int) -> CodeBlock:
    """A block whose first line that is not blank stood behind prose."""
    lines, blank = range(block.text.count("\n") + 1), _blank(block)
    return replace(block, places=tuple((block.line + at, block.indent + width * (at == blank)) for at in lines))


def before_prose(lines: Sequence[str], language: str) -> int:
    """How many lines are left without the prose that ends them, were it two words that announce what follows."""
    prose = _outside(lines, language)
    ends = (at for at in range(len(lines) - 1, -1, -1) if lines[at].strip() and not prose[at])
    last = next(ends, -1)
    apart = last > 0 and language in LANGUAGES and not lines[last - 1].strip()
    if apart and _ANNOUNCES.fullmatch(lines[last].rstrip()):
        last = next(ends, -1)
    return last + 1


def without_prose(lines: Sequence[str], language: str = "") -> str:
    """The text with its prose left blank, that in strings and comments too."""
    return _replaced(lines, prose_lines(lines, language))


def _outside(lines: Sequence[str], language: str) -> list[bool]:
    """For each line whether it is prose outside of strings and comments; none is where these cannot be found."""
    prose = prose_lines(lines, language)
    if language not in LANGUAGES or not any(prose):
        return prose
    comment = "#" if language in HASHED else "//"
    text = _replaced(lines, prose, f"{comment} x")
    inside = within(text, PAGE if language == "php" and "<?" in text else language)
    return [False] * len(lines) if inside is None else prose_lines(lines, language, inside)


def _replaced(lines: Sequence[str], prose: Sequence[bool], by: str = "") -> str:
    """The text with something else in place of its prose."""
    return "\n".join(by if told else line for line, told in zip(lines, prose, strict=True))


def _pieces(lines: Sequence[str], prose: Sequence[bool]) -> list[list[int]]:
    """The numbers of the lines of code, in runs between prose."""
    told = [(at, is_prose) for at, is_prose in enumerate(prose) if is_prose or lines[at].strip()]
    return [[at for at, _ in run] for is_prose, run in groupby(told, key=lambda one: one[1]) if not is_prose]


def _apart(blocks: Sequence[CodeBlock], language: str) -> bool:
    """Whether the pieces are no one program: one defines what another did, or is a file or document of its own."""
    if language == "json":
        return len(blocks) > 1
    if any(block.begins_a_file(language) for block in blocks[1:]):
        return True
    return sum(len(block.names) for block in blocks) > len(frozenset().union(*(block.names for block in blocks)))


def _block(lines: Sequence[str], numbers: Sequence[int], language: str) -> CodeBlock:
    """Lines of an answer as code: without the quote marks, or the columns, that all of them begin with."""
    first, last, taken = numbers[0], numbers[-1], frozenset(numbers)
    cut = _lead([lines[at] for at in numbers])
    left = (lines[at] if at in taken or not lines[at].strip() else "" for at in range(first, last + 1))
    return CodeBlock("\n".join(line[cut:] for line in left), language, line=first + 1, fenced=False, indent=cut)


def _all_quoted(lines: Sequence[str]) -> list[int]:
    """The lines that hold something, where all of them stand in a quote."""
    held = [at for at, line in enumerate(lines) if line.strip()]
    return held if all(lines[at].startswith(">") for at in held) else []


def _lead(lines: Sequence[str]) -> int:
    """How many columns of the lines are marks of a quote, or the indentation of code."""
    if all(line.startswith(">") for line in lines):
        return 2 if all(line.startswith("> ") or line.rstrip() == ">" for line in lines) else 1
    return _MARKDOWN if all(line.startswith(" " * _MARKDOWN) for line in lines) else 0
