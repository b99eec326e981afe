"""Fenced code in Markdown, line by line, by the rules of CommonMark with a little patience for models.

Each line is looked at a bounded number of times, so any text takes time in proportion to its length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from pytest_llm.answers.closings import Closings, beside_code, closes, is_alone, wraps
from pytest_llm.answers.marks import Opening, indented, info_of, run_of, unquote, visible
from pytest_llm.answers.pages import Pages

_BEHIND = re.compile(r":[*_]{0,2}[ \t]*(`{3,}|~{3,})[ \t]*([A-Za-z][\w+#.-]{0,20})?\s*$")  # behind prose
_MARKER = re.compile(r"([-+*]|\d{1,9}[.)])([ \t]+)(?=\S)")
_DEEPEST = 16  # list items inside one another
MOST = 4_000
"""Blocks of one answer that are looked for: no model writes as many."""


@dataclass(frozen=True)
class Fenced:
    """The lines [first, end) between two fences, counted from 0. indent: columns that belong to the Markdown."""

    info: str
    first: int
    end: int
    closed: bool
    indent: int
    text: str


@dataclass
class _Items:
    """The content columns of the list items that are open, outermost first."""

    columns: list[int] = field(default_factory=list)
    after_blank: bool = True

    def base(self, indent: int) -> int:
        return max((column for column in self.columns if column <= indent), default=0)

    def seen(self, indent: int, opened: bool) -> None:
        """A line of text that is indented less ends an item, unless it goes on a paragraph."""
        if not opened and self.after_blank:
            self.columns = [column for column in self.columns if column <= indent]
        self.after_blank = False

    def open(self, indent: int, column: int) -> None:
        self.columns = [*(c for c in self.columns if c <= indent), column][-_DEEPEST:]


def written(lines: Sequence[str]) -> list[Fenced]:
    """The blocks of a text; where there is none by the rules of Markdown, those indented deeper than it allows."""
    return scan(lines) or scan(lines, anywhere=True)


def scan(lines: Sequence[str], *, anywhere: bool = False) -> list[Fenced]:
    """Every fenced block. anywhere: however deep the fence is indented, four columns being code by the rules."""
    found: list[Fenced] = []
    items = _Items()
    pages, closings = Pages(lines), Closings(lines)
    at = 0
    while at < len(lines) and len(found) < MOST:
        line = lines[at]
        at += 1
        if not line or line.isspace():
            items.after_blank = True
            continue
        opening = _opening(line, items, anywhere)
        if opening is None:
            continue
        end, closed = closings.end(at, opening)
        if not closings.nesting and wraps(lines, at, opening):
            continue
        if closed and (later := pages.end(at, end, partial(closes, opening))) is not None:
            end = later
        beside = None if closed else beside_code(lines, at, end, opening)
        if beside and (closed := is_alone(lines[beside - 1], opening)):
            end, beside = beside - 1, None
        opening = _as_deep_as_its_code(opening, lines[at : beside or end])
        text = "".join(f"{_inner(line, opening)}\n" for line in lines[at : beside or end])
        if beside:
            end, text = beside, f"{text.rstrip()[: -opening.length]}\n"
        found.append(Fenced(opening.info, at, end, closed or bool(beside), opening.indent, text))
        at = end + closed
    return found


def _opening(line: str, items: _Items, anywhere: bool) -> Opening | None:
    quotes, rest = unquote(visible(line))
    column, opened = 0, False
    for _ in range(_DEEPEST):
        width, body = indented(rest)
        column += width
        relative = column - items.base(column)
        marker = _MARKER.match(body[:80]) if relative < 4 else None
        if marker is None:
            break
        opened = True
        wide = len(marker[2].expandtabs(4))
        items.open(column, column + len(marker[1]) + (wide if wide < 5 else 1))
        column, rest = column + len(marker[1]), body[len(marker[1]) :]
    items.seen(column, opened)
    if relative > 3 and not anywhere:
        return None
    mark, length = run_of(body)
    info = info_of(body[length:])
    if length < 3 and (behind := _BEHIND.search(body[-60:])) and body.count(behind[1][:3]) == 1:
        mark, length, info = behind[1][0], len(behind[1]), behind[2] or ""
        column = items.base(column)
    if length < 3 or (mark == "`" and "`" in info):
        return None
    limit = column if anywhere else items.base(column)
    return Opening(mark, length, info, column, limit + 3, quotes)


def _as_deep_as_its_code(opening: Opening, lines: Sequence[str]) -> Opening:
    """The opening of a block with the indentation of its first line of code, where that is less: all further
    indentation is the code's own."""
    first = next((line for line in lines if line.strip()), "")
    return replace(opening, indent=min(opening.indent, indented(unquote(first, opening.quotes)[1])[0]))


def _inner(line: str, opening: Opening) -> str:
    """A line of code without the quote marks and the indentation of its fence, and without a carriage return."""
    rest = unquote(line, opening.quotes)[1] if opening.quotes else line
    removed = width = 0
    for sign in rest:
        step = 1 if sign == " " else 4 - width % 4 if sign == "\t" else 0
        if not step or width + step > opening.indent:
            break
        removed, width = removed + 1, width + step
    return rest[removed:].removesuffix("\r")
