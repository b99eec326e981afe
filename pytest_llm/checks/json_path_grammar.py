"""The grammar of JSONPath (RFC 9535, appendix A): a text read into queries, selectors and tests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NoReturn, TypeAlias

from pytest_llm.errors import nearest


@dataclass(frozen=True)
class Name:
    """A member of an object."""

    name: str


@dataclass(frozen=True)
class Index:
    """An item of a list, from its end where negative."""

    index: int


@dataclass(frozen=True)
class Slice:
    """Items of a list, as Python counts them."""

    start: int | None
    stop: int | None
    step: int | None


@dataclass(frozen=True)
class Wildcard:
    """Every member or item."""


@dataclass(frozen=True)
class Filter:
    """The members or items of which a test holds."""

    test: Test


@dataclass(frozen=True)
class Segment:
    """What is selected from each value so far; deep: also from every value below it."""

    selectors: tuple[Name | Index | Slice | Wildcard | Filter, ...]
    deep: bool = False


@dataclass(frozen=True)
class Query:
    """The way from the whole JSON (`$`) or, relative, from the value that is tested (`@`)."""

    segments: tuple[Segment, ...]
    relative: bool = False

    @property
    def singular(self) -> bool:
        """Whether it finds one value at most."""
        return all(
            not part.deep and len(part.selectors) == 1 and isinstance(part.selectors[0], Name | Index)
            for part in self.segments
        )


@dataclass(frozen=True)
class Constant:
    """A string, a number, true, false or null."""

    value: Any


@dataclass(frozen=True)
class Call:
    """A function; for what each takes and gives see FUNCTIONS."""

    function: str
    arguments: tuple[Operand, ...]


@dataclass(frozen=True)
class Comparison:
    """Of two operands that stand for one value each."""

    left: Operand
    operator: str
    right: Operand


@dataclass(frozen=True)
class Not:
    """The contrary of a test."""

    test: Test


@dataclass(frozen=True)
class Junction:
    """Tests of which one or, every, all must hold."""

    tests: tuple[Test, ...]
    every: bool


Operand: TypeAlias = "Constant | Query | Call"
Test: TypeAlias = "Query | Call | Comparison | Not | Junction"
Kind: TypeAlias = Literal["value", "nodes", "truth"]

FUNCTIONS: dict[str, tuple[tuple[Kind, ...], Kind]] = {
    "length": (("value",), "value"),
    "count": (("nodes",), "value"),
    "value": (("nodes",), "value"),
    "match": (("value", "value"), "truth"),
    "search": (("value", "value"), "truth"),
}
"""(what its arguments are, what it gives) of each function."""

_S = r"[ \t\n\r]*"
_LETTER = r"A-Za-z_\x80-\ud7ff\ue000-\U0010ffff"
_NAME = rf"[{_LETTER}][{_LETTER}0-9]*"
_INT = r"(?:0|-?[1-9][0-9]*)"
_SLICE = rf"(?:({_INT}){_S})?:{_S}(?:({_INT}){_S})?(?::(?:{_S}({_INT}))?)?"
_HIGH, _LOW = r"u[dD][89abAB][0-9A-Fa-f]{2}", r"\\u[dD][c-fC-F][0-9A-Fa-f]{2}"
_ESCAPED = rf"[bfnrt/\\]|u(?![dD][89a-fA-F])[0-9A-Fa-f]{{4}}|{_HIGH}{_LOW}"
_PLAIN = r"[^\\\x00-\x1f\ud800-\udfff{}]"
_STRING = "|".join(rf"{q}(?:{_PLAIN.format(q)}|\\(?:{q}|{_ESCAPED}))*{q}" for q in "'\"")
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_WORD = r"(?:true|false|null)(?![A-Za-z0-9_])"
_FARTHEST = 2**53 - 1


def read(path: str) -> Query:
    """The query of a whole path. Raises ValueError with the place of what is wrong, RecursionError."""
    reader = _Reader(path)
    reader.need(r"\$", "`$`")
    query = Query(tuple(reader.segments()))
    if reader.at < len(path):
        reader.fail("a `.` or `[`")
    return query


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


class _Reader:
    def __init__(self, path: str) -> None:
        self.path, self.at = path, 0

    def take(self, pattern: str) -> re.Match[str] | None:
        """What stands here, if it is that; it is passed then."""
        match = _compiled(pattern).match(self.path, self.at)
        self.at = match.end() if match else self.at
        return match

    def need(self, pattern: str, what: str) -> str:
        match = self.take(pattern)
        return match[0] if match else self.fail(what)

    def fail(self, what: str) -> NoReturn:
        found = _compiled(rf"{_S}(\S)").match(self.path, self.at)
        place = f"{found[1]!r} at position {found.start(1) + 1}" if found else "the end"
        raise ValueError(f"{what} must stand where {place} is")

    def segments(self) -> Iterator[Segment]:
        while self.take(rf"{_S}(?=[.\[])"):
            start, deep = self.at, self.take(r"\.\.") is not None
            if self.take(r"\["):
                yield Segment(tuple(self._selectors()), deep)
                continue
            if not deep:
                self.need(r"\.", "a `.` or `[`")
            name = self.need(rf"\*|{_NAME}", "a name of letters, digits and `_`, or `*`,")
            if more := self.take(rf"-[-{_LETTER}0-9]*"):
                self._offer(start, f"{'..' if deep else ''}['{name}{more[0]}']")
            yield Segment((Wildcard() if name == "*" else Name(name),), deep)

    def _offer(self, start: int, quoted: str) -> NoReturn:
        meant = f"{self.path[:start]}{quoted}{self.path[self.at :]}"
        raise ValueError(f"a name with a hyphen stands in quotes, did you mean {meant}")

    def _selectors(self) -> Iterator[Name | Index | Slice | Wildcard | Filter]:
        yield self._selector()
        while self.take(rf"{_S},"):
            yield self._selector()
        self.need(rf"{_S}\]", "a `]`, a comma, or in a filter `&&`, `||` or one comparison,")

    def _selector(self) -> Name | Index | Slice | Wildcard | Filter:
        self.take(_S)
        if self.take(r"\?"):
            return Filter(self._test())
        if string := self.take(_STRING):
            return Name(_decoded(string[0]))
        if self.take(r"\*"):
            return Wildcard()
        if parts := self.take(_SLICE):
            return Slice(*(None if part is None else self._near(part) for part in parts.groups()))
        return Index(self._near(self.need(_INT, "a name in quotes, an index, a slice, `*` or `?`")))

    def _near(self, number: str) -> int:
        if abs(value := int(number)) > _FARTHEST:
            raise ValueError(f"the index {number} is out of range")
        return value

    def _test(self) -> Test:
        return self._junction(r"\|\|", lambda: self._junction("&&", self._basic, every=True), every=False)

    def _junction(self, sign: str, part: Callable[[], Test], *, every: bool) -> Test:
        tests: list[Test] = [part()]
        while self.take(rf"{_S}{sign}"):
            tests.append(part())
        return tests[0] if len(tests) == 1 else Junction(tuple(tests), every)

    def _basic(self) -> Test:
        self.take(_S)
        if self.take(rf"!{_S}"):
            return Not(self._grouped() if self.take(r"(?=\()") else self._holding(self._operand()))
        if self.take(r"(?=\()"):
            return self._grouped()
        left = self._operand()
        operator = self.take(rf"{_S}(==|!=|<=|>=|<|>){_S}")
        if operator is None:
            return self._holding(left)
        right = self._operand()
        return Comparison(self._fitting(left, "value"), operator[1], self._fitting(right, "value"))

    def _grouped(self) -> Test:
        self.need(r"\(", "`(`")
        test = self._test()
        self.need(rf"{_S}\)", "a `)`, `&&` or `||`")
        return test

    def _holding(self, operand: Operand) -> Query | Call:
        if isinstance(operand, Query) or (isinstance(operand, Call) and FUNCTIONS[operand.function][1] == "truth"):
            return operand
        return self.fail("a comparison (`==`, `!=`, `<`, `<=`, `>` or `>=`)")

    def _operand(self) -> Operand:
        if start := self.take(r"[@$]"):
            return Query(tuple(self.segments()), relative=start[0] == "@")
        if string := self.take(_STRING):
            return Constant(_decoded(string[0]))
        if literal := self.take(_WORD) or self.take(_NUMBER):
            return Constant(json.loads(literal[0]))
        name = self.need(r"[a-z][a-z0-9_]*(?=\()", "a value, `@`, `$` or a function with its `(`")
        if name not in FUNCTIONS:
            raise ValueError(f"there is no function {name}(){nearest(name, sorted(FUNCTIONS))}")
        return Call(name, tuple(self._arguments(name)))

    def _arguments(self, name: str) -> Iterator[Operand]:
        for number, kind in enumerate(FUNCTIONS[name][0]):
            self.need(rf"{_S},{_S}" if number else rf"\({_S}", "a comma and one more argument")
            yield self._fitting(self._operand(), kind)
        self.need(rf"{_S}\)", f"the `)` of {name}()")

    def _fitting(self, operand: Operand, kind: Kind) -> Operand:
        if kind == "nodes" and not isinstance(operand, Query):
            raise ValueError("count() and value() take a path that begins with `@` or `$`")
        if kind == "value" and isinstance(operand, Query) and not operand.singular:
            raise ValueError("a path that may find several values is no single value to compare or to pass on")
        if isinstance(operand, Call) and FUNCTIONS[operand.function][1] == "truth":
            raise ValueError(f"{operand.function}() holds or not: it is no value to compare or to pass on")
        return operand


def _decoded(string: str) -> str:
    """The text of a string literal, which is JSON's but for the quotes."""
    if string[0] == "'":
        string = '"' + re.sub(r"\\.|\"", lambda sign: _REQUOTED.get(sign[0], sign[0]), string[1:-1]) + '"'
    decoded: str = json.loads(string)
    return decoded


_REQUOTED = {"\\'": "'", '"': '\\"'}
