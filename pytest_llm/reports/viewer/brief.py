"""Names and reasons as they fit onto a page; whole texts stand in the cells alone."""

from __future__ import annotations

from typing import Any

NAME = 300  # characters
VALUE = 2000


def brief(value: Any, most: int = NAME) -> str:
    """The text of a value, cut."""
    text = str(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"
