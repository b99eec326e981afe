"""The JSON Schema of an entry of `checks`, for editors; names stay open for the checks of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_llm.checks.base import Check

_REF = "#/$defs/check"
TEMPLATE = {"type": "string", "pattern": r"\{\{", "description": "a template, in a case with vars"}
TEMPLATE_REF = {"$ref": "#/$defs/template"}


def definitions(kinds: Mapping[str, Any]) -> dict[str, Any]:
    """`check`, and for each built-in check what its name may be followed by."""
    inner: dict[str, Any] = {}
    arguments = {name: _arguments(kind, inner) for name, kind in sorted(kinds.items())}
    bare = [
        name for name, kind in sorted(kinds.items()) if not any(f.is_required() for f in kind.model_fields.values())
    ]
    combined = {
        "not": {"$ref": _REF, "description": "Passes where its check fails."},
        "warn": {"$ref": _REF, "description": "Shows what its check finds, and never fails for it."},
        "any_of": {
            "type": "array",
            "minItems": 1,
            "items": {"$ref": _REF},
            "description": "Passes where one of its checks does.",
        },
    }
    entry = {
        "description": "a check: its name, or its name with its arguments",
        "anyOf": [
            {"enum": bare},
            {"type": "string"},
            {"type": "object", "minProperties": 1, "maxProperties": 1, "properties": {**arguments, **combined}},
        ],
    }
    return {"check": entry, "template": TEMPLATE, **inner}


def _arguments(kind: type[Check], inner: dict[str, Any]) -> dict[str, Any]:
    schema = kind.model_json_schema(ref_template=f"#/$defs/{kind.name}.{{model}}")
    inner |= {f"{kind.name}.{name}": part for name, part in schema.pop("$defs", {}).items()}
    schema.pop("title", None)
    description = " ".join(schema.pop("description", "").split())
    forms = [_untitled(schema), TEMPLATE_REF]
    if kind.shorthand is not None:
        alias = kind.model_fields[_field(kind)].alias or kind.shorthand
        forms.insert(0, {k: v for k, v in schema["properties"][alias].items() if k not in ("title", "default")})
    if kind.name == "schema":
        forms.append({"type": "object", "description": "a JSON Schema"})
    if not schema.get("required"):
        forms.append({"type": "null"})
    return {"description": description, "anyOf": forms}


def _field(kind: type[Check]) -> str:
    fields = kind.model_fields
    return next(name for name, field in fields.items() if kind.shorthand in (name, field.alias))


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    properties = {
        name: _or_template({key: value for key, value in part.items() if key != "title"})
        for name, part in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties}


def _or_template(part: dict[str, Any]) -> dict[str, Any]:
    """The schema of an argument that may also be a template; one that takes text as it is takes that already."""
    if part.get("type") == "string" and "enum" not in part:
        return part
    outer = {key: value for key, value in part.items() if key in ("default", "description")}
    inner = {key: value for key, value in part.items() if key not in outer}
    return (
        {"anyOf": [*inner.pop("anyOf", []), *([inner] if inner else []), TEMPLATE_REF], **outer} if inner else part
    )
