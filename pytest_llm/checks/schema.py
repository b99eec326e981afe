"""`schema`: the answer is JSON, and the JSON fits a JSON Schema or a pydantic model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import PrivateAttr, TypeAdapter, ValidationError, model_validator
from pydantic.errors import PydanticUserError

from pytest_llm.answers.extract import Artifact
from pytest_llm.checks.base import Check, CheckContext, Finding
from pytest_llm.checks.strict_json import Json, Steps, read_answer
from pytest_llm.errors import CheckCrashed, InputError

_KEYWORDS = {
    "$schema",
    "$id",
    "$ref",
    "$defs",
    "definitions",
    "title",
    "description",
    "type",
    "enum",
    "const",
    "not",
} | {
    *("properties", "required", "additionalProperties", "patternProperties", "items", "prefixItems", "pattern"),
    *("anyOf", "oneOf", "allOf", "if", "minimum", "maximum", "format", "minItems", "minLength"),
}
_MODEL = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_MOST = 20  # findings of one answer


class Schema(Check):
    """The answer's JSON fits a schema: a `file`, one written `inline`, or a `model` as `module:Class`.

    `schema: NAME.json` is the file, `schema: module:Class` the model, and a mapping that is a JSON Schema is taken
    as one. Where the case asks for a `format` the whole answer must be JSON, else a fenced block of it will do.
    """

    name: ClassVar[str] = "schema"
    shorthand: ClassVar[str | None] = "file"
    file: str | None = None
    inline: dict[str, Any] | bool | None = None
    model: str | None = None

    _document: Any = PrivateAttr(default=None)
    _validator: Any = PrivateAttr(default=None)
    _adapter: Any = PrivateAttr(default=None)

    @classmethod
    def unfold(cls, value: Any) -> Mapping[str, Any]:
        if isinstance(value, str) and _MODEL.fullmatch(value):
            return {"model": value}
        if isinstance(value, Mapping) and not value.keys() & cls.model_fields.keys() and value.keys() & _KEYWORDS:
            return {"inline": dict(value)}
        return super().unfold(value)

    @model_validator(mode="after")
    def _one_source(self) -> Schema:
        given = [key for key in ("file", "inline", "model") if getattr(self, key) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"needs exactly one of file, inline and model, and has {found}")
        return self

    @property
    def label(self) -> str:
        return "schema" if self.inline is not None else f"schema: {self.file or self.model}"

    def prepare(self, folder: Path, root: Path) -> None:
        """Read the schema. Raises InputError where it is none, or where a reference leads nowhere."""
        from pytest_llm.cases.paths import inside
        from pytest_llm.checks.schema_files import read_schema, validator

        base = folder
        if self.model is not None:
            self._adapter = _adapter(self.model, root)
            self._document = _described(self.model, self._adapter)
        elif self.file is not None:
            base = inside(self.file, folder, root, what="schema file")
            self._document = read_schema(base)
        else:
            self._document = self.inline
        try:
            self._validator = validator(self._document, base, root)
        except InputError as error:
            if self.file is None or error.path is not None:
                raise
            raise InputError(error.message, path=base, hint=error.hint) from None

    def document(self) -> dict[str, Any]:
        """The schema as data, as a server takes it for its `format`; the check must have been prepared."""
        if isinstance(self._document, bool):
            return {} if self._document else {"not": {}}
        return dict(self._document)

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        if self._validator is None:
            self.prepare(context.folder, context.root)
        found = read_answer(artifact, context, self.name)
        if not isinstance(found, Json):
            return found
        return [*found.complaints, *self._judged(found)]

    def _judged(self, found: Json) -> list[Finding]:
        from referencing.exceptions import Unresolvable

        try:
            errors = sorted(self._validator.iter_errors(found.value), key=lambda error: len(error.absolute_path))
        except Unresolvable as error:
            raise CheckCrashed(f"the schema's reference {error.ref!r} leads nowhere") from None
        except RecursionError:
            return [Finding(self.name, "the JSON goes deeper into the schema than can be followed", kind="depth")]
        if not errors:
            return list(self._refused(found))
        shown = [_finding(found, error) for error in errors[:_MOST]]
        if len(errors) > _MOST:
            shown.append(Finding(self.name, f"and {len(errors) - _MOST} more", kind="more"))
        return shown

    def _refused(self, found: Json) -> Iterator[Finding]:
        """What the model's own validators say once its schema is content."""
        from pytest_llm.checks.schema_words import dotted, shown

        if self._adapter is None:
            return
        try:
            self._adapter.validate_json(found.block.text)
        except ValidationError as error:
            for item in error.errors()[:_MOST]:
                steps = _steps(item["loc"], found.value)
                message = f"{dotted(steps)} is {shown(item['input'])}: {item['msg']}"
                yield found.finding(self.name, message, steps, kind=item["type"], details=f"rule: {self.model}")
        except Exception as error:  # a validator of the user's own may raise anything
            raise CheckCrashed(f"{self.model} broke: {type(error).__name__}: {error}") from error


def _finding(found: Json, error: Any) -> Finding:
    from pytest_llm.checks.schema_words import deepest, rule_of, sentence

    details = [rule_of(error)]
    if nearest := deepest(error):
        details.append(f"the form that fits nearest: {sentence(nearest)}")
    steps = tuple(error.absolute_path)
    return found.finding("schema", sentence(error), steps, kind=str(error.validator), details="\n".join(details))


def _steps(loc: tuple[int | str, ...], value: Any) -> Steps:
    """The part of pydantic's location that stands in the JSON: it also names branches of unions."""
    steps: list[str | int] = []
    for part in loc:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            continue
        steps.append(part)
    return tuple(steps)


def _adapter(spec: str, root: Path) -> TypeAdapter[Any]:
    from pytest_llm.cases.importing import load_object

    found = load_object(spec, root)
    if not isinstance(found, type):
        raise InputError(f"{spec!r} is no class")
    try:
        return TypeAdapter(found)
    except PydanticUserError as error:
        raise InputError(f"{spec!r} is no model: {error.message.splitlines()[0]}") from None


def _described(spec: str, adapter: TypeAdapter[Any]) -> dict[str, Any]:
    try:
        return adapter.json_schema()
    except PydanticUserError as error:
        raise InputError(f"{spec!r} has no JSON Schema: {error.message.splitlines()[0]}") from None
