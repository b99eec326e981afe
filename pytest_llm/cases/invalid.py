"""What pydantic has to say of a mapping from a YAML file, in words for the person who wrote it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from pytest_llm.errors import nearest

Path = tuple[str | int, ...]

_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "string_too_short": "something",
}

_WORD = re.compile(r"'([^']*)'")
_VERB = re.compile("(?:must|needs|takes) ")  # what goes on as a sentence behind a key


def explain(error: ValidationError, given: Any, model: type[BaseModel]) -> tuple[Path, str]:
    """(the path of the first wrong thing in `given`, what is wrong with it)."""
    items: Sequence[Any] = error.errors()
    first = min(items, key=lambda item: item["type"] != "extra_forbidden")
    path = real_path(first["loc"], given)
    here = [item for item in items if real_path(item["loc"], given) == path]
    key = "`" + ".".join(map(str, path)) + "`" if path else ""
    if first["type"] == "missing":
        lacking = str(first["loc"][-1])
        return path, f"{key} needs `{lacking}`" if key else f"needs `{lacking}`"
    if first["type"] == "extra_forbidden":
        known = written(model) if len(path) == 1 else []
        has = f" (it has {', '.join(known)})" if known else ""
        return path, f"has no argument {path[-1]!r}{nearest(str(path[-1]), known)}{has}"
    if first["type"] == "value_error":
        message = str(first["ctx"]["error"])
        between = " " if _VERB.match(message) else ": "
        return path, f"{key}{between}{message}" if key else message
    wanted = list(dict.fromkeys(expected(item) for item in here))
    meant = nearest(str(first["input"]), _WORD.findall(" ".join(wanted)))
    return path, f"{key or 'its value'} must be {' or '.join(wanted)}, not {_shown(first['input'])}{meant}"


def written(model: type[BaseModel]) -> list[str]:
    """The names of a model's fields as they stand in a file."""
    return [str(field.alias or name) for name, field in model.model_fields.items()]


def real_path(loc: Sequence[int | str], given: Any) -> Path:
    """The part of a location that stands in the file.

    pydantic puts the branches of unions in as well, and the place in the list that a lone value was taken for.
    """
    path: list[int | str] = []
    for part in loc:
        if isinstance(given, str):
            break
        try:
            given = given[part]
        except (KeyError, IndexError, TypeError):
            continue
        path.append(part)
    return tuple(path)


def expected(item: Any) -> str:
    """What would have been right, as it goes behind `must be`; else pydantic's own words."""
    kind, context = item["type"], item.get("ctx", {})
    match kind:
        case "literal_error" | "enum":
            return f"one of {context['expected'].replace(' or ', ', ')}"
        case "greater_than":
            return f"more than {context['gt']:g}"
        case "greater_than_equal":
            return f"at least {context['ge']:g}"
        case "less_than":
            return f"less than {context['lt']:g}"
        case "less_than_equal":
            return f"at most {context['le']:g}"
        case "too_short":
            return f"at least {context['min_length']} of them"
        case "value_error":
            return str(context["error"]).removeprefix("must be ")
    message = str(item["msg"])
    return _EXPECTED.get(kind, message[:1].lower() + message[1:])


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
