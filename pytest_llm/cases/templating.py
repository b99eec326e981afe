"""Prompts as Jinja templates: sandboxed, an unknown name is an error, and so is what takes too long or too much.

A template that only puts values in costs what it writes. Whatever loops, calls or multiplies is filled in by the
process of `bounded`, with limits on time and memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, Undefined, meta, nodes
from jinja2.environment import TemplateExpression
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pytest_llm.errors import CheckCrashed
from pytest_llm.sandbox.bounded import call

SECONDS = 2.0
"""How long a template may take."""
LONGEST = 10_000_000
"""How many characters a template may make."""
STEPS = 100_000
"""How many turns of loops a template may make: a bound that no busy machine moves."""
A_CALL = 10
"""How many turns a call counts for."""


class _Counting(ImmutableSandboxedEnvironment):
    """Counts the turns of every loop, and every call."""

    steps = 0

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in list(tree.find_all(nodes.For)):
            loop.iter = nodes.Filter(loop.iter, "_counted", [], [], None, None, lineno=loop.lineno)
        return tree

    def call(self, *args: Any, **kwargs: Any) -> Any:
        self.step(A_CALL)
        return super().call(*args, **kwargs)

    def step(self, turns: int = 1) -> None:
        self.steps += turns
        if self.steps > STEPS:
            raise ValueError(f"it takes more than {STEPS} turns of loops, or a tenth as many calls")

    def counted(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.step()
            yield item


_ENVIRONMENT = _Counting(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
_ENVIRONMENT.filters["_counted"] = _ENVIRONMENT.counted
_FAULTS = (ArithmeticError, LookupError, TypeError, ValueError, SyntaxError, NameError, RecursionError)
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
    return str(_limited(rendered, text, values))


def fill(text: str, values: Mapping[str, Any]) -> Any:
    """What a string stands for: its text, or, where it is nothing but one `{{ expression }}`, the value of that.

    Such a value keeps its type: a number, a boolean, None, a list or a mapping. Raises ValueError.
    """
    return _limited(filled, text, values)


def _limited(function: Callable[[str, Mapping[str, Any]], Any], text: str, values: Mapping[str, Any]) -> Any:
    try:
        if _is_plain(text):
            return function(text, values)
        return call(f"{__name__}:{function.__name__}", text, dict(values), seconds=SECONDS)
    except CheckCrashed as error:
        raise ValueError(f"the template cannot be filled in: {error.message}") from None


def rendered(text: str, values: Mapping[str, Any]) -> str:
    """As `render`, without limits on time and memory."""
    with _explained():
        result = _template(text).render(values)
    if len(result) > LONGEST:
        raise ValueError(
            f"the template cannot be filled in: it makes {len(result)} characters, more than {LONGEST}"
        )
    return result


def filled(text: str, values: Mapping[str, Any]) -> Any:
    """As `fill`, without limits on time and memory."""
    with _explained():
        expression = _expression(text)
        value = _plain_value(expression(values)) if expression else ""
    return rendered(text, values) if isinstance(value, str) else value


@contextmanager
def _explained() -> Iterator[None]:
    _ENVIRONMENT.steps = 0
    try:
        yield
    except TemplateError as error:
        raise ValueError(f"the template cannot be filled in: {error.message}") from None
    except _FAULTS as error:
        raise ValueError(f"the template cannot be filled in: {error}") from None


def render_all(value: Any, values: Mapping[str, Any]) -> Any:
    """Every string in plain data filled in; keys are left as they are. Raises ValueError."""
    if isinstance(value, str):
        return fill(value, values)
    if isinstance(value, dict):
        return {key: render_all(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [render_all(item, values) for item in value]
    return value


def worded(written: Any, filled: Any, at: tuple[str | int, ...] = ()) -> Any:
    """Filled-in data in which the numbers that templates gave below `at` are text again: `contains: '{{ n }}'`."""
    if isinstance(written, str):
        return str(filled) if type(filled) in (int, float) else filled
    if isinstance(written, dict) and isinstance(filled, dict):
        return {key: _worded_part(written, filled, key, at) for key in filled}
    if isinstance(written, list) and isinstance(filled, list):
        return [_worded_part(written, filled, index, at) for index in range(len(filled))]
    return filled


def _worded_part(written: Any, filled: Any, key: Any, at: tuple[str | int, ...]) -> Any:
    if at and at[0] in (written if isinstance(written, dict) else range(len(written))) and at[0] != key:
        return filled[key]
    return worded(written[key], filled[key], at[1:])


def parsed(text: str) -> nodes.Template:
    """The template's tree. Raises ValueError where it does not parse."""
    try:
        return _ENVIRONMENT.parse(text)
    except TemplateError as error:
        raise ValueError(f"the template does not parse: {error.message}") from None
    except _FAULTS as error:
        raise ValueError(f"the template does not parse: {error}") from None


def known_names() -> set[str]:
    """The names that every template knows: `range`, `loop` and the like."""
    return {*_ENVIRONMENT.globals, "loop", "self", "super", "caller", "varargs", "kwargs"}


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
    return _costs_what_it_writes(parsed(text))


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
    return _compiled(text)


def _compiled(source: str | nodes.Template) -> Template:
    template = _ENVIRONMENT.from_string(source)
    template.globals = dict(template.globals)  # a chain of mappings would be read, name by name, for each text
    return template


@lru_cache(maxsize=1024)
def _expression(text: str) -> TemplateExpression | None:
    """What a string that is nothing but one `{{ expression }}`, and blanks around it, computes."""
    match _ENVIRONMENT.parse(text.strip()).body:
        case [nodes.Output(nodes=[nodes.Expr() as only])] if not isinstance(only, nodes.TemplateData):
            body: list[nodes.Node] = [nodes.Assign(nodes.Name("result", "store"), only, lineno=1)]
            return TemplateExpression(_compiled(nodes.Template(body, lineno=1)), False)
    return None


def _plain_value(value: Any) -> Any:
    """A value as a case file could have said it."""
    if isinstance(value, Undefined):
        return str(value)  # raises what is to be said of it
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"it gives {value}, which is no number")
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain_value(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [_plain_value(item) for item in value]
    raise ValueError(f"it gives a {type(value).__name__}, which is no value of a case file")
