"""A JSON text judged by a JSON Schema: plain data in, plain data out, so that it can run in another process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import jsonschema_rs

from pytest_llm.checks import schema_words

BACKTRACKS = 1_000_000
"""How often a pattern that is not linear (look-around, back references) may go back."""

_STOPPED = (
    jsonschema_rs.ValidationErrorKind.BacktrackLimitExceeded,
    jsonschema_rs.ValidationErrorKind.RegexEngineFailure,
)

_NULLABLE = '`nullable` is OpenAPI\'s word, JSON Schema has none such: name "null" among the types'


@dataclass(frozen=True)
class Source:
    """A schema and what it refers to, by URI; all as JSON. bounded: whether judging by it is sure to end soon."""

    schema: str
    documents: str
    uri: str
    bounded: bool = False


def made(schema: str, documents: str, uri: str) -> jsonschema_rs.Validator:
    """The validator: formats asserted, patterns in linear time where they can be, nothing fetched but `documents`.

    Raises jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError or ValueError.
    """
    return jsonschema_rs.validator_for(
        schema,
        validate_formats=True,
        retriever=json.loads(documents).__getitem__,
        base_uri=uri,
        pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACKS),
    )


_ready = lru_cache(maxsize=64)(made)


def complaints(schema: str, documents: str, uri: str, text: str, most: int) -> dict[str, Any]:
    """What is wrong with a JSON text, the outermost first: `most` as [path, message, kind, details], and how many.

    `stopped` is the pattern that went back too often; then there is no verdict.
    """
    value = _whole(json.loads(text, parse_float=_number, parse_constant=lambda word: None))
    errors = sorted(_ready(schema, documents, uri).iter_errors(value), key=lambda error: len(error.instance_path))
    book = schema_words.Book(json.loads(schema), uri, json.loads(documents))
    stopped = next((error for error in errors if isinstance(error.kind, _STOPPED)), None)
    found = [_complaint(error, book) for error in errors[:most]]
    return {"found": found, "count": len(errors), "stopped": None if stopped is None else book.rule(stopped)}


def _number(word: str) -> float | Decimal:
    """Exact: as a float where that is the number itself, as people write it."""
    return value if repr(value := float(word)) == word else Decimal(word)


def _whole(value: Any) -> Any:
    """The value with another sign in place of half a surrogate pair, which is no character."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return {_whole(key): _whole(item) for key, item in value.items()} if isinstance(value, dict) else value


def _complaint(error: jsonschema_rs.ValidationError, book: schema_words.Book) -> list[Any]:
    details = [schema_words.rule_of(error, book)]
    if nearest := schema_words.deepest(error):
        details.append(f"the form that fits nearest: {schema_words.sentence(nearest, book)}")
    if error.instance is None and book.around(error).get("nullable") is True:
        details.append(_NULLABLE)
    kind = schema_words.keyword(error)
    return [list(error.instance_path), schema_words.sentence(error, book), kind, "\n".join(details)]
