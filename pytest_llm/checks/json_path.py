"""`json_path`: one value in the JSON of an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from pydantic import Field, StrictInt, model_validator

from pytest_llm.answers.extract import Artifact
from pytest_llm.checks.base import Check, CheckContext, Finding, one_line
from pytest_llm.checks.strict_json import Json, read_answer
from pytest_llm.sandbox.patterns import compiled, search


class JsonPath(Check):
    """What a JSONPath finds in the answer: there or not, equal to a value, matching a pattern, within bounds.

    Where it finds several values, each must hold; `count` says how many there must be.
    """

    name: ClassVar[str] = "json_path"
    shorthand: ClassVar[str | None] = "path"
    path: str = Field(min_length=1)
    exists: bool | None = None
    equals: Any = None
    matches: str | None = None
    min: float | None = Field(None, strict=True)
    max: float | None = Field(None, strict=True)
    count: StrictInt | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _sensible(self) -> JsonPath:
        _parsed(self.path)
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
        values = [(_steps(match.full_path), match.value) for match in _parsed(self.path).find(found.value)]
        if self.exists is False:
            if values:
                message = f"{self.path} is there ({_shown(values[0][1])}), and it must not be"
                yield found.finding(self.name, message, values[0][0], kind="forbidden")
            return
        if self.count is not None and len(values) != self.count:
            yield Finding(self.name, f"{self.path} is there {len(values)} times, not {self.count}", kind="count")
        if not values and self.count is None:
            yield Finding(self.name, f"{self.path} is not in the answer's JSON", kind="missing")
        for steps, value in values:
            for complaint in self._complaints(value):
                where = self.path if len(values) == 1 else "$" + "".join(_written(step) for step in steps)
                yield found.finding(self.name, f"{where} is {_shown(value)}, {complaint}", steps, kind="value")

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


def same(one: Any, other: Any) -> bool:
    """Equality as JSON has it: true is not 1, and 1 is 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _parsed(path: str) -> Any:
    from jsonpath_ng.exceptions import JSONPathError
    from jsonpath_ng.ext.parser import parse

    try:
        return parse(path)
    except (JSONPathError, ValueError, AttributeError) as error:
        raise ValueError(f"{path!r} is no JSONPath: {' '.join(str(error).split())}") from None


def _steps(full_path: Any) -> tuple[str | int, ...]:
    """The keys and indices from the root to a match."""
    from jsonpath_ng import Child, Fields, Index

    if isinstance(full_path, Child):
        return (*_steps(full_path.left), *_steps(full_path.right))
    if isinstance(full_path, Fields):
        return tuple(full_path.fields)
    if isinstance(full_path, Index):
        return tuple(full_path.indices)
    return ()


def _written(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"


def _shown(value: Any) -> str:
    return one_line(json.dumps(value, ensure_ascii=False))
