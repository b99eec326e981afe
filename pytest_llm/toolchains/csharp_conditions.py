"""What `#if` leaves of a text of C# that compiles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*(if|elif|else|endif|define|undef)\b([^\n]*)")
_TOKEN = re.compile(r"\|\||&&|==|!=|[!()]|\w+")
_MOST = 200  # tokens of a condition: a longer one is taken to hold


@dataclass
class _Reader:
    """The lines that are read on, one after the other.

    open: of each `#if` that is not ended, whether its part is read, and whether one of its parts was.
    """

    symbols: set[str]
    open: list[tuple[bool, bool]] = field(default_factory=list)

    @property
    def reads(self) -> bool:
        return all(reads for reads, _ in self.open)

    def direct(self, word: str, rest: str) -> None:
        if word == "if":
            met = self.reads and holds(rest, self.symbols)
            self.open.append((met, met))
        elif word == "endif" and self.open:
            self.open.pop()
        elif word in ("elif", "else") and self.open:
            _, before = self.open.pop()
            met = not before and self.reads and (word == "else" or holds(rest, self.symbols))
            self.open.append((met, met or before))
        elif self.reads and (name := rest.partition("//")[0].strip()):
            (self.symbols.add if word == "define" else self.symbols.discard)(name)


def kept(text: str, symbols: frozenset[str]) -> str:
    """The text with nothing in the lines that are left out. symbols: those that the compiler was called with."""
    return "\n".join(_lines(text, _Reader(set(symbols))))


def _lines(text: str, reader: _Reader) -> Iterator[str]:
    for line in text.split("\n"):
        if found := _DIRECTIVE.match(line):
            reader.direct(found[1], found[2])
        yield "" if found or not reader.reads else line


def holds(condition: str, symbols: set[str]) -> bool:
    """Whether a condition holds: a name does where it is defined."""
    tokens = _TOKEN.findall(condition.partition("//")[0])
    return len(tokens) > _MOST or _or(tokens, symbols)


def _or(tokens: list[str], symbols: set[str]) -> bool:
    met = _and(tokens, symbols)
    while _taken(tokens, "||"):
        met = _and(tokens, symbols) or met
    return met


def _and(tokens: list[str], symbols: set[str]) -> bool:
    met = _equal(tokens, symbols)
    while _taken(tokens, "&&"):
        met = _equal(tokens, symbols) and met
    return met


def _equal(tokens: list[str], symbols: set[str]) -> bool:
    met = _one(tokens, symbols)
    while tokens and tokens[0] in ("==", "!="):
        wanted = tokens.pop(0) == "=="
        met = (met == _one(tokens, symbols)) is wanted
    return met


def _one(tokens: list[str], symbols: set[str]) -> bool:
    if _taken(tokens, "!"):
        return not _one(tokens, symbols)
    if _taken(tokens, "("):
        met = _or(tokens, symbols)
        _taken(tokens, ")")
        return met
    name = tokens.pop(0) if tokens else ""
    return name == "true" or (name != "false" and name in symbols)


def _taken(tokens: list[str], sign: str) -> bool:
    """Whether this sign is next, and then it is gone."""
    found = tokens[:1] == [sign]
    del tokens[: int(found)]
    return found
