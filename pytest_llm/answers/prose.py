"""Which lines of a text without a fence are prose: line by line, by how sentences, lists and headings look.

Only what is plainly no code is prose; a line that may be broken code never is.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence

from pytest_llm.answers.languages import guess_language, normalise_language
from pytest_llm.answers.sentences import Line, fits, goes_on, item, label, sentence
from pytest_llm.answers.titles import NAME

_LONGEST = 3000  # characters of a line that is looked at
_MOST = 3000  # lines of an answer that is looked at
HASHED = frozenset({"python", "ruby", "shell", "php"})
"""Languages in which a heading is a comment."""

_BULLET = re.compile(r"[ \t]*(?:[-*•·–—▪●]|\(?\d{1,3}[.)]|[a-z]\))[ \t]+(?=\S)")
_HEADING = re.compile(r"(#{1,6})[ \t]+(?=[^\W_]|[*`_\"])")
_BOLD = re.compile(
    r"\*\*(?=[^\W_]|`)[^*\n]{1,200}\*\*(?!\w)|\*(?=[^\W_])[^*=\n]{1,200}(?<=[\w.:!?)])\*(?=[\s:.]|$)"
)
_QUOTE = re.compile(r"[ \t]{0,3}>[ \t]+(?=\S)")
_RULE = re.compile(
    r"[ \t]*(?:-{3,}|\*{3,}|_{3,}|={3,}|(?:\*[ \t]+){2,}\*|`{3,}|~{3,})[ \t]*"
    r"|(?:-{3,}|={3,}|~{3,})[ \t]*\w[^-=~\n]{0,80}(?:-{3,}|={3,}|~{3,})[ \t]*"
)
_ROW = re.compile(r"\|.*\|[ \t]*")
_OUTPUT = re.compile(
    r"\b(?:outputs?|inputs?|prints?|printed|results?|ausgabe|ausgegeben|sortie|affiche|salida|imprime)\b[^.!?]{0,60}:?$"
    r"|(?:вывод|результат)\w*:?$|(?:输出|输入|结果|出力|入力)[^。]{0,20}[:：]?$",
    re.IGNORECASE,
)
COMMAND = re.compile(
    r"(?:gcc|g\+\+|clang|clang\+\+|rustc|cargo|javac|kotlinc|dotnet|node|npx|npm|yarn|pnpm) (?:[\w./@]|--?\w)"
    r"|(?:tsc|ts-node|csc|python3?|pip3?|php|ruby|make|chmod|bash|sh) (?:[\w./@]|--?\w)"
    r"|go (?:run|build|test|mod|get|fmt|vet)\b|java (?:-\w+ |[A-Z])|\./\w"
)
"""How a line begins in which code is compiled or run, or what it needs is installed."""
_TITLE = re.compile(rf"[`*_]*({NAME})[`*_]*:?[`*_]*")
_TAG = re.compile(r"([A-Za-z+#]{1,12})(?:[ \t]?[Cc]opy(?: code)?)?")
_TYPED = frozenset({"python"})  # where a line may be `Name: Type = value`


def prose_lines(lines: Sequence[str], language: str = "", code: Container[int] | None = None) -> list[bool]:
    """For each line whether it is prose, of a text that may be code in `language`; blank lines are none.

    code: the numbers of lines, from 0, that stand in strings and comments. Where these are not known yet, such
    lines are looked at as any other, and what prose only announces (sample output, commands) is taken for code.
    In a text of thousands of lines none is.
    """
    found = [False] * len(lines)
    for at in _Reading(lines, language, code).prose() if len(lines) <= _MOST else ():
        found[at] = True
    return found


def headings(lines: Sequence[str], prose: list[bool], language: str) -> list[bool]:
    """`prose` with the headings that are comments in the language and stand right above prose."""
    found = list(prose)
    below = False
    for at in range(len(lines) - 1, -1, -1):
        if not lines[at].strip():
            continue
        if not found[at] and language in HASHED and below and _HEADING.match(lines[at]):
            found[at] = at == 0 or not lines[at - 1].strip() or found[at - 1]
        below = found[at]
    return found


class _Reading:
    """A text read once, from its first line to its last."""

    def __init__(self, lines: Sequence[str], language: str, code: Container[int] | None) -> None:
        self._lines = lines
        self._language = language
        self._sections = code is not None
        self._code = code or ()
        self._last = "start"  # the line before: "start", "blank", "prose", "code"
        self._talk = True  # whether the last line that is not blank was prose, or there was none yet
        self._list = False  # whether that prose is an item of a list
        self._said = ""  # what that prose says
        self._section = False  # whether this paragraph is sample output or commands
        self._begun = False  # whether there was code

    def prose(self) -> Iterator[int]:
        for at, line in enumerate(self._lines):
            if not line.strip():
                self._last, self._section = "start" if self._last == "start" else "blank", False
                continue
            told = at not in self._code and len(line) <= _LONGEST and self._is_prose(at, line.rstrip())
            if told:
                yield at
            self._seen(line, told)

    def _seen(self, line: str, told: bool) -> None:
        if told and not self._section:
            self._said = Line.of(line).text
            self._list = bool(_BULLET.match(line)) or (self._list and line[:1] in " \t")
        self._begun = self._begun or not told
        self._talk, self._last = told, "prose" if told else "code"

    def _at(self, at: int) -> str:
        return self._lines[at] if 0 <= at < len(self._lines) else ""

    @property
    def _apart(self) -> bool:
        """Whether no line of code stands right above."""
        return self._last != "code"

    def _is_prose(self, at: int, line: str) -> bool:
        if self._last != "start" and self._at(at - 1).rstrip().endswith("\\"):
            return False
        self._section = self._section or (self._sections and self._opens_section(at, line))
        if self._section or (self._sections and self._is_command(line)):
            return True
        if line[0] in " \t" and self._last != "start":
            return self._continues_list(line)
        return self._alone(at, line.lstrip())

    def _alone(self, at: int, line: str) -> bool:
        """Whether a line at the left edge is prose."""
        if _RULE.fullmatch(line) or _ROW.fullmatch(line):
            return True
        if quoted := _QUOTE.match(line):
            return self._apart and sentence(Line.of(line[quoted.end() :]))
        if heading := _HEADING.match(line):
            return self._is_heading(heading[1], line[heading.end() :])
        if self._apart and (_is_item(line) or (self._talk and self._is_tag(line))):
            return True
        said = Line.of(line)
        if not said.words:
            return False
        if _BOLD.match(line):
            return (self._apart or line.startswith("**")) and not said.open
        if self._apart and label(said, annotated=self._language in _TYPED):
            return True
        if self._last == "prose" and goes_on(said, self._said):
            return True
        apart = self._apart and self._language != "shell"  # where any words are a command
        below = apart and self._talk and self._begun  # prose, below code
        return sentence(said, indented_below=self._at(at + 1)[:1] in (" ", "\t"), apart=apart, below=below)

    def _is_heading(self, mark: str, text: str) -> bool:
        """Where a heading is a comment it stays one, unless prose follows."""
        said = Line.of(text)
        if self._language in HASHED or not said.words or said.open:
            return False
        return len(mark) > 1 or said.begins

    def _continues_list(self, line: str) -> bool:
        if not (self._list and self._talk):
            return False
        return _is_item(line) or (self._last == "prose" and fits(Line.of(line)))

    def _is_tag(self, line: str) -> bool:
        """The language's name, or a file's name, alone in a line above the code."""
        if (tag := _TAG.fullmatch(line.strip(" `*:[]"))) and not self._begun:
            return bool(self._language) and normalise_language(tag[1]) == self._language
        title = _TITLE.fullmatch(line)
        return title is not None and normalise_language(title[1]) == self._language

    def _opens_section(self, at: int, line: str) -> bool:
        """Whether a paragraph of sample output, or of commands, begins here: below code, announced by prose."""
        if not (self._begun and self._apart):
            return False
        if self._language == "python" and line.startswith(">>> "):
            return self._talk
        if not self._talk:
            return False
        if self._language != "shell" and line.startswith("$ "):
            return True
        return bool(_OUTPUT.search(self._said)) and self._is_output(at)

    def _is_command(self, line: str) -> bool:
        """How the code is compiled or run, below code and right below prose."""
        if not (self._begun and self._talk and self._apart) or self._language == "shell":
            return False
        return COMMAND.match(line) is not None and not line.endswith(("{", ";", "("))

    def _is_output(self, at: int) -> bool:
        """Whether nothing in the paragraph looks like code."""
        if sentence(Line.of(self._at(at))):
            return False
        end = next((one for one in range(at, len(self._lines)) if not self._lines[one].strip()), len(self._lines))
        paragraph = [line.rstrip() for line in self._lines[at:end]]
        if any(line.endswith((";", "{")) for line in paragraph):
            return False
        return guess_language("\n".join(paragraph)) in ("", "json")


def _is_item(line: str) -> bool:
    bullet = _BULLET.match(line)
    return bullet is not None and item(line[bullet.end() :])
