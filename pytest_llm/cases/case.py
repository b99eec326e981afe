"""A case as its file says it, checked and complete."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, model_validator

from pytest_llm.cases.fields import (
    Allow,
    Example,
    FileRef,
    KeepAlive,
    Message,
    Options,
    Said,
    Seconds,
    Strict,
    Text,
    ThinkMode,
    listed,
)
from pytest_llm.cases.sampling import Escalation, MinPass, Samples

PER_RUN = frozenset({"system", "examples", "format", "keep_alive"})
LATER = ("images", "tools", "tool_results")

# Neither blanks nor what pytest, a shell or a terminal would take for something else.
Name = Annotated[str, Field(pattern=r"^[^\[\]:\\/\s\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+$")]
Listed = BeforeValidator(listed)
# Crossed with nothing a case would vanish, judged by nothing it would pass: an empty list is refused.
Some = Field(min_length=1)
# What pytest's -m can name and --strict-markers can know.
Marker = Annotated[str, Field(pattern=r"^[\w./+-]+$")]


class Stage(Strict):
    """One link of a chain of prompts."""

    name: Annotated[str, Field(pattern=r"^\w+$")]
    prompt: Said
    checks: Annotated[tuple[Any, ...], Some] = ()
    options: Options = Options()
    continue_on_failure: bool = False


class Case(Strict):
    """One test case: what is asked, of whom, and how the answer is judged."""

    id: Name | None = Field(None, description="the case's name; default: the file's name without .prompt.yaml")
    description: str = ""
    category: Marker | None = Field(None, description="a pytest marker")
    tags: Annotated[tuple[Marker, ...], Listed] = Field((), description="more pytest markers")
    models: Annotated[tuple[Text, ...], Some, Listed] = ()
    think: Annotated[tuple[ThinkMode, ...], Some, Listed] = ("default",)
    matrix: dict[str, Annotated[list[Any], Some]] = Field(
        default_factory=dict,
        min_length=1,
        description="crosses any other request field; `on` is the case's own value, `off` none",
    )
    options: Options = Options()
    keep_alive: KeepAlive = None
    timeout: Seconds = Field(300.0, description="for one generation, the model's load not counted")
    system: str | FileRef | None = Field(None, description="replaces the Modelfile's SYSTEM")
    prompt: Said | None = None
    messages: Annotated[tuple[Message, ...], Some] | None = None
    stages: Annotated[tuple[Stage, ...], Some] | None = None
    examples: Annotated[tuple[Example | str, ...], Some, Listed] = ()
    vars: dict[str, Any] = Field(default_factory=dict)
    parametrize: Annotated[list[Annotated[dict[str, Any], Some]], Some] = Field(default_factory=list)
    format: Literal["json", "schema"] | str | dict[str, Any] | None = Field(
        None, description="json, schema (the one of the schema check), a schema inline, or a schema file"
    )
    samples: Samples | None = Field(None, description="ask so many times: seed, seed + 1, …")
    min_pass: MinPass = Field("all", description="how many samples must pass: a count, a share (80%), or all")
    escalate: Escalation | None = Field(None, description="ask a failed cell once more; not together with samples")
    must_pass: StrictBool = Field(False, description="a gate blocks where this case fails or is missing")
    exclusive: bool | None = None
    marks: Annotated[tuple[str | dict[str, Any], ...], Listed] = ()
    checks: Annotated[tuple[Any, ...], Some] = ()
    allow: Allow = ()

    @model_validator(mode="after")
    def _one_question(self) -> Case:
        given = [name for name in ("prompt", "messages", "stages") if getattr(self, name) is not None]
        if len(given) != 1:
            found = "neither is there" if not given else f"found {' and '.join(given)}"
            raise ValueError(f"a case has exactly one of prompt, messages and stages; {found}")
        if self.system is not None and any(m.role == "system" for m in self.messages or ()):
            raise ValueError("`system` and a system message among `messages` say the same thing twice")
        if not self.checks and not any(stage.checks for stage in self.stages or ()):
            raise ValueError("a case without checks could not fail: give it at least one check")
        return self

    @property
    def is_template(self) -> bool:
        """Whether its prompts are Jinja templates; any other prompt is sent byte for byte."""
        return bool(self.vars or self.parametrize or self.stages)
