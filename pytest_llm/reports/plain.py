"""What a model or a server wrote, made safe to show in a terminal and in a CI log."""

from __future__ import annotations

import re

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# What CI systems obey in a log: what begins a command, and what must follow for it to be one. Blanks before it are
# those of one line: `\s*` would read on over every blank line, from each of them anew.
_BLANKS = r"^[^\S\n]*"
COMMANDS = (
    (rf"{_BLANKS}:", ":"),  # GitHub, Gitea, Forgejo: ::error file=a::text
    ("##", r"\["),  # GitHub's older form, Azure Pipelines: ##[group]text
    ("##", r"vso\["),  # Azure Pipelines: ##vso[task.setvariable …]
    ("##", r"teamcity\["),  # TeamCity: ##teamcity[testFailed …]
    (rf"{_BLANKS}(?:\^\^\^|---|\+\+\+|~~~)", "[ \t]"),  # Buildkite: "--- title", "^^^ +++"
    ("travis_", "(?:fold|time):"),  # Travis: travis_fold:start:name
    ("section_", "(?:start|end):"),  # GitLab: section_start:1560896352:name
)
_COMMAND = re.compile("|".join(f"(?:{begin})(?={rest})" for begin, rest in COMMANDS), re.MULTILINE | re.IGNORECASE)


def plain(text: str) -> str:
    """The text without escape codes, control characters, overrides of direction, or CI commands.

    An invisible character breaks the word that a CI system would take for one of COMMANDS.
    """
    return _COMMAND.sub(lambda match: f"{match[0]}\u200b", visible(text))


def visible(text: str) -> str:
    """The text with its control characters, overrides of direction and lone surrogates spelled out."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text.replace("\r\n", "\n"))


def one_line(text: str, width: int = 240) -> str:
    """The first line, cut at a width."""
    line = plain(text).strip().split("\n", 1)[0].rstrip()
    return line if len(line) <= width else line[: width - 1] + "…"
