"""Sessions: what was typed behind a prompt is the program, what was printed below it is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from pytest_llm.answers.guessing import COMMANDS
from pytest_llm.answers.sentences import Line
from pytest_llm.toolchains.base import Diagnostic, Snippet

MAGIC = re.compile(
    r"^[ \t]*(%{1,2}[a-z]\w*\b(?! *=)|!\{?\w|\w+ *= *[!%][a-z]|\?{1,2}[\w.]+[ \t]*$|[\w.]+\?{1,2}[ \t]*$)",
    re.MULTILINE,
)
"""A line of a notebook that is none of Python."""

_ROOT = re.compile(r"^# (?=([\w.-]+)(?: |$))", re.MULTILINE)
_OPTION = re.compile(r"\s--?\w|[/|$~]")
_LOOKED_AT = 20  # lines: a session begins with a prompt, or with comments before it


@dataclass(frozen=True)
class Style:
    """How a session looks. first: a prompt; more: what stands before the lines that go on; opens: what stands in a
    typed line that following ones belong to, though nothing stands before them, and how the last of these begins,
    `{0}` for what the first group found; the next prompt ends them too.
    """

    first: re.Pattern[str]
    more: re.Pattern[str]
    opens: Mapping[str, str] = field(default_factory=dict)

    def last(self, line: str) -> re.Pattern[str] | None:
        """How the last line looks that belongs to this typed one; None where none does."""
        found = ((re.search(sign, line), end) for sign, end in self.opens.items())
        return next((re.compile(end.format(*sign.groups())) for sign, end in found if sign), None)


_ENVIRONMENT = r"(?:\([\w.-]+\) )?"
_HOST = r"(?:[\w.-]+@[\w.-]+(?::| )?[~\w./-]*|\[[\w.-]+@[\w.-]+ [~\w./-]+\])"
_FOLDER = r"(?:~[~\w./-]* ?|[\w.-]+:[~\w./-]+ \w+)"
_ARROW = r"[\u279c\u276f] +(?:~\S* +)?(?:[\w.~/-]+ +git:\([^()\n]*\) +(?:\u2717 +)?)?(?=\S)"
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
        re.compile(rf"{_ENVIRONMENT}(?:(?:{_HOST}|{_FOLDER})?[$%]|{_HOST}#) (?=\S)|{_ARROW}"),
        re.compile(r">(?: |$)"),
        {
            r"<<-?[ \t]*['\"]?(\w+)": r"\s*{0}\s*$",
            r"(?:\\|&&|\|)\s*$": "",
            r"(?:[{(]|\b(?:do|then|else|in))\s*$": r"(?!)",
        },
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
    if language == "shell" and _is_root(file):
        return Session(replace(file, text=_ROOT.sub("", file.text)), tuple(2 if line else 0 for line in file.lines))
    style = STYLES.get(language)
    code = (line for line in islice(file.lines, _LOOKED_AT) if line.strip() and not line.lstrip().startswith("#"))
    first = next(code, "")
    depth = len(first) - len(first.lstrip())
    if style is None or not style.first.match(first[depth:]):
        return None
    lines = list(_typed([line[min(depth, len(line) - len(line.lstrip())) :] for line in file.lines], style))
    text = "\n".join(text for text, _ in lines)
    return Session(replace(file, text=text), tuple(width and width + depth for _, width in lines))


def _is_root(file: Snippet) -> bool:
    """Whether each line is a command behind root's prompt: nothing else shows that they are no comments."""
    told = [line for line in file.lines if line.strip()]
    typed = [_ROOT.match(line) for line in told]
    known = all(one is not None and one[1] in COMMANDS for one in typed)
    return known and any(_OPTION.search(line) for line in told) and not any(Line(line).about() for line in told)


def _typed(lines: Sequence[str], style: Style) -> Iterator[tuple[str, int]]:
    """Each line as it was typed, empty where it was printed; and the width of its prompt."""
    going_on = begun = False
    last: re.Pattern[str] | None = None
    for line in lines:
        prompt = style.first.match(line) or (style.more.match(line) if going_on else None)
        kept = last or not begun or line.startswith("#")
        if prompt or (last and last.match(line)):
            last = style.last(line)
        going_on = bool(prompt)
        begun = begun or going_on
        yield (line[prompt.end() :], prompt.end()) if prompt else (line if kept else "", 0)
