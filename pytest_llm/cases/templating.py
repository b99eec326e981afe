"""Prompts as Jinja templates: sandboxed, an unknown name is an error, and so is what takes too long or too much.

A template that only puts values in costs what it writes. Whatever loops, calls or multiplies is filled in by the
process of `bounded`, with limits on time and memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pytest_llm.errors import CheckCrashed
from pytest_llm.sandbox.bounded import call

SECONDS = 2.0
"""How long a template may take."""
LONGEST = 10_000_000
"""How many characters a template may make."""

_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
)
_FAULTS = (ArithmeticError, LookupError, TypeError, ValueError, SyntaxError, RecursionError)
_PLAIN: tuple[type[nodes.Node], ...] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem),
    *(nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Test),
    *(nodes.Concat, nodes.Add, nodes.Sub, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair),
)
_FILTERS = {
    *("abs", "capitalize", "count", "d", "default", "first", "float", "int", "join", "last", "length", "list"),
    *("lower", "max", "min", "sort", "string", "sum", "title", "trim", "unique", "upper", "wordcount"),
}


def render(text: str, values: Mapping[str, Any]) -> str:
    """The text with its placeholders filled in once; what the values hold is not rendered. Raises ValueError."""
    try:
        if _is_plain(text):
            return rendered(text, values)
        return str(call(f"{__name__}:rendered", text, dict(values), seconds=SECONDS))
    except CheckCrashed as error:
        raise ValueError(f"the template cannot be filled in: {error.message}") from None


def rendered(text: str, values: Mapping[str, Any]) -> str:
    """As `render`, without limits on time and memory."""
    try:
        result = _template(text).render(values)
    except TemplateError as error:
        raise ValueError(f"the template cannot be filled in: {error.message}") from None
    except _FAULTS as error:
        raise ValueError(f"the template cannot be filled in: {error}") from None
    if len(result) > LONGEST:
        raise ValueError(
            f"the template cannot be filled in: it makes {len(result)} characters, more than {LONGEST}"
        )
    return result


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
        if _is_plain(text):
            return set(named(text))
        return set(call(f"{__name__}:named", text, seconds=SECONDS))
    except CheckCrashed as error:
        raise ValueError(f"the template does not parse: {error.message}") from None


def named(text: str) -> list[str]:
    """As `names`, without limits: Jinja works out what is constant in a template when it reads it."""
    try:
        return sorted(meta.find_undeclared_variables(_ENVIRONMENT.parse(text)))
    except TemplateError as error:
        raise ValueError(f"the template does not parse: {error.message}") from None
    except _FAULTS as error:
        raise ValueError(f"the template does not parse: {error}") from None


@lru_cache(maxsize=1024)
def _is_plain(text: str) -> bool:
    """Whether it takes no more than its own length and that of the values it names. Raises ValueError."""
    if "{" not in text:
        return True
    try:
        return _costs_what_it_writes(_ENVIRONMENT.parse(text))
    except TemplateError as error:
        raise ValueError(f"the template does not parse: {error.message}") from None
    except _FAULTS as error:
        raise ValueError(f"the template does not parse: {error}") from None


def _costs_what_it_writes(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter):
        known = node.name in _FILTERS or (node.name == "tojson" and next(node.find_all(nodes.Filter), None) is None)
        if not known or node.kwargs or not all(isinstance(argument, nodes.Const) for argument in node.args):
            return False
    elif not isinstance(node, _PLAIN):
        return False
    return all(map(_costs_what_it_writes, node.iter_child_nodes()))


@lru_cache(maxsize=1024)
def _template(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)
