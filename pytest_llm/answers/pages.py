"""Where HTML pages begin and end in a text: not in a string of a script, not in a comment."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise

from pytest_llm.answers.blocks import PAGE, begins_a_page

_PARTS = re.compile(
    rf"(?P<page>{PAGE.pattern})|(?P<opens><!--|<(?P<tag>script|style|textarea|title)\b)|(?P<shuts>-->|</(?P<end>\w+))",
    re.IGNORECASE,
)
_QUOTES = frozenset("\"'`")
_END = re.compile(r"</html\s*>", re.IGNORECASE)
_LAST = re.compile(r"</html\s*>\s*$", re.IGNORECASE)
_FRAGMENT = re.compile(
    r"^[ \t]*<(?:head|body|meta|title|link|main|section|canvas|script|svg|style|div|button|h1)\b", re.I | re.M
)
_HEAD = 30  # lines in which a page has begun, if it does


def page_begins(text: str, start: int = 0, end: int | None = None) -> int | None:
    """The offset of the first page between two others; None where there is none."""
    inside = ""  # what the text is in: a comment or an element whose content is no markup
    for part in _PARTS.finditer(text, start, len(text) if end is None else end):
        if inside:
            inside = "" if (part["end"] or part["shuts"] or "").lower() == inside else inside
        elif part["opens"]:
            inside = (part["tag"] or "-->").lower()
        elif part["page"] and text[start : part.start()][-200:].rstrip()[-1:] not in _QUOTES:
            return part.start()
    return None


def fragment(text: str) -> tuple[int, int] | None:
    """From the first tag that begins a line to the last one that ends a line; None where there is none."""
    first, last = _FRAGMENT.search(text), text.rfind(">")
    return (first.start(), last + 1) if first and last > first.start() else None


class Pages:
    """The pages between the lines of a text: where a fence that stands within one is not its end.

    Each line is looked at a bounded number of times, however many fences there are.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    @cached_property
    def _ends(self) -> list[int]:
        """The lines that end with the end of a page."""
        return [at for at, line in enumerate(self._lines) if _LAST.search(line[-200:])]

    @cached_property
    def _beginnings(self) -> list[int]:
        """The lines after a fence in which a page begins."""
        bare = [line[:200].lstrip("> \t") for line in self._lines]
        pairs = enumerate(pairwise(bare), 1)
        return [at for at, (fence, line) in pairs if fence.startswith(("```", "~~~")) and begins_a_page(line)]

    def end(self, start: int, fence: int, closes: Callable[[str], bool]) -> int | None:
        """The fence that ends a block that begins in line `start`; None where it is `fence`, the first one,
        after all: the block is no page, or has ended there, or none of its ends is followed by a fence."""
        head = "\n".join(self._lines[start : min(fence, start + _HEAD)])
        if not begins_a_page(head) or any(_END.search(line) for line in self._lines[start:fence]):
            return None
        another, first = bisect_right(self._beginnings, fence), bisect_right(self._ends, fence)
        for end in self._ends[first : first + _HEAD]:
            if another < len(self._beginnings) and self._beginnings[another] < end:
                return None
            after = range(end + 1, min(end + _HEAD, len(self._lines)))
            at = next((at for at in after if self._lines[at].strip()), None)
            if at is not None and closes(self._lines[at]):
                return at
        return None
