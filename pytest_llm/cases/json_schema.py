"""What a JSON Schema is, as far as a case file needs to know: its words, its dialects, and what is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pytest_llm.errors import InputError, nearest

LATEST = "https://json-schema.org/draft/2020-12/schema"
_DIALECT = re.compile(r"https?://json-schema\.org/(draft-0[467]|draft/(?:2019-09|2020-12))/schema#?")
_WRAPPER = {"name", "strict", "schema", "description"}  # json_schema of OpenAI's response_format
_SHELL = {"type", "json_schema"}  # that response_format itself
ASSERTIONS = frozenset(
    {
        *("$ref", "$dynamicRef", "$recursiveRef", "type", "enum", "const", "not", "anyOf", "oneOf", "allOf", "if"),
        *("properties", "patternProperties", "additionalProperties", "propertyNames", "unevaluatedProperties"),
        *("required", "minProperties", "maxProperties", "dependencies", "dependentRequired", "dependentSchemas"),
        *("items", "prefixItems", "additionalItems", "unevaluatedItems", "contains", "minItems", "maxItems"),
        *("uniqueItems", "minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    }
)
"""The keywords by which a schema can refuse a value."""
KEYWORDS = ASSERTIONS | {
    "$schema",
    "$id",
    "id",
    "$defs",
    "definitions",
    "title",
    "description",
    "$anchor",
    "$comment",
}


def unwrapped(document: Any) -> Any:
    """The schema in `{name, strict, schema}`, as OpenAI's API takes it; any other document as it is."""
    if not isinstance(document, Mapping):
        return document
    if document.keys() == _SHELL and document["type"] == "json_schema":
        return unwrapped(document["json_schema"])
    is_wrapper = {"name", "schema"} <= document.keys() <= _WRAPPER or document.keys() == {"schema", "strict"}
    if is_wrapper and isinstance(document["schema"], Mapping):
        return document["schema"]
    return document


def refuse_open(document: Any) -> None:
    """Raise InputError where every JSON value would fit."""
    if document is False or (isinstance(document, Mapping) and document.keys() & ASSERTIONS):
        return
    if not isinstance(document, Mapping | bool):
        raise InputError(f"this is no JSON Schema: a schema is an object, not {type(document).__name__}")
    keys = list(map(str, document)) if isinstance(document, Mapping) else []
    meant = next((guess for key in keys if key not in KEYWORDS and (guess := nearest(key, sorted(KEYWORDS)))), "")
    found = f" (found {', '.join(map(repr, keys[:8]))}{meant})" if keys else ""
    hint = "say what the answer must be: `type`, `properties`, `required`, `enum` …"
    raise InputError(f"this schema fits every JSON value, no rule of JSON Schema stands in it{found}", hint=hint)


def dialect(document: Any) -> str:
    """The URI of the dialect that a schema names, spelled as the specification does. Raises InputError."""
    named = document.get("$schema", LATEST) if isinstance(document, Mapping) else LATEST
    match = _DIALECT.fullmatch(named) if isinstance(named, str) else None
    if match is None:
        hint = f'drafts 4, 6, 7, 2019-09 and 2020-12 are known: use "{LATEST}", or leave `$schema` out'
        raise InputError(f"the schema names a dialect that is not known: {named!r}", hint=hint)
    if "/" in match[1]:
        return f"https://json-schema.org/{match[1]}/schema"
    return f"http://json-schema.org/{match[1]}/schema#"
