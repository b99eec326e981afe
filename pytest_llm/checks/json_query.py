"""JSONPath as RFC 9535 has it: a path read, and where it leads; plain data, so that it can run in another process.

`match` and `search` take I-Regexp (RFC 9485), which RE2 matches in linear time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

import re2

from pytest_llm.checks.base import short
from pytest_llm.checks.json_path_grammar import (
    Call,
    Comparison,
    Constant,
    Filter,
    Index,
    Junction,
    Name,
    Not,
    Operand,
    Query,
    Segment,
    Slice,
    Test,
    read,
)
from pytest_llm.checks.strict_json import MAX_DEPTH, Steps, same

MOST = 100_000
"""How many values a path may find."""

_NOTHING = object()  # what a query that finds no value stands for
Node = tuple[Steps, Any]
"""A value of the JSON, and the keys and indices that lead to it."""


@lru_cache(maxsize=256)
def parsed(path: str) -> Query:
    """The path, read. Raises ValueError where it is none, with the one that was meant where that is near."""
    try:
        query = _read(path)
    except ValueError as error:
        raise ValueError(f"{short(path)} is no JSONPath: {_meant(path) or error}") from None
    for call in _calls(query):
        pattern = call.arguments[-1]
        if call.function in _PATTERNS and isinstance(pattern, Constant) and isinstance(pattern.value, str):
            _refuse_pattern(path, call.function, pattern.value)
    return query


def is_bounded(path: str) -> bool:
    """Whether finding is sure to take a time in proportion to the JSON: at most one part of it multiplies."""
    return _multiplying(parsed(path)) <= 1


def steps(path: str, value: Any) -> list[list[str | int]]:
    """The keys and indices to each value that the path finds. Raises ValueError where there are too many."""
    root: Node = ((), value)
    found = [list(way) for way, _ in islice(_found(parsed(path), root, root), MOST + 1)]
    if len(found) > MOST:
        raise ValueError(f"it finds more than {MOST} values")
    return found


def _read(path: str) -> Query:
    try:
        query = read(path)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if len(query.segments) > MAX_DEPTH:
        raise ValueError(f"it has more than {MAX_DEPTH} parts, and no JSON is that deep")
    return query


def _meant(path: str) -> str:
    if path.startswith("$"):
        return ""
    offer = f"${path.removeprefix('@')}" if path.startswith(("[", ".", "@")) else f"$.{path}"
    try:
        _read(offer)
    except ValueError:
        return "it must begin with `$`"
    return f"it must begin with `$`, did you mean {offer!r}?"


def _refuse_pattern(path: str, function: str, pattern: str) -> None:
    if _compiled(pattern, whole=False) is None:
        raise ValueError(
            f"{path!r} is no JSONPath: {pattern!r} in {function}() is no regular expression (I-Regexp)"
        )


def _multiplying(query: Query) -> int:
    """How many parts of it may find a value more than once, or look at all of them for each one."""
    count = sum(part.deep or len(part.selectors) > 1 for part in query.segments)
    inner = [each for each in _expressions(query) if isinstance(each, Query)]
    return count + sum(_multiplying(each) + (not each.singular) for each in inner)


def _expressions(query: Query) -> Iterator[Test | Operand]:
    """Every part of its tests; those of a query within one come with that query."""
    todo: list[Test | Operand] = [
        s.test for part in query.segments for s in part.selectors if isinstance(s, Filter)
    ]
    while todo:
        yield (expression := todo.pop())
        todo += _inner(expression)


def _inner(expression: Test | Operand) -> tuple[Test | Operand, ...]:
    match expression:
        case Junction(tests):
            return tests
        case Not(test):
            return (test,)
        case Comparison(left, _, right):
            return (left, right)
        case Call(_, arguments):
            return arguments
    return ()


def _calls(query: Query) -> Iterator[Call]:
    for expression in _expressions(query):
        if isinstance(expression, Query):
            yield from _calls(expression)
        elif isinstance(expression, Call):
            yield expression


def _found(query: Query, node: Node, root: Node) -> Iterator[Node]:
    nodes = iter([node if query.relative else root])
    for segment in query.segments:
        nodes = _next(segment, nodes, root)
    return nodes


def _next(segment: Segment, nodes: Iterator[Node], root: Node) -> Iterator[Node]:
    for start in nodes:
        for node in _below(start) if segment.deep else (start,):
            for selector in segment.selectors:
                yield from _selected(selector, node, root)


def _below(node: Node) -> Iterator[Node]:
    """The node itself, and every one in it, outer ones first."""
    todo = [node]
    while todo:
        yield (node := todo.pop())
        todo += reversed(list(_children(node)))


def _children(node: Node) -> Iterator[Node]:
    way, value = node
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*way, step), inner


def _selected(selector: Any, node: Node, root: Node) -> Iterator[Node]:
    way, value = node
    match selector:
        case Name(name):
            if isinstance(value, dict) and name in value:
                yield (*way, name), value[name]
        case Index(index):
            if isinstance(value, list) and -len(value) <= index < len(value):
                yield (*way, index % len(value)), value[index]
        case Slice(start, stop, step):
            if isinstance(value, list) and step != 0:
                for index in range(*slice(start, stop, step).indices(len(value))):
                    yield (*way, index), value[index]
        case Filter(test):
            yield from (child for child in _children(node) if _holds(test, child, root))
        case _:
            yield from _children(node)


def _holds(test: Test, node: Node, root: Node) -> bool:
    match test:
        case Junction(tests, every):
            return (all if every else any)(_holds(each, node, root) for each in tests)
        case Not(inner):
            return not _holds(inner, node, root)
        case Comparison(left, operator, right):
            return _COMPARED[operator](_value(left, node, root), _value(right, node, root))
        case Query():
            return next(_found(test, node, root), None) is not None
        case Call():
            return bool(_value(test, node, root))


def _value(operand: Operand, node: Node, root: Node) -> Any:
    match operand:
        case Constant(value):
            return value
        case Query():
            return next((value for _, value in _found(operand, node, root)), _NOTHING)
        case Call("count", (Query() as query,)):
            return sum(1 for _ in _found(query, node, root))
        case Call("value", (Query() as query,)):
            values = [value for _, value in islice(_found(query, node, root), 2)]
            return values[0] if len(values) == 1 else _NOTHING
        case Call("length", (argument,)):
            value = _value(argument, node, root)
            return len(value) if isinstance(value, str | list | dict) else _NOTHING
        case Call(function, (text, pattern)):
            return _matches(_value(text, node, root), _value(pattern, node, root), whole=_PATTERNS[function])


def _matches(text: Any, pattern: Any, *, whole: bool) -> bool:
    if not isinstance(text, str) or not isinstance(pattern, str):
        return False
    ready = _compiled(pattern, whole)
    return ready is not None and ready.search(text.encode("utf-8", "replace").decode()) is not None


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


def _less(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    comparable = any(isinstance(one, kind) and isinstance(other, kind) for kind in (str, int | float))
    return comparable and bool(one < other)


_PATTERNS = {"match": True, "search": False}  # whether the pattern must fit the whole text
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "==": same,
    "!=": lambda one, other: not same(one, other),
    "<": _less,
    "<=": lambda one, other: _less(one, other) or same(one, other),
    ">": lambda one, other: _less(other, one),
    ">=": lambda one, other: _less(other, one) or same(one, other),
}
