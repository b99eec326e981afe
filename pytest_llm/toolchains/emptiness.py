"""Whether a text holds any code at all, and what of it no compiler reads: both compile, and are no answer.

Code defines, binds or calls something, or directs control flow over such. Comments, imports, lone values and names,
blocks without content and what stands for code to be written do not (docs/checks.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice

from pytest_llm.syntax.grammars import PAGE
from pytest_llm.syntax.outline import content, read
from pytest_llm.toolchains.base import Diagnostic, Snippet
from pytest_llm.toolchains.prompts import MAGIC, session

_HALT = re.compile(r"\b__halt_compiler\s*\(\s*\)\s*(?:;|\?>)", re.IGNORECASE)
_LOOKED_AT = 5  # such words, each of which costs the reading of what stands before it
_TAG = "<?"
# What reads the part that the compiler does not.
_READERS: Mapping[str, re.Pattern[str]] = {
    "php": re.compile(r"\b__COMPILER_HALT_OFFSET__\b"),
    "ruby": re.compile(r"\bDATA\b"),
}


def holds_no_code(text: str, language: str) -> bool:
    """Whether nothing in it does anything. Where the reader gives up, the compiler has the word."""
    found = _content(text, language)
    return found is not None and not found[0]


def unread(text: str, language: str) -> list[Diagnostic]:
    """Warnings, with the lines, of what the compiler passes over and no program reads."""
    reader = _READERS.get(language)
    if reader and reader.search(text):
        return []
    found, end = _content(text, language), _halted(text, language)
    places = [*(found[1] if found else ()), *([end] if text[end:].strip() else [])]
    return [_passed_over(text, place) for place in places]


def _passed_over(text: str, place: int) -> Diagnostic:
    line = text.count("\n", 0, place + len(text[place:]) - len(text[place:].lstrip())) + 1
    return Diagnostic("warning", "lint", "from here on the compiler reads nothing of this part", line=line)


def _content(text: str, language: str) -> tuple[bool, tuple[int, ...]] | None:
    part = text[: _halted(text, language)] + "\n"  # without it some grammars do not explain the last line
    if language == "shell" and (typed := session(Snippet(part), language)):
        part = typed.file.text
    if language == "python":
        part = MAGIC.sub("pass #", part)
    return content(part, PAGE if language == "php" and _TAG in part else language)


def _halted(text: str, language: str) -> int:
    """Where PHP ends its reading: behind the first such call that is none of a comment or a text."""
    for found in islice(_HALT.finditer(text), _LOOKED_AT) if language == "php" else ():
        outline = read(text[: found.end()], PAGE if _TAG in text else language)
        if outline is not None and any(name.lower() == "__halt_compiler" for name in outline.all("called")):
            return found.end()
    return len(text)
