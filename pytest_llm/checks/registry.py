"""The checks by name: those built in, loaded when a case names them, and those that others add."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TypeGuard

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from pytest_llm.cases.invalid import explain
from pytest_llm.checks.base import Check
from pytest_llm.checks.function import FunctionCheck
from pytest_llm.errors import InputError, nearest

KeyPath = tuple[str | int, ...]
Kind = type[Check] | Callable[..., Any]

BUILT_IN = {
    "browser": "pytest_llm.checks.browser:Browser",
    "compile": "pytest_llm.checks.compile:Compile",
    "contains": "pytest_llm.checks.text:Contains",
    "csv": "pytest_llm.checks.documents:Csv",
    "equals": "pytest_llm.checks.text:Equals",
    "gpu": "pytest_llm.checks.rate:Gpu",
    "judge": "pytest_llm.checks.judge:Judge",
    "json_path": "pytest_llm.checks.json_path:JsonPath",
    "length": "pytest_llm.checks.length:Length",
    "max_tokens": "pytest_llm.checks.tokens:MaxTokens",
    "not_contains": "pytest_llm.checks.text:NotContains",
    "regex": "pytest_llm.checks.text:Regex",
    "schema": "pytest_llm.checks.schema:Schema",
    "sql": "pytest_llm.checks.documents:Sql",
    "thinking": "pytest_llm.checks.thinking:Thinking",
    "time": "pytest_llm.checks.rate:Time",
    "token_rate": "pytest_llm.checks.rate:TokenRate",
    "visible_rate": "pytest_llm.checks.rate:VisibleRate",
    "xml": "pytest_llm.checks.documents:Xml",
    "yaml": "pytest_llm.checks.documents:Yaml",
}
COMBINATIONS = ("not", "any_of", "warn")


class EntryError(InputError):
    """An entry of `checks` is wrong. `at` is the way from the entry to what is wrong in it."""

    def __init__(self, message: str, *, at: KeyPath = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.at = at


class Registry:
    """What `checks` of a case may name. `add` takes what the hook and conftest.py files give."""

    def __init__(self) -> None:
        self._added: dict[str, Kind] = {}
        self._levels: dict[str, int] = {}

    def add(self, item: Kind, level: int = 0) -> None:
        """Add a subclass of Check, or a function marked with `check`. Raises InputError where it is neither.

        level: a check may replace one of a lower level: a folder's conftest.py one of the folder above.
        """
        name = getattr(item, "name", None) if _is_check(item) else getattr(item, "__llm_check__", None)
        if not isinstance(name, str) or not name or not callable(item):
            raise InputError(f"{item!r} is no check: give a subclass of Check with a name, or mark it with @check")
        taken = self._added.get(name, item) is not item and self._levels[name] >= level
        if name in BUILT_IN or name in COMBINATIONS or taken:
            raise InputError(f"there is a check {name!r} already", hint="call yours something else")
        if not _is_check(item):
            _refuse_odd(item, name)
        self._added[name], self._levels[name] = item, level

    @property
    def names(self) -> list[str]:
        """Every name that an entry may begin with."""
        return sorted({*BUILT_IN, *COMBINATIONS, *self._added})

    def parse(self, entry: Any, *, folder: Path | None = None, root: Path | None = None) -> Check:
        """The check that an entry of `checks` stands for: `name`, `{name: value}`, `{name: {k: v}}`.

        With `folder` (of the case file) and `root` it is prepared as well. Raises InputError in words for the
        writer of the case; an EntryError says where in the entry.
        """
        return self._parse(entry, folder, root or folder, ())

    def _parse(self, entry: Any, folder: Path | None, root: Path | None, at: KeyPath) -> Check:
        name, value, inside = _split(entry, at, self.names)
        if name in COMBINATIONS:
            return self._combine(name, value, folder, root, inside)
        try:
            check = _make(self._find(name, at), name, value, inside)
            if folder is not None and root is not None:
                check.prepare(folder, root)
        except EntryError:
            raise
        except InputError as error:
            if error.path is not None:
                raise
            raise EntryError(f"{name}: {error.message}", at=inside, hint=error.hint) from None
        return check

    def _find(self, name: str, at: KeyPath) -> Kind:
        if name in self._added:
            return self._added[name]
        if name not in BUILT_IN:
            raise EntryError(
                f"there is no check {name!r}{nearest(name, self.names)}",
                at=at,
                hint=f"known: {', '.join(self.names)}",
            )
        module, _, attribute = BUILT_IN[name].partition(":")
        found: type[Check] = getattr(import_module(module), attribute)
        return found

    def _combine(self, name: str, value: Any, folder: Path | None, root: Path | None, at: KeyPath) -> Check:
        from pytest_llm.checks.combine import AnyOf, Not, Warn

        if value is None or (name == "any_of" and not (isinstance(value, list) and value)):
            raise EntryError(f"{name}: needs {'a list of checks' if name == 'any_of' else 'a check'}", at=at)
        if name == "any_of":
            parts = [self._parse(part, folder, root, (*at, number)) for number, part in enumerate(value)]
            _refuse_asking(name, parts, at)
            return AnyOf(checks=tuple(parts))
        inner = self._parse(value, folder, root, at)
        if name == "not":
            _refuse_asking(name, [inner], at)
        return Not(check=inner) if name == "not" else Warn(check=inner)

    def json_schema(self) -> dict[str, Any]:
        """JSON Schema definitions for an entry: `check`, and what it refers to under `#/$defs/`.

        They know the built-in checks and leave other names open.
        """
        from pytest_llm.checks.entry_schema import definitions

        kinds = {name: self._find(name, ()) for name in BUILT_IN}
        return definitions({name: kind for name, kind in kinds.items() if _is_check(kind)})


def _refuse_asking(name: str, parts: Sequence[Check], at: KeyPath) -> None:
    """What a judge says is no fact that could be turned round, or stand in for another check."""
    if asking := next((part for part in parts if part.models), None):
        hint = f"write `{asking.name}` as an entry of its own, and the rubric so that it says what is to hold"
        raise EntryError(f"{name}: cannot hold `{asking.name}`, which asks a model", at=at, hint=hint)


def _is_check(item: Any) -> TypeGuard[type[Check]]:
    return inspect.isclass(item) and issubclass(item, Check)


def _refuse_odd(function: Callable[..., Any], name: str) -> None:
    written = inspect.unwrap(function)
    if inspect.iscoroutinefunction(written) or inspect.isasyncgenfunction(written):
        raise InputError(f"the check {name!r} is an async function", hint="write it with `def`")
    first = next(iter(inspect.signature(function).parameters.values()), None)
    if first is None or first.name == "context" or first.kind in (first.KEYWORD_ONLY, first.VAR_KEYWORD):
        raise InputError(f"the check {name!r} takes no artifact", hint="its first parameter is the model's answer")


def _split(entry: Any, at: KeyPath, known: Sequence[str]) -> tuple[str, Any, KeyPath]:
    """(the name, its value, where the value stands)."""
    if isinstance(entry, str):
        return entry, None, at
    if not isinstance(entry, Mapping) or not entry:
        raise EntryError(f"a check is a name, or a name with its arguments, not {entry!r}", at=at)
    name, value = next(iter(entry.items()))
    if len(entry) > 1:
        others = [str(key) for key in list(entry)[1:]]
        told = ", ".join(map(repr, others))
        raise EntryError(
            f"{told} stands beside the check {name!r}", at=at, hint=_apart(str(name), value, others, known)
        )
    return str(name), value, (*at, str(name))


def _apart(name: str, value: Any, others: Sequence[str], known: Sequence[str]) -> str:
    if value is None:
        return "indent the arguments further than the name"
    if known and set(others) <= set(known):
        return "give each check a dash of its own"
    return f"an argument stands among the others of its check, as in `- {name}: {{…, {others[0]}: …}}`"


def _make(kind: Kind, name: str, value: Any, at: KeyPath) -> Check:
    if not _is_check(kind):
        return FunctionCheck(function=kind, title=name, arguments=_bound(kind, name, value, at))
    try:
        arguments = kind.unfold(value)
    except ValueError as error:
        raise EntryError(f"{name}: {error}", at=at) from None
    try:
        return kind.model_validate(dict(arguments))
    except ValidationError as error:
        path, message = explain(error, arguments, kind)
        raise EntryError(f"{name}: {message}", at=(*at, *path) if isinstance(value, Mapping) else at) from None


def _bound(function: Callable[..., Any], name: str, value: Any, at: KeyPath) -> dict[str, Any]:
    """The keyword arguments for a function: those of a mapping, or one value for its first parameter."""
    signature = inspect.signature(function)
    parameters = [p for p in list(signature.parameters.values())[1:] if p.name != "context"]
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    known = [p.name for p in named]
    if value is None:
        given: dict[str, Any] = {}
    elif isinstance(value, Mapping):
        given = dict(value)
    elif known:
        given = {known[0]: value}
    else:
        raise EntryError(f"{name}: takes no arguments", at=at)
    for key in given:
        if key not in known and not open_ended:
            has = f" (it has {', '.join(known)})" if known else ""
            raise EntryError(f"{name}: has no argument {key!r}{nearest(key, known)}{has}", at=(*at, key))
    if missing := [p.name for p in named if p.default is p.empty and p.name not in given]:
        raise EntryError(f"{name}: needs `{missing[0]}`", at=at)
    hints = _hints(function)
    return {key: _typed(hints.get(key, Any), key, item, name, (*at, key)) for key, item in given.items()}


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return {p.name: p.annotation for p in inspect.signature(function, eval_str=True).parameters.values()}
    except (NameError, TypeError, SyntaxError):  # names that exist for type checkers only
        return {}


def _typed(hint: Any, key: str, value: Any, name: str, at: KeyPath) -> Any:
    if hint is Any or hint is inspect.Parameter.empty:
        return value
    try:
        return TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        message = explain(error, value, Check)[1].replace("its value", f"`{key}`")
        raise EntryError(f"{name}: {message}", at=at) from None
    except PydanticUserError:  # a type that pydantic cannot check
        return value
