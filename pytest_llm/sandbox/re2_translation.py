r"""Python's regular expressions as RE2 reads them, without a change of meaning.

What one character may be (`\w`, `.`, `[^a-f]`, a letter of any case) is asked of Python itself, for each character
that the text holds. Characters that the pattern cannot tell apart become one letter, in pattern and text: only the
structure of the pattern is left to RE2, and neither its case folding nor its tables of Unicode matter.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_TYPES = re.ASCII | re.LOCALE | re.UNICODE
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_ANCHORS = {"AT_BEGINNING_STRING": r"\A", "AT_END_STRING": r"\z"}
_BOUNDARIES = {"AT_BOUNDARY": r"\b", "AT_NON_BOUNDARY": r"\B"}
_WORD = string.ascii_letters + string.digits + "_"  # what RE2's \b knows
_NO_WORD = "".join(c for c in map(chr, range(1, 128)) if c not in _WORD + "\n")
_MORE = "".join(map(chr, range(0x4E00, 0x5000)))  # not where \B is asked: RE2 looks at bytes there
_MOST = 300  # one-character parts of a pattern
_REPEAT = 1000  # RE2's own bound


class _NoTranslation(Exception):
    """RE2 lacks it, or may mean something else."""


@dataclass(frozen=True)
class _Plan:
    r"""A pattern read. parts: RE2's words, and the numbers of the atoms that stand between them.

    atoms: patterns of one character each. word: that of `\b`, where the pattern has one. at_end: whether a `$`
    stands for the end of the text or the newline before it.
    """

    parts: tuple[str | int, ...]
    atoms: tuple[re.Pattern[str], ...]
    word: re.Pattern[str] | None
    at_end: bool


def translated(pattern: str, flags: int, text: str) -> tuple[str, str] | None:
    """(RE2's pattern, the text to search it in); None where there is none that means the same."""
    plan = _plan(pattern, flags)
    if plan is None or not text or (plan.at_end and text.endswith("\n")):
        return None
    alphabet = "".join(set(text))
    members = [frozenset(atom.findall(alphabet)) for atom in plan.atoms]
    words = frozenset(plan.word.findall(alphabet) if plan.word else ())
    letters = _letters(alphabet, members, words, _NO_WORD if plan.word else _NO_WORD + _MORE)
    if letters is None:
        return None
    classes = [_class({letters[character] for character in group}) for group in members]
    parts = (classes[part] if isinstance(part, int) else part for part in plan.parts)
    return "".join(parts), text.translate({ord(key): value for key, value in letters.items()})


def _letters(
    alphabet: str, members: list[frozenset[str]], words: frozenset[str], others: str
) -> dict[str, str] | None:
    """The letter that stands for each character, words for words; None where there are too few."""
    free = {True: iter(_WORD), False: iter(others)}
    known: dict[tuple[bool, ...], str] = {}
    letters: dict[str, str] = {}
    for character in alphabet:
        traits = (character == "\n", character in words, *(character in group for group in members))
        if traits not in known:
            known[traits] = "\n" if traits[0] else next(free[traits[1]], "")
        letters[character] = known[traits]
    return letters if all(known.values()) else None


def _class(letters: set[str]) -> str:
    inside = "".join(f"\\x{{{ord(letter):x}}}" for letter in sorted(letters))
    return f"[{inside}]" if inside else r"[^\x00-\x{10FFFF}]"


@lru_cache(maxsize=1024)
def _plan(pattern: str, flags: int) -> _Plan | None:
    try:
        from re import _parser  # type: ignore[attr-defined]  # private: without it Python searches

        tree = _parser.parse(pattern, flags)
        reader = _Reader()
        parts = tuple(reader.sequence(tree, tree.state.flags))
    except (_NoTranslation, ImportError, AttributeError, TypeError, ValueError, RecursionError):
        return None
    return _Plan(parts, tuple(re.compile(source, how) for source, how in reader.atoms), reader.word, reader.at_end)


class _Reader:
    """Walks the tree that Python's own parser makes."""

    def __init__(self) -> None:
        self.atoms: dict[tuple[str, int], int] = {}
        self.word: re.Pattern[str] | None = None
        self.at_end = False

    def sequence(self, tree: Any, flags: int) -> Iterator[str | int]:
        for operator, argument in tree:
            yield from self._node(str(operator), argument, flags)

    def _node(self, operator: str, argument: Any, flags: int) -> Iterator[str | int]:
        match operator:
            case "LITERAL":
                yield self._atom(_escaped(argument), flags)
            case "NOT_LITERAL":
                yield self._atom(f"[^{_escaped(argument)}]", flags)
            case "ANY":
                yield self._atom(".", flags)
            case "IN":
                yield self._atom(f"[{''.join(map(_member, argument))}]", flags)
            case "BRANCH":
                yield from self._branch(argument[1], flags)
            case "SUBPATTERN":
                _, added, removed, inner = argument
                if added & _TYPES:  # Python itself mixes up the two kinds of `\w` where a scope changes them
                    raise _NoTranslation("(?a:…)")
                yield from self._group(inner, (flags | added) & ~removed)
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, inner = argument
                yield from self._group(inner, flags)
                yield _times(least, most)
            case "AT":
                yield self._anchor(str(argument), flags)
            case _:
                raise _NoTranslation(operator)

    def _group(self, tree: Any, flags: int) -> Iterator[str | int]:
        yield "(?:"
        yield from self.sequence(tree, flags)
        yield ")"

    def _branch(self, trees: Any, flags: int) -> Iterator[str | int]:
        for number, tree in enumerate(trees):
            yield "|" if number else "(?:"
            yield from self.sequence(tree, flags)
        yield ")"

    def _atom(self, source: str, flags: int) -> int:
        how = flags & (re.IGNORECASE | re.DOTALL | re.ASCII)
        if len(self.atoms) > _MOST:
            raise _NoTranslation("too long")
        return self.atoms.setdefault((source, how), len(self.atoms))

    def _anchor(self, place: str, flags: int) -> str:
        if place in _BOUNDARIES:
            self.word = re.compile(r"\w", flags & re.ASCII)
            return _BOUNDARIES[place]
        if place in _ANCHORS:
            return _ANCHORS[place]
        if flags & re.MULTILINE:
            return "(?m:^)" if place == "AT_BEGINNING" else "(?m:$)"
        self.at_end = self.at_end or place == "AT_END"
        return r"\A" if place == "AT_BEGINNING" else r"\z"


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"


def _member(item: tuple[Any, Any]) -> str:
    """One member of a set, as Python writes it."""
    operator, argument = str(item[0]), item[1]
    match operator:
        case "NEGATE":
            return "^"
        case "LITERAL":
            return _escaped(argument)
        case "RANGE":
            return f"{_escaped(argument[0])}-{_escaped(argument[1])}"
        case "CATEGORY" if str(argument) in _CATEGORIES:
            return _CATEGORIES[str(argument)]
    raise _NoTranslation(operator)


def _times(least: int, most: int) -> str:
    bound = "" if str(most) == "MAXREPEAT" else str(int(most))
    if max(least, int(bound or 0)) > _REPEAT:
        raise _NoTranslation("more than RE2 counts")
    return f"{{{least},{bound}}}"
