"""What a JSON Schema validator has to say, in words that name the path, the value and the rule."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from jsonschema.exceptions import ValidationError

from pytest_llm.checks.base import one_line

_KINDS = {str: "a string", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object"}
_NAMES = {
    "string": "a string",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def dotted(path: Iterable[str | int]) -> str:
    """A path as JSONPath writes it: `$.a[0].b`, `$['two words']`."""
    return "$" + "".join(_step(step) for step in path)


def sentence(error: ValidationError) -> str:
    """What is wrong, in one line."""
    where, value = dotted(error.absolute_path), error.instance
    rule: Any = error.validator_value
    match error.validator:
        case "required":
            missing = error.message.removesuffix(" is a required property")
            return f"{where} lacks the key {missing}"
        case "additionalProperties" if isinstance(value, dict):
            return f"{where} has {_unexpected(error)}"
        case "type":
            names = [_NAMES.get(name, str(name)) for name in ([rule] if isinstance(rule, str) else rule)]
            return f"{where} is {_kind(value)}, must be {' or '.join(names)}"
        case "enum":
            return f"{where} is {shown(value)}, must be one of {one_line(', '.join(map(shown, rule)), 200)}"
    told = _COMPARED.get(str(error.validator))
    if told:
        return f"{where} is {shown(value)}, {told.format(rule=shown(rule))}"
    if error.validator in ("anyOf", "oneOf"):
        matched = (
            "more than one" if "more than one" in error.message or "is valid under" in error.message else "none"
        )
        return f"{where} is {shown(value)}, which fits {matched} of the {len(rule)} forms that are allowed"
    return f"{where}: {one_line(error.message, 200)}"


_COMPARED = {
    "const": "must be {rule}",
    "minimum": "must be at least {rule}",
    "maximum": "must be at most {rule}",
    "exclusiveMinimum": "must be more than {rule}",
    "exclusiveMaximum": "must be less than {rule}",
    "multipleOf": "must be a multiple of {rule}",
    "minLength": "must have at least {rule} characters",
    "maxLength": "must have at most {rule} characters",
    "pattern": "must match {rule}",
    "format": "must have the format {rule}",
    "minItems": "must have at least {rule} items",
    "maxItems": "must have at most {rule} items",
    "uniqueItems": "must not hold the same item twice",
    "minProperties": "must have at least {rule} keys",
    "maxProperties": "must have at most {rule} keys",
    "not": "must not fit {rule}",
}


def shown(value: Any) -> str:
    """A value as JSON, in at most 80 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str) if not isinstance(value, str) else None
    return one_line(json.dumps(value[:200], ensure_ascii=False) if text is None else text)


def rule_of(error: ValidationError) -> str:
    """The rule that was broken and where the schema has it."""
    place = "/".join(str(step) for step in error.absolute_schema_path)
    return f"rule: {error.validator}: {shown(error.validator_value)} (schema: #/{place})"


def deepest(error: ValidationError) -> ValidationError | None:
    """Of a choice that nothing fits: the complaint of the form that fits nearest. None where there is no choice."""
    from jsonschema.exceptions import best_match

    best = best_match(iter([error]))
    return best if best is not error and error.context else None


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f"[{step!r}]"


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kind = _KINDS.get(type(value), type(value).__name__)
    return kind if isinstance(value, dict | list) else f"{kind} ({shown(value)})"


def _unexpected(error: ValidationError) -> str:
    schema: Any = error.schema
    instance: Any = error.instance
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    keys = [k for k in instance if k not in known and not any(re.search(p, k) for p in patterns)]
    listed = one_line(", ".join(map(repr, keys)), 120)
    allowed = one_line(", ".join(map(repr, known)), 120)
    word = "the key" if len(keys) == 1 else "the keys"
    return f"{word} {listed}, which the schema does not allow" + (f" (it knows {allowed})" if allowed else "")
