"""A promptfoo configuration as it is read: prompts, models, tests."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from pytest_llm.cases.yamlfile import load_documents, read_text
from pytest_llm.commands.promptfoo.assertions import compact
from pytest_llm.commands.promptfoo.left import LeftOut, NoCounterpart
from pytest_llm.commands.promptfoo.providers import Model, model
from pytest_llm.errors import InputError

_SEPARATOR = re.compile(r"^---[ \t]*$", re.MULTILINE)
_TEXTS = (".txt", ".md", ".j2", ".njk", "")
_DATA = (".yaml", ".yml", ".json")
_ROLES = ("system", "user", "assistant")
MAX_ROWS = 1000  # of one test whose variables are lists


@dataclass(frozen=True)
class Prompt:
    """label: what its file is called after. One of text, file (a path) and messages."""

    label: str
    text: str = ""
    file: Path | None = None
    messages: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class Test:
    """One test, its lists of values already crossed. providers: labels or names, none for all."""

    where: str
    description: str
    vars: Mapping[str, Any]
    assertions: tuple[Any, ...]
    providers: tuple[str, ...] = ()


@dataclass
class Config:
    prompts: list[Prompt]
    models: list[Model]
    tests: list[Test]
    description: str = ""
    repeat: int = 1
    left: LeftOut = field(default_factory=LeftOut)


_KNOWN = frozenset({"prompts", "providers", "targets", "tests", "defaultTest", "description", "evaluateOptions"})
_SILENT = frozenset({"outputPath", "sharing", "tags", "metadata", "writeLatestResults", "commandLineOptions"})


def read(path: Path) -> Config:
    """The configuration in a file. Raises InputError where it is none."""
    data = _document(path)
    if not isinstance(data, Mapping) or "prompts" not in data:
        raise InputError("this is no promptfoo configuration: it has no `prompts`", path=path)
    left, folder = LeftOut(), path.parent
    for key in data:
        if key not in _KNOWN | _SILENT and not str(key).startswith("$"):
            left.add(str(key), "has no counterpart")
    options = data.get("evaluateOptions") or {}
    return Config(
        prompts=list(_prompts(data["prompts"], folder, left)),
        models=list(_models(data.get("providers", data.get("targets")), folder, left)),
        tests=list(_tests(data, folder, left)),
        description=str(data.get("description") or ""),
        repeat=int(options.get("repeat") or 1),
        left=left,
    )


def _document(path: Path) -> Any:
    if path.suffix == ".json":
        try:
            return json.loads(read_text(path))
        except ValueError as error:
            raise InputError(f"this is no JSON: {error}", path=path) from None
    documents = load_documents(path)
    return documents[0].value if documents else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _prompts(given: Any, folder: Path, left: LeftOut) -> Iterator[Prompt]:
    for number, entry in enumerate(_listed(given), 1):
        try:
            yield from _prompt(entry, f"prompt-{number}", folder)
        except NoCounterpart as reason:
            left.add(f"prompts[{number}]", reason)


def _prompt(entry: Any, label: str, folder: Path) -> Iterator[Prompt]:
    if isinstance(entry, Mapping):
        label = str(entry.get("label") or entry.get("id") or label)
        entry = entry.get("raw", entry.get("id"))
    if not isinstance(entry, str) or not entry.strip():
        raise NoCounterpart("it is no text")
    if "\n" not in entry and (entry.startswith("file://") or Path(entry).suffix in (".txt", ".md", ".json")):
        yield from _from_file(_file(entry, folder), label)
    else:
        yield _made(entry, label)


def _from_file(path: Path, label: str) -> Iterator[Prompt]:
    label = path.stem if label.startswith("prompt-") else label
    if path.suffix in _DATA:
        yield _chat(_document(path), label)
        return
    if path.suffix not in _TEXTS:
        raise NoCounterpart(f"{path.name} is code; write out what it makes")
    parts = [part.strip() for part in _SEPARATOR.split(read_text(path)) if part.strip()]
    if len(parts) == 1:
        made = _made(parts[0], label)
        yield made if made.messages else Prompt(label, file=path)
        return
    yield from (_made(part, f"{label}-{number}") for number, part in enumerate(parts, 1))


def _made(text: str, label: str) -> Prompt:
    """A prompt's text; one that is a conversation in JSON is a conversation."""
    if text.lstrip().startswith("["):
        try:
            return _chat(json.loads(text), label)
        except ValueError:
            pass
    return Prompt(label, text)


def _chat(data: Any, label: str) -> Prompt:
    messages = data if isinstance(data, list) else []
    for message in messages:
        plain = isinstance(message, Mapping) and isinstance(message.get("content"), str)
        if not plain or message.get("role") not in _ROLES:
            raise NoCounterpart("its messages are more than a role and a text")
    if not messages:
        raise NoCounterpart("it is no list of messages")
    return Prompt(label, messages=tuple({"role": m["role"], "content": m["content"]} for m in messages))


def _models(given: Any, folder: Path, left: LeftOut) -> Iterator[Model]:
    for entry in _listed(given):
        if isinstance(entry, str) and entry.startswith("file://"):
            path = _file(entry, folder)
            yield from _models(_document(path), path.parent, left)
            continue
        name = entry if isinstance(entry, str) else entry.get("id", entry) if isinstance(entry, Mapping) else entry
        try:
            found = model(entry)
        except NoCounterpart as reason:
            left.add(f"provider {name}", reason)
            continue
        for note in found.notes:
            left.add(f"provider {found.label}", note)
        yield found


def _tests(data: Mapping[str, Any], folder: Path, left: LeftOut) -> Iterator[Test]:
    default = data.get("defaultTest") or {}
    if isinstance(default, str):
        default = _document(_file(default, folder)) or {}
    given = list(_entries(data.get("tests"), folder, left)) or [("the only test", {})]
    for where, entry in given:
        try:
            yield from _test(where, entry, default, folder, left)
        except NoCounterpart as reason:
            left.add(where, reason)


def _entries(given: Any, folder: Path, left: LeftOut) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, entry in enumerate(_listed(given), 1):
        where = f"tests[{number}]"
        if isinstance(entry, Mapping):
            yield where, entry
            continue
        try:
            for path in _files(str(entry), folder):
                yield from _from_table(path) if path.suffix == ".csv" else _from_data(path)
        except NoCounterpart as reason:
            left.add(where, reason)


def _from_data(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in read_text(path).splitlines() if line.strip()]
    elif path.suffix in _DATA:
        rows = _listed(_document(path))
    else:
        raise NoCounterpart(f"{path.name} is code; write out the tests that it makes")
    yield from ((f"{path.name}[{number}]", row) for number, row in enumerate(rows, 1) if isinstance(row, Mapping))


def _from_table(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, row in enumerate(csv.DictReader(read_text(path).splitlines(keepends=True)), 1):
        cells = {str(key).strip(): value or "" for key, value in row.items() if isinstance(value, str)}
        expected = [text for key, text in cells.items() if re.fullmatch(r"__expected\d*", key) and text.strip()]
        variables = {key: value for key, value in cells.items() if not key.startswith("__")}
        test = {"vars": variables, "assert": list(map(compact, expected))}
        yield f"{path.name}, row {number}", {**test, "description": cells.get("__description", "")}


def _test(
    where: str, entry: Mapping[str, Any], default: Mapping[str, Any], folder: Path, left: LeftOut
) -> Iterator[Test]:
    options = {**(default.get("options") or {}), **(entry.get("options") or {})}
    grader = options.pop("provider", None)
    for key in ("transform", "threshold", "assertScoringFunction", "options"):
        if options if key == "options" else entry.get(key) or default.get(key):
            left.add(where, f"its `{key}` has no counterpart")
    variables = {**(default.get("vars") or {}), **(entry.get("vars") or {})}
    read_in = {name: _value(value, folder) for name, value in variables.items()}
    assertions = (*_listed(default.get("assert")), *_listed(entry.get("assert")))
    if grader:
        assertions = tuple({"provider": grader, **one} if isinstance(one, Mapping) else one for one in assertions)
    rows = list(_crossed(read_in))
    if len(rows) > MAX_ROWS:
        raise NoCounterpart(f"its lists of values make {len(rows)} rows, and {MAX_ROWS} are the most")
    for row in rows:
        providers = tuple(map(str, _listed(entry.get("providers"))))
        yield Test(where, str(entry.get("description") or ""), row, assertions, providers)


def _crossed(variables: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A list of texts or numbers means one test each."""
    axes = [value if isinstance(value, list) and value else [value] for value in variables.values()]
    yield from (dict(zip(variables, row, strict=True)) for row in product(*axes))


def _value(value: Any, folder: Path) -> Any:
    if not isinstance(value, str) or not value.startswith("file://"):
        return value
    path = _file(value, folder)
    if path.suffix in _DATA:
        return _document(path)
    if path.suffix not in _TEXTS:
        raise NoCounterpart(f"{path.name} is no text")
    return read_text(path)


def _files(written: str, folder: Path) -> list[Path]:
    name = written.removeprefix("file://").partition("#")[0]
    found = sorted(folder.glob(name)) if "*" in name else [folder / name]
    if not found or not all(path.is_file() for path in found):
        raise NoCounterpart(f"there is no file {name}")
    return found


def _file(written: str, folder: Path) -> Path:
    return _files(written, folder)[0]
