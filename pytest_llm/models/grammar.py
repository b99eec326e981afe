"""The grammar of a Modelfile: text -> commands.

A command stands at the start of a line, its value runs to the end of the line; a value that begins with `"` or
`\"\"\"` runs on until a line ends with the same quote. There are no escapes, and characters that do not print are
dropped.
"""

from __future__ import annotations

import bisect
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from pytest_llm.errors import Complaints, InputError, nearest

_ONE_VALUE = ("FROM", "TEMPLATE", "SYSTEM", "ADAPTER", "DRAFT", "RENDERER", "PARSER", "LICENSE", "REQUIRES")
COMMANDS = (*_ONE_VALUE, "PARAMETER", "MESSAGE")
ROLES = ("system", "user", "assistant")
_BLANKS = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[^ \t\r\n]*")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_NONCHARACTER = re.compile(
    "[\ufdd0-\ufdef]|" + "|".join(f"[{chr(p << 16 | 0xFFFE)}{chr(p << 16 | 0xFFFF)}]" for p in range(17))
)
_REST_OF_LINE = re.compile(r"[^\r\n]*")
_COMMAND_LINE = re.compile(rf"(?<=[\r\n])[ \t]*(?:{'|'.join(COMMANDS)})[ \t]")
_MEANT_LINE = re.compile(rf"(?<=[\r\n])[ \t]*(?:[A-Z]{{3,}}|(?i:{'|'.join(COMMANDS)}))[ \t]")
_MOST = 50  # mistakes of one file: what is no Modelfile at all has one a line


@dataclass(frozen=True)
class Command:
    """One command: its name in capitals, the parameter's name or the message's role, its value without the quotes.

    raw: the value as it stands in the file. line, last_line: where it begins and ends, from 1.
    """

    name: str
    value: str
    key: str = ""
    raw: str = ""
    line: int = 0
    last_line: int = 0


def commands(text: str, path: Path, wrong: Complaints) -> tuple[tuple[Command, ...], frozenset[str]]:
    """The commands of a Modelfile in their order, and the names of those that were meant and cannot be read.

    wrong: takes what is wrong with each of the latter; reading goes on at the next line that may be a command.
    """
    reader = _Reader(text, path)
    while reader.more() and len(wrong.errors) < _MOST:
        try:
            reader.step()
        except InputError as error:
            wrong.add(error)
            reader.recover()
    return tuple(reader.found), frozenset(reader.broken)


class _Reader:
    """Reads one command at a time. pos: where it is. found, broken: what it met."""

    def __init__(self, text: str, path: Path) -> None:
        self.text, self.path, self.pos = text, path, 0
        self.found: list[Command] = []
        self.broken: set[str] = set()
        self._newlines = [m.start() for m in _NEWLINE.finditer(text)]
        self._name, self._open = "", False  # what is being read; whether its quote is not closed

    def more(self) -> bool:
        """Whether there is a command; goes to it."""
        while (at := _end(_BLANKS, self.text, self.pos)) < len(self.text) and self.text[at] == "#":
            self.pos = _end(_REST_OF_LINE, self.text, at)
        self.pos = at
        return at < len(self.text)

    def step(self) -> None:
        """Read the command that begins here. Raises InputError."""
        line = self._line(self.pos)
        word, self.pos = _word(self.text, self.pos)
        self._name = _meant(word)
        try:
            name = _command_name(word, self.path, line)
        except InputError:
            if self.found and _ran_on(self.found[-1]):
                raise self._rewound(self.found.pop()) from None
            raise
        key = ""
        _need_blank(self.text, self.pos, name, self.path, line)
        if name in ("PARAMETER", "MESSAGE"):
            key, self.pos = _word(self.text, self.pos + 1)
            _check_key(name, key, self.path, line)
            _need_blank(self.text, self.pos, f"{name} {key}", self.path, line)
        value, end = _value(self.text, self.pos)
        raw = self.text[self.pos : end].strip()
        if value is None:
            self._open = True
            raise _unclosed(raw, f"{name} {key}".strip(), self.path, line)
        self.found.append(Command(name, value, key, raw, line, self._line(end)))
        self.pos = end

    def recover(self) -> None:
        """Go behind what cannot be read: its value, or what follows it up to the next line that is a command."""
        self.broken |= {self._name} - {""}
        value, end = _value(self.text, self.pos)
        self.pos = _end(_REST_OF_LINE, self.text, self.pos) if self._open or value is None else end
        if self._open or not self._name:
            found = (_COMMAND_LINE if self._open else _MEANT_LINE).search(self.text, self.pos)
            self.pos = found.start() if found else len(self.text)
        self._open = False

    def _rewound(self, command: Command) -> InputError:
        """Where a quoted value took in the commands below it: back to its first line."""
        self.pos = self._newlines[command.line - 2] + 1 if command.line > 1 else 0
        self._name, self._open = command.name, True
        return _ran_on_error(command, self.path)

    def _line(self, at: int) -> int:
        return bisect.bisect_left(self._newlines, at) + 1


def _end(pattern: re.Pattern[str], text: str, pos: int) -> int:
    found = pattern.match(text, pos)
    return found.end() if found else pos


def _meant(word: str) -> str:
    """The command that a word was surely meant to be; "" for prose."""
    from difflib import get_close_matches

    near = get_close_matches(word.upper()[:40], COMMANDS, n=1)
    return near[0] if near else ""


def _word(text: str, pos: int) -> tuple[str, int]:
    end = _end(_WORD, text, pos)
    return text[pos:end], end


def _command_name(word: str, path: Path, line: int) -> str:
    name = (word if word[0].isprintable() else word[1:]).upper()
    if name not in COMMANDS:
        raise InputError(
            f"unknown command {word[:40]!r}{nearest(name, list(COMMANDS))}",
            path=path,
            line=line,
            hint=f"a line begins with one of {', '.join(COMMANDS)}, or with #; long values stand in triple quotes",
        )
    return name


def _check_key(name: str, key: str, path: Path, line: int) -> None:
    if name == "MESSAGE" and key not in ROLES:
        raise InputError(
            f"unknown role {key[:40]!r} in MESSAGE{nearest(key.lower(), list(ROLES))}",
            path=path,
            line=line,
            hint="MESSAGE takes system, user or assistant in small letters, after one blank",
        )
    if name == "PARAMETER" and not re.fullmatch(r"[A-Za-z0-9_]+", key):
        raise InputError(
            f"{key[:40]!r} is no parameter's name",
            path=path,
            line=line,
            hint="write PARAMETER, one blank, the name",
        )


def _need_blank(text: str, pos: int, what: str, path: Path, line: int) -> None:
    if pos >= len(text) or text[pos] not in " \t":
        raise InputError(f"{what} has no value", path=path, line=line)


def _value(text: str, pos: int) -> tuple[str | None, int]:
    """The value that begins at `pos`, and where it ends; None where its quote is never closed."""
    lines: list[str] = []
    quote = ""
    while True:
        end = _end(_REST_OF_LINE, text, pos)
        lines.append(_printable(text[pos:end]))
        if len(lines) == 1:
            first = lines[0].strip()
            quote = '"""' if first.startswith('"""') else '"' if first.startswith('"') else ""
            closed = first.endswith(quote) and len(first) >= 2 * len(quote)
        else:
            closed = lines[-1].rstrip().endswith(quote)
        if closed:
            value = "".join(lines).strip()
            return value[len(quote) : len(value) - len(quote)], end
        if end == len(text):
            return None, end
        lines.append(text[end])
        pos = end + 1


def _printable(line: str) -> str:
    return line if line.isprintable() else "".join(c for c in line if c == "\t" or prints(c))


def prints(char: str) -> bool:
    """Whether a character prints. One that is newer than Python's tables, such as this year's emoji, does."""
    return char.isprintable() or (unicodedata.category(char) == "Cn" and not _NONCHARACTER.match(char))


def _ran_on(command: Command) -> bool:
    """Whether a quoted value was closed by another command's quote: its own is missing."""
    last = _NEWLINE.split(command.raw)[-1].split()
    return command.last_line > command.line and command.raw.startswith('"') and last[0].upper() in COMMANDS


def _ran_on_error(command: Command, path: Path) -> InputError:
    closing = _NEWLINE.split(command.raw)[-1].strip()
    return InputError(
        f"the value of {command.name} opens a quote that line {command.last_line} closes: {closing[:60]!r}",
        path=path,
        line=command.line,
        hint="close it before the next command",
    )


def _unclosed(raw: str, what: str, path: Path, line: int) -> InputError:
    quote = '"""' if raw.startswith('"""') else '"'
    inner = quote in _NEWLINE.split(raw)[0][len(quote) :]
    hint = f"no line after it ends with {quote}" + (
        "; text after the closing quote makes it an ordinary character" if inner else ""
    )
    return InputError(f"the value of {what} opens a quote that is never closed", path=path, line=line, hint=hint)
