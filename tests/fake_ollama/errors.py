"""An answer that is an error."""

from __future__ import annotations

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
