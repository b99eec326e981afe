"""What is laid over the lines of code: their numbers, the signs of a diff."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from pytest_llm.answers.blocks import CodeBlock

_NUMBER = re.compile(r"[ \t]{0,8}(\d{1,5})(?:[ \t]{0,2}([|:.)\u2502])|(?=[ \t]|$))")
_FEWEST = 3  # numbered lines: fewer may be anything
_HEADER = re.compile(
    r"(?:---|\+\+\+) \S|diff --git |index [\da-f]+\.\.|(?:new|deleted) file mode |@@ |\\ No newline"
)
_LATER = re.compile(r"^@@ -(?![01][, ])", re.MULTILINE)  # a part of a file


def unlaid(block: CodeBlock) -> CodeBlock:
    """The code without the numbers of its lines, or as a diff leaves it; the block itself where it has neither."""
    lines = block.text.split("\n")
    return _without(block, lines, _numbers(lines)) or (merged(block) if _is_diff(lines) else None) or block


def merged(block: CodeBlock) -> CodeBlock | None:
    """The file that a diff leaves, its lines where they are; None where it shows only a part of it."""
    lines = block.text.split("\n")
    if _LATER.search(block.text) or block.text.count("\n@@ ") > 1:
        return None
    left = ["" if line.startswith("-") or _HEADER.match(line) else line for line in lines]
    return _without(block, left, _signs([line for line in lines if not _HEADER.match(line)], left))


def _without(block: CodeBlock, lines: Sequence[str], widths: Sequence[int]) -> CodeBlock | None:
    """The block with so many characters off each line."""
    if not any(widths):
        return None
    text = "\n".join(line[width:] for line, width in zip(lines, widths, strict=True))
    placed = (block.place(at, width + 1) for at, width in enumerate(widths, 1))
    places = tuple((line, column and column - 1) for line, column in placed)
    return replace(block, text=text, places=places)


def _numbers(lines: Sequence[str]) -> list[int]:
    """How wide the number in front of each line is, with the blanks behind it; none where a line lacks its own."""
    found = [(line, _NUMBER.match(line)) for line in lines if line.strip()]
    if len(found) < _FEWEST or any(number is None for _, number in found[:_FEWEST]):
        return []
    told = [(line, number) for line, number in found if number]
    first = int(told[0][1][1])
    whole = len(told) == len(found) and [int(number[1]) for _, number in told] == [*range(first, first + len(told))]
    if not whole or len({number[2] for _, number in told}) > 1:
        return []
    behind = [line[number.end() :] for line, number in told if line[number.end() :].strip()]
    blanks = min((len(rest) - len(rest.lstrip(" ")) for rest in behind), default=0)
    blanks = 1 if behind and all(rest[0] == "\t" for rest in behind) else blanks
    if not blanks and told[0][1][2] is None:
        return []
    ends = iter(number.end() + blanks for _, number in told)
    return [next(ends) if line.strip() else 0 for line in lines]


def _is_diff(lines: Sequence[str]) -> bool:
    """Whether each line has the sign of a diff, or a blank in its place, and some are taken out."""
    told = [line for line in lines if line.strip()]
    return all(line[0] in " +-@\\" for line in told) and {"+", "-"} <= {line[0] for line in told}


def _signs(lines: Sequence[str], left: Sequence[str]) -> list[int]:
    """How wide the sign in front of each line is. Where only changed lines have one, a blank may follow it."""
    changed = [line[1:] for line in lines if line[:1] in ("+", "-")]
    kept = [line for line in lines if line.strip() and line[:1] not in ("+", "-")]
    loose = not kept or any(line[:1] != " " for line in kept)
    blanks = min((len(rest) - len(rest.lstrip(" ")) for rest in changed if rest.strip()), default=0)
    wide = 2 if loose and blanks == 1 else 1
    return [(wide if line[:1] == "+" else 0 if loose or line[:1] != " " else 1) for line in left]
