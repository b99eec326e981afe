"""A check that is a function: marked with `@check`, of a conftest.py or a plugin."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, overload

from pytest_llm.answers.extract import Artifact
from pytest_llm.checks.base import Check, CheckContext, Finding, named_files, one_line, plain_argument
from pytest_llm.errors import CheckCrashed


class CheckFunction(Protocol):
    """A function marked with `@check`: it gets the artifact and the arguments of the case file."""

    __llm_check__: str

    def __call__(self, artifact: Artifact, **arguments: Any) -> Any: ...


@overload
def check(name: Callable[..., Any]) -> Callable[..., Any]: ...
@overload
def check(name: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...
def check(name: str | Callable[..., Any] | None = None) -> Callable[..., Any]:
    """Mark a function of a conftest.py as the check `name`; a bare `@check` takes the function's own name.

    The function takes the Artifact first (a second parameter called `context` gets the CheckContext), then the
    arguments of the case file by keyword. It returns or yields Findings or strings, one a complaint; None, True
    or nothing means passed, False means failed, and so does a failed `assert`, whose message is the complaint.
    """

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        own = name if isinstance(name, str) else function.__name__
        function.__llm_check__ = own  # type: ignore[attr-defined]
        return function

    return mark(name) if callable(name) else mark


class FunctionCheck(Check):
    """A check made from a function that `@check` marked."""

    name: ClassVar[str] = "function"
    main_thread: ClassVar[bool] = True
    function: Callable[..., Any]
    title: str
    arguments: Mapping[str, Any] = {}

    @property
    def label(self) -> str:
        shown = ", ".join(f"{key}: {plain_argument(value)}" for key, value in self.arguments.items())
        return one_line(f"{self.title}: {{{shown}}}") if shown else self.title

    def files_read(self, folder: Path) -> tuple[Path, ...]:
        parameters = inspect.signature(self.function).parameters.values()
        taken = {p.name: p.default for p in parameters} | dict(self.arguments)
        return tuple(path for path in named_files(taken, folder) if not os.path.isdir(path))

    def run(self, artifact: Artifact, context: CheckContext) -> Iterator[Finding]:
        extra = {"context": context} if "context" in inspect.signature(self.function).parameters else {}
        try:
            for item in _items(self.function(artifact, **extra, **self.arguments)):
                if item is not None and item is not True:
                    yield self._finding(item)
        except AssertionError as error:
            yield self._finding(str(error).strip() or False)

    def _finding(self, item: Any) -> Finding:
        if isinstance(item, Finding):
            return item
        if item is False:
            return Finding(self.title, "the answer did not pass")
        if not isinstance(item, str) or not item.strip():
            raise CheckCrashed(
                f"the check {self.title!r} answered {one_line(repr(item))}",
                hint="it may return or yield strings that say something and Findings, or return a boolean or None",
            )
        message, _, details = item.strip().partition("\n")
        return Finding(self.title, message, details=details)


def _items(result: Any) -> Iterator[Any]:
    """What a function said, one by one: a generator may also return its last complaint.

    A pair such as (True, "why") is one thing, and none that a check may say: its text is no complaint.
    """
    if isinstance(result, tuple) and any(isinstance(part, bool) for part in result):
        yield result
    elif isinstance(result, Generator):
        yield (yield from result)
    elif isinstance(result, Iterable) and not isinstance(result, str | bytes | Mapping):
        yield from result
    else:
        yield result
