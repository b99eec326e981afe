"""`length`: how many words, lines or characters an answer has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StrictInt, model_validator

from pytest_llm.checks.base import Finding
from pytest_llm.checks.text import PartCheck, Piece

_COUNTS: Mapping[str, Callable[[str], int]] = {
    "words": lambda text: len(text.split()),
    "lines": lambda text: len(text.strip().splitlines()),
    "characters": lambda text: len(text.strip()),
}


class Bounds(BaseModel):
    """From `min` to `max`, both included; a number alone is the most."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min: StrictInt | None = Field(None, ge=0)
    max: StrictInt | None = Field(None, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _most(cls, given: Any) -> Any:
        if isinstance(given, Mapping | Bounds):
            return given
        if isinstance(given, int) and not isinstance(given, bool):
            return {"max": given}
        raise ValueError(f"must be a whole number, or `min` and `max`, not {given!r}")

    @model_validator(mode="after")
    def _sensible(self) -> Bounds:
        if self.min is None and self.max is None:
            raise ValueError("needs `min`, `max` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"`min: {self.min}` is above `max: {self.max}`")
        return self


class Length(PartCheck):
    """So many words, lines and characters, blanks around them aside: each at most, or `{min, max}`."""

    name: ClassVar[str] = "length"
    words: Bounds | None = None
    lines: Bounds | None = None
    characters: Bounds | None = None

    @model_validator(mode="after")
    def _something(self) -> Length:
        if not any(getattr(self, unit) for unit in _COUNTS):
            raise ValueError(f"needs a limit: {', '.join(_COUNTS)}")
        return self

    def look(self, pieces: list[Piece]) -> Iterator[Finding]:
        for unit, count in _COUNTS.items():
            if bounds := getattr(self, unit):
                yield from self._judged(unit, sum(count(piece.text) for piece in pieces), bounds)

    def _judged(self, unit: str, count: int, bounds: Bounds) -> Iterator[Finding]:
        shown = f"{self.where} has {count} {unit if count != 1 else unit[:-1]}"
        if bounds.min is not None and count < bounds.min:
            yield Finding(self.name, f"{shown}, fewer than {bounds.min}", kind="too-short")
        if bounds.max is not None and count > bounds.max:
            yield Finding(self.name, f"{shown}, more than {bounds.max}", kind="too-long")
