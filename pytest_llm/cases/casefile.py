"""`*.prompt.yaml` -> cases: defaults merged, files read, every complaint with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from pytest_llm.cases import fields
from pytest_llm.cases.case import LATER, Case, Some, Stage
from pytest_llm.cases.complaints import complaints, kind_of
from pytest_llm.cases.invalid import real_path
from pytest_llm.cases.json_schema import refuse_open, unwrapped
from pytest_llm.cases.paths import above, inside, refuse_url, spelled
from pytest_llm.cases.sampling import passes
from pytest_llm.cases.yamlfile import Document, KeyPath, load_documents, read_text
from pytest_llm.errors import Complaints, InputError, InputErrors, nearest

SUFFIX = ".prompt.yaml"
DEFAULTS = "_defaults.yaml"
MISNAMED_DEFAULTS = "_defaults.yml"
NOT_IN_DEFAULTS = ("id", "description", "prompt", "messages", "stages")
MERGED = ("options", "vars")
RESERVED_STAGES = frozenset(name for name in dir(dict) if not name.startswith("_"))  # `stages.items` is a method
TAKEN_BACK = ("matrix", "parametrize", "examples", "checks")  # by an empty value, where a defaults file gave some
_FORMATS = ("json", "schema")  # of `format`; any other text is a file's name

_TEXTS = ("prompt", "content", "user", "assistant")
_Part = TypeVar("_Part", Stage, fields.Message, fields.Example, fields.Pair)
_EXAMPLES = TypeAdapter(Annotated[list[fields.Pair], Some])


@dataclass(frozen=True)
class LoadedCase:
    """A case, its name, and the documents its keys came from. data: what these say, merged."""

    case: Case
    name: str
    path: Path
    root: Path
    origin: Mapping[str, Document]
    document: Document
    data: Mapping[str, Any]

    @cached_property
    def folder(self) -> Path:
        return self.path.parent

    def error(self, path: KeyPath, message: str, hint: str = "") -> InputError:
        """An InputError at a key of the case, in whichever file it was written."""
        return _origin(self.origin, self.document, path).error(path, message, hint)

    def line(self, *path: str | int) -> int:
        """The line of a key of the case file, from 1."""
        return self.document.line(path)


def load(path: Path, root: Path) -> list[LoadedCase]:
    """The cases of a file, their defaults merged. Raises InputError with the line of what is wrong."""
    wrong = Complaints()
    cases = read(path, root, wrong)
    wrong.tell()
    return cases


def read(path: Path, root: Path, wrong: Complaints) -> list[LoadedCase]:
    """The cases of a file that are well; what is wrong with the others is added to `wrong`."""
    cases: dict[str, LoadedCase] = {}
    with wrong.gather():
        documents = load_documents(path)
        if not documents:
            raise InputError("the file holds no case", path=path)
        inherited = _inherited(path.parent, root)
        for number, document in enumerate(documents, 1):
            with wrong.gather():
                loaded = _case(document, number, inherited, root)
                if loaded.name in cases:
                    raise loaded.error(("id",), f"two cases of this file are called {loaded.name!r}")
                cases[loaded.name] = loaded
    return list(cases.values())


def _case(document: Document, number: int, inherited: list[Document], root: Path) -> LoadedCase:
    if not isinstance(document.value, dict):
        raise document.error((), f"a case is a mapping of keys, not {kind_of(document.value)}")
    origin: dict[str, Document] = {}
    merged: dict[str, Any] = {}
    for source in [*inherited, document]:
        for key, value in source.value.items():
            if key in merged and _takes_back(key, value):
                del merged[key]
                continue
            both = key in MERGED and isinstance(value, dict) and isinstance(merged.get(key), dict)
            merged[key] = merged[key] | value if both else value
            origin[key] = source
    case = _validate(merged, _first_values(merged), origin, document)
    stem = document.path.name.removesuffix(SUFFIX)
    name = case.id or spelled(stem if number == 1 else f"{stem}-{number}")
    loaded = LoadedCase(case, name, document.path, root, origin, document, merged)
    _check_stages(loaded)
    return replace(loaded, case=with_files(loaded))


def _check_stages(loaded: LoadedCase) -> None:
    """Names that a template could not tell from others."""
    seen: set[str] = set()
    for number, stage in enumerate(loaded.case.stages or ()):
        where = ("stages", number, "name")
        if stage.name in seen:
            raise loaded.error(where, f"two stages are called {stage.name!r}")
        if stage.name in RESERVED_STAGES:
            raise loaded.error(where, f"a stage cannot be called {stage.name!r}: a template would not find it")
        seen.add(stage.name)
    given = [("vars", key) for key in loaded.case.vars]
    given += [("parametrize", key) for row in loaded.case.parametrize for key in row]
    for holder, key in given:
        if loaded.case.stages and key in ("previous", "stages"):
            raise loaded.error((holder,), f"in a case with stages {key!r} is what earlier stages wrote")


def with_values(loaded: LoadedCase, values: Mapping[str, Any]) -> LoadedCase:
    """The case with what the templates among its options stand for with these values. Raises InputError."""
    if "{{" not in repr((loaded.data.get("options"), loaded.data.get("stages"))):
        return loaded
    filled = replace(loaded, case=_validate(loaded.data, values, loaded.origin, loaded.document))
    return replace(filled, case=with_files(filled))


def with_samples(loaded: LoadedCase, samples: int) -> LoadedCase:
    """The case asked so many times, whatever it says; as it is for 0. More passes than that are all of them.

    One that escalates stays as it is: a pass would be of two kinds.
    """
    if not samples or loaded.case.escalate:
        return loaded
    wanted = loaded.case.min_pass
    given = {"samples": samples, "min_pass": samples if passes(wanted, samples) > samples else wanted}
    return replace(loaded, case=loaded.case.model_copy(update=given), data={**loaded.data, **given})


def _first_values(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the templates of a case may name in its first row; None where it is no template."""
    given, rows = data.get("vars") or {}, data.get("parametrize") or [{}]
    if not (given or data.get("parametrize") or data.get("stages")):
        return None
    row = rows[0] if isinstance(rows, list) else {}
    return {**(given if isinstance(given, dict) else {}), **(row if isinstance(row, dict) else {})}


def _takes_back(key: str, value: Any) -> bool:
    return key in TAKEN_BACK and value in (None, [], {})


def _inherited(folder: Path, root: Path) -> list[Document]:
    """The defaults that hold in a folder, the farthest first."""
    folders = list(reversed(above(folder, root)))
    for misnamed in (f / MISNAMED_DEFAULTS for f in folders):
        if misnamed.is_file():
            raise InputError(
                "defaults in a file of this name hold for no case", path=misnamed, hint=f"call it {DEFAULTS}"
            )
    files = [f / DEFAULTS for f in folders]
    return [_defaults(file, file.stat().st_mtime_ns) for file in files if file.is_file()]


@lru_cache(maxsize=256)
def _defaults(path: Path, _changed: int) -> Document:
    documents = load_documents(path)
    document = documents[0] if documents else Document(path, {}, {})
    if len(documents) > 1 or not isinstance(document.value, dict):
        raise InputError("a defaults file is one mapping of keys", path=path)
    for key in document.value:
        if key in NOT_IN_DEFAULTS:
            raise document.error((key,), f"{key!r} belongs in a case, not in {DEFAULTS}")
    given = {key: value for key, value in document.value.items() if not _takes_back(key, value)}
    stand_in = {"prompt": "x", "checks": ["x"]} | given
    _validate(stand_in, None, {}, document)
    return document


def _validate(
    data: Mapping[str, Any],
    values: Mapping[str, Any] | None,
    origin: Mapping[str, Document],
    document: Document,
) -> Case:
    for key in LATER:
        if key in data:
            where = _origin(origin, document, (key,))
            raise where.error((key,), f"{key!r} is not supported by this version of pytest-llm")
    try:
        return Case.model_validate(data, context=None if values is None else {"values": values})
    except ValidationError as error:
        said = list(complaints(error, data))
    errors = [_origin(origin, document, path).error(path, *rest) for path, *rest in said]
    raise errors[0] if len(errors) == 1 else InputErrors(errors)


def _origin(origin: Mapping[str, Document], document: Document, path: KeyPath) -> Document:
    return origin.get(str(path[0]), document) if path else document


def with_files(loaded: LoadedCase) -> Case:
    """The case with what its files say in the place of their names."""
    case, update = loaded.case, dict[str, Any]()
    for key in ("prompt", "system"):
        if (value := getattr(case, key)) is not None:
            update[key] = _said(loaded, (key,), value)
    if case.examples:
        update["examples"] = tuple(_examples(loaded))
    if isinstance(case.format, str) and case.format not in _FORMATS:
        update["format"] = _closed(loaded, _schema(loaded, case.format))
    elif isinstance(case.format, dict):
        update["format"] = _closed(loaded, case.format)
    if case.stages:
        update["stages"] = tuple(_with_texts(loaded, ("stages", i), stage) for i, stage in enumerate(case.stages))
    if case.messages:
        update["messages"] = tuple(_with_texts(loaded, ("messages", i), m) for i, m in enumerate(case.messages))
    return case.model_copy(update=update) if update else case


def _with_texts(loaded: LoadedCase, where: KeyPath, part: _Part) -> _Part:
    """A part of a case whose texts may be files, with what these say."""
    texts = {name: getattr(part, name) for name in _TEXTS if name in type(part).model_fields}
    return part.model_copy(update={name: _said(loaded, (*where, name), text) for name, text in texts.items()})


def _said(loaded: LoadedCase, key: KeyPath, value: str | fields.FileRef) -> str:
    """A text as it stands, or that of the file it names."""
    if isinstance(value, fields.FileRef):
        return _text(loaded, (*key, "file"), value.file)
    try:
        refuse_url(str(key[-1]), value)
    except InputError as error:
        raise loaded.error(key, error.message, error.hint) from None
    return value


def _text(loaded: LoadedCase, key: KeyPath, name: str) -> str:
    text = read_text(_path(loaded, key, name))
    if not text.strip():
        raise loaded.error(key, f"the file {name!r} is empty")
    return text


def _path(loaded: LoadedCase, key: KeyPath, name: str, words: Sequence[str] = ()) -> Path:
    """words: what may stand there in a file's place."""
    try:
        return inside(name, loaded.folder, loaded.root)
    except InputError as error:
        raise loaded.error(key, f"{error.message}{nearest(name, list(words))}", error.hint) from None


def _examples(loaded: LoadedCase) -> Iterator[fields.Example]:
    for number, example in enumerate(loaded.case.examples):
        if isinstance(example, fields.Example):
            yield _with_texts(loaded, ("examples", number), example)
            continue
        documents = load_documents(_path(loaded, ("examples", number), example))
        if not documents:
            raise loaded.error(("examples", number), f"the file {example!r} holds no example")
        for document in documents:
            try:
                found = _EXAMPLES.validate_python(document.value)
            except ValidationError as error:
                path = real_path(error.errors()[0]["loc"], document.value)
                message = "a file of examples is a list of pairs, each {user: …, assistant: …}"
                raise document.error(path, message) from None
            yield from (_with_texts(loaded, ("examples", number), pair) for pair in found)


def _schema(loaded: LoadedCase, name: str) -> dict[str, Any]:
    """A schema file, JSON or YAML (of which JSON is a part)."""
    documents = load_documents(_path(loaded, ("format",), name, () if "." in name else _FORMATS))
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise loaded.error(("format",), f"the file {name!r} holds no JSON Schema")
    return dict(documents[0].value)


def _closed(loaded: LoadedCase, document: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, out of a wrapper. Raises InputError where every JSON value fits."""
    schema: dict[str, Any] = unwrapped(document)
    try:
        refuse_open(schema)
    except InputError as error:
        raise loaded.error(("format",), error.message, error.hint) from None
    return schema
