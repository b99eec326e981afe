"""What a call of the fixture `llm` says, held to what a case file may say by the same keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError, model_validator

from pytest_llm.cases.fields import Allow, Options, Seconds, Strict, Turn
from pytest_llm.cases.invalid import explain
from pytest_llm.errors import InputError

B = TypeVar("B", bound=BaseModel)


def _messages(prompt: Any) -> Any:
    if not isinstance(prompt, Sequence) or isinstance(prompt, bytes) or not prompt:
        raise ValueError(f"must be some text or some messages, not {prompt!r}")
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt


def _format(said: Any) -> Any:
    if said in (None, "json") or isinstance(said, dict) or is_model(said):
        return said
    raise ValueError(f"must be 'json', a JSON Schema or a pydantic model, not {said!r}")


class Call(Strict):
    """The arguments of a call that are a case's keys, think mode and model aside."""

    prompt: Annotated[tuple[Turn, ...], BeforeValidator(_messages)]
    format: Annotated[Any, BeforeValidator(_format)] = None
    system: str | None = None
    timeout: Seconds
    allow: Allow = ()

    @model_validator(mode="after")
    def _one_system(self) -> Call:
        if self.system is not None and any(message.role == "system" for message in self.prompt):
            raise ValueError("`system` and a system message of `prompt` say the same thing twice")
        return self


def call(options: Any, **said: Any) -> tuple[Call, dict[str, Any]]:
    """The arguments, and the request options as plain data. Raises InputError in a case file's words."""
    return _held_to(Call, said), _held_to(Options, options, "options: ").plain()


def _held_to(kind: type[B], said: Any, where: str = "") -> B:
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        raise InputError(f"{where}{explain(error, said, kind)[1]}") from None


def is_model(format_: Any) -> bool:
    return isinstance(format_, type) and issubclass(format_, BaseModel)
