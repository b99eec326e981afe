"""An answer in the pieces in which it is shown: prose and code, each with its first line in the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pytest_llm.answers.ends import leading
from pytest_llm.answers.extract import CodeBlock, extract
from pytest_llm.reports.plain import visible


@dataclass(frozen=True)
class Piece:
    """Lines of an answer. line: of the answer, from 1. language: "" for prose and for code without a label."""

    text: str
    line: int
    code: bool = False
    language: str = ""
    runs: Sequence[int] = field(default=())


def pieces(text: str) -> tuple[str, list[Piece]]:
    """The thinking that was left in the answer, and its pieces; the marks of its fences stand in none."""
    artifact = extract(text)
    lines = visible(artifact.answer).split("\n")
    return artifact.thinking, [piece for piece in _pieces(lines, artifact.blocks) if piece.text.strip()]


def _pieces(lines: Sequence[str], blocks: Iterable[CodeBlock]) -> Iterator[Piece]:
    at = 0
    for block in blocks:
        first = block.line - 1
        end = first + block.text.removesuffix("\n").count("\n") + 1 if block.text else first
        yield _piece(lines, at, _opening(lines, first, at) if block.fenced else first)
        yield _piece(lines, first, end, code=True, language=block.language)
        at = end + (block.fenced and block.closed and all(map(_closes, lines[end : end + 1])))
    yield _piece(lines, at, len(lines))


def _opening(lines: Sequence[str], first: int, at: int) -> int:
    """The line of the fence above code; the label may stand between them."""
    near = (
        line for line in (first - 1, first - 2) if line >= at and ("```" in lines[line] or "~~~" in lines[line])
    )
    return next(near, first - 1)


def _closes(line: str) -> bool:
    """Whether nothing but a fence stands in a line, an end token aside."""
    behind = line.lstrip("> \t`~")
    return not behind.strip() or leading(behind) != ""


def _piece(lines: Sequence[str], first: int, end: int, *, code: bool = False, language: str = "") -> Piece:
    return Piece("\n".join(lines[first : max(first, end)]), first + 1, code, language)
