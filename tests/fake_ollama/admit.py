"""The checks of `/api/chat` and `/api/generate` before anything is loaded, in the server's order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.fake_ollama import library
from tests.fake_ollama.errors import ApiError
from tests.fake_ollama.http import Request
from tests.fake_ollama.library import Model
from tests.fake_ollama.names import is_cloud, parse

if TYPE_CHECKING:
    from tests.fake_ollama.server import FakeOllama

Kind = Literal["chat", "generate"]
_TYPES = {
    "integer": (
        *("num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "num_predict", "seed", "top_k"),
        *("repeat_last_n", "num_keep", "draft_num_predict"),
    ),
    "float32": (
        *("temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty"),
    ),
    "boolean": ("use_mmap",),
}
_PYTHON = {"integer": (int, float), "float32": (int, float), "boolean": (bool,)}


@dataclass(frozen=True)
class Ask:
    """What a scripted answer may depend on. model: the short name; prompt: the last message of the user."""

    kind: Kind
    model: str
    prompt: str
    messages: tuple[Mapping[str, Any], ...]
    think: Any
    format: Any
    options: Mapping[str, Any]


@dataclass
class Job:
    """A request that passed the first checks. `typed` is the model's name as the client wrote it."""

    kind: Kind
    typed: str
    model: Model
    data: Mapping[str, Any]
    request: Request
    entry: float
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def think(self) -> Any:
        return self.data.get("think")

    @property
    def format(self) -> Any:
        return self.data.get("format") or None

    @property
    def streaming(self) -> bool:
        return bool(self.data.get("stream", True))

    @property
    def keep_alive(self) -> float | None:
        value = self.data.get("keep_alive")
        return None if value is None else float(value)

    @property
    def empty(self) -> bool:
        """Nothing to answer: the request only loads or unloads."""
        return not (self.data.get("messages") if self.kind == "chat" else self.data.get("prompt"))

    @property
    def messages(self) -> tuple[Mapping[str, Any], ...]:
        """What the model sees, its own SYSTEM and MESSAGEs in their places."""
        if self.kind == "generate":
            asked: list[Mapping[str, Any]] = [{"role": "user", "content": self.data.get("prompt", "")}]
        else:
            asked = list(self.data.get("messages", ()))
        system = self.data.get("system") or self.model.system
        own: list[Mapping[str, Any]] = []
        if asked and asked[0].get("role") == "system":
            own = [asked.pop(0)]
        elif system:
            own = [{"role": "system", "content": system}]
        return (*own, *self.model.messages, *asked)

    @property
    def prompt(self) -> str:
        asked = [message for message in self.messages if message.get("role") not in ("system", "assistant")]
        return str(asked[-1].get("content", "")) if asked else ""

    @property
    def rendered(self) -> str:
        if self.data.get("raw"):
            return str(self.data.get("prompt", ""))
        return render(self.messages)

    @property
    def images(self) -> bool:
        return bool(self.data.get("images")) or any(message.get("images") for message in self.messages)


def render(messages: Iterable[Mapping[str, Any]]) -> str:
    """The prompt, in ChatML whatever the template."""
    turns = (f"<|im_start|>{m.get('role', '')}\n{m.get('content', '')}<|im_end|>\n" for m in messages)
    return "".join(turns) + "<|im_start|>assistant\n"


def tokens_of(text: str) -> int:
    """An estimate: four bytes a token."""
    return max(1, -(-len(text.encode("utf-8", "replace")) // 4))


class Gate:
    """Lets requests in, or refuses them with the server's words."""

    def __init__(self, server: FakeOllama) -> None:
        self.server, self.profile = server, server.profile

    def admit(self, kind: Kind, data: Mapping[str, Any], request: Request) -> Job:
        """The checks in the server's order; ApiError with its words."""
        entry = self.server.clock.now()
        typed = str(data.get("model", ""))
        if not 0 <= data.get("top_logprobs", 0) <= 20:
            raise ApiError(400, "top_logprobs must be between 0 and 20")
        if fault := self.server.faults.take("admit", request.path, typed):
            raise fault.fault.error(self.profile, typed)
        model = self._model(kind, typed)
        job = Job(kind, typed, model, data, request, entry)
        if job.empty and job.keep_alive == 0:
            return job
        self._capable(job)
        job.options = {**model.parameters, **{k: v for k, v in data.get("options", {}).items() if v is not None}}
        check_options(job.options)
        return job

    def _model(self, kind: Kind, typed: str) -> Model:
        old = not self.profile.since(0, 18, 0)
        if not typed or (old and parse(typed) is None):
            if kind == "chat":
                raise ApiError(400, "model is required")
            raise ApiError(404, f"model '{typed}' not found")
        if parse(typed) is None:
            raise ApiError(400, "invalid model name")
        if is_cloud(typed) and not old:
            raise ApiError(401, "unauthorized", extra={"signin_url": "https://ollama.com/connect"})
        model = self.server.library.find(typed)
        if model is None:
            raise ApiError(404, f"model '{typed}' not found")
        return model

    def _capable(self, job: Job) -> None:
        able = library.capabilities(job.model, self.profile)
        if job.data.get("raw") and any(job.data.get(name) for name in ("template", "system", "context")):
            raise ApiError(400, "raw mode does not support template, system, or context")
        if job.think and "thinking" not in able:
            raise ApiError(400, f'"{job.typed}" does not support thinking')
        if isinstance(job.think, str) and not self.profile.named_think_levels:
            raise ApiError(400, f'think value "{job.think}" is not supported for this model')
        if "completion" not in able:
            raise ApiError(400, f'"{job.typed}" does not support {job.kind}')
        for name, needed in (("tools", "tools"), ("suffix", "insert")):
            if job.data.get(name) and needed not in able:
                raise ApiError(400, f"{job.model.name.full} does not support {needed}")


def ask_of(job: Job) -> Ask:
    return Ask(job.kind, job.model.name.short, job.prompt, job.messages, job.think, job.format, job.options)


def check_options(options: Mapping[str, Any]) -> None:
    for kind, names in _TYPES.items():
        for name in names:
            value = options.get(name)
            wrong_bool = isinstance(value, bool) and kind != "boolean"
            if value is not None and (wrong_bool or not isinstance(value, _PYTHON[kind])):
                raise ApiError(500, f'option "{name}" must be of type {kind}')
    stop = options.get("stop")
    if stop is not None and not isinstance(stop, list):
        raise ApiError(500, 'option "stop" must be of type array')
    if stop and not all(isinstance(word, str) for word in stop):
        raise ApiError(500, 'option "stop" must be of an array of strings')
