"""The tests of a promptfoo configuration: inline, from files, from scenarios."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from pytest_llm.commands.promptfoo.assertions import compact
from pytest_llm.commands.promptfoo.left import LeftOut, NoCounterpart
from pytest_llm.commands.promptfoo.sources import DATA, TEXTS, data, files, listed, mapping, resolved, text

MAX_ROWS = 1000  # of one test whose variables are lists
Entry = tuple[str, Mapping[str, Any]]
"""Where a test stands, and what is said there."""

_READ = frozenset({"description", "vars", "assert", "options", "providers", "prompts"})
_IDLE = frozenset({"metadata"})
_OPTIONS = frozenset({"provider", "disableVarExpansion", "runSerially"})
_NAME = re.compile(r"\{\{-?\s*(\w+)\s*-?\}\}")


@dataclass(frozen=True)
class Test:
    """One test, its lists of values already crossed. providers, prompts: labels or names, none for all."""

    where: str
    description: str
    vars: Mapping[str, Any]
    assertions: tuple[Any, ...]
    providers: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()


def tests(config: Mapping[str, Any], folder: Path, left: LeftOut) -> Iterator[Test]:
    default = _default(config.get("defaultTest"), folder, left)
    given = [*_entries(config.get("tests"), folder, left), *_scenes(config.get("scenarios"), folder, left)]
    if not given and not config.get("tests") and not config.get("scenarios"):
        given = [("the only test", {})]
    for where, entry in given:
        try:
            entry = resolved(entry, config, folder)
            yield from _test(where, entry, default, folder, left)
        except NoCounterpart as reason:
            left.add(where, reason)


def _default(given: Any, folder: Path, left: LeftOut) -> Mapping[str, Any]:
    try:
        if isinstance(given, str):
            given = data(files(given, folder)[0])
        return mapping(given, "value")
    except NoCounterpart as reason:
        left.add("defaultTest", reason)
        return {}


def _entries(given: Any, folder: Path, left: LeftOut, name: str = "tests") -> Iterator[Entry]:
    for number, entry in enumerate(listed(given), 1):
        where = f"{name}[{number}]"
        try:
            if isinstance(entry, Mapping) and "path" not in entry:
                yield where, entry
            else:
                yield from _from_files(entry, folder)
        except NoCounterpart as reason:
            left.add(where, reason)


def _from_files(entry: Any, folder: Path) -> Iterator[Entry]:
    written = entry.get("path") if isinstance(entry, Mapping) else entry
    if not isinstance(written, str):
        raise NoCounterpart("it is no test")
    for path in files(written, folder):
        rows = list(_from_table(path) if path.suffix == ".csv" else _from_data(path))
        yield from ((f"{path.name}{place}", row) for place, row in rows)


def _from_data(path: Path) -> Iterator[Entry]:
    if path.suffix == ".jsonl":
        rows = _lines(path)
    elif path.suffix in DATA:
        rows = listed(data(path))
    else:
        raise NoCounterpart(f"{path.name} is no file of tests that is read here: save it as CSV, YAML or JSON")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise NoCounterpart(f"{path.name}[{number}] is no test")
        yield f"[{number}]", row


def _lines(path: Path) -> list[Any]:
    try:
        return [json.loads(line) for line in text(path).splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise NoCounterpart(f"{path.name} is no JSON, line by line: {error}") from None


def _from_table(path: Path) -> Iterator[Entry]:
    try:
        rows = list(csv.DictReader(text(path).lstrip("\ufeff").splitlines(keepends=True)))
    except csv.Error as error:
        raise NoCounterpart(f"{path.name} is no table: {error}") from None
    for number, row in enumerate(rows, 1):
        cells = {str(key).strip(): value for key, value in row.items() if isinstance(value, str)}
        if any(value.strip() for value in cells.values()):
            yield f", row {number}", _row(cells)


def _row(cells: Mapping[str, str]) -> Mapping[str, Any]:
    """A line of a table as a test: columns that begin with `__` say something about it."""
    expected = [value for key, value in cells.items() if re.fullmatch(r"__expected\d*", key) and value.strip()]
    said = {key: value for key, value in cells.items() if key.startswith("__") and value.strip()}
    others = {key: value for key, value in said.items() if not re.fullmatch(r"__(expected\d*|description)", key)}
    variables = {key: value for key, value in cells.items() if not key.startswith("__")}
    test = {"vars": variables, "assert": list(map(compact, expected)), **others}
    return {**test, "description": cells.get("__description", "")}


def _scenes(given: Any, folder: Path, left: LeftOut) -> Iterator[Entry]:
    """Each test of a scenario with each set of its variables."""
    for where, scene in _entries(given, folder, left, "scenarios"):
        for unread in sorted(set(scene) - {"config", "tests", "description"}):
            left.add(where, f"its `{unread}` has no counterpart")
        rows = list(_entries(scene.get("config"), folder, left, f"{where}.config")) or [(where, {})]
        inner = list(_entries(scene.get("tests"), folder, left, f"{where}.tests"))
        for (_, row), (place, test) in product(rows, inner):
            try:
                yield place, _over(row, test)
            except NoCounterpart as reason:
                left.add(place, reason)


def _over(default: Mapping[str, Any], entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """A test with what it does not say itself taken from a default: options key by key, assertions of both."""
    options = [mapping(one.get("options"), "`options`") for one in (default, entry)]
    asserted = {"assert": [*listed(default.get("assert")), *listed(entry.get("assert"))]}
    both = [value for one in (default, entry) for value in listed(one.get("vars"))]
    return {**default, **entry, "options": {**options[0], **options[1]}, **asserted, "vars": both}


def _test(
    where: str, entry: Mapping[str, Any], default: Mapping[str, Any], folder: Path, left: LeftOut
) -> Iterator[Test]:
    said = _over(default, entry)
    _tell(where, said, left)
    assertions = tuple(_graded(said["assert"], said["options"].get("provider")))
    for row in _rows(said, folder):
        names = (tuple(map(str, listed(said.get(key)))) for key in ("providers", "prompts"))
        yield Test(where, str(said.get("description") or ""), row, assertions, *names)


def _tell(where: str, said: Mapping[str, Any], left: LeftOut) -> None:
    for key, value in said.items():
        if key in _IDLE and value:
            left.ignore(f"`{key}` of tests")
        elif key not in _READ and value:
            left.add(where, f"its `{key}` has no counterpart")
    for key, value in said["options"].items():
        if key not in _OPTIONS and value:
            left.add(where, f"its `options.{key}` has no counterpart")


def _graded(assertions: list[Any], grader: Any) -> Iterator[Any]:
    """The assertions, each with the model that grades all of them where it names none."""
    for one in assertions:
        yield {"provider": grader, **one} if grader and isinstance(one, Mapping) else one


def _rows(said: Mapping[str, Any], folder: Path) -> list[Mapping[str, Any]]:
    variables: dict[str, Any] = {}
    for given in said["vars"]:
        variables |= _variables(given, folder)
    read_in = {str(name): _value(value, folder) for name, value in variables.items()}
    rows = [read_in] if said["options"].get("disableVarExpansion") else list(_crossed(read_in))
    return [_inlined(row) for row in rows]


def _variables(given: Any, folder: Path) -> Mapping[str, Any]:
    if not isinstance(given, str):
        return mapping(given, "`vars`")
    found: dict[str, Any] = {}
    for path in files(given, folder):
        found |= mapping(data(path), f"file {path.name}")
    return found


def _crossed(variables: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A list of texts or numbers means one test each. Raises NoCounterpart where they are too many."""
    axes = [value if isinstance(value, list) and value else [value] for value in variables.values()]
    count = 1
    for axis in axes:
        count *= len(axis)
    if count > MAX_ROWS:
        raise NoCounterpart(f"its lists of values make {count} rows, and {MAX_ROWS} are the most")
    yield from (dict(zip(variables, row, strict=True)) for row in product(*axes))


def _inlined(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The variables, each name of another in them replaced. Raises NoCounterpart for any other template."""
    filled = {name: _filled(value, row) for name, value in row.items()}
    for name, value in filled.items():
        if isinstance(value, str) and re.search(r"\{\{|\{%", value):
            raise NoCounterpart(f"the variable {name} is a template: write out its value")
    return filled


def _filled(value: Any, row: Mapping[str, Any]) -> Any:
    if not isinstance(value, str):
        return value
    return _NAME.sub(lambda found: str(row[found[1]]) if found[1] in row else found[0], value)


def _value(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_value(item, folder) for item in value]
    if not isinstance(value, str) or not value.startswith("file://"):
        return value
    path = files(value, folder)[0]
    if path.suffix in DATA:
        return data(path)
    if path.suffix not in TEXTS:
        raise NoCounterpart(f"{path.name} is no text; a picture is written as `images: [{path.name}]`")
    return text(path)
