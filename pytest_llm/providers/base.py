"""What every engine behind the plugin is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from pytest_llm.cases.request import ChatRequest
from pytest_llm.models.reference import ModelRef

MAX_CALLS = 128  # tools in one answer, as many as an API takes; a server that lies sends millions
MAX_WORD = 100  # characters of a finish reason, a version or a digest

# What a model is loaded with, of the options of a request.
LOAD_OPTIONS = ("num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "draft_num_predict")

LEAST_TO_SEE = 2048  # tokens: the shortest context of a model that sees
INSTANT = 1e-9  # seconds: no server's clock is finer
LOADED = 0.1  # seconds: a warm model is found within 20 ms, the smallest takes 250 ms to be loaded

Finish = Literal["stop", "length", "filtered", "error", "unknown"]


@dataclass(frozen=True)
class Limits:
    """Time limits in seconds: to connect, to the first byte (queue, load and prompt), between two lines.

    restart: how long a server that was there before is waited for. answer: the bytes that a whole answer may have.
    """

    connect: float = 5.0
    first_byte: float = 600.0
    silence: float = 60.0
    restart: float = 30.0
    answer: int = 64 * 2**20


@dataclass(frozen=True)
class Usage:
    """The server's own numbers; None where it gave none. Seconds and tokens.

    answer_tokens are those that answer_seconds measured: with `answer_only` they leave thinking out, because the
    server counted its second pass only. load_seconds: of the model, before it was asked; the engine fills in those
    of the group, where the provider is Loading.
    """

    prompt_tokens: int | None = None
    prompt_seconds: float | None = None
    answer_tokens: int | None = None
    answer_seconds: float | None = None
    load_seconds: float | None = None
    total_seconds: float | None = None
    answer_only: bool = False

    @property
    def rate(self) -> float | None:
        """Tokens a second of the answering pass; None where the server measured nothing."""
        if not self.answer_tokens or not self.answer_seconds or self.answer_seconds < INSTANT:
            return None
        return self.answer_tokens / self.answer_seconds


@dataclass(frozen=True)
class ToolCall:
    """A tool that the model called. arguments: JSON, as the model wrote them."""

    name: str
    arguments: str = ""

    def __str__(self) -> str:
        return f"{self.name}({self.arguments})"


@dataclass(frozen=True)
class Fingerprint:
    """What an answer and its speed depend on that no file of the repository says: plain values by name.

    answers: server, version, base, digest, quantisation, context. speed: machine, gpu, kv_cache, slots. What is not
    known is left out (docs/runs.md).
    """

    answers: Mapping[str, str | int | float] = field(default_factory=dict)
    speed: Mapping[str, str | int | float] = field(default_factory=dict)

    def __or__(self, other: Fingerprint) -> Fingerprint:
        return Fingerprint({**self.answers, **other.answers}, {**self.speed, **other.speed})


@dataclass(frozen=True)
class Response:
    """One complete answer.

    text: the answer, thinking split off. thinking: what the model thought, "" where it did not.
    finish: why it ended, finish_word: in the server's own word, "" where it said none. tool_calls: what it called.
    first_token, wall: seconds on our clock since the request was sent, without those that the model was loaded.
    context_length: the context the model ran with, in tokens, where the engine knows it. refuses: what does not fit
    into it is refused by this server, and an answer ends where the context does: nothing is dropped in silence.
    notes: one sentence each of what a reader of the numbers must know ("thinking was left inside the content").
    retries: the reason of each attempt before this one. stored: the day it was made, where it was not made now.
    id: the answer's own, by which the store knows it; the engine fills it in.
    server, version: who answered, by its address or the engine's name, and its version; the engine fills them in.
    began: when it was asked, in seconds since the epoch, 0 where that is not known; the engine fills it in.
    fingerprint: what else it rests on; the engine adds what it knows to what the provider says.
    """

    text: str
    thinking: str = ""
    finish: Finish = "stop"
    usage: Usage = field(default_factory=Usage)
    first_token: float | None = None
    wall: float = 0.0
    model: str = ""
    digest: str = ""
    context_length: int | None = None
    notes: tuple[str, ...] = ()
    retries: tuple[str, ...] = ()
    stored: str = ""
    server: str = ""
    version: str = ""
    finish_word: str = ""
    refuses: bool = False
    tool_calls: tuple[ToolCall, ...] = ()
    fingerprint: Fingerprint = field(default_factory=Fingerprint)
    id: str = ""
    began: float = 0.0


@dataclass(frozen=True)
class ModelInfo:
    """What an engine knows of a model before it is asked.

    server: its address, or the engine's name. local: it shares this machine's processors.
    blob: what a runner is made of; cells with the same (server, blob, load-time options) share a loaded model.
    capabilities: by Ollama's names ("thinking", "tools", "vision"), None where the engine cannot tell.
    parameters: options that the server's model brings itself. trained: its longest context, in tokens.
    fingerprint: what its answers and their speed rest on, as far as it is known before it is asked.
    listed: whether the server says that it has the model; False where it may have it all the same.
    """

    server: str
    blob: str
    digest: str = ""
    local: bool = False
    capabilities: frozenset[str] | None = None
    version: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    trained: int | None = None
    fingerprint: Fingerprint = field(default_factory=Fingerprint)
    listed: bool = True


_PIECES: ContextVar[Callable[[str], None] | None] = ContextVar("pieces", default=None)


@contextmanager
def pieces_go_to(listener: Callable[[str], None]) -> Iterator[None]:
    """While a provider is asked within this context, it is told each piece of thinking and answer as it comes."""
    token = _PIECES.set(listener)
    try:
        yield
    finally:
        _PIECES.reset(token)


def on_piece(text: str) -> None:
    """What a provider may call with each piece of thinking or answer, in the task in which it was asked."""
    if text and (listener := _PIECES.get()):
        listener(text)


class Provider(Protocol):
    """An engine. All calls come from one event loop; `chat` may be called several times at once.

    Errors are those of `pytest_llm.errors`: ProviderError (its `reach` and `retry` filled in), Unsupported,
    GenerationTimeout.
    """

    async def prepare(self, model: ModelRef) -> ModelInfo:
        """Make the model ready to be asked (build, pull, start); called once a run for each model."""
        ...

    async def chat(self, request: ChatRequest) -> Response:
        """Ask once, without retries."""
        ...

    async def close(self) -> None:
        """Let go of connections and child processes."""
        ...


@dataclass(frozen=True)
class Resident:
    """A model that is loaded. blob: as in ModelInfo. context: in tokens, None where that is not told."""

    blob: str
    context: int | None = None


@runtime_checkable
class Loading(Protocol):
    """What a provider may be besides: one that loads and unloads models when it is told to."""

    async def load(self, request: ChatRequest) -> float:
        """Load what a request needs, by its load options and keep_alive; the seconds that took.

        Asks once, without retries; raises ProviderErrors. RequestRefused: it cannot be told to, and is to be asked.
        """
        ...

    async def unload(self, request: ChatRequest) -> None:
        """Let go of what a request needed. Raises ProviderErrors."""
        ...

    async def resident(self) -> Sequence[Resident]:
        """What is loaded now, by whomever. Raises ProviderErrors."""
        ...


@runtime_checkable
class Changing(Protocol):
    """What a provider may be besides: one whose models and version may change while a run goes on."""

    async def look_again(self, model: ModelRef) -> ModelInfo:
        """What is known of a model that is prepared, as things are by now. Raises ProviderErrors."""
        ...


def load_options(request: ChatRequest) -> dict[str, Any]:
    """What a request says of how its model is loaded; `shift`, whether a full context goes on, is loaded too."""
    said = {name: value for name, value in request.options.items() if name in LOAD_OPTIONS and value is not None}
    return said | {"shift": request.trim}
