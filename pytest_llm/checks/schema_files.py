"""JSON Schemas as files: read strictly, their references kept to files of the repository."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import jsonschema_rs

from pytest_llm.cases.json_schema import dialect
from pytest_llm.cases.yamlfile import load_documents, read_text
from pytest_llm.checks.schema_cost import everything, has_loop, is_bounded
from pytest_llm.checks.schema_validation import Source, made
from pytest_llm.checks.schema_words import deepest, sentence
from pytest_llm.errors import InputError

_SUFFIXES = (".json", ".yaml", ".yml")
_KNOWN = ("http://json-schema.org/draft", "https://json-schema.org/draft")  # comes with the validator
_OTHERS = "of JSON Schema's own documents only those of the dialect that the schema's `$schema` names are at hand"
_DRAFTS = {
    "http://json-schema.org/draft-04/schema#": jsonschema_rs.Draft4,
    "http://json-schema.org/draft-06/schema#": jsonschema_rs.Draft6,
    "http://json-schema.org/draft-07/schema#": jsonschema_rs.Draft7,
    "https://json-schema.org/draft/2019-09/schema": jsonschema_rs.Draft201909,
    "https://json-schema.org/draft/2020-12/schema": jsonschema_rs.Draft202012,
}
_POINTERS = {  # references that one dialect alone follows
    "$recursiveRef": "https://json-schema.org/draft/2019-09/schema",
    "$dynamicRef": "https://json-schema.org/draft/2020-12/schema",
}
_NOWHERE = "the schema's reference {!r} leads nowhere"
_DATA = {"const", "enum", "default", "examples", "example"}  # keywords whose values are no schemas


def read_schema(path: Path) -> Any:
    """The data of a schema file, JSON or YAML. Raises InputError with the line of what is wrong."""
    if path.suffix in (".yaml", ".yml"):
        documents = load_documents(path)
        if len(documents) != 1:
            raise InputError(f"a schema is one document, here are {len(documents)}", path=path)
        return documents[0].value
    text = read_text(path)

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            keys = [key for key, _ in items]
            raise InputError(f"a key is there twice: {max(keys, key=keys.count)!r}", path=path)
        return found

    def constant(word: str) -> NoReturn:
        raise InputError(f"{word} is not JSON", path=path)

    def number(word: str) -> float:
        if math.isinf(value := float(word)):
            raise InputError(f"the number {word} is too large", path=path)
        return value

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant, parse_float=number)
    except json.JSONDecodeError as error:
        raise InputError(f"this is not valid JSON: {error.msg}", path=path, line=error.lineno) from None
    except (RecursionError, ValueError) as error:
        raise InputError(f"this JSON cannot be read: {error}", path=path) from None


def source(document: Any, base: Path, root: Path) -> tuple[Source, tuple[Path, ...]]:
    """What an instance is judged by: `document` and all that it refers to, as plain data; and the files of these.

    base: the file it was read from, or the folder an inline one stands in. Raises InputError where it is no schema,
    or where a reference leads nowhere; nothing is fetched from the network.
    """
    document = _spelled(document)
    _refuse_invalid(document)
    _refuse_unfollowed(document)
    if has_loop(document):
        raise InputError("the schema refers to itself without going deeper into the JSON: it would never end")
    uri = base.resolve().as_uri() + ("/" if base.is_dir() else "")
    local = _Local(document, uri, base if base.is_dir() else base.parent, root)
    documents = _gathered(document, uri, local)
    made_of = Source(json.dumps(document), json.dumps(documents), uri, is_bounded(document))
    try:
        made(made_of.schema, made_of.documents, uri)
    except jsonschema_rs.ValidationError as error:
        reason = sentence(error) if error.instance_path else error.message
        raise InputError(f"this JSON Schema cannot be used: {reason}") from None
    except (jsonschema_rs.ReferencingError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"this JSON Schema cannot be used: {reason}") from None
    return made_of, tuple(local.files)


def _spelled(document: Any) -> Any:
    if isinstance(document, Mapping) and "$schema" in document:
        return {**document, "$schema": dialect(document)}
    return document


def _refuse_invalid(document: Any) -> None:
    try:
        jsonschema_rs.meta.validate(document)
    except jsonschema_rs.ValidationError as error:
        raise InputError(f"this is no JSON Schema: {sentence(deepest(error) or error)}") from None
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deep" if "ecursion" in str(error) else str(error).partition("\n")[0]
        raise InputError(f"this is no JSON Schema: {reason}") from None


def _refuse_unfollowed(document: Any) -> None:
    """Raise InputError where a reference has no effect in the schema's dialect: whatever stood there would fit."""
    named = dialect(document)
    for word, home in _POINTERS.items():
        parts = (part for part in everything(document) if isinstance(part, Mapping))
        if home != named and any(isinstance(part.get(word), str) for part in parts):
            hint = f'it belongs to another dialect: write "$schema": "{home}", or use `$ref`'
            raise InputError(f"the schema's `{word}` has no effect in {named}", hint=hint)


class _Local:
    """Finds what a reference names among the files under the root.

    A file by its path; a neighbour that has the reference as its `$id`; a file that stands to the schema's own as
    the reference does to the schema's `$id`. files: those that were found.
    """

    def __init__(self, document: Any, uri: str, folder: Path, root: Path) -> None:
        self.folder, self.root = folder.resolve(), root.resolve()
        self.files: list[Path] = []
        own = document.get("$id", document.get("id")) if isinstance(document, Mapping) else None
        self.home = urljoin(urljoin(uri, own if isinstance(own, str) else ""), ".")

    def read(self, uri: str) -> Any:
        """The document of that URI. Raises InputError where there is none, or where it is broken."""
        path = self._file(uri)
        self.files.append(path)
        return read_schema(path.resolve())

    def _file(self, uri: str) -> Path:
        """As it is named: a link may lie on the way."""
        parts = urlsplit(uri)
        if parts.scheme == "file" and self._is_ours(path := Path(unquote(parts.path))):
            return path
        for path in sorted(path for path in self.folder.iterdir() if path.suffix in _SUFFIXES):
            if _identity(path) in (uri, f"{uri}#"):
                return path
        if uri.startswith(self.home) and self._is_ours(path := self.folder / uri[len(self.home) :]):
            return path
        raise InputError("only parts of the schema and files under the rootdir can be referred to")

    def _is_ours(self, path: Path) -> bool:
        real = path.resolve()
        return real.is_relative_to(self.root) and real.is_file()


def _identity(path: Path) -> Any:
    """The `$id` of a neighbour; nothing where it is no schema, which is its own business."""
    try:
        data = read_schema(path)
    except InputError:
        return None
    return data.get("$id", data.get("id")) if isinstance(data, dict) else None


def _gathered(document: Any, uri: str, local: _Local) -> dict[str, Any]:
    """The documents that a schema refers to, and those that they do. Raises InputError where one leads nowhere."""
    documents: dict[str, Any] = {}
    parts, references = _Parts(), list[tuple[str, str]]()
    todo = [(uri, document)]
    while todo:
        parts.walk(todo[0][1], todo.pop(0)[0])
        for base, reference in parts.references[len(references) :]:
            references.append((base, reference))
            try:
                name = _joined(base, reference)
                if name in documents or name in parts.identities or name.startswith(_KNOWN):
                    continue
                documents[name] = _spelled(local.read(name))
            except (InputError, ValueError) as error:
                raise InputError(_NOWHERE.format(reference), hint=str(error)) from None
            todo.append((name, documents[name]))
    _refuse_dangling({uri: document, **documents}, references, _DRAFTS[dialect(document)])
    return documents


def _joined(base: str, reference: str) -> str:
    """The URI of the document that a reference leads to."""
    return base if reference.startswith("#") else urldefrag(urljoin(base, reference))[0]


def _refuse_dangling(documents: Mapping[str, Any], references: list[tuple[str, str]], draft: int) -> None:
    """Raise InputError where a reference leads to a document, but not to a part of it.

    draft: the dialect of documents that name none.
    """
    try:
        registry = jsonschema_rs.Registry(documents.items(), draft=draft)
    except (jsonschema_rs.ReferencingError, ValueError):  # the validator says it in full
        return
    for base, reference in references:
        try:
            registry.resolver(base).lookup(reference)
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            hint = _OTHERS if reference.startswith(_KNOWN) and "Resource" in str(error) else str(error)
            raise InputError(_NOWHERE.format(reference), hint=hint) from None


class _Parts:
    """What a walk through schemas finds: (the URI it starts from, the reference) of each `$ref`, and each `$id`."""

    def __init__(self) -> None:
        self.references: list[tuple[str, str]] = []
        self.identities: set[str] = set()

    def walk(self, document: Any, uri: str) -> None:
        self.identities.add(uri)
        self._walk(document, uri, isinstance(document, Mapping) and "draft-0" in str(document.get("$schema")))

    def _walk(self, part: Any, base: str, old: bool) -> None:
        """old: of a dialect in which what stands beside a `$ref` is ignored."""
        if isinstance(part, list):
            for item in part:
                self._walk(item, base, old)
        if not isinstance(part, Mapping):
            return
        reference, own = part.get("$ref"), part.get("$id", part.get("id") if old else None)
        if isinstance(own, str) and not (old and isinstance(reference, str)):
            base = _joined(base, own)
            self.identities.add(base)
        if isinstance(reference, str):
            self.references.append((base, reference))
        for key, value in part.items():
            if key not in _DATA:
                self._walk(value, base, old)
