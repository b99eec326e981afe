"""What is asked: messages and every field that can change an answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_llm.errors import Complaints
from pytest_llm.models.reference import ModelRef

if TYPE_CHECKING:
    from pytest_llm.cases.case import Case
    from pytest_llm.cases.matrix import Cell
    from pytest_llm.cases.yamlfile import KeyPath

FIRST_SEED = 1  # where the options name none
_SORTED = json.JSONEncoder(sort_keys=True, ensure_ascii=True)


@dataclass(frozen=True)
class Message:
    """One chat message. `role` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True)
class ChatRequest:
    """One generation, by Ollama's names of things.

    think: True, False, a level ("low", "medium", "high", "max"), or None to leave the field out.
    format: "json", a JSON Schema, or None. keep_alive: seconds, an Ollama duration, or None.
    timeout: seconds for the generation itself, from its first byte on; the model's load is not in it.
    sample: which of a cell's samples it is, from 0. trim: what does not fit into the context may be dropped
    (`allow: [trimmed]`).
    """

    model: ModelRef
    messages: tuple[Message, ...]
    think: bool | str | None = None
    format: str | Mapping[str, Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    keep_alive: float | str | None = None
    timeout: float = 300.0
    sample: int = 0
    trim: bool = False

    def plain(self) -> dict[str, Any]:
        """As plain data: what `--llm-dry-run` shows and what the key is made of."""
        plain: dict[str, Any] = {
            "model": self.model.written,
            "messages": [{"role": m.role, "content": m.content} for m in self.messages],
            "think": self.think,
            "format": self.format,
            "options": dict(self.options),
            "keep_alive": self.keep_alive,
            "timeout": self.timeout,
            "sample": self.sample,
        }
        return plain | {"trim": True} if self.trim else plain

    @property
    def prompt(self) -> tuple[str, ...]:
        """What the model was told, a Modelfile's SYSTEM and a schema among it, but no answers shown as examples."""
        own = (self.model.spec.whole.system or "",) if self.model.spec else ()
        schema = () if self.format is None or isinstance(self.format, str) else (_fenced(self.format),)
        return (*own, *schema, *(m.content for m in self.messages if m.role != "assistant"))

    @property
    def key(self) -> str:
        """A hash of the request, the model's name and its Modelfile; hex, 64 characters."""
        data = self.plain() | {"modelfile": self.model.fingerprint}
        return hashlib.sha256(_SORTED.encode(data).encode()).hexdigest()


_PAIR = ("user", "assistant")
_THINK: dict[str, bool | str | None] = {"off": False, "on": True, "default": None}


def think_field(mode: str) -> bool | str | None:
    """The field of a request that a think mode stands for."""
    return _THINK.get(mode, mode)


def build(
    cell: Cell,
    model: ModelRef,
    *,
    stage: int = 0,
    written: Mapping[str, Any] | None = None,
    schema: Mapping[str, Any] | None = None,
    sample: int | None = 0,
    think: str = "",
    told: bool = True,
) -> ChatRequest:
    """The request of a cell, or of one stage of it.

    written: what earlier stages wrote, as `previous` and `stages`, for the template. schema: what `format: schema`
    stands for. sample: from 0; it is added to the seed, where one is sent, with None none is (as the case's file
    says it). think: instead of the cell's, where it is given. told: with its messages. Raises InputError where a
    template cannot be filled in.
    """
    case = cell.case
    return ChatRequest(
        model=model,
        messages=tuple(_messages(cell, stage, {**cell.values, **(written or {})})) if told else (),
        think=think_field(think or cell.think),
        format=schema if case.format == "schema" else case.format,
        options=_options(cell, stage, sample),
        keep_alive=case.keep_alive,
        timeout=case.timeout,
        sample=sample or 0,
        trim="trimmed" in case.allow,
    )


def as_said(request: ChatRequest, cell: Cell) -> ChatRequest:
    """The first request of any of a cell's samples as the case's file says it, without the seed of the sample."""
    options = _options(cell, 0, None)
    same = not request.sample and request.options == options
    return request if same else replace(request, options=options, sample=0)


def _options(cell: Cell, stage: int, sample: int | None) -> dict[str, Any]:
    case = cell.case
    options = case.options.plain()
    if case.stages:
        options |= case.stages[stage].options.plain()
    if sample is not None and (case.samples or "seed" in options):
        options["seed"] = options.get("seed", FIRST_SEED) + sample
    return options


def _messages(cell: Cell, stage: int, values: Mapping[str, Any]) -> Iterator[Message]:
    """System, then the examples, then the question."""
    is_template = cell.case.is_template
    for where, role, text in _written(cell.case, stage):
        yield Message(role, _filled(cell, where, text, values) if is_template else text)


def _written(case: Case, stage: int) -> Iterator[tuple[KeyPath, str, str]]:
    """Where each message stands in the case, its role, and its text as it is there."""
    talk = [(("messages", i), m.role, str(m.content)) for i, m in enumerate(case.messages or ())]
    own = 1 if talk and talk[0][1] == "system" else 0
    if case.system is not None:
        yield ("system",), "system", str(case.system)
    yield from talk[:own]
    for i, example in enumerate(case.examples):
        yield from ((("examples", i), role, str(getattr(example, role))) for role in _PAIR)
    if case.stages:
        yield ("stages", stage, "prompt"), "user", str(case.stages[stage].prompt)
    elif case.prompt is not None:
        yield ("prompt",), "user", str(case.prompt)
    yield from talk[own:]


def _fenced(schema: Mapping[str, Any]) -> str:
    return f"```json\n{json.dumps(schema, ensure_ascii=False)}\n```"


def examine(cell: Cell) -> None:
    """Raise InputError where a template cannot be filled in, as far as that shows before anything is asked."""
    if not cell.case.is_template:
        return
    wrong = Complaints()
    names = [stage.name for stage in cell.case.stages or ()]
    for number, stage in enumerate(cell.case.stages or ()):
        for complaint in _complaints(str(stage.prompt), stage.name, names, cell.values):
            with wrong.gather():
                raise cell.loaded.error(("stages", number, "prompt"), complaint)
    wrong.tell()
    list(_messages(cell, 0, {**cell.values, "stages": {}} if names else cell.values))


def _complaints(text: str, stage: str, names: list[str], values: Mapping[str, Any]) -> list[str]:
    from pytest_llm.cases import references, templating

    try:
        templating.names(text)
        return list(references.complaints(text, stage, names, values))
    except ValueError as error:
        return [str(error)]


def _filled(cell: Cell, where: KeyPath, text: str, values: Mapping[str, Any]) -> str:
    from pytest_llm.cases.templating import render

    try:
        return render(text, values)
    except ValueError as error:
        known = ", ".join(sorted(values)) or "none"
        raise cell.loaded.error(where, str(error), f"the names it may use: {known}") from None
