"""Any server that speaks `/v1/chat/completions`: llama.cpp, vLLM, SGLang, LM Studio, Ray Serve, Ollama itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from pytest_llm.cases.request import ChatRequest
from pytest_llm.errors import HarnessError, ModelUnavailable, PytestLlmError, ServerBusy, Unsupported
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import MAX_WORD, Fingerprint, Limits, ModelInfo, Response, Usage
from pytest_llm.providers.ollama.host import is_loopback, openai_url
from pytest_llm.providers.ollama.models import COMPARED, Models, full_name, word
from pytest_llm.providers.ollama.running import Runners, Running
from pytest_llm.providers.ollama.version import counts_whole_prompts
from pytest_llm.providers.openai.answer import EventSink
from pytest_llm.providers.openai.body import Dialect, can_switch, chat_body, refused_field
from pytest_llm.providers.wire.complaint import Asked
from pytest_llm.providers.wire.http import BadStatus, Http
from pytest_llm.providers.wire.patience import Patience
from pytest_llm.providers.wire.stream import count, mapping, objects, quoted

START = "start the server, or give its address by --llm-openai-url or OPENAI_BASE_URL"
KEY = "PYTEST_LLM_OPENAI_KEY or OPENAI_API_KEY"
_OWNERS = {"llamacpp": "llama.cpp", "vllm": "vllm", "sglang": "sglang"}
_VERSIONS = {
    "vllm": ("/version", "version"),
    "llama.cpp": ("/props", "build_info"),
    "ollama": ("/api/version", "version"),
}
_REFUSES = (
    "llama.cpp",
    "vllm",
    "sglang",
)  # what does not fit; their answers end where the context does


@dataclass(frozen=True)
class _Listed:
    """What `/v1/models` says. any_name: the server takes whatever name it is given.

    contexts: tokens by model. quantisations: of the weights, by model, in the server's word.
    """

    names: tuple[str, ...] = ()
    contexts: Mapping[str, int] | None = None
    quantisations: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    any_name: bool = False


class OpenAIProvider:
    """A server that speaks the OpenAI dialect.

    url: its base, with or without `/v1`. key: sent as a bearer token, never shown. engine: the name that messages
    use. local: it runs on this machine; None looks at the address. trusted: the user chose the address, not a file.
    """

    def __init__(
        self,
        url: str,
        limits: Limits | None = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        engine: str = "openai",
        local: bool | None = None,
        trusted: bool = True,
        start: str = START,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        bearer = {"Authorization": f"Bearer {key}"} if key else {}
        base = openai_url(url)
        root = base.removesuffix("/v1")
        self._prefix = base[len(root) :]
        ping = f"{self._prefix}/models"
        sent = {**bearer, **(headers or {})}
        self._http = Http(root, limits or Limits(), sent, start=start, ping=ping, trusted=trusted)
        self._engine, self._local, self._clock = engine, local, clock
        self._listed: _Listed | None = None
        self._dialect = Dialect()
        self._ollama = Models(self._http, lambda _: None)
        self._runners = Runners(self._ollama)
        self._shown: dict[str, ModelInfo] = {}

    @property
    def url(self) -> str:
        """The server's base, without any password."""
        return f"{self._http.url}{self._prefix}"

    async def prepare(self, model: ModelRef) -> ModelInfo:
        """Look at what the server has; which names it answers to is left to its answer."""
        if self._listed is None:
            self._listed = await self._list()
            self._dialect = replace(self._dialect, kind=self._listed.kind)
        local = is_loopback(self.url) if self._local is None else self._local
        version = await self._version(self._listed.kind)
        brings = Fingerprint(_known(self._listed, model.name) | {"server": self._listed.kind or self._engine})
        listed = self._listed.any_name or bool({model.name, full_name(model.name)} & set(self._listed.names))
        info = ModelInfo(self.url, model.name, local=local, version=version, fingerprint=brings, listed=listed)
        if self._listed.kind == "ollama" and version:
            with suppress(PytestLlmError):
                shown = await self._ollama.show(model.name)
                brings |= Fingerprint({"digest": shown.blob, "quantisation": shown.quantisation})
                info = replace(info, parameters=shown.parameters, trained=shown.trained, fingerprint=brings)
                self._shown[model.name] = info
        return info

    async def chat(self, request: ChatRequest) -> Response:
        """Ask once. A field that the server does not know, and that can be left out, is left out from then on."""
        if self._listed is None:
            with suppress(HarnessError):
                await self.prepare(request.model)
        while True:
            body, notes = chat_body(request, self._dialect)
            self._check_switch(request, body)
            asked = Asked(f"{self.url}/chat/completions", request.model.name, self._key_hint)
            sink = EventSink(asked, self._clock)
            try:
                await self._stream(body, sink, request.timeout)
            except BadStatus as bad:
                refused = refused_field(bad.body, body) if bad.status in (400, 422) else None
                if refused is None:
                    raise self._fault(asked, bad) from None
                self._dialect = replace(self._dialect, refused=self._dialect.refused | {refused})
            else:
                response = self._counted(sink.response(request, notes))
                running = await self._running(request.model.name, response.usage)
                return replace(
                    response,
                    context_length=running.context,
                    fingerprint=running.fingerprint,
                    refuses=self._dialect.kind in _REFUSES,
                )

    async def close(self) -> None:
        """No connection is kept."""

    @property
    def _key_hint(self) -> str:
        return KEY if self._engine == "openai" else ""

    async def _stream(self, body: dict[str, Any], sink: EventSink, timeout: float) -> None:
        limits = self._http.limits
        patience = Patience(limits.first_byte, limits.silence, timeout, limits.answer)
        await self._http.stream(f"{self._prefix}/chat/completions", body, sink, patience)

    def _check_switch(self, request: ChatRequest, body: Mapping[str, Any]) -> None:
        if not can_switch(request.think, body):
            mode = ("on" if request.think else "off") if isinstance(request.think, bool) else request.think
            raise Unsupported(
                f"the server at {self.url} has no switch for `think: {mode}`",
                "ask it with `think: default`, or with a level",
            )

    def _fault(self, asked: Asked, bad: BadStatus) -> PytestLlmError:
        error = bad.fault(asked)
        if isinstance(error, ModelUnavailable) and self._listed and self._listed.names:
            names = self._listed.names
            close = get_close_matches(asked.model, names[:COMPARED], n=4, cutoff=0.4) or names[:8]
            error.hint = f"{self.url} has: {', '.join(map(quoted, close))}"
        return error

    async def _list(self) -> _Listed:
        """What `/v1/models` says; a server without it is taken as it is."""
        asked = Asked(f"{self.url}/models", "", self._key_hint)
        try:
            data = await self._http.json("GET", f"{self._prefix}/models")
        except BadStatus as bad:
            error = bad.fault(asked)
            if bad.status in (301, 302, 307, 308, 401, 403) or isinstance(error, ServerBusy):
                raise error from None
            return _Listed()
        models = [m for m in objects(data, "data") if isinstance(m.get("id"), str)]
        kinds = {_OWNERS.get(str(m.get("owned_by")), "") for m in models}
        contexts = {m["id"]: count(m, "max_model_len") or count(mapping(m, "meta"), "n_ctx") for m in models}
        kind = kinds.pop() if len(kinds) == 1 else ""
        if not kind and models and all(":" in m["id"] for m in models):  # Ollama names every model with its tag
            kind = "ollama"
        return _Listed(
            names=tuple(m["id"] for m in models),
            contexts={name: size for name, size in contexts.items() if size},
            quantisations={m["id"]: word(mapping(m, "meta").get("ftype")) for m in models},
            kind=kind,
            any_name=kind == "llama.cpp",
        )

    def _counted(self, response: Response) -> Response:
        """Without a count of the prompt where that is none of the whole prompt."""
        info = self._shown.get(response.model)
        if info is None or counts_whole_prompts(info.version):
            return response
        return replace(response, usage=replace(response.usage, prompt_tokens=None))

    async def _running(self, model: str, usage: Usage) -> Running:
        if info := self._shown.get(model):
            return await self._runners.answered(model, info, usage)
        known = dict(self._listed.contexts or {}) if self._listed else {}
        if self._listed and self._listed.any_name and len(known) == 1:
            return Running(next(iter(known.values())))
        return Running(known.get(model))

    async def _version(self, kind: str) -> str:
        """Where the server tells it; another version may answer differently."""
        if kind not in _VERSIONS:
            return ""
        path, field = _VERSIONS[kind]
        try:
            return str((await self._http.json("GET", path)).get(field, ""))[:MAX_WORD]
        except (BadStatus, HarnessError):
            return ""


def _known(listed: _Listed, model: str) -> dict[str, str]:
    """What is listed of a model; where the server takes any name, of the only one that it has."""
    told = listed.quantisations
    only = next(iter(told.values())) if listed.any_name and len(told) == 1 else ""
    return {"quantisation": found} if (found := told.get(model, "") or only) else {}
