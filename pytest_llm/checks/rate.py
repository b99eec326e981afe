"""How fast it was, and on what: `token_rate`, `visible_rate`, `time` and `gpu`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from pydantic import Field, model_validator

from pytest_llm.answers.extract import Artifact
from pytest_llm.checks.base import Check, CheckContext, Duration, Finding
from pytest_llm.errors import Unsupported
from pytest_llm.providers.base import Response

MIN_TOKENS = 32
"""Fewer tokens than this are no measurement of a rate."""


class TokenRate(Check):
    """The answering pass wrote at least `min` tokens a second."""

    name: ClassVar[str] = "token_rate"
    shorthand: ClassVar[str | None] = "min"
    file_fields: ClassVar[tuple[str, ...] | None] = ()
    measures: ClassVar[bool] = True
    min: float = Field(gt=0, strict=True, description="tokens a second")

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        response = context.response
        count, seconds, clock = _measured(response)
        if not count or not seconds:
            lacking = "how many tokens it wrote" if not count else "how long it wrote"
            return [_no_measurement(f"the server did not say {lacking}"), *_stored(self.name, response)]
        if count < MIN_TOKENS:
            reason = f"{count} tokens are too few, it takes {MIN_TOKENS}"
            return [_no_measurement(reason), *_stored(self.name, response)]
        numbers = f"{count} tokens in {seconds:.2f} s{clock}"
        return list(self._judged(response, count / seconds, context.rate, numbers, clock))

    def _judged(
        self, response: Response, own: float, median: float | None, numbers: str, clock: str
    ) -> Iterator[Finding]:
        rate = own if median is None else median
        if rate < self.min:
            message = f"{rate:.1f} tokens a second, below {self.min:g}"
            if median is not None:
                message = f"the median of the samples is {message}"
            yield Finding(self.name, message, kind="slow", details="\n".join([numbers, *_circumstances(response)]))
        elif clock:
            yield Finding(self.name, f"{rate:.1f} tokens a second: {numbers}", "note", "own-clock")
        if response.usage.answer_only:
            note = "the server counted its last pass only: thinking is not in the rate"
            yield Finding(self.name, note, "note", "answer-only")
        yield from _stored(self.name, response)


class VisibleRate(Check):
    """The answer's own characters, thinking left out, came at `min` a second or more, of all the time it wrote."""

    name: ClassVar[str] = "visible_rate"
    shorthand: ClassVar[str | None] = "min"
    measures: ClassVar[bool] = True
    file_fields: ClassVar[tuple[str, ...] | None] = ()
    min: float = Field(gt=0, strict=True, description="characters a second")

    def run(self, artifact: Artifact, context: CheckContext) -> Iterator[Finding]:
        response = context.response
        count, (_, seconds, clock) = len(artifact.answer), _measured(response)
        if not seconds or count < MIN_TOKENS:
            reason = (
                "the server did not say how long it wrote" if not seconds else f"{count} characters are too few"
            )
            yield _no_measurement(reason, self.name)
        elif (rate := count / seconds) < self.min:
            thought = f", beside {len(artifact.thinking)} of thinking" if artifact.thinking else ""
            numbers = f"{count} characters in {seconds:.2f} s{clock}{thought}"
            details = "\n".join([numbers, *_circumstances(response)])
            message = f"{rate:.1f} visible characters a second, below {self.min:g}"
            yield Finding(self.name, message, kind="slow", details=details)
        yield from _stored(self.name, response)


class Time(Check):
    """The answer was there in time. Each is a duration: `total` and `first_token` since the request was sent, the
    model's load not counted; `load` that of the model, for which all cells of its group waited.
    """

    name: ClassVar[str] = "time"
    shorthand: ClassVar[str | None] = "total"
    file_fields: ClassVar[tuple[str, ...] | None] = ()
    measures: ClassVar[bool] = True
    total: Duration | None = None
    first_token: Duration | None = None
    load: Duration | None = None

    @model_validator(mode="before")
    @classmethod
    def _something(cls, given: Any) -> Any:
        if isinstance(given, dict) and not any(
            given.get(key) is not None for key in cls.model_fields if key in given
        ):
            known = set(given) <= set(cls.model_fields)
            if known:
                raise ValueError("needs a limit: total, first_token or load")
        return given

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        response = context.response
        total = response.wall or response.usage.total_seconds
        if self.load is not None and response.usage.load_seconds is None:
            raise Unsupported("the server does not say how long it loads", "leave `load` out of the check `time`")
        found = [
            *self._late("the answer", total, self.total, response),
            *self._late("the first token", response.first_token, self.first_token, response),
            *self._late("loading", response.usage.load_seconds, self.load, response),
        ]
        return [*found, *_stored(self.name, response)]

    def _late(self, what: str, took: float | None, limit: float | None, response: Response) -> Iterator[Finding]:
        if limit is None or (took is not None and took <= limit):
            return
        if took is None:
            yield Finding(self.name, f"no measurement: {what} was not timed", kind="no-measurement", unseen=True)
            return
        details = "\n".join(_circumstances(response))
        yield Finding(self.name, f"{what} took {took:.2f} s, more than {limit:g} s", kind="late", details=details)


class Gpu(Check):
    """At least `min` of the model (0 to 1) was in the GPU's memory while it answered, as `/api/ps` tells."""

    name: ClassVar[str] = "gpu"
    shorthand: ClassVar[str | None] = "min"
    file_fields: ClassVar[tuple[str, ...] | None] = ()
    min: float = Field(gt=0, le=1, description="share of the model, 1 for the whole of it")

    def run(self, artifact: Artifact, context: CheckContext) -> Iterator[Finding]:
        share = context.response.fingerprint.speed.get("gpu")
        if not isinstance(share, int | float):
            raise Unsupported(
                "the server does not say how much of the model is in the GPU's memory",
                "Ollama does; leave the check `gpu` out elsewhere",
            )
        if share < self.min:
            context_length = context.response.context_length
            details = f"with a context of {context_length} tokens" if context_length else ""
            message = f"{share:.0%} of the model was in the GPU's memory, less than {self.min:.0%}"
            yield Finding(self.name, message, kind="not-on-gpu", details=details)
        yield from _stored(self.name, context.response)


def measured(response: Response) -> float | None:
    """Tokens a second, as `token_rate` takes them; None where that was no measurement."""
    count, seconds, _ = _measured(response)
    return count / seconds if count and seconds and count >= MIN_TOKENS else None


def _measured(response: Response) -> tuple[int | None, float | None, str]:
    """(tokens, seconds, a remark on the clock). Without the server's time it is ours, from the first token on.

    Not where only a second pass was counted: the first token is one of the first pass.
    """
    usage = response.usage
    if usage.answer_seconds or usage.answer_only or not usage.answer_tokens or response.first_token is None:
        return usage.answer_tokens, usage.answer_seconds, ""
    return usage.answer_tokens, max(response.wall - response.first_token, 0.0), " by our own clock"


def _no_measurement(reason: str, check: str = TokenRate.name) -> Finding:
    return Finding(check, f"no measurement: {reason}", kind="no-measurement", unseen=True)


def _stored(check: str, response: Response) -> list[Finding]:
    if not response.stored:
        return []
    return [
        Finding(check, f"the numbers are those of a stored answer, made on {response.stored}", "note", "stored")
    ]


def _circumstances(response: Response) -> Iterator[str]:
    usage = response.usage
    if usage.load_seconds:
        yield f"{usage.load_seconds:.2f} s to load the model"
    if response.first_token is not None:
        yield f"{response.first_token:.2f} s to the first token"
    if usage.prompt_tokens and usage.prompt_seconds:
        rate = usage.prompt_tokens / usage.prompt_seconds
        yield f"{usage.prompt_tokens} prompt tokens in {usage.prompt_seconds:.2f} s ({rate:.0f} a second)"
    if usage.total_seconds:
        yield f"{usage.total_seconds:.2f} s in all, by the server"
    if response.retries:
        yield f"asked {len(response.retries) + 1} times"
