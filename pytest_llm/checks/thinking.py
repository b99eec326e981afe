"""`thinking`: how much of what a model writes is thinking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from pydantic import Field, StrictInt, model_validator

from pytest_llm.answers.extract import Artifact
from pytest_llm.checks.base import Check, CheckContext, Finding
from pytest_llm.checks.tokens import tokens


class Thinking(Check):
    """Thinking is at most `max_share` of all the characters written (0 to 1), and at most `max` tokens."""

    name: ClassVar[str] = "thinking"
    shorthand: ClassVar[str | None] = "max_share"
    file_fields: ClassVar[tuple[str, ...] | None] = ()
    max_share: float | None = Field(None, ge=0, lt=1, strict=True, description="of thinking and answer together")
    max: StrictInt | None = Field(None, ge=0, description="tokens")

    @model_validator(mode="after")
    def _something(self) -> Thinking:
        if self.max_share is None and self.max is None:
            raise ValueError("needs a limit: max_share or max")
        return self

    @classmethod
    def unfold(cls, value: Any) -> Any:
        """A whole number alone could mean either limit."""
        if isinstance(value, int) and not isinstance(value, bool) and value not in (0,):
            raise ValueError(f"takes a share from 0 to 1, or `max: {value}` tokens")
        return super().unfold(float(value) if value == 0 and not isinstance(value, bool) else value)

    def run(self, artifact: Artifact, context: CheckContext) -> Iterator[Finding]:
        thought = len(artifact.thinking)
        written = thought + len(artifact.answer)
        share = thought / written if written else 0.0
        if self.max_share is not None and share > self.max_share:
            message = f"{share:.0%} of what was written is thinking, more than {self.max_share:.0%}"
            yield Finding(self.name, message, kind="too-long")
        if self.max is not None:
            yield from self._counted(artifact, context, self.max)

    def _counted(self, artifact: Artifact, context: CheckContext, most: int) -> Iterable[Finding]:
        whole, source = tokens(context.response, artifact, with_thinking=True)
        count = whole - tokens(context.response, artifact, with_thinking=False)[0]
        if count > most:
            message = f"about {count} tokens of thinking, more than {most}"
            yield Finding(self.name, message, kind="too-long", details=source)
