"""Fenced code in Markdown, line by line, by the rules of CommonMark with a little patience for models.

Each line is looked at a bounded number of times, so any text takes time in proportion to its length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from pytest_llm.answers.ends import leading
from pytest_llm.answers.languages import is_label, normalise_language
from pytest_llm.answers.pages import Pages

_QUOTE = re.compile(r"(?: {0,3}> ?)+")
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff")) | {0xA0: " "}  # what no reader sees of a fence
_BEHIND = re.compile(r":[*_]{0,2}[ \t]*(`{3,}|~{3,})[ \t]*([A-Za-z][\w+#.-]{0,20})?\s*$")  # behind prose
_ALONE = re.compile(r"(?:``+|~~~+)\s*$")
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


@dataclass(frozen=True)
class _Opening:
    mark: str
    length: int
    info: str
    indent: int
    limit: int
    quotes: int


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
    nesting = True
    pages = Pages(lines)
    open_ended: set[_Opening] = set()  # fences that nothing closes from here on
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
        kind = replace(opening, info="", indent=0)
        end, closed, nesting = (
            (_last(lines, at), False, nesting) if kind in open_ended else _end(lines, at, opening, nesting)
        )
        if not nesting and _wraps(lines, at, opening):
            continue
        if not closed and end == _last(lines, at):
            open_ended.add(kind)
        if closed and (later := pages.end(at, end, partial(_closes, opening))) is not None:
            end = later
        beside = None if closed else _beside(lines, at, end, opening)
        if beside and (closed := _is_alone(lines[beside - 1], opening)):
            end, beside = beside - 1, None
        opening = _as_deep_as_its_code(opening, lines[at : beside or end])
        text = "".join(f"{_inner(line, opening)}\n" for line in lines[at : beside or end])
        if beside:
            end, text = beside, f"{text.rstrip()[: -opening.length]}\n"
        found.append(Fenced(opening.info, at, end, closed or bool(beside), opening.indent, text))
        at = end + closed
    return found


def _opening(line: str, items: _Items, anywhere: bool) -> _Opening | None:
    quotes, rest = _unquote(_visible(line))
    column, opened = 0, False
    for _ in range(_DEEPEST):
        width, body = _indent(rest)
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
    mark, length = _run(body)
    info = _info(body[length:])
    if length < 3 and (behind := _BEHIND.search(body[-60:])) and body.count(behind[1][:3]) == 1:
        mark, length, info = behind[1][0], len(behind[1]), behind[2] or ""
        column = items.base(column)
    if length < 3 or (mark == "`" and "`" in info):
        return None
    limit = column if anywhere else items.base(column)
    return _Opening(mark, length, info, column, limit + 3, quotes)


def _end(lines: Sequence[str], start: int, opening: _Opening, nesting: bool) -> tuple[int, bool, bool]:
    """(end, closed, whether nested fences are still looked for).

    Inside a block of Markdown, or of nothing but fences, a fence with an info string opens a block of its own,
    whatever its length: models nest fences that way. Where that does not come out even, the first bare fence is the
    end after all. A fence with words behind it that are no label is a bare one with prose.
    """
    nested = nesting and (normalise_language(opening.info) == "markdown" or _wraps(lines, start, opening))
    depth, first = 1, None
    for at in range(start, len(lines)):
        if opening.quotes and _unquote(lines[at], opening.quotes)[0] < opening.quotes:
            return (at, False, nesting) if first is None else (first, True, False)
        info = _fence_like(lines[at], opening)
        if info is None or (info and not nested and not _is_prose(info)):
            continue
        if info and nested:
            depth += 1
            continue
        first = at if first is None else first
        depth -= 1
        if not depth or not nested:
            return at, True, nesting
    if first is not None:
        return first, True, False
    return _last(lines, start), False, nesting


def _last(lines: Sequence[str], start: int) -> int:
    """The end of a block that begins in line `start` and is never closed."""
    return len(lines) - (1 if len(lines) > start and lines[-1] == "" else 0)


def _wraps(lines: Sequence[str], start: int, opening: _Opening) -> bool:
    """Whether a fence without a label stands around another one, with one."""
    inner = next((line for line in lines[start : start + 2] if line.strip()), "")
    return not opening.info and is_label(_fence_like(inner, opening) or "")


def _is_prose(info: str) -> bool:
    """Whether what stands behind a fence is no label: `That is it.`"""
    return (" " in info or info.endswith((".", "!"))) and not is_label(info)


def _beside(lines: Sequence[str], start: int, end: int, opening: _Opening) -> int | None:
    """The end of a block that no line closes, where the fence stands behind the last line of code, or is of the
    wrong length or sign."""
    fence = re.compile(rf"[^{opening.mark}\s]\s*{opening.mark}{{{opening.length}}}\s*$")
    found = (
        at + 1
        for at in range(start, end)
        if (opening.mark in lines[at] and fence.search(lines[at])) or _is_alone(lines[at], opening)
    )
    return next(found, None)


def _is_alone(line: str, opening: _Opening) -> bool:
    """Whether a line is nothing but signs of a fence; in Markdown, that of another block."""
    width, body = _indent(line)
    alone = width <= opening.limit and body[:1] in ("`", "~") and _ALONE.match(body) is not None
    return alone and normalise_language(opening.info) != "markdown"


def _closes(opening: _Opening, line: str) -> bool:
    return _fence_like(line, opening) == ""


def _visible(line: str) -> str:
    """A line that may be a fence, without what no reader sees of it."""
    return line if line.isascii() or ("```" not in line and "~~~" not in line) else line.translate(_UNSEEN)


def at_its_end(line: str, code: str) -> tuple[int, str]:
    """(offset, text) of code that ends the line of a fence, with what no reader sees of it."""
    seen = [at for at, sign in enumerate(line) if _UNSEEN.get(ord(sign), sign) is not None]
    first = "".join(line[at] for at in seen).translate(_UNSEEN).rfind(code)
    if first < 0:
        return 0, code
    return seen[first], line[seen[first] : seen[first + len(code) - 1] + 1]


def _fence_like(line: str, opening: _Opening) -> str | None:
    """The info string of a fence as long as `opening`'s, "" where it is bare; None where it is none."""
    if opening.mark not in line:
        return None
    width, body = _indent(_unquote(_visible(line), opening.quotes)[1])
    if width > opening.limit or not body.startswith(opening.mark * min(opening.length, len(body) + 1)):
        return None
    mark, length = _run(body)
    info = _info(body[length:])
    return None if mark == "`" and "`" in info else info


def _info(rest: str) -> str:
    """The info string; an end token that a server let through is none."""
    info = rest.strip()
    return "" if leading(info) else info


def _as_deep_as_its_code(opening: _Opening, lines: Sequence[str]) -> _Opening:
    """The opening of a block with the indentation of its first line of code, where that is less: all further
    indentation is the code's own."""
    first = next((line for line in lines if line.strip()), "")
    return replace(opening, indent=min(opening.indent, _indent(_unquote(first, opening.quotes)[1])[0]))


def _inner(line: str, opening: _Opening) -> str:
    """A line of code without the quote marks and the indentation of its fence, and without a carriage return."""
    rest = _unquote(line, opening.quotes)[1] if opening.quotes else line
    removed = width = 0
    for sign in rest:
        step = 1 if sign == " " else 4 - width % 4 if sign == "\t" else 0
        if not step or width + step > opening.indent:
            break
        removed, width = removed + 1, width + step
    return rest[removed:].removesuffix("\r")


def _unquote(line: str, most: int | None = None) -> tuple[int, str]:
    """How many quote marks lead the line (at most `most`), and the rest."""
    if most == 0 or ">" not in line[:40]:
        return 0, line
    match = _QUOTE.match(line[:40])
    if match is None:
        return 0, line
    ends = [m.end() for m in re.finditer("> ?", match[0])]
    count = len(ends) if most is None else min(most, len(ends))
    return count, line[ends[count - 1] :]


def _indent(line: str) -> tuple[int, str]:
    body = line.lstrip(" \t")
    return len(line[: len(line) - len(body)].expandtabs(4)), body


def _run(body: str) -> tuple[str, int]:
    """The sign a fence would be made of, and how many of it lead the line."""
    mark = body[:1]
    return (mark, len(body) - len(body.lstrip(mark))) if mark in ("`", "~") else ("", 0)
