"""What a model or a server wrote, made safe to show in a terminal and in a CI log."""

from __future__ import annotations

import re

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# The blanks are those of one line: `\s*` would read on over every blank line, from each of them anew.
_COMMAND = re.compile(r"^([^\S\n]*:):|(##)(?=\[)", re.MULTILINE)


def plain(text: str) -> str:
    """The text without escape codes, control characters, overrides of direction, or CI commands.

    A line that begins with `::` (GitHub) and any `##[` (its older form, Azure) get an invisible character between.
    """
    return _COMMAND.sub(lambda match: f"{match[1] or match[2]}\u200b" + (":" if match[1] else ""), visible(text))


def visible(text: str) -> str:
    """The text with its control characters, overrides of direction and lone surrogates spelled out."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text.replace("\r\n", "\n"))


def one_line(text: str, width: int = 240) -> str:
    """The first line, cut at a width."""
    line = plain(text).strip().split("\n", 1)[0].rstrip()
    return line if len(line) <= width else line[: width - 1] + "…"
