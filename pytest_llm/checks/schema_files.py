"""JSON Schemas as files: read strictly, their references kept to files of the repository."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urljoin, urlsplit

from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from jsonschema_specifications import REGISTRY as SPECIFICATIONS  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.exceptions import NoSuchResource, Unresolvable
from referencing.jsonschema import DRAFT202012

from pytest_llm.cases.yamlfile import load_documents, read_text
from pytest_llm.checks.schema_words import dotted
from pytest_llm.errors import InputError

Document = Mapping[str, Any] | bool
_UNKNOWN: Any = None


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

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise InputError(f"this is not valid JSON: {error.msg}", path=path, line=error.lineno) from None
    except (RecursionError, ValueError) as error:
        raise InputError(f"this JSON cannot be read: {error}", path=path) from None


def validator(document: Document, base: Path, root: Path) -> Validator:
    """What judges an instance by `document`, in the dialect the document names, else 2020-12.

    base: the file it was read from, or the folder an inline one stands in. Raises InputError where it is no schema,
    or where a reference leads nowhere; nothing is fetched from the network.
    """
    kind = _dialect(document)
    _refuse_invalid(kind, document)
    document = _named(document, kind, base.resolve().as_uri() + ("/" if base.is_dir() else ""))
    resource: Resource[Any] = Resource.from_contents(document, default_specification=DRAFT202012)
    local = _Local(base if base.is_dir() else base.parent, root)
    registry: Registry[Any] = Registry(retrieve=local)  # type: ignore[call-arg]
    registry = registry.combine(SPECIFICATIONS)
    for reference, reason in _dangling(registry.resolver_with_root(resource), resource):
        raise InputError(f"the schema's reference {reference!r} leads nowhere", hint=reason)
    made: Validator = kind(document, registry=registry, format_checker=kind.FORMAT_CHECKER)
    return made


def _named(document: Document, kind: Any, uri: str) -> Document:
    """The schema with an `$id` that its relative references start from."""
    if not isinstance(document, Mapping):
        return document
    key = "id" if "id" in kind.META_SCHEMA else "$id"
    return {**document, key: urljoin(uri, str(document.get(key, "")))}


def _dialect(document: Document) -> Any:
    named = document.get("$schema") if isinstance(document, Mapping) else None
    kind = validator_for(document, default=_UNKNOWN) if named is not None else validator_for({})
    if kind is _UNKNOWN:
        raise InputError(
            f"the schema names a dialect that is not known: {named!r}",
            hint='use "https://json-schema.org/draft/2020-12/schema", or leave `$schema` out',
        )
    return kind


def _refuse_invalid(kind: Any, document: Document) -> None:
    from jsonschema.exceptions import SchemaError

    try:
        kind.check_schema(document)
    except SchemaError as error:
        where = dotted(error.absolute_path)
        raise InputError(f"this is no JSON Schema: at {where}: {' '.join(error.message.split())[:200]}") from None
    except RecursionError:
        raise InputError("this is no JSON Schema: it is nested too deep") from None


class _Local:
    """Finds what a reference names: a file under the root, or a neighbour that has the reference as its `$id`."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder, self.root = folder.resolve(), root.resolve()

    def __call__(self, uri: str) -> Resource[Any]:
        parts = urlsplit(uri)
        if parts.scheme == "file":
            path = Path(unquote(parts.path)).resolve()
            if not path.is_relative_to(self.root) or not path.is_file():
                raise _nowhere(uri)
            return Resource.from_contents(read_schema(path), default_specification=DRAFT202012)
        for path in sorted(self.folder.glob("*.json")):
            data = read_schema(path)
            if isinstance(data, dict) and data.get("$id") in (uri, f"{uri}#"):
                return Resource.from_contents(data, default_specification=DRAFT202012)
        raise _nowhere(uri)


def _nowhere(uri: str) -> NoSuchResource:
    return NoSuchResource(ref=uri)  # type: ignore[call-arg]


def _dangling(resolver: Any, resource: Resource[Any]) -> Iterator[tuple[str, str]]:
    """(reference, why) of each `$ref` that cannot be followed, in the schema and all that it refers to."""
    todo = [(resolver, resource)]
    seen: set[tuple[int, str]] = set()
    while todo:
        resolver, here = todo.pop()
        resolver = resolver.in_subresource(here)
        todo += [(resolver, inner) for inner in here.subresources()]
        reference = here.contents.get("$ref") if isinstance(here.contents, Mapping) else None
        if not isinstance(reference, str) or (id(here.contents), reference) in seen:
            continue
        seen.add((id(here.contents), reference))
        try:
            found = resolver.lookup(reference)
            todo.append((found.resolver, Resource.from_contents(found.contents, default_specification=DRAFT202012)))
        except (Unresolvable, ValueError) as error:
            yield reference, _reason(error)


def _reason(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, InputError):
        cause = cause.__cause__
    return str(cause or "only parts of the schema and files under the rootdir can be referred to")
