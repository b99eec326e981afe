"""The file name that the line before a fence gives to the code in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

NAME = r"(?:\./)?[\w@+-][\w@.+/-]*\.[A-Za-z][A-Za-z0-9]{0,9}"
_NAMES = re.compile(rf"(?<![\w./@-]){NAME}(?![A-Za-z0-9/])")
_STRONG = re.compile(r"__(?=\S)(.{1,190}?)__(?![\w.])")
_MARKS = re.compile(r"^[\s>]*(?:[-*+]\s+|\d{1,3}[.)]\s+)?")
_HEADING = re.compile(r"#{1,6}\s")
_ALONE = re.compile(
    rf"(?:\*\*|__|`|\()*(?:file(?:\s?name|\s?path)?|path|in|save (?:it |this )?as|create)?[\s:*_`(]*"
    rf"{NAME}[\s*_`):.,]*(?:\([^()]{{0,60}}\))?[\s*_`:]*",
    re.IGNORECASE,
)
_SET_OFF = re.compile(rf"(?:\*\*|__|`)[\s`]*({NAME})[\s`]*(?:\*\*|__|`)")
_FAR = 2  # blank lines between a title and its fence
_LONGEST = 200  # characters of such a line


def title(lines: Sequence[str], opening: int, before: int = 0) -> str:
    """The name in the last line of text above the fence that opens in line `opening`; "" where it gives none.

    Lines count from 0; before: where the last fence ended. A heading, a line that holds little more than the name,
    and a name in bold or code in a line that ends with a colon give one; a line with several names gives none.
    """
    above = [line for line in lines[max(before, opening - _FAR - 1) : opening] if line.strip()]
    if not above or len(above[-1]) > _LONGEST:
        return ""
    line = _STRONG.sub(r"**\1**", _MARKS.sub("", above[-1])).strip()
    names = {name.removeprefix("./") for name in _NAMES.findall(line)}
    if len(names) != 1:
        return ""
    announces = line.rstrip("*_` ").endswith(":") and _SET_OFF.search(line)
    return names.pop() if _HEADING.match(line) or _ALONE.fullmatch(line) or announces else ""
