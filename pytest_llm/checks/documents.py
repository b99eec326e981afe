"""Answers that are a document other than JSON: `yaml`, `xml`, `csv`, `sql`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, StrictInt, WithJsonSchema

from pytest_llm.answers.extract import Artifact, CodeBlock
from pytest_llm.checks.base import Check, CheckContext, Finding, echoed, one_line
from pytest_llm.checks.length import Bounds
from pytest_llm.errors import Unsupported
from pytest_llm.sandbox.bounded import LimitReached, call

SECONDS = 10.0
"""How long an answer may be read."""

_READERS = "pytest_llm.checks.document_readers"


def _columns(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | list):
        raise ValueError("takes how many there are, or a list of their names")
    if isinstance(value, list) and not (value and all(isinstance(name, str) for name in value)):
        raise ValueError("takes a list of names: put each in quotes")
    if isinstance(value, int) and value < 1:
        raise ValueError("takes at least 1")
    return value


Columns = Annotated[
    int | list[str],
    BeforeValidator(_columns),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ]
        }
    ),
]


class Document(Check):
    """The block of one of `labels`, else the whole answer, can be read."""

    labels: ClassVar[tuple[str, ...]]
    file_fields: ClassVar[tuple[str, ...] | None] = ()

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        what = self.name.upper()
        block = self._block(artifact)
        if block is None:
            return [Finding(self.name, f"there is no {what} in the answer", kind="no-code", unseen=True)]
        if block.echo:
            return [echoed(self.name, f"the {what}", block)]
        if not block.text.strip():
            return [Finding(self.name, f"the {what} is empty", kind="empty", line=block.line, unseen=True)]
        try:
            found = call(f"{_READERS}:{self.name}", block.text, self.rules, seconds=SECONDS)
        except LimitReached as reached:
            limit = f"within {SECONDS:g} s" if reached.what == "time" else "within 1 GiB of memory"
            return [Finding(self.name, f"the {what} cannot be read {limit}", kind="limit", line=block.line)]
        return [self._finding(block, **complaint) for complaint in found]

    @property
    def rules(self) -> Mapping[str, Any]:
        """What the reader must know, as plain data."""
        return {}

    def _block(self, artifact: Artifact) -> CodeBlock | None:
        found = (artifact.code(label) for label in self.labels)
        if not any(block.fenced for block in artifact.blocks):
            return CodeBlock(artifact.answer, self.labels[0], fenced=False)
        blocks = [block for block in found if block is not None]
        return next((block for block in blocks if block.language in self.labels), next(iter(blocks), None))

    def _finding(self, block: CodeBlock, message: str, line: int | None, kind: str, column: int | None) -> Finding:
        if line is None:
            return Finding(self.name, message, kind=kind, unseen=kind == "syntax")
        lines = block.text.split("\n")
        line = min(max(line, 1), len(lines))
        source = one_line(lines[line - 1], 160)
        line, column = block.place(line, column)
        return Finding(
            self.name,
            message,
            kind=kind,
            line=line,
            column=column,
            source=source,
            unseen=kind == "syntax",
        )


class Yaml(Document):
    """The answer, or its block of YAML, is YAML: mappings or lists, no key twice. Tags are not looked at."""

    name: ClassVar[str] = "yaml"
    labels: ClassVar[tuple[str, ...]] = ("yaml",)


class Xml(Document):
    """The answer, or its block of XML, is well-formed; with `root` its outermost element has that name."""

    name: ClassVar[str] = "xml"
    shorthand: ClassVar[str | None] = "root"
    labels: ClassVar[tuple[str, ...]] = ("xml", "svg", "html")
    root: str | None = Field(None, min_length=1)

    @property
    def rules(self) -> Mapping[str, Any]:
        return {"root": self.root}


class Csv(Document):
    """The answer, or its block of CSV, has as many fields in each row.

    columns: how many, or their names, which the first row then holds. rows: how many below the names.
    """

    name: ClassVar[str] = "csv"
    shorthand: ClassVar[str | None] = "columns"
    labels: ClassVar[tuple[str, ...]] = ("csv", "tsv")
    columns: Columns | None = None
    rows: Bounds | None = None
    delimiter: str = Field(",", min_length=1, max_length=1)

    @property
    def rules(self) -> Mapping[str, Any]:
        rows = self.rows.model_dump() if self.rows else None
        return {"columns": self.columns, "rows": rows, "delimiter": self.delimiter}


class Sql(Document):
    """The answer, or its block of SQL, is statements of the dialect, as sqlglot reads them."""

    name: ClassVar[str] = "sql"
    shorthand: ClassVar[str | None] = "dialect"
    labels: ClassVar[tuple[str, ...]] = ("sql",)
    dialect: str | None = None
    statements: StrictInt | None = Field(None, ge=1, description="how many")

    @property
    def rules(self) -> Mapping[str, Any]:
        return {"dialect": self.dialect, "statements": self.statements}

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        if find_spec("sqlglot") is None:
            raise Unsupported("sqlglot is not installed", "pip install 'pytest-llm-cases[sql]'")
        return super().run(artifact, context)

    def prepare(self, folder: Any, root: Any) -> None:
        if self.dialect is not None and find_spec("sqlglot") is not None:
            from pytest_llm.checks.document_readers import check_dialect

            check_dialect(self.dialect)
