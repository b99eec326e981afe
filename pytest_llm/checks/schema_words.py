"""What a JSON Schema validator has to say, in words that name the path, the value and the rule."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from pytest_llm.checks.base import one_line
from pytest_llm.checks.strict_json import dotted

_KINDS = {str: "a string", bool: "a boolean", list: "a list", dict: "an object"}
_NAMES = {
    "string": "a string",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_VARIANTS = {  # keywords that the validator tells of by another one's name
    "contains": ("minContains", "maxContains"),
    "required": ("dependentRequired", "dependencies"),
}
_ABSENT: Any = object()


@dataclass(frozen=True)
class Book:
    """Where rules are looked up: the schema, its URI, and the documents it refers to by theirs."""

    schema: Any = None
    uri: str = ""
    documents: Mapping[str, Any] = field(default_factory=dict)

    def rule(self, error: ValidationError) -> Any:
        """The value of the keyword that was broken, as its author wrote it."""
        found = self._at(error, error.schema_path)
        return error.kind.value if found is _ABSENT else found

    def around(self, error: ValidationError) -> Mapping[str, Any]:
        """The schema in which the keyword stands; empty where it is not found."""
        found = self._at(error, error.schema_path[:-1])
        return found if isinstance(found, Mapping) else {}

    def document(self, error: ValidationError) -> str:
        """The URI of the document in which the rule stands; empty for the schema itself."""
        uri = (error.absolute_keyword_location or "").partition("#")[0]
        return uri if uri in self.documents and uri != self.uri else ""

    def _at(self, error: ValidationError, path: Iterable[str | int]) -> Any:
        uri = self.document(error)
        found = self.documents[uri] if uri else self.schema
        for step in path:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                return _ABSENT
        return found


def keyword(error: ValidationError) -> str:
    """The keyword that was broken."""
    last = error.schema_path[-1] if error.schema_path else None
    return last if isinstance(last, str) and last in _VARIANTS.get(error.kind.name, ()) else error.kind.name


def sentence(error: ValidationError, book: Book | None = None) -> str:
    """What is wrong, in one line."""
    book = book or Book()
    where, value, rule, name = dotted(error.instance_path), error.instance, book.rule(error), keyword(error)
    if error.kind.name == "propertyNames":
        inner = sentence(error.kind.value, book).partition(", ")[2] or error.message
        return f"{where} has the key {shown(error.kind.value.instance)}, which {inner}"
    if error.kind.name == "required":
        return f"{where} lacks the key {error.kind.value!r}" + _because(name, rule, error.kind.value)
    if error.kind.name in ("additionalProperties", "unevaluatedProperties"):
        return f"{where} has {_unexpected(error.kind.value, book.around(error))}"
    if error.kind.name == "falseSchema":
        return f"{where} is {shown(value)}, and nothing may stand there"
    if name == "type":
        names = [_NAMES.get(each, str(each)) for each in ([rule] if isinstance(rule, str) else rule)]
        return f"{where} is {_kind(value)}, must be {' or '.join(names)}"
    if name == "enum":
        return f"{where} is {shown(value)}, must be one of {one_line(', '.join(map(shown, rule)), 200)}"
    if name in ("anyOf", "oneOf"):
        fitting = "more than one" if isinstance(error.kind, ValidationErrorKind.OneOfMultipleValid) else "none"
        return f"{where} is {shown(value)}, which fits {fitting} of the {len(rule)} forms that are allowed"
    if told := _COMPARED.get(name):
        return f"{where} is {shown(value)}, {told.format(rule=shown(rule))}"
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
    "additionalItems": "must not have more items",
    "unevaluatedItems": "must not have more items",
    "contains": "must have an item that fits {rule}",
    "minContains": "must have at least {rule} of the items that are asked for",
    "maxContains": "must have at most {rule} of the items that are asked for",
    "minProperties": "must have at least {rule} keys",
    "maxProperties": "must have at most {rule} keys",
    "not": "must not fit {rule}",
}


def shown(value: Any) -> str:
    """A value as JSON, in at most 80 characters."""
    if isinstance(value, Decimal):
        return one_line(str(value))
    if isinstance(value, str):
        return one_line(json.dumps(value[:200], ensure_ascii=False))
    return one_line(json.dumps(value, ensure_ascii=False, default=str))


def rule_of(error: ValidationError, book: Book) -> str:
    """The rule that was broken and where the schema has it."""
    place = "/".join(str(step) for step in error.schema_path)
    file = book.document(error).rpartition("/")[2]
    return f"rule: {keyword(error)}: {shown(book.rule(error))} (schema: {file}#/{place})"


def deepest(error: ValidationError) -> ValidationError | None:
    """Of a choice that nothing fits: the complaint of the form that fits nearest. None where there is no choice.

    The nearest form is wrong deepest in the value; then it is not of another kind altogether; then least is wrong.
    """
    if not isinstance(error.kind, ValidationErrorKind.AnyOf | ValidationErrorKind.OneOfNotValid):
        return None
    branches: list[list[ValidationError]] = [branch for branch in error.kind.context if branch]
    if not branches:
        return None
    nearest = max(branches, key=_nearness)
    found = min(nearest, key=lambda each: len(each.instance_path))
    return deepest(found) or found


def _nearness(errors: Iterable[ValidationError]) -> tuple[int, bool, int]:
    branch = list(errors)
    depth = min(len(error.instance_path) for error in branch)
    first = {keyword(error) for error in branch if len(error.instance_path) == depth}
    return depth, not first & {"type", "const", "enum"}, -len(branch)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kind = _KINDS.get(type(value), "a number")
    return kind if isinstance(value, dict | list) else f"{kind} ({shown(value)})"


def _because(name: str, rule: Any, missing: str) -> str:
    """Why a key is wanted, where it is not always."""
    if name == "required" or not isinstance(rule, Mapping):
        return ""
    keys = [key for key, wanted in rule.items() if isinstance(wanted, list) and missing in wanted]
    return f", which goes with {keys[0]!r}" if keys else ""


def _unexpected(keys: list[str], schema: Mapping[str, Any]) -> str:
    listed = one_line(", ".join(map(repr, keys)), 120)
    allowed = one_line(", ".join(map(repr, schema.get("properties", {}))), 120)
    word = "the key" if len(keys) == 1 else "the keys"
    return f"{word} {listed}, which the schema does not allow" + (f" (it knows {allowed})" if allowed else "")
