"""What a check is: it looks at an Artifact and says what it found."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from pytest_llm.answers.extract import Artifact, CodeBlock
from pytest_llm.cases.durations import parse_duration
from pytest_llm.cases.invalid import written
from pytest_llm.cases.request import ChatRequest
from pytest_llm.errors import CheckCrashed, PytestLlmError
from pytest_llm.providers.asking import Ask
from pytest_llm.providers.base import Response
from pytest_llm.sandbox import walls

_BARE = re.compile(r"(?!(?:true|false|null)$)[^\s\W\d](?:[\w ./%+-]*[\w./%+-])?")  # text, quotes left out
_LONGEST_PATH = 1024  # characters; a longer text among the arguments names no file
Severity = Literal["failure", "error", "skip", "warning", "note"]
UNWALLED = "unwalled"  # the kind of a finding, which the run tells once

Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": ["number", "string"], "description": "seconds, or 500ms, 2s, 5m"}),
]


@dataclass(frozen=True)
class Finding:
    """One thing that a check has to say.

    message: one line in words a person would use. kind: a short word a program can sort by ("syntax", "type").
    line, column: in the model's answer, from 1. source: the model's line itself. details: more lines, as they are.
    unseen: there was nothing for the check to look at (no code, no page, no JSON): then its `not` fails as well.
    """

    check: str
    message: str
    severity: Severity = "failure"
    kind: str = ""
    line: int | None = None
    column: int | None = None
    source: str = ""
    details: str = ""
    unseen: bool = False


def unwalled(check: str, what: str) -> Iterator[Finding]:
    """The note of a check that ran a foreign program without walls around it; none where this machine has them."""
    if reason := walls.missing():
        yield Finding(check, f"{what} without walls around it: {reason}", "note", UNWALLED)


@dataclass(frozen=True)
class CheckContext:
    """Where a check runs: the response with its numbers, the folders paths are relative to, one for its files.

    folder: of the case file. root: pytest's rootdir, which no relative path may leave. artifacts: made on demand,
    kept with the run. attachments: files a check made for people to look at, as (label, path).
    request: what was asked, where that is known. browser: the one that was asked for, "" for whichever is there.
    rate: tokens a second, the median of the samples it was measured with; None where it was measured alone.
    ask: asks the models that the check's `models` name; None where nobody can be asked. judged: what was asked so
    and what came of it, as plain data for the record.
    """

    response: Response
    folder: Path
    root: Path
    artifacts: Path
    attachments: list[tuple[str, Path]] = field(default_factory=list)
    request: ChatRequest | None = None
    browser: str = ""
    rate: float | None = None
    ask: Ask | None = None
    judged: list[Mapping[str, Any]] = field(default_factory=list)

    def file(self, name: str) -> Path:
        """A path named in the case file. Raises InputError where it leaves the root or is not there."""
        from pytest_llm.cases.paths import inside

        return inside(name, self.folder, self.root)


class Check(BaseModel):
    """A check and its arguments, as read from a case file: a frozen pydantic model with a `run`.

    name: what a case file calls it. shorthand: the field that `name: value` sets. measures: it looks at a rate or
    a time, so its answer is generated with the server alone. main_thread: it runs where the test runs, so that
    capture, monkeypatch and time limits work in it; what people write does, unless it says otherwise.
    file_fields: the arguments that name files; None: any text among them may, as in checks that people write.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, allow_inf_nan=False)

    name: ClassVar[str]
    shorthand: ClassVar[str | None] = None
    measures: ClassVar[bool] = False
    main_thread: ClassVar[bool] = False
    file_fields: ClassVar[tuple[str, ...] | None] = None

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        """The findings; none means passed. May raise Unsupported (SKIPPED) or HarnessError (ERROR)."""
        raise NotImplementedError

    @property
    def parts(self) -> tuple[Check, ...]:
        """The checks it is made of and whose passing it wants."""
        return ()

    @property
    def made_of(self) -> tuple[Check, ...]:
        """All the checks it is made of."""
        return self.parts

    @property
    def models(self) -> tuple[str, ...]:
        """The models that it asks, as a case names them: it comes last, and only where all others are content."""
        return ()

    @property
    def asks(self) -> int:
        """How many questions it asks these of an answer, as far as that is known before."""
        return len(self.models)

    def files_read(self, folder: Path) -> tuple[Path, ...]:
        """The files and folders that it may read, there or not; `folder` is the case file's.

        A check that reads more than its arguments name adds them here: a change of one is a change of its cells.
        """
        if self.file_fields is not None:
            return tuple(named_files([getattr(self, name) for name in self.file_fields], folder))
        every = named_files([getattr(self, name) for name in type(self).model_fields], folder)
        return tuple(path for path in every if not os.path.isdir(path))

    def prepare(self, folder: Path, root: Path) -> None:
        """Called once at collection: raise InputError for what can be seen to be wrong before anything is asked."""

    @classmethod
    def unfold(cls, value: Any) -> Mapping[str, Any]:
        """The arguments that `name: value` stands for. Raises ValueError in words for the writer of the case."""
        if value is None:
            return {}
        if isinstance(value, Mapping):
            return value
        if cls.shorthand is None:
            has = f" (it has {', '.join(written(cls))})" if cls.model_fields else ""
            raise ValueError(f"takes its arguments as a mapping, not {value!r}{has}")
        return {cls.shorthand: value}

    @property
    def label(self) -> str:
        """How people speak of it: its name and its arguments, in one line."""
        given = self.model_dump(by_alias=True, exclude_unset=True)
        if list(given) == [self.shorthand]:
            return one_line(f"{self.name}: {plain_argument(next(iter(given.values())))}")
        keys = sorted(given, key=lambda key: key != self.shorthand)
        shown = ", ".join(f"{key}: {plain_argument(given[key])}" for key in keys)
        return one_line(f"{self.name}: {{{shown}}}") if shown else self.name


def named_files(value: Any, folder: Path) -> Iterator[Path]:
    """What the texts in a value would name as paths relative to `folder`; a text that could be none is left out."""
    match value:
        case str() if 0 < len(value) <= _LONGEST_PATH and value.isprintable():
            yield folder / value
        case Path():
            yield folder / value
        case Mapping():
            yield from named_files(list(value.values()), folder)
        case list() | tuple() | set() | frozenset():
            for item in value:
                yield from named_files(item, folder)


def look(check: Check, artifact: Artifact, context: CheckContext) -> list[Finding]:
    """All that a check has to say. What it raises beyond the errors it may raise is a CheckCrashed."""
    try:
        return list(check.run(artifact, context))
    except PytestLlmError:
        raise
    except Exception as error:
        raise CheckCrashed(f"the check {check.label!r} broke: {type(error).__name__}: {error}") from error


def echoed(check: str, what: str, block: CodeBlock) -> Finding:
    """The finding where all that the answer has of `what` was in the prompt already."""
    message = f"{what} in the answer is the prompt's own again, and there is no other"
    hint = "where the prompt's own may be the right answer, give the case `allow: echo`"
    return Finding(check, message, kind="echo", line=block.line, details=hint)


def short(value: Any, most: int = 80) -> str:
    """A value of the model's as it can be shown in a message: quoted, in one line of at most `most` characters."""
    return one_line(repr(value[: most * 2] if isinstance(value, str) else value), most)


def one_line(text: str, most: int = 80) -> str:
    """The text with its blanks made one each, cut to `most` characters."""
    line = " ".join(text[: most * 4].split())
    return line if len(line) <= most else line[: most - 1] + "…"


def plain_argument(value: Any) -> str:
    """An argument as a case file would say it; a list of one thing is that thing."""
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else _flow(value)


def _flow(value: Any) -> str:
    """Plain data in YAML's flow style. Of a set the order is nobody's: it is sorted."""
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case str():
            return value if _BARE.fullmatch(value) else json.dumps(value, ensure_ascii=False)
        case Mapping():
            return f"{{{', '.join(f'{_flow(key)}: {_flow(item)}' for key, item in value.items())}}}"
        case list() | tuple():
            return f"[{', '.join(map(_flow, value))}]"
        case set() | frozenset():
            return f"[{', '.join(sorted(map(_flow, value)))}]"
        case _:
            return str(value)
