"""`json_path`: one value in the JSON of an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from pydantic import Field, StrictInt, model_validator

from pytest_llm.answers.extract import Artifact
from pytest_llm.checks.base import Check, CheckContext, Finding, one_line
from pytest_llm.checks.strict_json import SMALL, Json, Steps, dotted, read_answer, same
from pytest_llm.errors import CheckCrashed, counted
from pytest_llm.sandbox.bounded import call
from pytest_llm.sandbox.patterns import compiled, search

SECONDS = 10.0
"""How long a path may be followed in one answer."""

_STEPS = "pytest_llm.checks.json_query:steps"
_HINT = "each `..` looks at every value below every value that was found: name the keys in between"


class JsonPath(Check):
    """What a JSONPath finds in the answer: there or not, equal to a value, matching a pattern, within bounds.

    Where it finds several values, each must hold; `count` says how many there must be.
    """

    name: ClassVar[str] = "json_path"
    shorthand: ClassVar[str | None] = "path"
    file_fields: ClassVar[tuple[str, ...] | None] = ()
    path: str = Field(min_length=1)
    exists: bool | None = None
    equals: Any = None
    matches: str | None = None
    min: float | None = Field(None, strict=True)
    max: float | None = Field(None, strict=True)
    count: StrictInt | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _sensible(self) -> JsonPath:
        from pytest_llm.checks.json_query import parsed

        parsed(self.path)
        if self.matches is not None:
            compiled(self.matches, re.MULTILINE)
        others = self.model_fields_set - {"path", "exists"}
        if self.exists is False and others:
            raise ValueError(f"`exists: false` leaves nothing for `{sorted(others)[0]}` to look at")
        return self

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        found = read_answer(artifact, context, self.name)
        if not isinstance(found, Json):
            return found
        return [*found.complaints, *self._judged(found)]

    def _judged(self, found: Json) -> Iterator[Finding]:
        values = [(steps, at(found.value, steps)) for steps in map(tuple, self._steps(found))]
        if self.exists is False:
            if values:
                message = f"{self.path} is there ({_shown(values[0][1])}), and it must not be"
                yield found.finding(self.name, message, values[0][0], kind="forbidden")
            return
        if self.count is not None and len(values) != self.count:
            yield Finding(
                self.name, f"{self.path} is there {counted(len(values), 'time')}, not {self.count}", kind="count"
            )
        if not values and self.count is None:
            unseen = bool(self.model_fields_set & {"equals", "matches", "min", "max"})
            yield Finding(self.name, f"{self.path} is not in the answer's JSON", kind="missing", unseen=unseen)
        for steps, value in values:
            for complaint in self._complaints(value):
                where = self.path if len(values) == 1 else dotted(steps)
                yield found.finding(self.name, f"{where} is {_shown(value)}, {complaint}", steps, kind="value")

    def _steps(self, found: Json) -> list[list[str | int]]:
        """The way to each value; in the other process where finding them may take long."""
        from pytest_llm.checks import json_query

        try:
            if json_query.is_bounded(self.path) and len(found.block.text) <= SMALL:
                return json_query.steps(self.path, found.value)
            ways: list[list[str | int]] = call(_STEPS, self.path, found.value, seconds=SECONDS)
        except (ValueError, CheckCrashed) as error:
            raise CheckCrashed(f"the path {self.path} could not be followed: {error}", hint=_HINT) from None
        return ways

    def _complaints(self, value: Any) -> Iterator[str]:
        if "equals" in self.model_fields_set and not same(value, self.equals):
            yield f"not {_shown(self.equals)}"
        if self.matches is not None and not (isinstance(value, str) and search(self.matches, value, re.MULTILINE)):
            yield f"which does not match /{self.matches}/"
        number = isinstance(value, int | float) and not isinstance(value, bool)
        for limit, word, sign in ((self.min, "less", 1), (self.max, "more", -1)):
            if limit is not None and not number:
                yield "not a number"
                return
            if limit is not None and (value - limit) * sign < 0:
                yield f"{word} than {limit:g}"


def at(value: Any, steps: Steps) -> Any:
    """The value to which the steps lead."""
    for step in steps:
        value = value[step]
    return value


def _shown(value: Any) -> str:
    return one_line(json.dumps(value, ensure_ascii=False))
