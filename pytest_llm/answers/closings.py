"""Where a fenced block ends: at a bare fence, at what is meant as one, or where another block begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from pytest_llm.answers.languages import is_label, normalise_language
from pytest_llm.answers.marks import Opening, fence_like, indented, unquote
from pytest_llm.syntax.grammars import LANGUAGES
from pytest_llm.syntax.outline import within

_ALONE = re.compile(r"(?:``+|~~~+)\s*$")
_HOLDS = frozenset({"", "text", "diff", "dockerfile", "html", "toml", "xml", "yaml"})  # texts of others, maybe
_LOOKS = 20  # at fences in code, in one answer


class Closings:
    """The ends of the blocks of a text. Each line is looked at a bounded number of times, however many blocks
    there are.

    nesting: whether fences within fences are still looked for.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._next: dict[tuple[Opening, bool], int] = {}
        self._looks = _LOOKS
        self.nesting = True

    def last(self, start: int) -> int:
        """The end of a block that begins in line `start` and is never closed."""
        return len(self._lines) - (1 if len(self._lines) > start and self._lines[-1] == "" else 0)

    def end(self, start: int, opening: Opening) -> tuple[int, bool]:
        """(end, closed) of a block that begins in line `start`.

        Inside a block of Markdown, or of nothing but fences, a fence with an info string opens a block of its own,
        whatever its length: models nest fences that way. Where that does not come out even, the first bare fence is
        the end after all. A fence with words behind it that are no label is a bare one with prose. Inside any other
        block a fence with a label opens the next one, this one's end being forgotten, unless it is the code's own.
        """
        markdown = normalise_language(opening.info) == "markdown"
        if self.nesting and (markdown or wraps(self._lines, start, opening)):
            even, first = self._counted(start, opening)
            if even is not None:
                return even, True
            if first is not None:
                self.nesting = False
                return first, True
        at = self._first(start, opening, labels=not markdown)
        info = fence_like(self._lines[at], opening) if at < len(self._lines) and self._within(at, opening) else None
        if info and is_label(info):
            own = self._own(start, at, opening)
            return (at, False) if own is None else (own, True)
        return at, info is not None

    def _within(self, at: int, opening: Opening) -> bool:
        """Whether a line stands in the quote in which the block does."""
        return not opening.quotes or unquote(self._lines[at], opening.quotes)[0] == opening.quotes

    def _first(self, start: int, opening: Opening, *, labels: bool) -> int:
        """The first line at which a block may end."""
        kind = (replace(opening, info="", indent=0), labels)
        if self._next.get(kind, -1) < start:
            lines = range(start, self.last(start))
            found = (at for at in lines if not self._within(at, opening) or self._may_end(at, opening, labels))
            self._next[kind] = next(found, self.last(start))
        return self._next[kind]

    def _may_end(self, at: int, opening: Opening, labels: bool) -> bool:
        info = fence_like(self._lines[at], opening)
        return info is not None and (not info or _is_prose(info) or (labels and is_label(info)))

    def _counted(self, start: int, opening: Opening) -> tuple[int | None, int | None]:
        """The bare fence that closes a block in which others open, None where none does; the first bare one."""
        depth, first = 1, None
        for at in range(start, len(self._lines)):
            if not self._within(at, opening):
                break
            info = fence_like(self._lines[at], opening)
            if info is None:
                continue
            depth += 1 if info else -1
            first = at if first is None and not info else first
            if not depth:
                return at, first
        return None, first

    def _own(self, start: int, at: int, opening: Opening) -> int | None:
        """The end of a block to whose code the fence in line `at` belongs: all come out even, and it stands in a
        string or a comment, or in a text that may hold any other."""
        self._looks -= 1
        even = self._counted(start, opening)[0] if self._looks >= 0 else None
        language = normalise_language(opening.info)
        if even is None or language not in LANGUAGES:
            return even if language in _HOLDS else None
        text = "\n".join(unquote(line, opening.quotes)[1] for line in self._lines[start:even])
        return even if at - start in (within(text, language) or ()) else None


def wraps(lines: Sequence[str], start: int, opening: Opening) -> bool:
    """Whether a fence without a label stands around another one, with one."""
    inner = next((line for line in lines[start : start + 2] if line.strip()), "")
    return not opening.info and is_label(fence_like(inner, opening) or "")


def _is_prose(info: str) -> bool:
    """Whether what stands behind a fence is no label: `That is it.`"""
    return (" " in info or info.endswith((".", "!"))) and not is_label(info)


def beside_code(lines: Sequence[str], start: int, end: int, opening: Opening) -> int | None:
    """The end of a block that no line closes, where the fence stands behind the last line of code, or is of the
    wrong length or sign."""
    fence = re.compile(rf"[^{opening.mark}\s]\s*{opening.mark}{{{opening.length}}}\s*$")
    found = (
        at + 1
        for at in range(start, end)
        if (opening.mark in lines[at] and fence.search(lines[at])) or is_alone(lines[at], opening)
    )
    return next(found, None)


def is_alone(line: str, opening: Opening) -> bool:
    """Whether a line is nothing but signs of a fence; in Markdown, that of another block."""
    width, body = indented(line)
    alone = width <= opening.limit and body[:1] in ("`", "~") and _ALONE.match(body) is not None
    return alone and normalise_language(opening.info) != "markdown"


def closes(opening: Opening, line: str) -> bool:
    return fence_like(line, opening) == ""
