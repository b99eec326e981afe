"""A JSON Schema is told from data that only has its words as keys."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llm.answers.schemas import is_schema

RULE = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
SCHEMAS: list[Any] = [
    RULE,
    {"properties": {"a": {}}},
    {"properties": {"a": True, "b": {"type": ["string", "null"]}}},
    {"type": "array", "items": {"$ref": "#/$defs/a"}, "$defs": {"a": RULE}},
    {"items": [{"type": "string"}, {"const": 1}]},
    {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A"},
    {"anyOf": [{"type": "string"}, {"enum": [1]}]},
    {"allOf": [{"if": {"required": ["a"]}, "then": {}}]},
    {"type": "string", "enum": ["a", "b"]},
    {"type": ["string", "null"], "enum": ["a", None]},
    {"name": "person", "strict": True, "schema": RULE},
    {"type": "json_schema", "json_schema": {"name": "person", "schema": RULE}},
    {"type": "function", "function": {"name": "f", "parameters": RULE}},
    {"name": "f", "input_schema": RULE},
]
DATA: list[Any] = [
    {},
    [],
    3,
    [RULE],
    {"items": [{"sku": 1}], "total": 3},
    {"items": [{"sku": 1, "type": "book"}]},
    {"items": [], "total": 0},
    {"items": ["a"]},
    {"items": 3},
    {"type": "Feature", "properties": {"name": "x"}, "geometry": None},
    {"properties": [{"id": 1, "price": 100}]},
    {"properties": {"house": {"rooms": 3}}},
    {"properties": {"house": {"type": "flat", "rooms": 3}}},
    {"enum": ["a"], "b": 1},
    {"type": "colour", "enum": ["red"]},
    {"type": 3, "enum": ["red"]},
    {"type": "string", "value": "x"},
    {"anyOf": "them"},
    {"oneOf": [{"a": 1}]},
    {"$ref": 3},
    {"schema": "public", "table": "users"},
    {"parameters": {"temperature": 1}},
    {"definitions": {"word": "what it means"}},
]


@pytest.mark.parametrize("value", SCHEMAS, ids=json.dumps)
def test_a_schema_however_it_is_wrapped(value: Any) -> None:
    assert is_schema(json.dumps(value))


@pytest.mark.parametrize("value", DATA, ids=json.dumps)
def test_data_with_the_words_of_a_schema(value: Any) -> None:
    assert not is_schema(json.dumps(value, indent=2))


def test_of_a_text_that_is_no_json_its_words_tell() -> None:
    assert is_schema('{"properties": {"a": {"type": ')
    assert not is_schema('{"a": ')
    assert not is_schema('{"schema":' * 100_000)
    assert not is_schema('{"schema":' * 900 + "1" + "}" * 900)
