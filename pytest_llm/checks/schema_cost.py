"""Whether judging by a schema is sure to end soon, however the JSON looks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

MOST = 20_000
"""How often the parts of a schema may be applied to one value, at most."""

_ELSEWHERE = {"$dynamicRef", "$recursiveRef", "$dynamicAnchor", "$recursiveAnchor"}
_TWICE = {"anyOf", "oneOf", "not", "if", "contains", "unevaluatedProperties", "unevaluatedItems"}
_IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")
_MAPS = {"properties", "patternProperties", "dependentSchemas", "dependencies"}
_SCHEMAS = {
    *(
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "items",
        "prefixItems",
        "additionalItems",
        "contains",
    ),
    *("unevaluatedItems", "additionalProperties", "propertyNames", "unevaluatedProperties", "contentSchema"),
}


class _Unbounded(Exception):
    """It refers to itself, or to what is not looked through here."""


def is_bounded(document: Any) -> bool:
    """Whether no value is looked at more than MOST times.

    Such a schema refers to nothing but its own parts, and to none in a circle. One in a circle may take two to the
    power of the JSON's depth.
    """
    try:
        return _cost(document, document, {}) <= MOST
    except (_Unbounded, RecursionError):
        return False


def _cost(part: Any, document: Any, known: dict[int, int | None]) -> int:
    """An upper bound. known: what the parts that are done cost, None for those under way."""
    if not isinstance(part, Mapping):
        return 1
    if id(part) not in known:
        known[id(part)] = None
        inner = sum(_cost(each, document, known) for each in _parts(part, document))
        known[id(part)] = 1 + inner * (2 if part.keys() & _TWICE else 1)
    cost = known[id(part)]
    if cost is None:
        raise _Unbounded
    return cost


def _parts(part: Mapping[str, Any], document: Any) -> Iterator[Any]:
    """What is applied where a schema is: its sub-schemas, and what it refers to."""
    if part.keys() & _ELSEWHERE or (part is not document and isinstance(part.get("$id", part.get("id")), str)):
        raise _Unbounded
    if isinstance(reference := part.get("$ref"), str):
        yield _target(reference, document)
    for key in part.keys() & _SCHEMAS:
        yield from part[key] if isinstance(part[key], list) else [part[key]]
    for key in part.keys() & _MAPS:
        yield from part[key].values()


def has_loop(document: Any) -> bool:
    """Whether it refers to itself at the same value: no JSON is too deep for that."""
    under: dict[int, bool] = {}
    try:
        return any(_comes_back(part, document, under) for part in everything(document))
    except RecursionError:
        return False


def _comes_back(part: Any, document: Any, under: dict[int, bool]) -> bool:
    """under: the parts that were looked at, true for those under way."""
    if not isinstance(part, Mapping) or under.get(id(part)) is False:
        return False
    if under.get(id(part)):
        return True
    under[id(part)] = True
    result = any(_comes_back(each, document, under) for each in _at_the_same_value(part, document))
    under[id(part)] = False
    return result


def _at_the_same_value(part: Mapping[str, Any], document: Any) -> Iterator[Any]:
    if isinstance(reference := part.get("$ref"), str):
        with contextlib.suppress(_Unbounded):
            yield _target(reference, document)
    for key in _IN_PLACE:
        if key in part:
            yield from part[key] if isinstance(part[key], list) else [part[key]]


def everything(part: Any) -> Iterator[Any]:
    """A value and all that is in it."""
    yield part
    for inner in part.values() if isinstance(part, Mapping) else part if isinstance(part, list) else ():
        yield from everything(inner)


def _target(reference: str, document: Any) -> Any:
    if reference != "#" and not reference.startswith("#/"):
        raise _Unbounded
    found = document
    for step in unquote(reference[2:]).split("/") if reference != "#" else ():
        name = step.replace("~1", "/").replace("~0", "~")
        found = found[int(name)] if isinstance(found, list) and name.isdigit() else _member(found, name)
    return found


def _member(found: Any, name: str) -> Any:
    if not isinstance(found, Mapping) or name not in found:
        raise _Unbounded
    return found[name]
