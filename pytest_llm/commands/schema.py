"""The JSON Schema of case files, for editors."""

from __future__ import annotations

import json
from typing import Any

from pytest_llm.cases.case import Case
from pytest_llm.checks.entry_schema import TEMPLATE_REF
from pytest_llm.checks.registry import Registry

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LISTED = ("tags", "models", "think", "examples", "marks", "allow")


def case_schema() -> dict[str, Any]:
    """The schema of one case, made from the models that read it; names of checks are left open."""
    schema = Case.model_json_schema()
    properties = schema["properties"]
    for name in LISTED:
        properties[name] = _one_or_many(properties[name])
    check = {"$ref": "#/$defs/check"}
    for holder in (properties, schema["$defs"]["Stage"]["properties"]):
        holder["checks"] = {"type": "array", "items": check, "minItems": 1, "title": "Checks"}
    for option in schema["$defs"]["Options"]["properties"].values():
        option["anyOf"].append(TEMPLATE_REF)
    _plain_defaults(schema)
    schema["$defs"] |= Registry().json_schema()
    schema["oneOf"] = [{"required": [name]} for name in ("prompt", "messages", "stages")]
    return {"$schema": DIALECT, **schema, "title": "A pytest-llm case"}


def text() -> str:
    """The schema as a file has it."""
    return json.dumps(case_schema(), indent=2, ensure_ascii=False) + "\n"


def _one_or_many(schema: dict[str, Any]) -> dict[str, Any]:
    many = {key: value for key, value in schema.items() if key in ("type", "items", "minItems")}
    rest = {key: value for key, value in schema.items() if key not in many}
    return {**rest, "anyOf": [schema["items"], many]}


def _plain_defaults(node: Any) -> None:
    """pydantic writes tuples where JSON has arrays."""
    if isinstance(node, dict):
        if isinstance(node.get("default"), tuple):
            node["default"] = list(node["default"])
        for value in node.values():
            _plain_defaults(value)
    elif isinstance(node, list):
        for value in node:
            _plain_defaults(value)
