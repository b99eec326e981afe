"""Sessions: what was typed behind a prompt is the program, what was printed below it is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from pytest_llm.toolchains.base import Diagnostic, Snippet

MAGIC = re.compile(
    r"^[ \t]*(%{1,2}[a-z]\w*\b(?! *=)|!\{?\w|\w+ *= *[!%][a-z]|\?{1,2}[\w.]+[ \t]*$|[\w.]+\?{1,2}[ \t]*$)",
    re.MULTILINE,
)
"""A line of a notebook that is none of Python."""

_LOOKED_AT = 20  # lines: a session begins with a prompt, or with comments before it


@dataclass(frozen=True)
class Style:
    """How a session looks. first: a prompt; more: what stands before the lines that go on; opens: the end of a
    typed line that the following ones belong to, though nothing stands before them.
    """

    first: re.Pattern[str]
    more: re.Pattern[str]
    opens: re.Pattern[str] | None = None


_SHELL = r"(?:\([\w.-]+\) )?(?:[\w.-]+@[\w.-]+(?::| )?[~\w./-]*|\[[\w.-]+@[\w.-]+ [~\w./-]+\])?"
_NODE = Style(re.compile(r"> (?=\S)|>$"), re.compile(r"(?:\.\.\.+|\|)(?: |$)"))
STYLES: Mapping[str, Style] = {
    "javascript": _NODE,
    "jsx": _NODE,
    "kotlin": Style(re.compile(r">>>(?: |$)"), re.compile(r"\.\.\.(?: |$)")),
    "php": Style(re.compile(r"php > ?"), re.compile(r"php [^\s\w>] ?")),
    "ruby": Style(
        re.compile(r"irb(?:\([^()\n]*\)(?::\d+){0,2})?> ?|>> (?=\S)"),
        re.compile(r"irb\([^()\n]*\)(?::\d+){0,2}[^\s\w>] ?|\?> ?"),
    ),
    "typescript": _NODE,
    "python": Style(re.compile(r">>>(?: |$)|In ?\[\d*\]: ?"), re.compile(r"\.\.\.(?: |$)|[ ]+\.\.\.: ?")),
    "shell": Style(
        re.compile(rf"{_SHELL}[$%] (?=\S)"),
        re.compile(r">(?: |$)"),
        re.compile(r"(?:\\|&&|\||[{(]|\b(?:do|then|else|in))\s*$"),
    ),
}


@dataclass(frozen=True)
class Session:
    """A file without its prompts, and how wide the prompt of each line was."""

    file: Snippet
    widths: tuple[int, ...]

    def told(self, found: Sequence[Diagnostic]) -> list[Diagnostic]:
        """What was said of the typed lines, in the columns of the text."""
        return [
            replace(one, column=one.column + self.widths[one.line - 1])
            if one.line and one.column and one.line <= len(self.widths)
            else one
            for one in found
        ]


def told(
    files: Sequence[Snippet], language: str, judge: Callable[[Sequence[Snippet]], list[Diagnostic]]
) -> list[Diagnostic]:
    """What a compiler says of files; of a session, what it says of that which was typed."""
    typed = session(files[0], language) if len(files) == 1 else None
    return typed.told(judge([typed.file])) if typed else judge(files)


def session(file: Snippet, language: str) -> Session | None:
    """What was typed in a session; None where the text is none."""
    style = STYLES.get(language)
    code = (line for line in islice(file.lines, _LOOKED_AT) if line.strip() and not line.lstrip().startswith("#"))
    if style is None or not style.first.match(next(code, "")):
        return None
    lines = list(_typed(file.lines, style))
    return Session(replace(file, text="\n".join(text for text, _ in lines)), tuple(width for _, width in lines))


def _typed(lines: Sequence[str], style: Style) -> Iterator[tuple[str, int]]:
    """Each line as it was typed, empty where it was printed; and the width of its prompt."""
    going_on = opened = begun = False
    for line in lines:
        prompt = style.first.match(line) or (style.more.match(line) if going_on else None)
        going_on = bool(prompt)
        if prompt:
            opened = bool(style.opens and style.opens.search(line))
        begun = begun or going_on
        kept = opened or not begun or line.startswith("#")
        yield (line[prompt.end() :], prompt.end()) if prompt else (line if kept else "", 0)
