"""JSONPath as RFC 9535 has it: a path read, and where it leads; plain data, so that it can run in another process.

`match` and `search` take I-Regexp (RFC 9485), which RE2 matches in linear time.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import re2
from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError, NodeList
from jsonpath.filter import (
    UNDEFINED,
    BaseExpression,
    CurrentKey,
    FilterContextPath,
    FilterQuery,
    FunctionExtension,
    ListLiteral,
    RegexLiteral,
    StringLiteral,
    Undefined,
)
from jsonpath.function_extensions import ExpressionType, FilterFunction
from jsonpath.segments import JSONPathRecursiveDescentSegment
from jsonpath.selectors import Filter

from pytest_llm.checks.base import short
from pytest_llm.checks.strict_json import MAX_DEPTH, same

MOST = 100_000
"""How many values a path may find."""

_STRANGE = (CurrentKey, FilterContextPath, ListLiteral, RegexLiteral, Undefined)  # the library's own


@lru_cache(maxsize=256)
def parsed(path: str) -> JSONPath:
    """The path, read. Raises ValueError where it is none, with the one that was meant where that is near."""
    try:
        read = _read(path)
    except ValueError as error:
        raise ValueError(f"{short(path)} is no JSONPath: {_meant(path) or error}") from None
    if strange := next((each for each in _expressions(read) if isinstance(each, _STRANGE)), None):
        raise ValueError(f"{short(path)} is no JSONPath: {strange} is none of RFC 9535's expressions")
    for name, pattern in _patterns(read):
        if _compiled(pattern, whole=False) is None:
            raise ValueError(
                f"{path!r} is no JSONPath: {pattern!r} in {name}() is no regular expression (I-Regexp)"
            )
    return read


def is_bounded(path: str) -> bool:
    """Whether finding is sure to take a time in proportion to the JSON: at most one part of it multiplies."""
    return _multiplying(parsed(path)) <= 1


def steps(path: str, value: Any) -> list[list[str | int]]:
    """The keys and indices to each value that the path finds. Raises ValueError where there are too many."""
    found = [list(match.parts) for match in islice(parsed(path).finditer(value), MOST + 1)]
    if len(found) > MOST:
        raise ValueError(f"it finds more than {MOST} values")
    return found


def _read(path: str) -> JSONPath:
    try:
        read = _environment().compile(path)
    except JSONPathError as error:  # its own `str` may fail
        raise ValueError(str(error.args[0] if error.args else type(error).__name__)) from None
    except (RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(read, JSONPath):
        raise ValueError("it joins several paths")
    if len(read.segments) > MAX_DEPTH:
        raise ValueError(f"it has more than {MAX_DEPTH} parts, and no JSON is that deep")
    return read


def _meant(path: str) -> str:
    if path.startswith("$"):
        return ""
    offer = f"${path.removeprefix('@')}" if path.startswith(("[", ".", "@")) else f"$.{path}"
    try:
        _read(offer)
    except ValueError:
        return "it must begin with `$`"
    return f"it must begin with `$`, did you mean {offer!r}?"


def _multiplying(path: JSONPath) -> int:
    """How many parts of it may find a value more than once, or look at all of them for each one."""
    count = sum(
        isinstance(part, JSONPathRecursiveDescentSegment) or len(part.selectors) > 1 for part in path.segments
    )
    queries = [each.path for each in _expressions(path) if isinstance(each, FilterQuery)]
    return count + sum(_multiplying(query) + (not query.singular_query()) for query in queries)


def _expressions(path: JSONPath) -> Iterator[BaseExpression]:
    """Every expression of its filters; those of a query within one come with that query."""
    todo: list[BaseExpression] = [
        s.expression for part in path.segments for s in part.selectors if isinstance(s, Filter)
    ]
    while todo:
        expression = todo.pop()
        yield expression
        if not isinstance(expression, FilterQuery):
            todo += expression.children()


def _patterns(path: JSONPath) -> Iterator[tuple[str, str]]:
    """(the function, its pattern) of each that stands in the path itself."""
    for expression in _expressions(path):
        if isinstance(expression, FilterQuery):
            yield from _patterns(expression.path)
        elif isinstance(expression, FunctionExtension) and expression.name in ("match", "search"):
            pattern = expression.args[1]
            yield from [(expression.name, pattern.value)] if isinstance(pattern, StringLiteral) else []


class _Matches(FilterFunction):
    """`match(text, pattern)`, or `search` where the pattern need not fit the whole text."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]  # noqa: RUF012  (the library's own way)
    return_type = ExpressionType.LOGICAL

    def __init__(self, *, whole: bool) -> None:
        self.whole = whole

    def __call__(self, value: object, pattern: object) -> bool:
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        ready = _compiled(pattern, self.whole)
        return ready is not None and ready.search(value.encode("utf-8", "replace").decode()) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str, whole: bool) -> Any:
    inner = f"(?:{''.join(_translated(pattern))})"
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(rf"\A{inner}\z" if whole else inner, options)
    except (re2.error, UnicodeEncodeError):
        return None


def _translated(pattern: str) -> Iterator[str]:
    """I-Regexp's `.` is any character but the ends of a line."""
    escaped = in_class = False
    for character in pattern:
        if character == "." and not escaped and not in_class:
            yield r"[^\n\r]"
        else:
            yield character
        in_class = (in_class or character == "[") and character != "]" if not escaped else in_class
        escaped = character == "\\" and not escaped


class _Environment(JSONPathEnvironment):
    """Compares as JSON does: the library takes false for less than 1, and [true] for [1]."""

    def compare(self, left: object, operator: str, right: object) -> bool:
        one, other = _single(left), _single(right)
        match operator:
            case "==" | "!=":
                return same(one, other) is (operator == "==")
            case "<" | "<=":
                return _less(one, other) or (operator == "<=" and same(one, other))
            case ">" | ">=":
                return _less(other, one) or (operator == ">=" and same(one, other))
        return super().compare(left, operator, right)


def _single(value: object) -> object:
    if not isinstance(value, NodeList):
        return value
    return value[0].obj if value else UNDEFINED


def _less(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    comparable = any(isinstance(one, kind) and isinstance(other, kind) for kind in (str, int | float))
    return comparable and bool(one < other)


@lru_cache(maxsize=1)
def _environment() -> JSONPathEnvironment:
    environment = _Environment(strict=True)
    environment.function_extensions |= {"match": _Matches(whole=True), "search": _Matches(whole=False)}
    return environment
