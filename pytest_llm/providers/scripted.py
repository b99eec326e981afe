"""Answers given in a YAML file: for trying a plugin, a check or a case without any model.

`scripted:answers.yaml` names a file that holds a list; a request gets the first entry that fits it:

    - match: LRU cache            # a regular expression, looked for in the request's messages; default: fits all
      think: on                   # only for requests with this think mode; default: fits all
      times: 1                    # fits only so often; default: always
      text: |                     # the answer
        ```go
        package lru
        ```
      thinking: I need a map and a list.    # left out where the request says `think: off`
      finish: stop                # or length, or any word with which a server says why it stopped
      delay: 200ms                # waited before the first token
      rate: 50                    # tokens a second, really waited for; default: no wait, and 1000 are reported
      usage: {prompt_tokens: 12, load_seconds: 0.5}     # over the numbers that are made up
    - match: flaky
      error: broken               # or {kind: broken, message: the words}

A token is a word with the blanks after it. `num_predict` and the case's `timeout` cut an answer as they do
elsewhere. A file in which nothing thinks is a model that cannot think. The kinds of errors: down, unavailable,
refused, broken, busy, unsupported, timeout.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator

from pytest_llm.cases.fields import Number, Seconds, Strict, ThinkMode
from pytest_llm.cases.invalid import explain
from pytest_llm.cases.request import ChatRequest
from pytest_llm.cases.yamlfile import load_documents
from pytest_llm.errors import (
    BrokenAnswer,
    GenerationTimeout,
    InputError,
    ModelUnavailable,
    ProviderError,
    PytestLlmError,
    RequestRefused,
    ServerBusy,
    ServerDown,
    Unsupported,
)
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import ModelInfo, Response, Usage, on_piece
from pytest_llm.providers.finish import finish_of
from pytest_llm.sandbox.patterns import compiled, search

REPORTED_RATE = 1000.0  # tokens a second: above any floor, so that only a script that says so is slow
_TOKEN = re.compile(r"\S*\s+|\S+")
_ERRORS: Mapping[str, type[ProviderError]] = {
    "down": ServerDown,
    "unavailable": ModelUnavailable,
    "refused": RequestRefused,
    "broken": BrokenAnswer,
    "busy": ServerBusy,
}
_NUMBERS = frozenset(field.name for field in dataclasses.fields(Usage)) - {"answer_only"}


class Fault(Strict):
    """What goes wrong instead of an answer, or after the text of one."""

    kind: Literal["down", "unavailable", "refused", "broken", "busy", "unsupported", "timeout"]
    message: str = "so the script says"


def _fault(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


class Answer(Strict):
    """One entry of the file."""

    match: str = ""
    think: ThinkMode | None = None
    times: int | None = Field(default=None, ge=1)
    text: str = ""
    thinking: str = ""
    finish: str = "stop"
    delay: Seconds = 0.0
    rate: Annotated[Number, Field(gt=0)] | None = None
    usage: Mapping[str, Number] = Field(default_factory=dict)
    error: Annotated[Fault, BeforeValidator(_fault)] | None = None

    @field_validator("match")
    @classmethod
    def _is_regex(cls, value: str) -> str:
        compiled(value)
        return value

    @field_validator("usage")
    @classmethod
    def _is_usage(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        if unknown := sorted(set(value) - _NUMBERS):
            raise ValueError(f"unknown number {unknown[0]!r}, there are {', '.join(sorted(_NUMBERS))}")
        return value

    def fits(self, request: ChatRequest) -> bool:
        said = "\n".join(message.content for message in request.messages)
        modes: dict[bool | str | None, str] = {True: "on", False: "off", None: "default"}
        mode = modes.get(request.think, str(request.think))
        return self.think in (None, mode) and search(self.match, said)


@dataclasses.dataclass(frozen=True)
class Script:
    """A file of answers. digest: sha256 of its bytes, hex."""

    path: Path
    answers: tuple[Answer, ...]
    digest: str

    @property
    def thinks(self) -> bool:
        return any(a.thinking or a.think not in (None, "off", "default") for a in self.answers)


def load(path: Path) -> Script:
    """The script at `path`. Raises InputError with the line of what is wrong."""
    answers = []
    for document in load_documents(path):
        entries = document.value
        if not isinstance(entries, list):
            raise document.error((), "a script is a list of answers", "begin each with a dash")
        for index, entry in enumerate(entries):
            try:
                answers.append(Answer.model_validate(entry))
            except ValidationError as error:
                path_in, message = explain(error, entry, Answer)
                raise document.error((index, *path_in), f"answer {index + 1}: {message}") from None
    if not answers:
        raise InputError("there is no answer in it", path=path)
    return Script(path, tuple(answers), hashlib.sha256(path.read_bytes()).hexdigest())


class ScriptedProvider:
    """Answers from files. `pause` waits, in seconds."""

    def __init__(self, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._pause = pause
        self._scripts: dict[str, Script] = {}
        self._used: Counter[tuple[str, int]] = Counter()

    async def prepare(self, model: ModelRef) -> ModelInfo:
        """Read the file. Raises ModelUnavailable where that cannot be done."""
        script = self._script(model)
        capabilities = {"completion", "thinking"} if script.thinks else {"completion"}
        return ModelInfo("scripted", str(script.path), script.digest, capabilities=frozenset(capabilities))

    async def chat(self, request: ChatRequest) -> Response:
        """The first answer that fits. Raises what the answer says, RequestRefused where none fits."""
        script = self._script(request.model)
        answer = self._choose(script, request)
        if request.think and not script.thinks:
            raise Unsupported(
                f"{script.path.name} does not support thinking", "give one of its answers a `thinking`"
            )
        if answer.delay:
            await self._pause(answer.delay)
        thinking, text, cut = written(answer, request)
        tokens = len(_TOKEN.findall(thinking)) + len(_TOKEN.findall(text))
        on_piece(thinking + text)
        await self._write(answer, request, tokens)
        if answer.error:
            raise _error(answer.error, request, text, thinking)
        seconds = tokens / (answer.rate or REPORTED_RATE)
        return Response(
            text=text,
            thinking=thinking,
            finish="length" if cut else finish_of(answer.finish),
            finish_word="length" if cut else answer.finish,
            usage=_usage(answer, request, tokens, seconds),
            first_token=answer.delay,
            wall=answer.delay + (seconds if answer.rate else 0.0),
            model=request.model.written,
            digest=script.digest,
            refuses="prompt_tokens" not in answer.usage,  # a made-up count says nothing of what was read
        )

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _script(self, model: ModelRef) -> Script:
        if model.name not in self._scripts:
            try:
                self._scripts[model.name] = load(Path(model.name))
            except InputError as error:
                raise ModelUnavailable(f"the script of {model.written} cannot be used: {error}") from None
        return self._scripts[model.name]

    def _choose(self, script: Script, request: ChatRequest) -> Answer:
        for index, answer in enumerate(script.answers):
            key = (str(script.path), index)
            if answer.fits(request) and (answer.times is None or self._used[key] < answer.times):
                self._used[key] += 1
                return answer
        asked = request.messages[-1].content.strip().split("\n")[0][:80] if request.messages else ""
        raise RequestRefused(
            f"no answer in {script.path.name} fits the request {asked!r}",
            hint=f"its patterns are: {', '.join(repr(a.match) for a in script.answers[:8])}",
        )

    async def _write(self, answer: Answer, request: ChatRequest, tokens: int) -> None:
        """Take the time that writing takes. Raises GenerationTimeout where the case does not give it."""
        if answer.rate is None:
            return
        seconds = tokens / answer.rate
        await self._pause(min(seconds, request.timeout))
        if seconds > request.timeout:
            thinking, text, _ = _cut(answer, request, int(request.timeout * answer.rate))
            raise GenerationTimeout(request.timeout, text, thinking)


def written(answer: Answer, request: ChatRequest) -> tuple[str, str, bool]:
    """(thinking, answer, whether num_predict cut them)."""
    limit = request.options.get("num_predict")
    return _cut(answer, request, limit if isinstance(limit, int) and limit >= 0 else None)


def _cut(answer: Answer, request: ChatRequest, limit: int | None) -> tuple[str, str, bool]:
    thoughts = [] if request.think is False else _TOKEN.findall(answer.thinking)
    words = _TOKEN.findall(answer.text)
    if limit is None or limit >= len(thoughts) + len(words):
        return "".join(thoughts), "".join(words), False
    return "".join(thoughts[:limit]), "".join(words[: max(0, limit - len(thoughts))]), True


def _usage(answer: Answer, request: ChatRequest, tokens: int, seconds: float) -> Usage:
    prompt = sum(len(_TOKEN.findall(message.content)) for message in request.messages)
    made_up: dict[str, Any] = {
        "prompt_tokens": prompt,
        "prompt_seconds": prompt / REPORTED_RATE,
        "answer_tokens": tokens,
        "answer_seconds": seconds,
        "load_seconds": 0.0,
    }
    return Usage(**{**made_up, **answer.usage})


def _error(error: Fault, request: ChatRequest, text: str, thinking: str) -> PytestLlmError:
    if error.kind == "timeout":
        return GenerationTimeout(request.timeout, text, thinking)
    if error.kind == "unsupported":
        return Unsupported(error.message)
    return _ERRORS[error.kind](error.message, partial=text)
