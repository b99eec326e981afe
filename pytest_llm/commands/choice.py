"""A choice of a command's, which says what a word that is none of it was most likely meant to be."""

from __future__ import annotations

from typing import Any

import click

from pytest_llm.errors import nearest


class Choice(click.Choice[str]):
    """One of a few words."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        said = super().get_invalid_choice_message(value, ctx).rstrip(".")
        return f"{said}{nearest(str(value), list(self.choices)) or '.'}"
