"""Plain text: `contains`, `not_contains`, `regex`, `equals`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from pytest_llm.answers.extract import Artifact, CodeBlock, position
from pytest_llm.checks.base import Check, CheckContext, Finding, echoed, short
from pytest_llm.sandbox.patterns import compiled, search

Part = Literal["answer", "code", "thinking"]
_SHOWN = 160  # characters of a model's line


def _texts(value: Any) -> Any:
    items = value if isinstance(value, list | tuple) else [value]
    for item in items:
        if not isinstance(item, str):
            raise ValueError(f"must be text or a list of texts, not {item!r}: put it in quotes")
        if not item:
            raise ValueError("must not be empty: every answer holds that")
    if not items:
        raise ValueError("must be text or a list of texts, not an empty list")
    return tuple(items)


Texts = Annotated[
    tuple[str, ...],
    BeforeValidator(_texts),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


@dataclass(frozen=True)
class Piece:
    """A text to look at, and the code of the answer that it is; None for thinking, which has no place there."""

    text: str
    block: CodeBlock | None

    def finding(self, check: str, message: str, start: int, **more: Any) -> Finding:
        """A finding that points at an offset of this text."""
        line, column, source = position(self.text, start)
        first = max(0, column - 1 - _SHOWN // 2)
        places = self.block.place(line, column) if self.block else ()
        where: dict[str, Any] = dict(zip(("line", "column"), places, strict=False))
        return Finding(check, message, source=source[first : first + _SHOWN], **where, **more)


class PartCheck(Check):
    """A check of what the model wrote. `in` says where to look: in the answer, its code, or the thinking."""

    file_fields: ClassVar[tuple[str, ...] | None] = ()
    part: Part = Field("answer", alias="in")

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        pieces = list(self._pieces(artifact))
        if not pieces and artifact.blocks:
            return [echoed(self.name, "the code", artifact.blocks[0])]
        if not pieces:
            message = "there is no code in the answer to look at"
            return [Finding(self.name, message, kind="no-code", unseen=True)]
        unseen = self.part == "thinking" and not artifact.thinking.strip()
        return [replace(finding, unseen=unseen) for finding in self.look(pieces)]

    def look(self, pieces: list[Piece]) -> Iterator[Finding]:
        """The findings in at least one piece of text."""
        raise NotImplementedError

    def _pieces(self, artifact: Artifact) -> Iterator[Piece]:
        if self.part == "answer":
            yield Piece(artifact.answer, CodeBlock(artifact.answer))
        elif self.part == "thinking":
            yield Piece(artifact.thinking, None)
        else:
            yield from (Piece(block.text, block) for block in artifact.own_blocks)

    @property
    def where(self) -> str:
        return {"answer": "the answer", "code": "the code", "thinking": "the thinking"}[self.part]


class TextCheck(PartCheck):
    """A check for texts that are given."""

    shorthand: ClassVar[str | None] = "text"
    text: Texts
    ignore_case: bool = False

    def literal(self, text: str) -> re.Pattern[str]:
        return re.compile(re.escape(text), re.IGNORECASE if self.ignore_case else 0)


class Contains(TextCheck):
    """The answer holds the text; of a list, all of them."""

    name: ClassVar[str] = "contains"

    def look(self, pieces: list[Piece]) -> Iterator[Finding]:
        for text in self.text:
            if any(self.literal(text).search(piece.text) for piece in pieces):
                continue
            message = f"{self.where} does not contain {short(text)}"
            other = re.compile(re.escape(text), re.IGNORECASE)
            close = next(((p, m) for p in pieces if (m := other.search(p.text))), None)
            if close is None:
                yield Finding(self.name, message, kind="missing")
                continue
            hint = f"it contains {short(close[1][0])}: `ignore_case: true` would take it"
            yield close[0].finding(self.name, message, close[1].start(), kind="missing", details=hint)


class NotContains(TextCheck):
    """The answer does not hold the text; of a list, none of them."""

    name: ClassVar[str] = "not_contains"

    def look(self, pieces: list[Piece]) -> Iterator[Finding]:
        for text in self.text:
            hits = [(piece, hit) for piece in pieces for hit in self.literal(text).finditer(piece.text)]
            if hits:
                piece, hit = hits[0]
                times = "" if len(hits) == 1 else f" {len(hits)} times"
                message = f"{self.where} contains {short(text)}{times}, and it must not"
                yield piece.finding(self.name, message, hit.start(), kind="forbidden")


class Regex(TextCheck):
    """The pattern is found in the answer; of a list, all of them. `^` and `$` are the ends of a line."""

    name: ClassVar[str] = "regex"
    shorthand: ClassVar[str | None] = "pattern"
    text: Annotated[Texts, Field(alias="pattern")]

    def model_post_init(self, context: Any, /) -> None:
        for pattern in self.text:
            compiled(pattern, self._flags)

    @property
    def _flags(self) -> int:
        return re.MULTILINE | (re.IGNORECASE if self.ignore_case else 0)

    def look(self, pieces: list[Piece]) -> Iterator[Finding]:
        for pattern in self.text:
            if not any(search(pattern, piece.text, self._flags) for piece in pieces):
                yield Finding(self.name, f"{self.where} does not match /{pattern}/", kind="missing")


class Equals(TextCheck):
    """The answer is the text, blanks around it aside (`strip: false`: to the letter); of a list, one of them."""

    name: ClassVar[str] = "equals"
    strip: bool = True

    def look(self, pieces: list[Piece]) -> Iterator[Finding]:
        wanted = [self._plain(text) for text in self.text]
        if any(self._plain(piece.text) in wanted for piece in pieces):
            return
        piece = pieces[0]
        if len(self.text) > 1:
            options = " or ".join(short(text, 40) for text in self.text)
            yield piece.finding(
                self.name, f"{self.where} is {short(piece.text)}, not {options}", 0, kind="different"
            )
            return
        at, ours, theirs = _difference(self._plain(piece.text), wanted[0])
        line = piece.text.count("\n", 0, len(piece.text) - len(piece.text.lstrip())) if self.strip else 0
        offset = _line_start(piece.text, line + at)
        several = "\n" in wanted[0] or "\n" in self._plain(piece.text)
        message = f"{self.where} is {short(piece.text)}, not {short(self.text[0])}"
        details = f"line {at + 1} is {short(ours)}, not {short(theirs)}" if several else ""
        yield piece.finding(self.name, message, offset, kind="different", details=details)

    def _plain(self, text: str) -> str:
        text = text.strip() if self.strip else text
        return text.casefold() if self.ignore_case else text


def _difference(ours: str, theirs: str) -> tuple[int, str, str]:
    """(the first line that differs, from 0, as it is, as it should be); "" beyond a text's end."""
    mine, wanted = ours.split("\n"), theirs.split("\n")
    for number in range(max(len(mine), len(wanted))):
        left, right = mine[number : number + 1], wanted[number : number + 1]
        if left != right:
            return number, "".join(left), "".join(right)
    return 0, ours, theirs


def _line_start(text: str, line: int) -> int:
    start = 0
    for _ in range(line):
        start = text.find("\n", start) + 1
        if not start:
            return len(text)
    return start
