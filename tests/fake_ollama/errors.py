"""An answer that is an error."""

from __future__ import annotations

import json
from typing import Any


class ApiError(Exception):
    """The request ends with this status and text.

    engine: it came from the model's runner, so a streaming request has its headers settled already.
    extra: further keys of the error object.
    """

    def __init__(
        self, status: int, text: str, *, engine: bool = False, extra: dict[str, Any] | None = None
    ) -> None:
        self.status, self.text, self.engine, self.extra = status, text, engine, extra or {}
        super().__init__(status, text)


def nested(status: int, text: str, kind: str, **more: Any) -> ApiError:
    """An error of llama-server's, passed through as a JSON document in a string."""
    inner = {"error": {"code": status, "message": text, "type": kind, **more}}
    return ApiError(status, plain_json(inner))


def plain_json(value: Any) -> str:
    """JSON as llama-server writes it: nothing escaped for HTML."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def bad_schema_text(schema: Any) -> str:
    head = "Unable to generate parser for this template. Automatic parser generation failed: "
    return f"{head}JSON schema conversion failed:\nUnrecognized schema: {plain_json(schema)}"


def overflow_text(count: int, context: int) -> str:
    size = f"request ({count} tokens) exceeds the available context size ({context} tokens)"
    return f"{size}, try increasing it"
