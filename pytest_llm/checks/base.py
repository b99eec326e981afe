"""What a check is: it looks at an Artifact and says what it found."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from pytest_llm.extract import Artifact
from pytest_llm.providers.base import Response

Severity = Literal["failure", "error", "skip", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing that a check has to say.

    message: one line in words a person would use. kind: a short word a program can sort by ("syntax", "type").
    line, column: in the model's answer, from 1. source: the model's line itself. details: more lines, as they are.
    """

    check: str
    message: str
    severity: Severity = "failure"
    kind: str = ""
    line: int | None = None
    column: int | None = None
    source: str = ""
    details: str = ""


@dataclass(frozen=True)
class CheckContext:
    """Where a check runs: the response with its numbers, the folders paths are relative to, one for its files.

    folder: of the case file. root: pytest's rootdir, which no relative path may leave. artifacts: made on demand,
    kept with the run. attachments: files a check made for people to look at, as (label, path).
    """

    response: Response
    folder: Path
    root: Path
    artifacts: Path
    attachments: list[tuple[str, Path]] = field(default_factory=list)

    def file(self, name: str) -> Path:
        """A path named in the case file. Raises InputError where it leaves the root or is not there."""
        from pytest_llm.paths import inside

        return inside(name, self.folder, self.root)


class Check(BaseModel):
    """A check and its arguments, as read from a case file: a frozen pydantic model with a `run`.

    `shorthand` names the field that `name: value` sets. `measures` says that it looks at a rate or a time, so its
    answer is generated with the server alone. `positional` checks are valid without any argument.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    name: ClassVar[str]
    shorthand: ClassVar[str | None] = None
    measures: ClassVar[bool] = False

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        """The findings; none means passed. May raise Unsupported (SKIPPED) or HarnessError (ERROR)."""
        raise NotImplementedError

    def prepare(self, folder: Path, root: Path) -> None:
        """Called once at collection: raise InputError for what can be seen to be wrong before anything is asked."""


class CheckFunction(Protocol):
    """A function marked with `@check`: it gets the artifact and the arguments of the case file."""

    __llm_check__: str

    def __call__(self, artifact: Artifact, **arguments: Any) -> Any: ...


def check(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a function of a conftest.py as the check `name`.

    The function takes the Artifact first (a second parameter called `context` gets the CheckContext), then the
    arguments of the case file by keyword. It returns or yields Findings or strings, one a complaint; None, True
    or nothing means passed, False means failed.
    """

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__llm_check__ = name  # type: ignore[attr-defined]
        return function

    return mark


class FunctionCheck(Check):
    """A check made from a function that `@check` marked."""

    name: ClassVar[str] = "function"
    function: Callable[..., Any]
    label: str
    arguments: Mapping[str, Any] = {}

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        extra = {"context": context} if "context" in inspect.signature(self.function).parameters else {}
        result = self.function(artifact, **extra, **self.arguments)
        if result is None or result is True:
            return []
        if result is False:
            return [Finding(self.label, f"the check {self.label!r} said no")]
        items = [result] if isinstance(result, str | Finding) else list(result)
        return [i if isinstance(i, Finding) else Finding(self.label, str(i)) for i in items]
