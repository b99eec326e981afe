"""`schema`: the answer is JSON, and the JSON fits a JSON Schema or a pydantic model."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import PrivateAttr, TypeAdapter, ValidationError, model_validator
from pydantic.errors import PydanticUserError

from pytest_llm.answers.extract import Artifact
from pytest_llm.cases.json_schema import KEYWORDS, refuse_open, unwrapped
from pytest_llm.checks.base import Check, CheckContext, Finding
from pytest_llm.checks.strict_json import SMALL, Json, Steps, dotted, read_answer
from pytest_llm.errors import CheckCrashed, InputError
from pytest_llm.sandbox.bounded import call

if TYPE_CHECKING:
    from pytest_llm.checks.schema_validation import Source

_MODEL = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_MOST = 20  # findings of one answer
SECONDS = 10.0
"""How long a schema may look at one answer, where it might never end."""

_COMPLAINTS = "pytest_llm.checks.schema_validation:complaints"
_LINEAR = "without look-around and back references it is matched in time linear in the text"
_CIRCLES = "where a schema refers to itself in several alternatives, the work may double with each level"


class Schema(Check):
    """The answer's JSON fits a schema: a `file`, one written `inline`, or a `model` as `module:Class`.

    `schema: NAME.json` is the file, `schema: module:Class` the model, and a mapping that is a JSON Schema is taken
    as one. Where the case asks for a `format` the whole answer must be JSON, else a fenced block of it will do.
    """

    name: ClassVar[str] = "schema"
    shorthand: ClassVar[str | None] = "file"
    file_fields: ClassVar[tuple[str, ...] | None] = ("file",)
    file: str | None = None
    inline: dict[str, Any] | bool | None = None
    model: str | None = None

    _document: Any = PrivateAttr(default=None)
    _source: Any = PrivateAttr(default=None)
    _referred: tuple[Path, ...] = PrivateAttr(default=())
    _adapter: Any = PrivateAttr(default=None)

    @classmethod
    def unfold(cls, value: Any) -> Mapping[str, Any]:
        if isinstance(value, str) and _MODEL.fullmatch(value):
            return {"model": value}
        if (
            isinstance(value, Mapping)
            and not value.keys() & cls.model_fields.keys()
            and (value.keys() & KEYWORDS or unwrapped(value) is not value)
        ):
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
        from pytest_llm.checks.schema_files import read_schema, source

        base = folder
        if self.model is not None:
            self._adapter = _adapter(self.model, root)
            self._document = _described(self.model, self._adapter)
        elif self.file is not None:
            base = inside(self.file, folder, root, what="schema file")
            self._document = unwrapped(read_schema(base))
        else:
            self._document = unwrapped(self.inline)
        try:
            if self.model is None:
                refuse_open(self._document)
            self._source, self._referred = source(self._document, base, root)
        except InputError as error:
            if self.file is None or error.path is not None:
                raise
            raise InputError(error.message, path=base, hint=error.hint) from None

    def files_read(self, folder: Path) -> tuple[Path, ...]:
        """Also those that the schema refers to, and the module of a model; the check must have been prepared."""
        module = sys.modules.get((self.model or "").partition(":")[0])
        code = getattr(module, "__file__", None)
        return (*super().files_read(folder), *self._referred, *([Path(code)] if code else []))

    def document(self) -> dict[str, Any]:
        """The schema as data, as a server takes it for its `format`; the check must have been prepared."""
        if isinstance(self._document, bool):
            return {} if self._document else {"not": {}}
        return dict(self._document)

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        if self._source is None:
            self.prepare(context.folder, context.root)
        found = read_answer(artifact, context, self.name)
        if not isinstance(found, Json):
            return found
        return [*found.complaints, *self._judged(found)]

    def _judged(self, found: Json) -> list[Finding]:
        said = self._complaints(found.block.text)
        if (pattern := said["stopped"]) is not None:
            raise CheckCrashed(f"the schema's pattern /{pattern}/ went back too often in this answer", hint=_LINEAR)
        if not said["count"]:
            return list(self._refused(found))
        shown = [
            found.finding(self.name, message, tuple(steps), kind=kind, details=details)
            for steps, message, kind, details in said["found"]
        ]
        if said["count"] > _MOST:
            shown.append(Finding(self.name, f"and {said['count'] - _MOST} more", kind="more"))
        return shown

    def _complaints(self, text: str) -> dict[str, Any]:
        """In the other process where no bound on the schema's work is known."""
        from pytest_llm.checks import schema_validation

        spec: Source = self._source
        if spec.bounded and len(text) <= SMALL:
            return schema_validation.complaints(spec.schema, spec.documents, spec.uri, text, _MOST)
        try:
            arguments = (spec.schema, spec.documents, spec.uri, text, _MOST)
            said: dict[str, Any] = call(_COMPLAINTS, *arguments, seconds=SECONDS)
        except CheckCrashed as error:
            raise CheckCrashed(f"{self.label} could not be judged: {error.message}", hint=_CIRCLES) from None
        return said

    def _refused(self, found: Json) -> Iterator[Finding]:
        """What the model's own validators say once its schema is content."""
        from pytest_llm.checks.schema_words import shown

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
