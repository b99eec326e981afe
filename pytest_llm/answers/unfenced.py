"""The code in an answer without any fence: the text without the prose before, between and after it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from pytest_llm.answers.blocks import CodeBlock
from pytest_llm.answers.prose import headings, prose_lines
from pytest_llm.syntax.grammars import LANGUAGES, PAGE
from pytest_llm.syntax.outline import within

_MARKDOWN = 4  # columns by which Markdown indents code


def unfenced(lines: Sequence[str], language: str) -> list[CodeBlock]:
    """The code in the lines of an answer, in order; none where all of them are prose.

    It is one block, in which prose between its lines is left blank, unless one of its pieces is another version of
    an earlier one, or tests it: then each is a block. Where nothing is plainly prose, the whole text is the block.
    """
    lines = [line.removesuffix("\r") for line in lines]
    prose = _outside(lines, prose_lines(lines, language), language)
    if not any(prose):
        return [CodeBlock("\n".join(lines), language, fenced=False)]
    prose = headings(lines, prose, language)
    left = ["" if told else line for line, told in zip(lines, prose, strict=True)]
    blocks = [_block(left, piece, language) for piece in _pieces(lines, prose)]
    return blocks if _apart(blocks) else [_block(left, range(len(left)), language)] if blocks else []


def without_prose(lines: Sequence[str], language: str = "") -> str:
    """The text with its prose left blank."""
    prose = prose_lines(lines, language)
    return "\n".join("" if told else line for line, told in zip(lines, prose, strict=True))


def _outside(lines: Sequence[str], prose: list[bool], language: str) -> list[bool]:
    """`prose` without the lines in strings and comments; nothing where these cannot be found."""
    if language not in LANGUAGES or not any(prose):
        return prose
    text = "\n".join("" if told else line for line, told in zip(lines, prose, strict=True))
    inside = within(text, PAGE if language == "php" and "<?" in text else language)
    if inside is None:
        return [False] * len(lines)
    return [told and at not in inside for at, told in enumerate(prose)]


def _pieces(lines: Sequence[str], prose: Sequence[bool]) -> list[list[int]]:
    """The numbers of the lines of code, in runs between prose."""
    told = [(at, is_prose) for at, is_prose in enumerate(prose) if is_prose or lines[at].strip()]
    return [[at for at, _ in run] for is_prose, run in groupby(told, key=lambda one: one[1]) if not is_prose]


def _apart(blocks: Sequence[CodeBlock]) -> bool:
    """Whether the pieces are no one program: what one defines, or begins with, another does again, or tests."""
    seen: set[str] = set()
    for block in blocks:
        names = {*block.names, block.text.partition("\n")[0].strip()}
        if len(blocks) > 1 and (block.tests or not seen.isdisjoint(names)):
            return True
        seen |= names
    return False


def _block(lines: Sequence[str], numbers: Sequence[int], language: str) -> CodeBlock:
    """Lines of an answer as code: without the quote marks, or the columns, that all of them begin with."""
    filled = [at for at in numbers if lines[at].strip()]
    cut = _lead([lines[at] for at in filled])
    text = "".join(f"{line[cut:]}\n" for line in lines[filled[0] : filled[-1] + 1])
    return CodeBlock(text, language, line=filled[0] + 1, fenced=False, indent=cut)


def _lead(lines: Sequence[str]) -> int:
    """How many columns of all lines belong to Markdown."""
    if all(line.startswith(">") for line in lines):
        return 2 if all(line.startswith("> ") or line.rstrip() == ">" for line in lines) else 1
    return _MARKDOWN if all(line.startswith(" " * _MARKDOWN) for line in lines) else 0
