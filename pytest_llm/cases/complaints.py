"""What pydantic finds wrong in a case, as a sentence for whoever wrote it, at the key that stands in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from pytest_llm.cases import fields
from pytest_llm.cases.case import Case, Stage
from pytest_llm.cases.invalid import expected, real_path
from pytest_llm.cases.sampling import Escalation
from pytest_llm.cases.yamlfile import KeyPath
from pytest_llm.errors import nearest

_ELSEWHERE = {  # what other tools call it
    "name": "id",
    **dict.fromkeys(("assert", "asserts", "assertions", "expect", "expected", "tests"), "checks"),
    **dict.fromkeys(("model", "provider", "providers"), "models"),
}
_QUOTED = re.compile(r"'([^']*)'")
_KINDS = frozenset({"list_type", "tuple_type", "dict_type", "model_type", "model_attributes_type"})
_SHAPES = {  # what a key holds, as it is written
    "checks": "begin each check with `- `, as in `- contains: text`",
    "stages": "begin each stage with `- `, as in `- {name: draw, prompt: …}`",
    "messages": "begin each message with `- `, as in `- {role: user, content: …}`",
    "examples": "begin each pair with `- `, as in `- {user: …, assistant: …}`",
    "parametrize": "begin each row with `- `, as in `- {language: Go}`; a file of rows is not supported yet",
    "vars": "as in `vars: {language: Go}`",
    "options": "as in `options: {temperature: 0.3}`",
    "matrix": "as in `matrix: {options.temperature: [0, 0.7]}`",
    "escalate": "as in `escalate: {think: on}`",
}
_SIGNS = {
    "id": "no blanks, no `[ ] : / \\`, and nothing that does not print",
    "name": "letters, digits and `_`",
    **dict.fromkeys(("category", "tags"), "letters, digits and `_ . / + -`"),
}
_PARTS: dict[str, type[BaseModel]] = {
    "stages": Stage,
    "messages": fields.Message,
    "examples": fields.Example,
    "prompt": fields.FileRef,
    "system": fields.FileRef,
    "escalate": Escalation,
}


def complaints(error: ValidationError, data: Any) -> Iterator[tuple[KeyPath, str, str]]:
    """(path, what is wrong, what to do) for each place, unknown keys first, in people's words."""
    told: set[KeyPath] = set()  # and what is around it: a table of a thousand rows may have an error in each
    for item in sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden"):
        path = real_path(item["loc"], data)
        if path not in told:
            told.update(path[:end] for end in range(len(path) + 1))
            yield path, _sentence(item, path), _hint(item, path)


def _sentence(item: Any, path: KeyPath) -> str:
    key = ".".join(map(str, path)) or "the case"
    found = item.get("input")
    match item["type"]:
        case "extra_forbidden":
            return _unknown(str(path[-1]), _known(path), at_top=len(path) == 1)
        case "missing":
            return f"{key} lacks the key {str(item['loc'][-1])!r}"
        case "string_too_short":
            return f"{key} is empty"
        case "too_short":
            return f"{key} is empty: give it something, or leave the key out"
        case "literal_error":
            known = _QUOTED.findall(item["ctx"]["expected"])
            return f"{key} must be {item['ctx']['expected']}, not {found!r}{nearest(str(found), known)}"
        case "string_type":
            return f"{key} must be text, not {kind_of(found)}"
        case "int_type" | "int_from_float":
            return f"{key} must be a whole number, not {found!r}"
        case "bool_type":
            return f"{key} must be true or false, not {found!r}"
        case "list_type" | "tuple_type":
            return f"{key} must be a list, not {kind_of(found)}"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"{key} must be a mapping, not {kind_of(found)}"
        case "string_pattern_mismatch":
            return f"{key} {found!r} holds a character that cannot stand there"
        case "greater_than_equal" | "less_than_equal":
            return f"{key} must be {expected(item)}, not {found!r}"
        case "value_error":
            message = str(item["ctx"]["error"])
            return message if key == "the case" or message.startswith("unknown") else f"{key}: {message}"
    return f"{key}: {item['msg'][0].lower()}{item['msg'][1:]}"


def _hint(item: Any, path: KeyPath) -> str:
    """What to write, where a value is of the wrong kind; "" where the sentence says it."""
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if item["type"] == "string_pattern_mismatch":
        return _SIGNS.get(key, "")
    return _SHAPES.get(key, "") if item["type"] in _KINDS else ""


def _unknown(key: str, known: list[str], *, at_top: bool) -> str:
    if "options" in known and key in fields.Options.model_fields:
        return f"unknown key {key!r}: it belongs under `options:`"
    meant = _ELSEWHERE.get(key) if at_top else None
    suggestion = f", did you mean {meant!r}?" if meant else nearest(key, known)
    return f"unknown key {key!r}" + (suggestion or f" (known: {', '.join(known)})")


def _known(path: KeyPath) -> list[str]:
    part = _PARTS.get(str(path[0]), Case) if len(path) > 1 else Case
    return list(part.model_fields)


def kind_of(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "a boolean", type(None): "nothing"}
    return names.get(type(value), f"the number {value}")
