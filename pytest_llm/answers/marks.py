"""What one line says of a fence: its signs, its label, how deep it stands, in how many quotes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_llm.answers.ends import leading

_QUOTE = re.compile(r"(?: {0,3}> ?)+")
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff")) | {0xA0: " "}  # what no reader sees of a fence


@dataclass(frozen=True)
class Opening:
    mark: str
    length: int
    info: str
    indent: int
    limit: int
    quotes: int


def visible(line: str) -> str:
    """A line that may be a fence, without what no reader sees of it."""
    return line if line.isascii() or ("```" not in line and "~~~" not in line) else line.translate(_UNSEEN)


def at_its_end(line: str, code: str) -> tuple[int, str]:
    """(offset, text) of code that ends the line of a fence, with what no reader sees of it."""
    seen = [at for at, sign in enumerate(line) if _UNSEEN.get(ord(sign), sign) is not None]
    first = "".join(line[at] for at in seen).translate(_UNSEEN).rfind(code)
    if first < 0:
        return 0, code
    return seen[first], line[seen[first] : seen[first + len(code) - 1] + 1]


def fence_like(line: str, opening: Opening) -> str | None:
    """The info string of a fence as long as `opening`'s, "" where it is bare; None where it is none."""
    if opening.mark not in line:
        return None
    width, body = indented(unquote(visible(line), opening.quotes)[1])
    if width > opening.limit or not body.startswith(opening.mark * min(opening.length, len(body) + 1)):
        return None
    mark, length = run_of(body)
    info = info_of(body[length:])
    return None if mark == "`" and "`" in info else info


def info_of(rest: str) -> str:
    """The info string; an end token that a server let through is none."""
    info = rest.strip()
    return "" if leading(info) else info


def unquote(line: str, most: int | None = None) -> tuple[int, str]:
    """How many quote marks lead the line (at most `most`), and the rest."""
    if most == 0 or ">" not in line[:40]:
        return 0, line
    match = _QUOTE.match(line[:40])
    if match is None:
        return 0, line
    ends = [m.end() for m in re.finditer("> ?", match[0])]
    count = len(ends) if most is None else min(most, len(ends))
    return count, line[ends[count - 1] :]


def indented(line: str) -> tuple[int, str]:
    body = line.lstrip(" \t")
    return len(line[: len(line) - len(body)].expandtabs(4)), body


def run_of(body: str) -> tuple[str, int]:
    """The sign a fence would be made of, and how many of it lead the line."""
    mark = body[:1]
    return (mark, len(body) - len(body.lstrip(mark))) if mark in ("`", "~") else ("", 0)
