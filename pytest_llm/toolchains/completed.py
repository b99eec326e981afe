"""A text with what it lacks: how it reads, and where in the text a compiler's words about it belong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pytest_llm.toolchains.base import Diagnostic


@dataclass(frozen=True)
class Around:
    """What is put around a part of a text. `{}` in the opening is what tells a second such part from the first."""

    opening: str
    closing: str = "\n}\n"

    def insertions(self, start: int, end: int, number: int = 0) -> list[tuple[int, str]]:
        return [(start, self.opening.replace("{}", str(number + 1) if number else "")), (end, self.closing)]


@dataclass(frozen=True)
class Completed:
    """A text with more put into it. insertions: (offset in the text, what is put there), by offset. last: ranges of
    the text that stand at its end instead, in order, and what is put between them. guess: the grammar does not say
    that this is what it lacks.
    """

    original: str
    insertions: tuple[tuple[int, str], ...] = ()
    last: tuple[str | tuple[int, int], ...] = ()
    guess: bool = False

    @cached_property
    def text(self) -> str:
        return "".join(part for _, part, _ in self._parts)

    @cached_property
    def _parts(self) -> list[tuple[int, str, bool]]:
        """What the text is made of: (offset in the original, text, whether the original's own)."""
        found, at = list[tuple[int, str, bool]](), 0
        for where, put in self.insertions:
            found += [*self._staying(at, where), (where, put, False)]
            at = where
        found += self._staying(at, len(self.original))
        ranges = [one for one in self.last if not isinstance(one, str)]
        at = ranges[0][0] if ranges else at
        for one in self.last:
            found.append((at, one, False) if isinstance(one, str) else self._own(*one))
            at = at if isinstance(one, str) else one[1]
        return found

    def having(self, insertion: tuple[int, str]) -> Completed:
        """With something more; behind what stands at the same place already."""
        return replace(self, insertions=tuple(sorted((*self.insertions, insertion), key=lambda one: one[0])))

    def _staying(self, start: int, end: int) -> Iterator[tuple[int, str, bool]]:
        """What is left of a range of the original without what stands at the end instead."""
        for taken in self.last:
            if not isinstance(taken, str):
                first, behind = (max(start, min(at, end)) for at in taken)
                yield self._own(start, first)
                start = behind
        yield self._own(start, end)

    def _own(self, start: int, end: int) -> tuple[int, str, bool]:
        return start, self.original[start:end], True

    def offset(self, at: int) -> tuple[int, bool]:
        """An offset in the completed text -> that in the original, and whether the original stands there."""
        for where, part, own in self._parts:
            if at < len(part):
                return (where + at if own else where), own
            at -= len(part)
        return len(self.original), True

    def place(self, found: Diagnostic) -> tuple[Diagnostic, bool]:
        """What was said of the completed text, said of the original; and whether it is about the original's own."""
        if found.line is None:
            return found, True
        start = start_of(self.text, found.line)
        at, own = self.offset(start + (found.column or 1) - 1)
        if not own and found.column is None:  # a line that the text shares with the scaffold
            end = self.text.find("\n", start)
            marks = (self.offset(place) for place in range(start, end if end >= 0 else len(self.text)))
            at, own = next(((place, True) for place, mine in marks if mine), (at, own))
        line = self.original.count("\n", 0, at) + 1
        column = at - start_of(self.original, line) + 1 if own and found.column else None
        return replace(found, line=line, column=column), own

    def told(self, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """What was said of the completed text, said of the original; of the scaffold no warning, nothing unused."""
        if not self.insertions and not self.last:
            return list(found)
        placed = [self.place(one) for one in found]
        kept = [one for one, own in placed if own or (one.severity == "error" and one.kind != "unused")]
        return self._in_order(kept) if self.last else kept

    def _in_order(self, found: Sequence[Diagnostic]) -> list[Diagnostic]:
        """Without what is said of parts that stand at the end once a text is broken: that is its echo."""
        broken = next((index for index, one in enumerate(found) if one.kind == "syntax" and one.line), len(found))
        rest = (one for one in found[broken:] if (one.line or 0) >= (found[broken].line or 0))
        return [*found[:broken], *rest]


def start_of(text: str, line: int) -> int:
    """Where a line begins, from 1."""
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
    return at
