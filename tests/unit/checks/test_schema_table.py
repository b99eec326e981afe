# ruff: noqa: E501  (a row of a table is a line)
"""What JSON Schema means: a table of our own, in the manner of the public suites."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.checks import schema as schema_check
from pytest_llm.checks.registry import Registry
from pytest_llm.checks.schema_cost import is_bounded
from pytest_llm.errors import CheckCrashed, InputError
from tests.helpers.checking import findings

D4 = {"$schema": "http://json-schema.org/draft-04/schema#"}
D7 = {"$schema": "https://json-schema.org/draft-07/schema"}
D19 = {"$schema": "https://json-schema.org/draft/2019-09/schema"}

ROWS: list[tuple[Any, list[str], list[str]]] = [  # (schema, JSON that fits, JSON that does not)
    # numbers
    ({"multipleOf": 0.01}, ["19.99", "0.07", "4.35", "1e2", "-0.01", "0", '"x"'], ["19.995", "0.001"]),
    ({"multipleOf": 0.1}, ["0.3", "1.1", "3"], ["0.35", "0.3000000000000000000001"]),
    ({"multipleOf": 3}, ["9", "9.0", "0", "-3", "300000000000000000000000000"], ["10", "300000000000000000000000001"]),
    ({"type": "integer"}, ["1", "1.0", "-0", "-0.0", "1e3", "1e400", "1" + "0" * 300], ["1.5", '"1"', "true", "1e-1"]),
    ({"type": "number"}, ["1e999", "0.1", "-0"], ['"1"', "null", "false"]),
    ({"maximum": 10}, ["10", "10.0", "-1e400", "9.9999999999999999999"], ["10.0000000000000000001", "1e400", "11"]),
    ({"minimum": -0.5}, ["-0.5", "-0.49999999999999999999"], ["-0.50000000000000000001", "-1"]),
    ({"exclusiveMinimum": 0}, ["1e-300", "1"], ["0", "-0.0", "-1"]),
    ({"exclusiveMaximum": 100}, ["99.99"], ["100", "100.0"]),
    ({"const": 1}, ["1", "1.0", "1e0"], ["true", '"1"', "1.0000000000000000000001"]),
    ({"const": 0}, ["0", "-0", "0.0", "-0.0"], ["false", "null", '""']),
    ({"const": 12345678901234567890123}, ["12345678901234567890123"], ["12345678901234567890124"]),
    ({"enum": [1, 2.5]}, ["1.0", "2.50"], ["2", "true"]),
    ({"enum": [True]}, ["true"], ["1"]),
    ({"const": False}, ["false"], ["0", "null", "[]"]),
    # strings, by characters
    ({"maxLength": 2}, ['"ab"', '"😀é"', '"\\ud83d\\ude00x"', "123"], ['"abc"', '"e\\u0301x"']),
    ({"minLength": 1}, ['"\\ud800"', '" "'], ['""']),
    ({"pattern": "^tea$"}, ['"tea"'], ['"tea\\n"', '"teas"', '"\\ntea"']),
    ({"pattern": "b"}, ['"abc"', "1"], ['"ac"']),
    ({"pattern": r"^\d+$"}, ['"42"'], ['"４２"', '"٣"']),
    ({"pattern": r"^\w+$"}, ['"a_9"'], ['"é"']),
    ({"pattern": r"^\s$"}, ['"\\u00a0"', '"\\ufeff"', '"\\u2003"', '"\\t"'], ['"\\u0085"', '"x"']),
    ({"pattern": r"^\p{Letter}+$"}, ['"größe"', '"中"'], ['"a1"']),
    ({"pattern": r"^\p{Lu}"}, ['"Äh"'], ['"äh"']),
    ({"pattern": r"^\p{Script=Greek}+$"}, ['"αβ"'], ['"ab"']),
    ({"pattern": "^a.c$"}, ['"abc"', '"a😀c"'], ['"a\\nc"']),
    ({"pattern": r"^\u00e9\x41\cA$"}, ['"éA\\u0001"'], ['"eA"']),
    ({"pattern": "^(?=.*[0-9])(?!.*x).+$"}, ['"a1"'], ['"a"', '"a1x"']),
    ({"pattern": r"^(a|b)\1$"}, ['"aa"', '"bb"'], ['"ab"']),
    ({"pattern": "(a+)+$"}, ['"' + "a" * 60 + '"'], ['"' + "a" * 60 + 'b"']),
    ({"pattern": "^([A-Za-z0-9]+ ?)+$"}, ['"a b c"'], ['"' + "a" * 83 + '!"']),
    # formats
    ({"format": "date"}, ['"2024-02-29"', "1"], ['"2026-02-29"', '"2026-2-1"', '"2026-13-01"', '"20260101"']),
    (
        {"format": "date-time"},
        ['"2026-01-31T23:59:60Z"', '"2026-01-31T10:00:00.5+02:00"', '"2026-01-31t10:00:00z"'],
        ['"2026-01-31"', '"2026-01-31T10:00:00"', '"2026-01-31T25:00:00Z"', '"yesterday"', '"2026-01-31 10:00:00Z"'],
    ),
    ({"format": "time"}, ['"10:00:00Z"', '"10:00:00.123-05:00"'], ['"10:00"', '"24:00:00Z"', '"10:00:00"']),
    ({"format": "duration"}, ['"P1D"', '"PT1H30M"', '"P3W"'], ['"1D"', '"P"', '"PT"', '"P1H"']),
    ({"format": "email"}, ['"a@example.com"', '"a+b@example.com"'], ['"a"', '"a@"', '"@b.com"', '"a b@example.com"']),
    ({"format": "uri"}, ['"https://example.com/a?b#c"', '"urn:isbn:1"'], ['"/a"', '"a b"', '"http://[x"', '""']),
    ({"format": "uri-reference"}, ['"/a"', '"#x"', '""'], ['"\\\\\\\\x"', '"a b"']),
    ({"format": "iri"}, ['"https://exämple.com/ü"'], ['"ü"']),
    ({"format": "hostname"}, ['"example.com"', '"a-b.c"'], ['"-a.com"', '"a_b"', '"a..b"']),
    ({"format": "ipv4"}, ['"127.0.0.1"'], ['"256.0.0.1"', '"1.2.3"', '"01.2.3.4"']),
    ({"format": "ipv6"}, ['"::1"', '"2001:db8::8a2e:370:7334"'], ['"12345::"', '":::"', '"1.2.3.4"']),
    ({"format": "uuid"}, ['"2eb8aa08-aa98-11ea-b4aa-73b441d16380"'], ['"2eb8aa08aa9811eab4aa73b441d16380"', '"x"']),
    ({"format": "json-pointer"}, ['"/a/b~1c"', '""'], ['"a"', '"/a~2"']),
    ({"format": "relative-json-pointer"}, ['"1/a"', '"0#"'], ['"/a"', '"-1"']),
    ({"format": "regex"}, ['"a+"'], ['"("', '"^(abc]"']),
    ({"format": "uri-template"}, ['"/a/{b}"'], ['"/a/{b"']),
    ({"format": "house-number"}, ['"anything"', "3"], []),
    # objects
    ({"required": ["a"]}, ['{"a": null}', "[]", '"a"'], ["{}", '{"A": 1}']),
    ({"properties": {"a": {"type": "string"}}}, ["{}", '{"a": ""}', "1"], ['{"a": 1}']),
    ({"additionalProperties": False, "patternProperties": {"^x-": {}}}, ['{"x-a": 1}'], ['{"a": 1}']),
    ({"additionalProperties": {"type": "integer"}, "properties": {"a": {}}}, ['{"a": "", "b": 1}'], ['{"b": ""}']),
    ({"patternProperties": {r"^\d$": {"const": 1}}}, ['{"4": 1}', '{"４": 2}'], ['{"4": 2}']),
    ({"propertyNames": {"pattern": "^[a-z]+$"}}, ['{"ab": 1}'], ['{"Ab": 1}']),
    ({"minProperties": 1, "maxProperties": 2}, ['{"a": 1}'], ["{}", '{"a": 1, "b": 1, "c": 1}']),
    ({"dependentRequired": {"card": ["cvc"]}}, ['{"card": 1, "cvc": 2}', "{}"], ['{"card": 1}']),
    ({"dependentSchemas": {"a": {"required": ["b"]}}}, ['{"a": 1, "b": 1}'], ['{"a": 1}']),
    ({"properties": {"$ref": {"type": "string"}, "id": {"type": "integer"}}}, ['{"$ref": "x"}'], ['{"id": "x"}']),
    ({"properties": {"é": {"const": 1}}}, ['{"é": 1}', '{"e\\u0301": 2}'], ['{"\\u00e9": 2}']),
    ({"unevaluatedProperties": False, "allOf": [{"properties": {"a": {}}}]}, ['{"a": 1}'], ['{"b": 1}']),
    # arrays
    ({"items": {"type": "string"}}, ["[]", '["a"]', "{}"], ["[1]", '["a", null]']),
    ({"prefixItems": [{"type": "string"}], "items": False}, ['["a"]', "[]"], ['["a", 1]', "[1]"]),
    ({"uniqueItems": True}, ["[1, 2]", "[1, true]", '[{"a": 1}, {"a": 2}]', "[0, false]"], ["[1, 1.0]", "[[1], [1]]"]),
    ({"uniqueItems": True, "type": "array"}, [], ['[{"a": 1, "b": 2}, {"b": 2, "a": 1}]', "[0, -0.0]"]),
    ({"contains": {"const": 1}, "minContains": 2}, ["[1, 2, 1]"], ["[1]", "[]"]),
    ({"contains": {"const": 1}, "maxContains": 1}, ["[1, 2]"], ["[1, 1]", "[2]"]),
    ({"minItems": 1, "maxItems": 2}, ["[1]"], ["[]", "[1, 2, 3]"]),
    ({"unevaluatedItems": False, "prefixItems": [{}]}, ["[1]"], ["[1, 2]"]),
    # combinations
    ({"anyOf": [{"type": "string"}, {"minimum": 3}]}, ['"a"', "3", "null"], ["2"]),
    ({"oneOf": [{"type": "integer"}, {"minimum": 3}]}, ["1", "3.5"], ["3", "1.5"]),
    ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, ["1"], ["0", "3"]),
    ({"not": {"type": "null"}}, ["1"], ["null"]),
    ({"if": {"type": "integer"}, "then": {"minimum": 0}, "else": {"type": "string"}}, ["1", '"a"'], ["-1", "null"]),
    ({"type": ["string", "null"]}, ["null", '""'], ["0"]),
    ({"enum": [{"a": [1]}, None]}, ['{"a": [1.0]}', "null"], ['{"a": [1, 1]}', "{}"]),
    ({"inline": False}, [], ["null", "{}"]),
    # references
    ({"items": {"$ref": "#/$defs/a~1b"}, "$defs": {"a/b": {"type": "null"}}}, ["[null]"], ["[1]"]),
    ({"items": {"$ref": "#/$defs/a%25"}, "$defs": {"a%": {"type": "null"}}}, ["[null]"], ["[1]"]),
    ({"items": {"$ref": "#here"}, "$defs": {"x": {"$anchor": "here", "type": "null"}}}, ["[null]"], ["[1]"]),
    ({"$id": "https://example.com/a/b", "items": {"$ref": "#/$defs/x"}, "$defs": {"x": {"const": 1}}}, ["[1]"], ["[2]"]),
    (
        {"$id": "https://example.com/a", "items": {"$ref": "b"}, "$defs": {"x": {"$id": "b", "const": 1}}},
        ["[1]"],
        ["[2]"],
    ),
    ({"$id": "urn:example:x", "items": {"$ref": "#/$defs/x"}, "$defs": {"x": {"const": 1}}}, ["[1]"], ["[2]"]),
    ({"$ref": "#/$defs/x", "minimum": 3, "$defs": {"x": {"type": "integer"}}}, ["3"], ["2", "3.5"]),
    ({"properties": {"next": {"$ref": "#"}}, "required": ["v"]}, ['{"v": 1, "next": {"v": 2}}'], ['{"v": 1, "next": {}}']),
    ({"$dynamicRef": "#n", "$dynamicAnchor": "n", "$defs": {}, "type": "object"}, ["{}"], ["1"]),
    ({"$ref": "https://json-schema.org/draft/2020-12/schema"}, ['{"type": "string"}'], ['{"type": 1}']),
    ({**D7, "$ref": "http://json-schema.org/draft-07/schema#"}, ['{"type": "string"}', "true"], ['{"type": 1}', "1"]),
    ({**D7, "items": {"$ref": "http://json-schema.org/draft-07/schema#/definitions/nonNegativeInteger"}}, ["[0]"], ["[-1]"]),
    ({**D4, "$ref": "http://json-schema.org/draft-04/schema#"}, ['{"type": "string"}'], ['{"type": 1}', "true"]),
    ({**D19, "$ref": "https://json-schema.org/draft/2019-09/schema"}, ['{"type": "string"}'], ['{"type": 1}']),
    # dialects
    ({**D4, "minimum": 3, "exclusiveMinimum": True}, ["4"], ["3"]),
    ({**D4, "id": "http://example.com/x", "items": {"$ref": "#/definitions/a"}, "definitions": {"a": {"type": "null"}}},
     ["[null]"], ["[1]"]),
    ({**D7, "items": [{"type": "string"}], "additionalItems": False}, ['["a"]'], ["[1]", '["a", 1]']),
    ({**D7, "definitions": {"a": {"type": "null"}}, "items": {"$ref": "#/definitions/a"}}, ["[null]"], ["[1]"]),
    ({**D7, "items": {"$ref": "#/definitions/a", "minimum": 9}, "definitions": {"a": {"type": "integer"}}}, ["[1]"], ['[""]']),
    ({**D7, "$id": "#root", "type": "null"}, ["null"], ["1"]),
    ({**D7, "$id": "http://example.com/r.json", "items": {"$ref": "#/definitions/a"}, "definitions": {"a": {"const": 1}}},
     ["[1]"], ["[2]"]),
    ({**D7, "dependencies": {"a": ["b"], "c": {"required": ["d"]}}}, ['{"a": 1, "b": 2}'], ['{"a": 1}', '{"c": 1}']),
    ({**D7, "if": {"const": 1}, "then": False, "else": {"format": "date"}}, ['"2026-01-01"'], ["1", '"x"']),
    ({"$schema": "http://json-schema.org/draft-06/schema", "contains": {"const": 1}}, ["[1]"], ["[2]"]),
    ({**D19, "items": [{"type": "string"}], "unevaluatedItems": False}, ['["a"]'], ['["a", 1]']),
    ({**D19, "$recursiveAnchor": True, "items": {"$recursiveRef": "#"}, "type": "array"}, ["[[], []]"], ["[1]"]),
    ({"$schema": "https://json-schema.org/draft/2020-12/schema#", "type": "null"}, ["null"], ["1"]),
    ({"$schema": "http://json-schema.org/draft/2020-12/schema", "type": "null"}, ["null"], ["1"]),
    # wrappers
    ({"name": "answer", "strict": True, "schema": {"type": "null"}}, ["null"], ["1"]),
    ({"name": "answer", "schema": {"type": "null"}, "description": "x"}, ["null"], ["1"]),
    ({"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": {"const": 1}}}, ["1"], ["2"]),
    ({"type": "object", "properties": {"name": {}, "schema": {"type": "null"}}}, ['{"schema": null}'], ['{"schema": 1}']),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "fits", "fits_not"), ROWS, ids=lambda part: json.dumps(part)[:60])
def test_what_fits_and_what_does_not(schema: Any, fits: list[str], fits_not: list[str]) -> None:
    judged = {text: [f.message for f in findings({"schema": schema}, text)] for text in (*fits, *fits_not)}
    assert {text: said for text, said in judged.items() if (text in fits) is bool(said)} == {}


def test_the_table_is_large_enough() -> None:
    assert sum(len(fits) + len(fits_not) for _, fits, fits_not in ROWS) > 300


@pytest.mark.parametrize(
    "schema",
    [
        *({}, {"title": "x"}, {"$defs": {"a": {"type": "null"}}}, {"description": "d", "proprties": {}}),
        *({"$schema": "https://json-schema.org/draft/2020-12/schema"}, {"then": False}, {"default": 1}),
        *({"extends": {"type": "null"}}, {"disallow": ["null"]}, {"divisibleBy": 2}),
        *({"name": "x", "strict": True, "schema": {}}, {"answer": "string"}, True),
    ],
)
def test_a_schema_that_everything_fits_is_refused(schema: Any) -> None:
    with pytest.raises(InputError, match="fits every JSON value, no rule of JSON Schema stands in it"):
        findings({"schema": {"inline": schema}}, "1")


@pytest.mark.parametrize(
    "schema",
    [
        {"items": {"$recursiveRef": "#"}, "type": "array"},
        {**D7, "items": {"$recursiveRef": "#"}},
        {**D19, "items": {"$dynamicRef": "#"}},
        {**D7, "items": {"$dynamicRef": "#"}},
    ],
)
def test_a_reference_that_the_dialect_does_not_follow_is_refused(schema: Any) -> None:
    with pytest.raises(InputError, match=r"`\$(recursive|dynamic)Ref` has no effect in http") as refused:
        findings({"schema": schema}, "[1]")
    assert "it belongs to another dialect" in str(refused.value)
    assert (
        findings({"schema": {"properties": {"$recursiveRef": {"type": "null"}}}}, '{"$recursiveRef": null}') == []
    )


def test_a_misspelt_word_is_offered() -> None:
    with pytest.raises(InputError, match=r"found 'titel', 'propertys', did you mean 'title'"):
        findings({"schema": {"inline": {"titel": "x", "propertys": {}}}}, "1")


FILES = {
    "person.json": {"$id": "https://example.com/s/person.json", "items": {"$ref": "address.json#/$defs/a"}},
    "address.json": {"$defs": {"a": {"$ref": "deep/b.json"}}},
    "deep/b.json": {"properties": {"c": {"$ref": "../c.yaml"}}},
    "c.yaml": {"const": 1},
    "relative.json": {"$id": "person/relative.json", "items": {"$ref": "address.json#/$defs/a"}},
    "root.json": {"$id": "https://example.com/s/r.json", "items": {"$ref": "/s/address.json#/$defs/a"}},
    "old.json": {**D7, "$id": "http://example.com/o.json", "items": {"$ref": "old2.json#/definitions/n"}},
    "old2.json": {**D7, "definitions": {"n": {"properties": {"c": {"const": 1}}}}},
    "old3.json": {**D7, "items": {"$ref": "old4.json#here"}},
    "old4.json": {"definitions": {"n": {"$id": "#here", "properties": {"c": {"const": 1}}}}},
    "named.json": {"$id": "https://other.org/n", "$defs": {"x": {"properties": {"c": {"const": 1}}}}},
    "uses.json": {"items": {"$ref": "https://other.org/n#/$defs/x"}},
}


@pytest.mark.parametrize(
    "name", ["person.json", "relative.json", "root.json", "old.json", "old3.json", "uses.json"]
)
def test_references_to_other_files(tmp_path: Path, name: str) -> None:
    for file, content in FILES.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(json.dumps(content))
    assert findings({"schema": name}, '[{"c": 1}]', folder=tmp_path) == []
    (found,) = findings({"schema": name}, '[{"c": 2}]', folder=tmp_path)
    assert found.message == "$[0].c is 2, must be 1"
    assert found.details.startswith("rule: const: 1 (schema: ")


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("http://127.0.0.1:9/x.json", "only parts of the schema and files under the rootdir"),
        ("file:///etc/hostname", "only parts of the schema and files under the rootdir"),
        ("../outside.json", "only parts of the schema and files under the rootdir"),
        ("in.json#/$defs/nosuch", "/$defs/nosuch"),
        ("in.json#nosuch", "nosuch"),
        ("http://json-schema.org/draft-07/schema#", "only those of the dialect that the schema's `$schema` names"),
        ("https://json-schema.org/draft/2020-12/schema#/$defs/nosuch", "/$defs/nosuch"),
        ("second.json", "'third.json' leads nowhere"),
    ],
)
def test_references_that_lead_nowhere(tmp_path: Path, reference: str, reason: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside.json").write_text('{"type": "null"}')
    (root / "in.json").write_text('{"type": "null"}')
    (root / "second.json").write_text('{"$ref": "third.json"}')
    with pytest.raises(InputError, match="leads nowhere") as refused:
        findings({"schema": {"items": {"$ref": reference}}}, "[]", folder=root)
    assert reason in str(refused.value) + refused.value.hint


ENDLESS = {
    "$ref": "#/$defs/n",
    "$defs": {
        "n": {
            "anyOf": [
                {"properties": {"next": {"$ref": "#/$defs/n"}}, "required": ["a"]},
                {"properties": {"next": {"$ref": "#/$defs/n"}}, "required": ["b"]},
            ]
        }
    },
}


def test_a_schema_that_doubles_the_work_at_each_level_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_check, "SECONDS", 0.5)
    text = '{"b": 1, "next": ' * 60 + "{}" + "}" * 60
    with pytest.raises(CheckCrashed, match=r"schema could not be judged: it was not done after 0\.5 s"):
        findings({"schema": ENDLESS}, text)
    assert findings({"schema": ENDLESS}, '{"b": 1, "next": {"a": 1}}') == []


def test_a_pattern_that_goes_back_too_often_is_no_verdict() -> None:
    for schema in ({"pattern": r"^(?!x)(a|aa)+\1c$"}, {"not": {"pattern": r"^(?!x)(a|aa)+\1c$"}}):
        with pytest.raises(
            CheckCrashed, match=r"the schema's pattern /\^\(\?!x\)\(a\|aa\)\+\\1c\$/ went back too often"
        ):
            findings({"schema": schema}, json.dumps("a" * 60 + "b"))


@pytest.mark.parametrize(
    ("schema", "bounded"),
    [
        ({"type": "string"}, True),
        ({"properties": {"id": {"$ref": "#/$defs/a"}, "$id": {}}, "$defs": {"a": {"type": "null"}}}, True),
        ({"properties": {"next": {"$ref": "#"}}}, False),
        (ENDLESS, False),
        ({"$ref": "other.json"}, False),
        ({"items": {"$dynamicRef": "#x"}}, False),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$id": "x"}}}, False),
        ({"$ref": "#/$defs/30", "$defs": {str(n): {"allOf": [{"$ref": f"#/$defs/{n - 1}"}] * 2} if n else {} for n in range(31)}}, False),
        ({"anyOf": [{"properties": {str(n): {"type": "string"} for n in range(200)}}] * 20}, True),
    ],
)  # fmt: skip
def test_which_schemas_are_sure_to_end_soon(schema: Any, bounded: bool) -> None:
    assert is_bounded(schema) is bounded


def test_the_nullable_of_openapi_is_explained() -> None:
    schema = {"properties": {"a": {"type": "string", "nullable": True}}}
    (found,) = findings({"schema": schema}, '{"a": null}')
    assert "`nullable` is OpenAPI's word" in found.details
    assert "nullable" not in findings({"schema": schema}, '{"a": 1}')[0].details
    assert "nullable" not in findings({"schema": {"type": "string", "nullable": False}}, "null")[0].details


def test_many_unique_items() -> None:
    text = json.dumps([{"n": number, "tags": ["a", "b"]} for number in range(6000)])
    assert findings({"schema": {"uniqueItems": True}}, text) == []


def test_the_words_of_less_common_rules() -> None:
    said = {
        json.dumps(schema): findings({"schema": schema}, text)[0].message
        for schema, text in (
            ({"propertyNames": {"minLength": 3}}, '{"b": 1}'),
            ({"dependentRequired": {"card": ["cvc"]}}, '{"card": 1}'),
            ({"contains": {"const": 1}}, "[2]"),
            ({"minContains": 2, "contains": {"const": 1}}, "[1]"),
            ({"unevaluatedProperties": False, "properties": {"a": {}}}, '{"b": 1}'),
            ({"oneOf": [{"type": "number"}, {"minimum": 1}]}, "3"),
            ({"not": {"type": "null"}}, "null"),
            ({"multipleOf": 0.01}, "19.995"),
            ({"maximum": 10}, "1e400"),
            ({"type": ["string", "null"]}, "1.50"),
            ({"contentMediaType": "application/json", **D7}, '"{"'),
        )
    }
    assert list(said.values()) == [
        '$ has the key "b", which must have at least 3 characters',
        "$ lacks the key 'cvc', which goes with 'card'",
        '$ is [2], must have an item that fits {"const": 1}',
        "$ is [1], must have at least 2 of the items that are asked for",
        "$ has the key 'b', which the schema does not allow (it knows 'a')",
        "$ is 3, which fits more than one of the 2 forms that are allowed",
        '$ is null, must not fit {"type": "null"}',
        "$ is 19.995, must be a multiple of 0.01",
        "$ is 1E+400, must be at most 10",
        "$ is a number (1.5), must be a string or null",
        '$: "{" is not compliant with "application/json" media type',
    ]


def test_format_takes_the_schema_out_of_its_wrapper(tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text('{"name": "x", "strict": true, "schema": {"type": "null"}}')
    check = Registry().parse({"schema": "w.json"}, folder=tmp_path, root=tmp_path)
    assert check.document() == {"type": "null"}  # type: ignore[attr-defined]
