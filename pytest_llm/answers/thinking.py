"""Thinking that a server left inside the answer, told apart from the answer."""

from __future__ import annotations

import re

_TAGS = (("<think>", "</think>"), ("[THINK]", "[/THINK]"))
_LONE_END = re.compile(r"^[ \t]*</think>|</think>[ \t\r]*$", re.MULTILINE)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_BLANK_LINES = re.compile(r"\A\s*\n")


def split_thinking(text: str) -> tuple[str, str]:
    """(answer, thinking) of a text that may begin with a think block.

    A block that was never closed is all thinking. Some templates put the opening tag into the prompt, so a closing
    tag alone ends the thinking too, where it stands at the start or the end of a line. Tags further on, in code or
    in prose, are the answer's own: a text without a leading block comes back as it is, with "" for the thinking.
    """
    thoughts: list[str] = []
    at = 0
    while (block := _leading(text, at)) is not None:
        thought, at = block
        thoughts.append(thought.strip())
    if not thoughts:
        lone = _lone_end(text)
        if lone is None:
            return text, ""
        thoughts, at = [text[: lone.start()].strip()], lone.end()
    return _BLANK_LINES.sub("", text[at:]), "\n\n".join(filter(None, thoughts))


def _leading(text: str, at: int) -> tuple[str, int] | None:
    """(thought, where it ends) of a think block that begins at `at`, blanks aside."""
    while at < len(text) and text[at] in "\ufeff \t\r\n":
        at += 1
    for opening, closing in _TAGS:
        if text.startswith(opening, at):
            start = at + len(opening)
            end = text.find(closing, start)
            return (text[start:end], end + len(closing)) if end >= 0 else (text[start:], len(text))
    return None


def _lone_end(text: str) -> re.Match[str] | None:
    end = _LONE_END.search(text)
    if end is None or "<think>" in text[: end.start()]:
        return None
    before = len(_FENCE.findall(text, 0, end.start()))
    inside_code = before % 2 == 1 and _FENCE.search(text, end.end()) is not None
    return None if inside_code else end
