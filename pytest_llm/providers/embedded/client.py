"""The embedded engine: llama.cpp, by the xllamacpp wheel, in child processes of ours.

For each GGUF file and set of load-time options one child serves on loopback with a random key, and is spoken to as
any other OpenAI-compatible server. The Modelfile's SYSTEM, MESSAGEs and PARAMETERs apply; its TEMPLATE does not,
llama.cpp takes the chat template of the GGUF file.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.errors import BrokenAnswer, ModelUnavailable, ProviderError, ServerDown, Unanswered, Unsupported
from pytest_llm.models.files import file_digest
from pytest_llm.models.gguf import Gguf, read
from pytest_llm.models.modelfile import content_digest
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Fingerprint, Limits, ModelInfo, Response
from pytest_llm.providers.embedded.process import LlamaProcess, Load, LoadFailed
from pytest_llm.providers.openai.client import OpenAIProvider
from pytest_llm.settings import cores

SERVER = "embedded"
DEFAULT_CONTEXT = 4096  # tokens: Ollama's own default on a machine without a large GPU
KV_CACHE = "f16"  # llama.cpp's own choice, which we leave as it is
CONTEXT_STEP = 256  # llama.cpp rounds up to it
SMALL_PARAMETERS = 100_000_000  # below, more threads wait for each other longer than they compute
SMALL_BYTES = 2**30  # models that fit together into this stay loaded side by side
KEEP = 2  # loaded models at most: two that alternate are not loaded again each time
LOAD_OPTIONS = frozenset(
    ("num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "draft_num_predict")
)
MISSING = "pip install 'pytest-llm-cases[embedded]'"


@dataclass
class _Runner:
    """A child, the client that speaks to it, and how many requests it is at."""

    process: LlamaProcess
    client: OpenAIProvider
    size: int
    busy: int = 0

    async def close(self) -> None:
        self.process.kill()
        await self.client.close()
        await self.process.stop()


@dataclass(frozen=True)
class _Known:
    """What is known of a model once it is prepared."""

    gguf: Gguf
    digest: str


@dataclass
class _Pool:
    """The children by what they are made of, the one used longest ago first."""

    runners: dict[Load, _Runner] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    loading: bool = False


class EmbeddedProvider:
    """llama.cpp on this machine. slots: how many requests a child serves at a time."""

    def __init__(self, limits: Limits | None = None, *, slots: int = 1) -> None:
        self._limits, self._slots = limits or Limits(), slots
        self._known: dict[tuple[str, str], _Known] = {}
        self._pool = _Pool()

    async def prepare(self, model: ModelRef) -> ModelInfo:
        """Look at the file; it is loaded when it is asked. Raises ModelUnavailable, ServerDown."""
        known = await self._look(model)
        return ModelInfo(
            server=SERVER,
            blob=str(known.gguf.path),
            digest=known.digest,
            local=True,
            capabilities=known.gguf.capabilities,
            version=_version(),
            fingerprint=Fingerprint(speed={"kv_cache": KV_CACHE}),
        )

    async def chat(self, request: ChatRequest) -> Response:
        """Ask once; the model is loaded where it is not. Raises ProviderErrors, Unsupported, GenerationTimeout."""
        known = await self._look(request.model)
        _refuse_thinking(request, known.gguf)
        load, notes = self._load(request, known.gguf)
        runner, seconds = await self._take(load, known.gguf, request)
        try:
            response = await runner.client.chat(without_modelfile(request))
        except ProviderError as error:
            raise await self._explained(error, runner, load) from None
        finally:
            runner.busy -= 1
            await self._tell()
        return replace(
            response,
            usage=replace(response.usage, load_seconds=seconds),
            model=request.model.name,
            digest=known.digest,
            context_length=load.num_ctx,
            notes=(*response.notes, *notes),
        )

    async def close(self) -> None:
        """End the children."""
        runners, self._pool.runners = list(self._pool.runners.values()), {}
        for runner in runners:
            await runner.close()

    async def _look(self, model: ModelRef) -> _Known:
        key = (model.name, model.fingerprint)
        if key not in self._known:
            _version()
            self._known[key] = await asyncio.to_thread(_examine, model)
        return self._known[key]

    def _load(self, request: ChatRequest, gguf: Gguf) -> tuple[Load, list[str]]:
        """What the runner for this request is made of, and a note where it is not what was asked for."""
        options = _options(request)
        wanted = max(1, options.get("num_ctx") or DEFAULT_CONTEXT)
        context = min(wanted, gguf.context or wanted)
        notes = []
        if "num_ctx" in options and context < wanted:
            notes.append(f"num_ctx {wanted} is more than the model was trained for: it ran with {context}")
        return Load(
            path=str(gguf.path.absolute()),
            num_ctx=-(-context // CONTEXT_STEP) * CONTEXT_STEP,
            num_thread=options.get("num_thread") or _threads(gguf),
            slots=self._slots,
            num_batch=options.get("num_batch"),
            num_gpu=options.get("num_gpu"),
            main_gpu=options.get("main_gpu"),
            use_mmap=options.get("use_mmap"),
        ), notes

    async def _take(self, load: Load, gguf: Gguf, request: ChatRequest) -> tuple[_Runner, float]:
        """The runner, marked as busy, and the seconds it took to load it now."""
        pool = self._pool
        async with pool.changed:
            while True:
                runner = pool.runners.pop(load, None)
                if runner and runner.process.alive:
                    pool.runners[load] = runner
                    runner.busy += 1
                    return runner, 0.0
                if runner:
                    await runner.close()
                if not pool.loading and await self._make_room(gguf.size):
                    pool.loading = True
                    break
                await pool.changed.wait()
        try:
            return await self._start(load, gguf, request)
        finally:
            pool.loading = False
            await self._tell()

    async def _make_room(self, size: int) -> bool:
        """Let idle runners go; whether one more may be started. Two stay side by side only where both are small."""
        runners = self._pool.runners

        def crowds(runner: _Runner) -> bool:
            return len(runners) >= KEEP or size + runner.size > SMALL_BYTES

        for key, runner in list(runners.items()):
            if crowds(runner) and not runner.busy:
                del runners[key]
                await runner.close()
        return not any(crowds(runner) for runner in runners.values())

    async def _start(self, load: Load, gguf: Gguf, request: ChatRequest) -> tuple[_Runner, float]:
        try:
            process = await LlamaProcess.start(load, self._limits.first_byte)
        except LoadFailed as error:
            own = any(name in request.options for name in LOAD_OPTIONS)
            raise ModelUnavailable(
                f"llama.cpp could not load {gguf.path} with num_ctx {load.num_ctx}: {error}",
                hint=_hint(str(error)),
                reach="request" if own else "model",
            ) from None
        except OSError as error:
            raise ServerDown(f"no child process could be started for llama.cpp: {error}") from None
        limits = replace(self._limits, restart=0.0)  # a process that has ended is started again by the next request
        client = OpenAIProvider(process.url, limits, key=process.key, engine=SERVER, local=True)
        runner = _Runner(process, client, gguf.size, busy=1)
        self._pool.runners[load] = runner
        return runner, process.load_seconds

    async def _explained(self, error: ProviderError, runner: _Runner, load: Load) -> ProviderError:
        """Whether the child died, or has stopped answering: either way the next request gets a new one."""
        if not isinstance(error, ServerDown | BrokenAnswer | Unanswered):
            return error
        gone = await runner.process.gone()
        how = runner.process.epitaph() if gone else f"stopped answering: {error.message}"
        await self._drop(load, runner)
        return BrokenAnswer(
            f"llama.cpp's process {how}",
            hint=f"it ran {load.path} with num_ctx {load.num_ctx}; the next request starts it again",
            retry=1 if gone else 0,
            partial=error.partial,
        )

    async def _drop(self, load: Load, runner: _Runner) -> None:
        if self._pool.runners.get(load) is runner:
            del self._pool.runners[load]
        await runner.close()

    async def _tell(self) -> None:
        async with self._pool.changed:
            self._pool.changed.notify_all()


def _hint(reason: str) -> str:
    if re.search(r"alloc|memory", reason):
        return "a smaller num_ctx takes less memory"
    return "the file may be broken, or too new for this llama.cpp: download it anew, or pip install -U xllamacpp"


def _version() -> str:
    """Of llama.cpp's wheel. Raises ServerDown where it is not installed."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise ServerDown("the embedded engine needs llama.cpp, by the package xllamacpp", hint=MISSING)
    return f"xllamacpp {importlib.metadata.version('xllamacpp')}"


def _examine(model: ModelRef) -> _Known:
    gguf = read(Path(model.name))
    digests = [content_digest(spec) for spec in model.modelfiles] or [file_digest(gguf.path)]
    several = len(digests) > 1
    return _Known(gguf, hashlib.sha256(" ".join(digests).encode()).hexdigest() if several else digests[0])


def _threads(gguf: Gguf) -> int:
    """llama.cpp's threads wait for each other: on a machine that checks meanwhile, a small model needs one only."""
    return 1 if gguf.parameters < SMALL_PARAMETERS else max(1, cores() - 1)


def _refuse_thinking(request: ChatRequest, gguf: Gguf) -> None:
    if request.think and "thinking" not in gguf.capabilities:
        raise Unsupported(
            f"the chat template of {gguf.path.name} knows no thinking",
            "ask it with `think: off` or `think: default`",
        )


def _options(request: ChatRequest) -> dict[str, Any]:
    """The Modelfile's PARAMETERs, and over them what the request says."""
    own: Mapping[str, Any] = request.model.spec.whole.parameters if request.model.spec else {}
    return {**own, **request.options}


def without_modelfile(request: ChatRequest) -> ChatRequest:
    """The request as a server has to be asked that knows no Modelfile and has loaded the model already."""
    spec = request.model.spec.whole if request.model.spec else None
    system, rest = _split_system(request.messages)
    if spec:
        system = system or ((Message("system", spec.system),) if spec.system else ())
        rest = (*(Message(role, text) for role, text in spec.messages), *rest)
    options = {name: value for name, value in _options(request).items() if name not in LOAD_OPTIONS}
    return replace(request, messages=(*system, *rest), options=options, keep_alive=None)


def _split_system(messages: tuple[Message, ...]) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """The system message that comes first, if one does, and the other messages."""
    count = 1 if messages and messages[0].role == "system" else 0
    return messages[:count], messages[count:]
