"""Prompts as Jinja templates: sandboxed, and an unknown name is an error."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
)


def render(text: str, values: Mapping[str, Any]) -> str:
    """The text with its placeholders filled in once; what the values hold is not rendered. Raises ValueError."""
    try:
        return _template(text).render(values)
    except TemplateError as error:
        raise ValueError(f"the template cannot be filled in: {error.message}") from None
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"the template cannot be filled in: {error}") from None


def render_all(value: Any, values: Mapping[str, Any]) -> Any:
    """Every string in plain data rendered; keys are left as they are."""
    if isinstance(value, str):
        return render(value, values)
    if isinstance(value, dict):
        return {key: render_all(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [render_all(item, values) for item in value]
    return value


def names(text: str) -> set[str]:
    """The names that the template needs. Raises ValueError where it does not parse."""
    try:
        return meta.find_undeclared_variables(_ENVIRONMENT.parse(text))
    except TemplateError as error:
        raise ValueError(f"the template does not parse: {error.message}") from None


@lru_cache(maxsize=1024)
def _template(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)
