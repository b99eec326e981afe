"""Whether JSON is a schema, or data that only has its words as keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_WRAPPERS = ("json_schema", "function", "schema", "parameters", "input_schema")
_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_RULES = re.compile(r'"(?:\$schema|\$defs|\$ref|properties|items|anyOf|oneOf|allOf|enum)"\s*:')


def is_schema(text: str) -> bool:
    """Whether a text is a JSON Schema. Of one that is no JSON its words tell."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _RULES.search(text) is not None
    for _ in _WRAPPERS:
        if _looks_like(value):
            return True
        value = _inner(value)
    return False


def _inner(value: Any) -> Any:
    """What OpenAI's wrapper and its kin hold."""
    return next((value[key] for key in _WRAPPERS if key in value), None) if isinstance(value, Mapping) else None


def _looks_like(value: Any) -> bool:
    return isinstance(value, Mapping) and any(key in value and fits(value, key) for key, fits in _SIGNS.items())


def _word(schema: Mapping[str, Any], key: str) -> bool:
    return isinstance(schema[key], str)


def _typed(schema: Mapping[str, Any], key: str) -> bool:
    types = schema.get("type")
    return isinstance(schema[key], list) and _TYPES.issuperset(types if isinstance(types, list) else [types])


def _named_rules(schema: Mapping[str, Any], key: str) -> bool:
    return isinstance(schema[key], Mapping) and all(map(_is_rule, schema[key].values()))


def _rules(schema: Mapping[str, Any], key: str) -> bool:
    rules = schema[key] if isinstance(schema[key], list) else [schema[key]]
    return bool(rules) and all(map(_is_rule, rules))


_SIGNS: Mapping[str, Callable[[Mapping[str, Any], str], bool]] = {
    "$schema": _word,
    "$ref": _word,
    "$defs": _named_rules,
    "definitions": _named_rules,
    "properties": _named_rules,
    "items": _rules,
    "anyOf": _rules,
    "oneOf": _rules,
    "allOf": _rules,
    "enum": _typed,
}
_RULES_OF_PARTS = frozenset({*_SIGNS, "type", "const", "not", "required", "if"})


def _is_rule(value: Any) -> bool:
    """Whether it can be the schema of a part: a data's value hardly ever is."""
    if not isinstance(value, Mapping):
        return isinstance(value, bool)
    types = value.get("type", ())
    named = [types] if isinstance(types, str) else types
    known = isinstance(named, list | tuple) and all(isinstance(t, str) and t in _TYPES for t in named)
    return known and (not value or not _RULES_OF_PARTS.isdisjoint(value))
