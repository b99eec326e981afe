"""Files that a promptfoo configuration names, and what it refers to within itself."""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_llm.cases.yamlfile import load_documents, read_text
from pytest_llm.commands.promptfoo.left import NoCounterpart
from pytest_llm.errors import InputError

DATA = (".yaml", ".yml", ".json")
TEXTS = (".txt", ".md", ".j2", ".njk", "")
CODE = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".py", ".rb", ".go", ".sh")
_FUNCTION = re.compile(rf"({'|'.join(map(re.escape, CODE))}):\w+$")
_ELSEWHERE = re.compile(r"(?!file:)\w+://")
_ENVIRONMENT = re.compile(r"\{\{-?\s*env\.(\w+)\s*-?\}\}")


def document(path: Path) -> Any:
    """What a YAML or JSON file holds, None where that is nothing. Raises InputError."""
    if path.suffix == ".json":
        try:
            return json.loads(read_text(path))
        except (ValueError, RecursionError) as error:
            raise InputError(f"this is no JSON: {error}", path=path) from None
    documents = load_documents(path)
    return documents[0].value if documents else None


def text(path: Path) -> str:
    """What a file that the configuration names holds. Raises NoCounterpart where it cannot be read."""
    try:
        return read_text(path)
    except InputError as error:
        raise NoCounterpart(f"{path.name} cannot be read: {error}") from None


def data(path: Path) -> Any:
    """The same of YAML and JSON."""
    try:
        return document(path)
    except InputError as error:
        raise NoCounterpart(f"{path.name} cannot be read: {error}") from None


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """The value, {} for none. Raises NoCounterpart where it is something else."""
    if not isinstance(value, Mapping | None):
        raise NoCounterpart(f"its {what} is no mapping")
    return value or {}


def files(written: str, folder: Path) -> list[Path]:
    """The files of a `file://` path, which may be a pattern. Raises NoCounterpart where there is none, or code."""
    if _ELSEWHERE.match(written):
        raise NoCounterpart("it comes from a service: save it as a file first")
    name = _FUNCTION.sub(r"\1", written.removeprefix("file://").partition("#")[0])
    if "{{" in name:
        raise NoCounterpart("a template in a file's name: write the name, or its variable into the file's `env`")
    if Path(name).suffix in CODE:
        raise NoCounterpart(f"{name} is code: write out what it makes")
    found = sorted(map(Path, glob.glob(str(folder / name), recursive=True))) if "*" in name else [folder / name]
    found = [path for path in found if path.is_file()]
    if not found:
        raise NoCounterpart(f"there is no file {name}")
    return found


def resolved(value: Any, root: Any, folder: Path, above: Sequence[str] = ()) -> Any:
    """The value with each `$ref` replaced by what it names (`#/a/b`, `file.yaml#/a`), and `{{ env.NAME }}` by the
    configuration's own `env`. What names nothing stays.
    """
    if isinstance(value, str):
        return _with_environment(value, root)
    if isinstance(value, list):
        return [resolved(item, root, folder, above) for item in value]
    if not isinstance(value, Mapping):
        return value
    reference, rest = value.get("$ref"), {key: item for key, item in value.items() if key != "$ref"}
    named = _named(reference, root, folder) if isinstance(reference, str) and reference not in above else None
    if named is None:
        return {key: resolved(item, root, folder, above) for key, item in value.items()}
    found = resolved(named, root, folder, (*above, str(reference)))
    more = {key: resolved(item, root, folder, above) for key, item in rest.items()}
    return {**found, **more} if isinstance(found, Mapping) else found


def _with_environment(written: str, root: Any) -> str:
    given = root.get("env") if isinstance(root, Mapping) else None
    known = given if isinstance(given, Mapping) else {}
    return _ENVIRONMENT.sub(lambda found: str(known.get(found[1], found[0])), written)


def _named(reference: str, root: Any, folder: Path) -> Any:
    name, _, pointer = reference.partition("#")
    try:
        found = data(files(name, folder)[0]) if name else root
    except NoCounterpart:
        return None
    for key in pointer.strip("/").split("/") if pointer.strip("/") else ():
        found = found.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
    return found
