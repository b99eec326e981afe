"""Thinking that a server left inside the answer, told apart from the answer."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pytest_llm.answers.markups import MARKUPS, WRAPPERS, Markup

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_BLANK_LINES = re.compile(r"\A\s*\n")
_BLANKS = re.compile(r"[\ufeff \t\r\n]*")
_OPENING = re.compile("|".join(markup.opening.pattern for markup in MARKUPS), MARKUPS[0].opening.flags)
_LONE = tuple((markup, markup.lone) for markup in MARKUPS if markup.lone)


def split_thinking(text: str, prompt: Iterable[str] = ()) -> tuple[str, str]:
    """(answer, thinking) of a text that may begin with a block of thinking, in one of the known markups.

    A block that was never closed is all thinking. Some templates put the opening tag into the prompt, so a closing
    tag alone ends the thinking too, where it stands at the start or the end of a line. Tags further on, in code or
    in prose, are the answer's own, and so is a markup that the prompt itself names: a text without a leading block
    comes back as it is, with "" for the thinking.
    """
    asked = "\n".join(prompt).casefold()
    thoughts: list[str] = []
    at = 0
    while (block := _leading(text, at, asked)) is not None:
        thought, at = block
        thoughts.append(thought.strip())
    if not at:
        lone = _lone_end(text, asked)
        if lone is None:
            return text, ""
        thoughts, at = [text[: lone.start()].strip()], lone.end()
    return _unwrapped(_BLANK_LINES.sub("", text[at:]), asked), "\n\n".join(filter(None, thoughts))


def _leading(text: str, at: int, asked: str) -> tuple[str, int] | None:
    """(thought, where it ends) of a block that begins at `at`, blanks aside, in a markup that was not asked for."""
    blanks = _BLANKS.match(text, at)
    at = blanks.end() if blanks else at
    for markup in MARKUPS if _OPENING.match(text, at) else ():
        if (opening := markup.opening.match(text, at)) and not markup.asked_for(asked):
            if end := _closing(text, opening.end(), markup):
                return text[opening.end() : end.start()], end.end()
            if markup.sure:
                return text[opening.end() :], len(text)
    return None


def _closing(text: str, start: int, markup: Markup) -> re.Match[str] | None:
    """The first end that stands in no code; where all do, a fence was left open, and the first one counts."""
    first, at, inside = None, start, False
    for found in markup.closing.finditer(text, start):
        inside ^= len(_FENCE.findall(text, at, found.start())) % 2 == 1
        if not inside:
            return found
        first, at = first or found, found.start()
    return first


def _lone_end(text: str, asked: str) -> re.Match[str] | None:
    """The first closing tag whose opening one was not written."""
    plain = text.casefold()
    likely = [(markup, lone) for markup, lone in _LONE if markup.last in plain and not markup.asked_for(asked)]
    found = (
        end
        for markup, lone in likely
        if (end := lone.search(text)) and not markup.opening.search(text, 0, end.start())
    )
    end = min(found, key=lambda end: end.start(), default=None)
    if end is None:
        return None
    before = len(_FENCE.findall(text, 0, end.start()))
    inside_code = before % 2 == 1 and _FENCE.search(text, end.end()) is not None
    return None if inside_code else end


def _unwrapped(answer: str, asked: str) -> str:
    """The answer without what its family puts around it."""
    for opening, closing in WRAPPERS:
        body = answer.rstrip()
        named = any(tag and tag.casefold() in asked for tag in (opening, closing))
        if not named and body.startswith(opening) and body.endswith(closing):
            return _BLANK_LINES.sub("", body[len(opening) : len(body) - len(closing)])
    return answer
