"""Ollama, over `/api/chat`: from 0.12 on, its own engines and the llama-server behind the newer ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pytest_llm.cases.request import ChatRequest
from pytest_llm.errors import ModelUnavailable
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Fingerprint, Limits, ModelInfo, Resident, Response, load_options
from pytest_llm.providers.ollama.answer import ChatSink, chat_body, load_body
from pytest_llm.providers.ollama.building import Builder
from pytest_llm.providers.ollama.host import is_loopback, ollama_urls
from pytest_llm.providers.ollama.models import Models, NotThere, Shown, full_name
from pytest_llm.providers.ollama.running import Runners
from pytest_llm.providers.ollama.version import numbers, overflow, refuses
from pytest_llm.providers.wire.complaint import Asked
from pytest_llm.providers.wire.http import BadStatus, Http
from pytest_llm.providers.wire.patience import Patience

T = TypeVar("T")
START = (
    "start it with `ollama serve`, or name another by --llm-host or OLLAMA_HOST\n"
    "without a server: --llm-engine embedded, or --llm-model gguf:FILE"
)


@dataclass(frozen=True)
class _Ready:
    """A model that can be asked: its name there, and what is known of it."""

    name: str
    info: ModelInfo


class OllamaProvider:
    """An Ollama server.

    url: as OLLAMA_HOST is written, "" for the default. pull: fetch what is missing. modelfiles: the names of the
    Modelfiles at hand, for the error about a missing model. headers: sent with every request, never shown.
    progress: is told what takes long, a line at a time. trusted: the user chose the address, no file did.
    """

    def __init__(
        self,
        url: str = "",
        limits: Limits | None = None,
        *,
        pull: bool = False,
        progress: Callable[[str], None] | None = None,
        headers: Mapping[str, str] | None = None,
        modelfiles: Sequence[str] = (),
        trusted: bool = True,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        first, *others = ollama_urls(url)
        self._http = Http(
            first,
            limits or Limits(),
            headers,
            start=START,
            elsewhere=others,
            ping="/api/version",
            trusted=trusted,
        )
        self._pull, self._clock = pull, clock
        self._models = Models(self._http, progress or _quiet, modelfiles)
        self._runners = Runners(self._models)
        self._builder = Builder(self._http, self._models, pull=pull)
        self._ready: dict[tuple[str, str], _Ready] = {}
        self._version = ""

    @property
    def url(self) -> str:
        """The server's address, without any password."""
        return self._http.url

    async def prepare(self, model: ModelRef) -> ModelInfo:
        """Find the model, pull or build it; raises ModelUnavailable where it is not there."""
        self._version = self._version or await self._models.version()
        name = await self._built(model) if model.spec else model.name
        shown = await self._shown(name)
        digests = await self._models.just_listed(name)
        digest = digests.get(full_name(name), "")
        info = ModelInfo(
            server=self.url,
            blob=shown.blob or digest,
            digest=digest,
            local=is_loopback(self.url),
            capabilities=shown.capabilities,
            version=self._version,
            parameters=shown.parameters,
            trained=shown.trained,
            fingerprint=_fingerprint(model, shown, digests),
        )
        self._ready[_key(model)] = _Ready(name, info)
        return info

    async def look_again(self, model: ModelRef) -> ModelInfo:
        """With the version and the digest that the server tells by now."""
        ready = self._ready.get(_key(model))
        if ready is None:  # it is being built again
            return await self.prepare(model)
        self._version, digests = await asyncio.gather(self._models.version(), self._models.digests())
        digest = digests.get(full_name(ready.name), ready.info.digest)
        brings = ready.info.fingerprint
        if not model.spec:
            brings |= Fingerprint({"digest": digest})
        info = replace(ready.info, version=self._version, digest=digest, fingerprint=brings)
        if info != ready.info:
            ready = self._ready[_key(model)] = _Ready(ready.name, info)
        return ready.info

    async def chat(self, request: ChatRequest) -> Response:
        """Ask once; a model with a Modelfile is built first where that was not done, or where it is gone again."""
        ready, sink = await self._there(request.model, lambda ready: self._chat(request, ready))
        response = sink.response(request)
        load = load_options(request)
        running = await self._runners.answered(ready.name, ready.info, response.usage, load)
        return replace(
            response,
            digest=ready.info.digest,
            context_length=running.context,
            fingerprint=running.fingerprint,
            refuses=not request.trim and bool(refuses(self._version)),
        )

    async def load(self, request: ChatRequest) -> float:
        """Load what a request needs, by an empty one: with its load options, and its keep_alive."""
        _, seconds = await self._there(request.model, lambda ready: self._load(request, ready))
        return seconds

    async def unload(self, request: ChatRequest) -> None:
        """Let go of a model, whoever else may have asked for it."""
        await self._runners.unload((await self._found(request.model)).name)

    async def resident(self) -> Sequence[Resident]:
        """What `/api/ps` lists, each with the files that it was made of."""
        return await self._runners.resident()

    async def _there(self, model: ModelRef, do: Callable[[_Ready], Awaitable[T]]) -> tuple[_Ready, T]:
        """Do it with a model that is there; one with a Modelfile is built again where it is gone."""
        ready = await self._found(model)
        try:
            return ready, await do(ready)
        except NotThere:
            if model.spec is None:
                raise
        self._ready.pop(_key(model), None)
        ready = await self._found(model)
        return ready, await do(ready)

    async def _found(self, model: ModelRef) -> _Ready:
        if _key(model) not in self._ready and model.spec:
            await self.prepare(model)
        return self._ready.get(_key(model)) or _Ready(model.name, ModelInfo(self.url, ""))

    async def close(self) -> None:
        """No connection is kept."""

    async def _chat(self, request: ChatRequest, ready: _Ready) -> ChatSink:
        return await self._ask("/api/chat", chat_body(request, ready.name), request, ready, request.timeout)

    async def _load(self, request: ChatRequest, ready: _Ready) -> float:
        began = self._clock()
        await self._ask("/api/generate", load_body(request, ready.name), request, ready)
        return self._clock() - began

    async def _ask(
        self, path: str, body: dict[str, Any], request: ChatRequest, ready: _Ready, whole: float | None = None
    ) -> ChatSink:
        """whole: how long the answer may take, seconds from its first line on."""
        limits = self._http.limits
        asked = Asked(f"{self.url}{path}", request.model.written, cloud=True)
        sink = ChatSink(asked, self._clock)
        patience = Patience(limits.first_byte, limits.silence, whole, limits.answer)
        try:
            await self._http.stream(path, body | overflow(self._version, trim=request.trim), sink, patience)
        except BadStatus as bad:
            error = bad.fault(asked)
            if bad.status == 404 and isinstance(error, ModelUnavailable):
                error = await self._models.missing(ready.name)
            raise error from None
        return sink

    async def _shown(self, name: str) -> Shown:
        try:
            return await self._models.show(name)
        except ModelUnavailable:
            if not self._pull:
                raise await self._models.missing(name) from None
        await self._models.pull(name)
        return await self._models.show(name)

    async def _built(self, model: ModelRef) -> str:
        """Build a Modelfile's model where it is not there; its name there."""
        spec = model.spec
        assert spec is not None
        self._check_version(model.written, spec.requires)
        return await self._builder.build(spec)

    def _check_version(self, written: str, requires: str | None) -> None:
        """A server keeps REQUIRES and never looks at it. A build from source says 0.0.0."""
        has = numbers(self._version)
        if requires and any(has) and has < numbers(requires):
            raise ModelUnavailable(
                f"{written!r} requires Ollama {requires}, and {self.url} is {self._version}", hint="update Ollama"
            )


def _fingerprint(model: ModelRef, shown: Shown, digests: Mapping[str, str]) -> Fingerprint:
    """What the server brings: nothing where a file of the repository is all that the model is made of."""
    if model.spec and model.spec.origin.gguf:
        return Fingerprint()
    base = model.spec.origin.base if model.spec else model.name
    return Fingerprint({"digest": digests.get(full_name(base), ""), "quantisation": shown.quantisation})


def _key(model: ModelRef) -> tuple[str, str]:
    return model.name, model.fingerprint


def _quiet(line: str) -> None:
    """No one listens."""
