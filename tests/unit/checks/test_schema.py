"""`schema` and `json_path`: what they find, in which words, at which line; and schemas that are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm.answers.extract import extract
from pytest_llm.checks.registry import Registry
from pytest_llm.checks.schema import Schema
from pytest_llm.checks.strict_json import values
from pytest_llm.errors import CheckCrashed, InputError
from pytest_llm.providers.base import Response
from tests.helpers.checking import context, findings, messages

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2},
        "age": {"type": "integer", "minimum": 0},
        "mood": {"enum": ["yes", "no"]},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2, "uniqueItems": True},
        "day": {"type": "string", "format": "date"},
        "size": {"anyOf": [{"type": "number"}, {"type": "object", "required": ["w"]}]},
        "two words": {"const": 1},
    },
    "required": ["name"],
    "additionalProperties": False,
}
ENTRY = {"schema": PERSON}


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Ann"}',
        'Sure:\n```json\n{"name": "Ann", "age": 3}\n```\nEnjoy',
        '```\n{"name": "Ann", "day": "2026-02-28"}\n```',
        '\ufeff{"name": "Ann", "size": {"w": 1}, "age": 3.0}\n',
    ],
)
def test_passes(text: str) -> None:
    assert findings(ENTRY, text) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{}", ["$ lacks the key 'name'"]),
        ("[]", ["$ is a list, must be an object"]),
        ('{"name": null}', ["$.name is null, must be a string"]),
        ('{"name": "A"}', ['$.name is "A", must have at least 2 characters']),
        ('{"name": "Ann", "age": "12"}', ['$.age is a string ("12"), must be a whole number']),
        ('{"name": "Ann", "age": -1}', ["$.age is -1, must be at least 0"]),
        ('{"name": "Ann", "age": true}', ["$.age is a boolean (true), must be a whole number"]),
        ('{"name": "Ann", "mood": "on"}', ['$.mood is "on", must be one of "yes", "no"']),
        ('{"name": "Ann", "tags": ["a", 1]}', ["$.tags[1] is a number (1), must be a string"]),
        ('{"name": "Ann", "tags": ["a", "a"]}', ['$.tags is ["a", "a"], must not hold the same item twice']),
        ('{"name": "Ann", "day": "2026-02-30"}', ['$.day is "2026-02-30", must have the format "date"']),
        ('{"name": "Ann", "size": []}', ["$.size is [], which fits none of the 2 forms that are allowed"]),
        ('{"name": "Ann", "two words": 2}', ["$['two words'] is 2, must be 1"]),
        (
            '{"name": "Ann", "nam": 1}',
            [
                "$ has the key 'nam', which the schema does not allow (it knows 'name', 'age', 'mood', 'tags', "
                "'day', 'size', 'two words')"
            ],
        ),
    ],
)
def test_path_value_and_rule_in_words(text: str, wanted: list[str]) -> None:
    assert messages(ENTRY, text) == wanted


def test_the_line_the_rule_and_the_place_in_the_schema() -> None:
    text = 'Sure:\n\n```json\n{\n  "name": "Ann",\n  "tags": ["a",\n    {"deep": 1}]\n}\n```\n'
    (found,) = findings(ENTRY, text)
    assert (found.line, found.column, found.source) == (7, 5, '    {"deep": 1}]')
    assert found.kind == "type"
    assert found.details == 'rule: type: "string" (schema: #/properties/tags/items/type)'


def test_of_a_choice_the_nearest_form_is_told() -> None:
    (found,) = findings(ENTRY, '{"name": "Ann", "size": {"v": 1}}')
    assert "the form that fits nearest: $.size lacks the key 'w'" in found.details


def test_all_that_is_wrong_is_collected_within_a_bound() -> None:
    assert len(findings(ENTRY, '{"age": -1, "mood": 1, "x": 1}')) == 4
    many = findings({"schema": {"items": {"type": "string"}}}, json.dumps(list(range(50))))
    assert len(many) == 21
    assert many[-1].message == "and 30 more"


@pytest.mark.parametrize(
    ("text", "wanted", "line"),
    [
        ("", "there is no JSON: the answer is empty", 1),
        ("Sure, here it is", "the answer is not JSON: it begins with 'Sure, here it is'", 1),
        ('{"name": "Ann"', "the JSON breaks off before its end", 1),
        ('{"name": "Ann"}\nDone', "the answer is not valid JSON: there is more text after the JSON", 2),
        ('{\n"name" "Ann"}', "the answer is not valid JSON: a colon is missing", 2),
        ('{\n"a": 1\n"b": 2}', "the answer is not valid JSON: a comma is missing", 3),
        ('```json\n{\n"a": }\n```', "the answer is not valid JSON: a value must stand here", 3),
        ('{"a": "x\ny"}', "the answer is not valid JSON: a string holds a line break or control character", 1),
        ('{\n"a": NaN}', "NaN is not JSON, though some readers take it", 2),
        ('{"name": "Ann",\n"name": "Bob"}', "the key 'name' is there twice", 2),
        ("[" * 200 + "]" * 200, "the answer's JSON is nested deeper than 100 levels", None),
        ("[" * 100_000, "the answer's JSON is nested deeper than 100 levels", None),
    ],
)  # fmt: skip
def test_what_is_no_json(text: str, wanted: str, line: int | None) -> None:
    for entry in ({"schema": {"type": ["object", "array"]}}, {"json_path": "$"}):
        found = findings(entry, text)[0]
        assert (found.message, found.line) == (wanted, line)


def test_a_number_too_long_to_read_is_the_models_failure() -> None:
    (found,) = findings({"schema": {"type": "number"}}, "1" * 5000)
    assert (found.severity, found.kind) == ("failure", "syntax")


def test_with_a_format_the_whole_answer_must_be_json() -> None:
    fenced = '```json\n{"name": "Ann"}\n```'
    assert messages(ENTRY, fenced, asked_format="json") == [
        "the answer is not bare JSON, as its format asks: it stands in a code fence"
    ]
    assert messages(ENTRY, '{"name": "Ann"}', asked_format=PERSON) == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=20,
    ),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_every_value_is_found_where_it_stands(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    decoder = json.JSONDecoder()
    places = {steps: decoder.raw_decode(text, offset)[0] for steps, offset, _ in values(text)}
    assert places == dict(every(value))


def every(value: Any, steps: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield steps, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from every(inner, (*steps, key))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A rootdir with a folder of cases beside a folder of shared schemas."""
    (tmp_path / "cases" / "schemas").mkdir(parents=True)
    (tmp_path / "shared").mkdir()
    return tmp_path


def written(path: Path, data: Any) -> Path:
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def parsed(repository: Path, entry: Any) -> Schema:
    check = Registry().parse(entry, folder=repository / "cases", root=repository)
    assert isinstance(check, Schema)
    return check


def said(repository: Path, check: Schema, text: str) -> list[str]:
    where = context(Response(text), repository / "cases")
    return [finding.message for finding in check.run(extract(text), where)]


def test_a_file_and_what_it_refers_to(repository: Path) -> None:
    written(repository / "shared" / "name.json", {"$defs": {"name": {"type": "string"}}})
    main = {"properties": {"a": {"$ref": "../../shared/name.json#/$defs/name"}, "b": {"$ref": "#/$defs/c"}}}
    written(repository / "cases" / "schemas" / "x.json", main | {"$defs": {"c": {"type": "null"}}})
    check = parsed(repository, {"schema": "schemas/x.json"})
    assert check.document() == main | {"$defs": {"c": {"type": "null"}}}
    assert said(repository, check, '{"a": 1, "b": 2}') == [
        "$.a is a number (1), must be a string",
        "$.b is a number (2), must be null",
    ]


def test_a_schema_in_yaml_keeps_yes_and_no_as_words(repository: Path) -> None:
    written(repository / "cases" / "x.yaml", "enum: [yes, no]\n")
    check = parsed(repository, {"schema": {"file": "x.yaml"}})
    assert said(repository, check, '"yes"') == []
    assert said(repository, check, "true") == ['$ is true, must be one of "yes", "no"']


def test_a_neighbour_with_the_id_that_a_reference_names(repository: Path) -> None:
    folder = repository / "cases"
    written(folder / "b.json", {"$id": "https://example.com/b.json", "type": "integer"})
    written(folder / "a.json", {"$id": "https://example.com/a.json", "items": {"$ref": "b.json"}})
    assert said(repository, parsed(repository, {"schema": "a.json"}), '["x"]') == [
        '$[0] is a string ("x"), must be a whole number'
    ]


def test_the_dialect_that_the_schema_names(repository: Path) -> None:
    old = {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 3, "exclusiveMinimum": True}
    assert said(repository, parsed(repository, {"schema": old}), "3") != []
    tuples = {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]}
    assert said(repository, parsed(repository, {"schema": tuples}), "[1]") != []


def test_a_schema_may_refer_to_itself(repository: Path) -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["v"]}
    check = parsed(repository, {"schema": tree})
    assert said(repository, check, '{"v": 1, "next": {"v": 2, "next": {}}}') == ["$.next.next lacks the key 'v'"]


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ({"schema": "none.json"}, "'none.json' is not there"),
        ({"schema": "../../x.json"}, "leaves the rootdir"),
        ({"schema": "/etc/passwd"}, "is an absolute path"),
        ({"schema": "broken.json"}, "broken.json:2: this is not valid JSON"),
        ({"schema": "twice.json"}, "a key is there twice: 'a'"),
        ({"schema": "wrong.json"}, 'wrong.json: this is no JSON Schema: $.type is "strin", must be one of'),
        ({"schema": "list.json"}, "this is no JSON Schema"),
        ({"schema": {"type": "strin"}}, "this is no JSON Schema: $.type is"),
        ({"schema": {"pattern": "("}}, 'this JSON Schema cannot be used: $.pattern is "(", must have the format'),
        ({"schema": {"$ref": "#"}}, "refers to itself without going deeper into the JSON"),
        ({"schema": {"anyOf": [{"type": "null"}, {"allOf": [{"$ref": "#"}]}]}}, "refers to itself without going"),
        ({"schema": {"$dynamicRef": "https://example.com/x"}}, "this JSON Schema cannot be used: Resource 'https://exa"),
        ({"schema": {"$schema": "http://nope", "type": "object"}}, "a dialect that is not known: 'http://nope'"),
        ({"schema": {"items": {"$ref": "https://example.com/x"}}}, "'https://example.com/x' leads nowhere"),
        ({"schema": {"items": {"$ref": "#/$defs/x"}}}, "'#/$defs/x' leads nowhere"),
        ({"schema": {"items": {"$ref": "file:///etc/passwd"}}}, "'file:///etc/passwd' leads nowhere"),
        ({"schema": {"items": {"$ref": "broken.json"}}}, "broken.json:2: this is not valid JSON"),
        ({"schema": {"file": "a.json", "model": "a:b"}}, "needs exactly one of file, inline and model"),
        ({"schema": None}, "needs exactly one of file, inline and model, and has none"),
        ({"schema": {"fil": "a.json"}}, "has no argument 'fil', did you mean 'file'?"),
        ({"schema": {"model": "nomodule_x:Y"}}, "there is no module 'nomodule_x'"),
        ({"schema": "models_a:Persn"}, "has no 'Persn', did you mean 'Person'?"),
        ({"schema": "models_a:other"}, "is no class"),
        ({"schema": "models_a:Odd"}, "'models_a:Odd' is no model"),
        ({"schema": "models_a:Strange"}, "'models_a:Strange' has no JSON Schema"),
        ({"schema": "two.yaml"}, "two.yaml: a schema is one document, here are 2"),
        ({"schema": "nan.json"}, "nan.json: NaN is not JSON"),
        ({"schema": "deep.json"}, "deep.json: this JSON cannot be read"),
        ({"schema": {"items": {"$ref": "none.json"}}}, "'none.json' leads nowhere"),
        ({"schema": {"items": {"$ref": "https://[x"}}}, "'https://[x' leads nowhere"),
        ({"schema": "models_broken:X"}, "cannot be imported: ZeroDivisionError"),
    ],
)  # fmt: skip
def test_schemas_that_are_none(repository: Path, entry: Any, wanted: str) -> None:
    folder = repository / "cases"
    written(folder / "broken.json", '{\n"a"}')
    written(folder / "twice.json", '{"a": 1, "a": 2}')
    written(folder / "wrong.json", {"type": "strin"})
    written(folder / "list.json", [1])
    written(repository / "models_a.py", "class Person:\n    pass\nclass Odd:\n    pass\nother = 1\n" + STRANGE)
    written(folder / "two.yaml", "type: object\n---\ntype: string\n")
    written(folder / "nan.json", '{"const": NaN}')
    written(folder / "deep.json", "[" * 100_000)
    written(repository / "models_broken.py", "1 / 0\n")
    with pytest.raises(InputError) as refused:
        Registry().parse(entry, folder=folder, root=repository)
    assert wanted in str(refused.value)


def test_a_schema_that_nothing_fits(repository: Path) -> None:
    nothing = parsed(repository, {"schema": {"inline": False}})
    assert nothing.document() == {"not": {}}
    assert said(repository, nothing, "1") == ["$ is 1, and nothing may stand there"]


def test_a_check_that_nobody_prepared_prepares_itself(repository: Path) -> None:
    assert said(repository, Schema(inline={"type": "null"}), "1") == ["$ is a number (1), must be null"]


def test_in_a_very_large_answer_places_are_not_looked_for() -> None:
    (found,) = findings({"schema": {"items": {"type": "string"}}}, "[" + " " * 2_000_000 + "1]")
    assert (found.message, found.line) == ("$[0] is a number (1), must be a string", 1)


STRANGE = """
from collections.abc import Callable
from pydantic import BaseModel
class Strange(BaseModel):
    call: Callable[[], int]
"""

MODELS = """
from pydantic import BaseModel, Field, field_validator


class Item(BaseModel):
    name: str
    price: float = Field(ge=0)

    @field_validator("name")
    @classmethod
    def _lower(cls, value: str) -> str:
        if value == "boom":
            raise RuntimeError("no")
        if value != value.lower():
            raise ValueError("write it small")
        return value


class Order(BaseModel):
    items: list[Item]
"""


def test_a_pydantic_model_with_validators_of_its_own(repository: Path) -> None:
    import sys

    before = list(sys.path)
    written(repository / "models_order.py", MODELS)
    check = parsed(repository, {"schema": "models_order:Order"})
    assert sys.path == before
    assert check.document()["$defs"]["Item"]["required"] == ["name", "price"]
    assert said(repository, check, '{"items": [{"name": "a", "price": 1}]}') == []
    assert said(repository, check, '{"items": [{"name": "a", "price": -1}]}') == [
        "$.items[0].price is -1, must be at least 0"
    ]
    assert said(repository, check, '{"items": [{"name": "A", "price": 1}]}') == [
        '$.items[0].name is "A": Value error, write it small'
    ]
    with pytest.raises(CheckCrashed, match="models_order:Order broke: RuntimeError: no"):
        said(repository, check, '{"items": [{"name": "boom", "price": 1}]}')


DATA = '{"a": {"b": [1, 2.5, "three"], "ok": true}, "list": [{"n": 1}, {"n": 2}], "none": null}'


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ("$.a.ok", []),
        ({"path": "$.a.ok", "equals": True}, []),
        ({"path": "$.a.ok", "equals": 1}, ["$.a.ok is true, not 1"]),
        ({"path": "$.a.b[0]", "equals": 1.0}, []),
        ({"path": "$.none", "equals": None}, []),
        ({"path": "$.a.b[2]", "matches": "^th"}, []),
        ({"path": "$.a.b[2]", "matches": "x"}, ['$.a.b[2] is "three", which does not match /x/']),
        ({"path": "$.a.b[0]", "matches": "1"}, ["$.a.b[0] is 1, which does not match /1/"]),
        ({"path": "$.list[*].n", "min": 1, "max": 2}, []),
        ({"path": "$.list[*].n", "min": 2}, ["$.list[0].n is 1, less than 2"]),
        ({"path": "$.list[*].n", "max": 1}, ["$.list[1].n is 2, more than 1"]),
        ({"path": "$.list[*]", "count": 2}, []),
        ({"path": "$.a.b[0]", "count": 3}, ["$.a.b[0] is there 1 time, not 3"]),
        ({"path": "$.list[*]", "count": 3}, ["$.list[*] is there 2 times, not 3"]),
        ({"path": "$.x[*]", "count": 0}, []),
        ({"path": "$.a.ok", "min": 0}, ["$.a.ok is true, not a number"]),
        ({"path": "$.x", "equals": 1}, ["$.x is not in the answer's JSON"]),
        ({"path": "$.x", "exists": False}, []),
        ({"path": "$.a.ok", "exists": False}, ["$.a.ok is there (true), and it must not be"]),
        ({"path": "$.a", "equals": {"b": [1, 2.5, "three"], "ok": True}}, []),
        ({"path": "$.list[?(@.n > 1)].n", "equals": 2}, []),
    ],
)
def test_json_path(arguments: Any, wanted: list[str]) -> None:
    assert messages({"json_path": arguments}, DATA) == wanted


def test_json_path_points_at_the_value() -> None:
    text = '```json\n{\n  "list": [\n    {"n": 1},\n    {"n": 2}\n  ]\n}\n```'
    (found,) = findings({"json_path": {"path": "$.list[*].n", "max": 1}}, text)
    assert (found.line, found.column, found.source) == (5, 11, '    {"n": 2}')
