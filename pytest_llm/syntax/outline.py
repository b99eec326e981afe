"""Text -> Outline: what stands in it, by tree-sitter in a bounded process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pytest_llm.errors import CheckCrashed
from pytest_llm.sandbox import bounded
from pytest_llm.syntax.grammars import LANGUAGES, Kind

SECONDS = 0.3
"""How much processor time reading a text may take; junk of 60,000 characters would take seconds."""

CONTENT_SECONDS = 0.5
"""As above, to know whether there is anything in it: a megabyte of comments."""

_LAST_SECONDS = 5.0  # after which the process ends, should the parser not heed the limit above
_READ = "pytest_llm.syntax.reading:read"
_CONTENT = "pytest_llm.syntax.reading:content"
_PAIRS = "pytest_llm.syntax.reading:pairs"
_SPANS = "pytest_llm.syntax.reading:spans"
_RANK = "pytest_llm.syntax.reading:rank"


@dataclass(frozen=True)
class Piece:
    """Something at the top of a text. start, end: offsets in characters."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True)
class Outline:
    """What stands in a text.

    pieces: at its top, in order. broken: offsets of what the grammar does not explain, in order. names: how often
    each text was captured, by the capture's name. relations: what was captured together. surplus: the offset of the
    first closing brace that closes nothing.
    """

    pieces: tuple[Piece, ...] = ()
    broken: tuple[int, ...] = ()
    names: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    relations: tuple[Mapping[str, str], ...] = ()
    surplus: int | None = None

    def all(self, capture: str) -> frozenset[str]:
        """The texts captured under a name."""
        return frozenset(self.names.get(capture, {}))

    def having(self, capture: str, texts: Iterable[str]) -> Outline:
        """With more texts captured under a name."""
        more = dict.fromkeys(texts, 1) | dict(self.names.get(capture, {}))
        return replace(self, names={**self.names, capture: more})

    @property
    def errors(self) -> int:
        """How many places the grammar does not explain."""
        return len(self.broken)

    @property
    def kinds(self) -> frozenset[Kind]:
        """What stands at the top, comments aside."""
        return frozenset(piece.kind for piece in self.pieces) - {"comment"}


def every(outlines: Iterable[Outline], *captures: str) -> frozenset[str]:
    """The texts that any of the outlines captured under one of the names."""
    return frozenset(text for outline in outlines for capture in captures for text in outline.all(capture))


def read(text: str, language: str) -> Outline | None:
    """The outline of a text in a language; None where it took too long or broke the parser."""
    try:
        return _outline(text, language)
    except CheckCrashed:
        return None


@lru_cache(maxsize=64)  # of what was read: what broke may be read the next time
def _outline(text: str, language: str) -> Outline | None:
    found = bounded.call(_READ, language, text, SECONDS, seconds=_LAST_SECONDS)
    if found is None:
        return None
    pieces = tuple(Piece(*piece) for piece in found.pop("pieces"))
    broken, relations = tuple(found.pop("broken")), tuple(found.pop("relations"))
    return Outline(pieces, broken, relations=relations, **found)


def pairs(text: str, language: str) -> list[tuple[int, int]] | None:
    """The offsets of each bracket and of what closes it; None where the grammar does not explain it all."""
    try:
        found: list[tuple[int, int]] | None = bounded.call(_PAIRS, language, text, SECONDS, seconds=_LAST_SECONDS)
    except CheckCrashed:
        return None
    return found


def content(text: str, language: str) -> tuple[bool, tuple[int, ...]] | None:
    """Whether anything in a text does something; and the offsets of what stands there that no compiler reads.

    Comments, imports, lone values and blocks without content do nothing; what the grammar does not explain may.
    None where it took too long.
    """
    try:
        return _contained(text, language)
    except CheckCrashed:
        return None


@lru_cache(maxsize=64)
def _contained(text: str, language: str) -> tuple[bool, tuple[int, ...]] | None:
    found = bounded.call(_CONTENT, language, text, CONTENT_SECONDS, seconds=_LAST_SECONDS)
    return (found[0], tuple(found[1])) if found else None


def within(text: str, language: str) -> frozenset[int] | None:
    """The lines, from 0, that begin within a string or a comment; None where it took too long."""
    try:
        return _within(text, language)
    except CheckCrashed:
        return None


@lru_cache(maxsize=64)
def _within(text: str, language: str) -> frozenset[int] | None:
    found = bounded.call(_SPANS, language, text, SECONDS, seconds=_LAST_SECONDS)
    return None if found is None else frozenset(line for first, last in found for line in range(first, last + 1))


def may_hold_markup(text: str) -> bool:
    """Whether elements can stand in a text: most need not be read to know that there are none."""
    return "</" in text or "/>" in text


def holds_jsx(text: str) -> bool:
    """Whether elements stand in a text of JavaScript."""
    if not may_hold_markup(text):
        return False
    outline = read(text, "javascript")
    return outline is not None and bool(outline.all("element"))


def ranked(text: str, languages: Sequence[str] = LANGUAGES) -> list[tuple[str, int]]:
    """The languages and how many characters of the text their grammars do not explain, the fewest first.

    A language in which it took too long is left out; of equals the earlier in `languages` comes first.
    """
    try:
        found = bounded.call(_RANK, list(languages), text, SECONDS, seconds=_LAST_SECONDS)
    except CheckCrashed:
        return []
    return [(language, errors) for language, errors in found]
