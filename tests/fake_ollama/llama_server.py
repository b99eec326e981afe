"""llama.cpp's own server: `/v1/chat/completions` in its dialect, one model, an optional key."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from tests.fake_ollama import chat
from tests.fake_ollama.errors import ApiError, plain_json
from tests.fake_ollama.faults import HTML, spoil_bytes
from tests.fake_ollama.http import Hang, Reply, Request
from tests.fake_ollama.library import Model
from tests.fake_ollama.lines import fold, nothing
from tests.fake_ollama.llama_props import props

if TYPE_CHECKING:
    from tests.fake_ollama.server import FakeOllama

JSON = "application/json; charset=utf-8"
HEADERS = (("Server", "llama.cpp"), ("Access-Control-Allow-Origin", ""))
_PUBLIC = ("/health", "/v1/health", "/models", "/v1/models")
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    503: "unavailable_error",
}


class LlamaServer:
    """Answers one request at a time; the model is the first that was added, whatever name is asked for."""

    def __init__(self, server: FakeOllama) -> None:
        self.server, self.chat = server, chat.Chat(server)
        self._ids = itertools.count()

    @property
    def model(self) -> Model:
        if not self.server.library.models:
            self.server.add_model("demo", capabilities=("completion", "thinking"))
        return next(iter(self.server.library.models.values()))

    @property
    def path(self) -> str:
        return f"/models/{self.model.name.model}.gguf"

    async def answer(self, request: Request, read: Callable[[], Awaitable[bytes]]) -> Reply:
        path = request.path.partition("?")[0]
        if self.server.faults.take("accept", path):
            raise Hang
        if armed := self.server.faults.take("page", path):
            return Reply(armed.fault.status, HTML, "text/html")
        request.body = await read()
        key = self.server.api_key
        if key and path not in _PUBLIC and request.header("authorization") != f"Bearer {key}":
            return _error(401, "Invalid API Key")
        try:
            return await self._route(request, path)
        except ApiError as error:
            return _reply(_error_body(error), error.status)

    async def _route(self, request: Request, path: str) -> Reply:
        match path:
            case "/health" | "/v1/health":
                return _reply(b'{"status":"ok"}')
            case "/v1/models" | "/models":
                return _reply(_dump(self._models()))
            case "/props":
                return _reply(_dump(self._props()))
            case "/v1/chat/completions" | "/chat/completions":
                return await self._complete(request)
            case _:
                return _error(404, "File Not Found")

    def _props(self) -> dict[str, Any]:
        return props(self.path, self.model.gguf.chat_template, self._context, self.server.scheduler.limits.slots)

    @property
    def _context(self) -> int:
        return min(self.server.scheduler.limits.context, self.model.gguf.context_length)

    def _models(self) -> dict[str, Any]:
        details = {"parent_model": "", "format": "gguf", "family": "", "families": [""]}
        known = {
            "name": self.path,
            "model": self.path,
            "modified_at": "",
            "size": "",
            "digest": "",
            "type": "model",
            "description": "",
            "tags": [""],
            "capabilities": ["completion"],
            "parameters": "",
            "details": {**details, "parameter_size": "", "quantization_level": ""},
        }
        file = self.model.gguf
        meta = {"vocab_type": 2, "n_vocab": 851, "n_ctx": self._context, "n_ctx_train": file.context_length}
        meta |= {"n_embd": file.embedding_length, "n_params": file.parameters, "size": self.model.size}
        entry = {
            "id": self.path,
            "aliases": [self.path],
            "tags": [],
            "object": "model",
            "created": self._now,
            "owned_by": "llamacpp",
            "meta": {**meta, "ftype": file.quantization},
        }
        return {"models": [known], "object": "list", "data": [entry]}

    @property
    def _now(self) -> int:
        return int(self.server.clock.now())

    async def _complete(self, request: Request) -> Reply:
        asked = _decode(request.body)
        if "messages" not in asked:
            raise ApiError(400, "'messages' is required")
        lines = self.chat.lines(self.chat.admit("chat", self._native(asked), request))
        head = self._head()
        if asked.get("stream"):
            parts = _Stream(head, asked).parts(lines)
            first = await anext(parts, b"")
            return await self._spoiled(_reply(_joined(first, parts)), request)
        line = fold([line async for line in lines] or [nothing("chat")])
        message: dict[str, Any] = {"role": "assistant", "content": line["message"]["content"]}
        if thinking := line["message"].get("thinking"):
            message["reasoning_content"] = thinking
        choice = {"finish_reason": line.get("done_reason"), "index": 0, "message": message}
        named = {key: value for key, value in head.items() if key != "id"}
        whole = {"choices": [choice], **named, "object": "chat.completion", "usage": _usage(line), "id": head["id"]}
        return await self._spoiled(_reply(_dump({**whole, "timings": _timings(line)})), request)

    def _head(self) -> dict[str, Any]:
        number = f"chatcmpl-{next(self._ids):032d}"
        return {"created": self._now, "id": number, "model": self.path, "system_fingerprint": "b0-unknown"}

    def _native(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The same request as `/api/chat` would take it."""
        options = {name: asked[name] for name in ("temperature", "top_p", "top_k", "seed") if name in asked}
        limit = asked.get("max_tokens", asked.get("max_completion_tokens"))
        if limit is not None:
            options["num_predict"] = limit
        if stop := asked.get("stop"):
            options["stop"] = [stop] if isinstance(stop, str) else stop
        kwargs = asked.get("chat_template_kwargs", {})
        off = kwargs.get("enable_thinking") is False or asked.get("reasoning_effort") == "none"
        form = asked.get("response_format", {})
        schema = form.get("json_schema", {}).get("schema") or form.get("schema")
        native = {
            "model": self.model.name.short,
            "messages": asked["messages"],
            "options": options,
            "format": schema or ("json" if form.get("type") == "json_object" else None),
            "truncate": False,
            "shift": False,
        }
        return {**native, "think": False} if off else native

    async def _spoiled(self, reply: Reply, request: Request) -> Reply:
        armed = self.server.faults.take("bytes", request.path)
        if armed is None:
            return reply
        if isinstance(reply.body, bytes):
            armed.after = 0
        body = _joined(reply.body) if isinstance(reply.body, bytes) else reply.body
        return _reply(spoil_bytes(body, armed))


class _Stream:
    """Chunks of one streamed answer."""

    def __init__(self, head: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
        self.head = head
        self.usage = bool(asked.get("stream_options", {}).get("include_usage"))
        self.timed = bool(asked.get("timings_per_token"))

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        chunk = {"choices": choices, **self.head, "object": "chat.completion.chunk", **more}
        return b"data: " + _dump(chunk) + b"\n\n"

    def _delta(self, delta: dict[str, Any], *, reason: str | None = None, **more: Any) -> bytes:
        return self._chunk([{"finish_reason": reason, "index": 0, "delta": delta}], **more)

    async def parts(self, lines: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
        """Events as they are written; an error after the first one is an event too, and the last."""
        self.spoken = False
        try:
            async for part in self._events(lines):
                yield part
                self.spoken = True
        except ApiError as error:
            if not self.spoken:
                raise
            yield b"data: " + _error_body(error) + b"\n\n"

    async def _events(self, lines: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
        count = 0
        async with aclosing(lines):  # type: ignore[type-var]
            async for line in lines:
                timings: dict[str, Any] = {"timings": _timings(line, count)} if self.timed else {}
                if not count:
                    yield self._delta({"role": "assistant", "content": None}, **timings)
                count += 1
                if line["done"]:
                    yield self._last(line)
                    yield b"data: [DONE]\n\n"
                    return
                message = line["message"]
                name = "reasoning_content" if message.get("thinking") else "content"
                yield self._delta({name: message.get("thinking") or message["content"]}, **timings)

    def _last(self, line: Mapping[str, Any]) -> bytes:
        reason, timings = line.get("done_reason"), _timings(line)
        if not self.usage:
            return self._delta({}, reason=reason, timings=timings)
        return self._delta({}, reason=reason) + self._chunk([], usage=_usage(line), timings=timings)


def _decode(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except json.JSONDecodeError as error:
        where = f"parse error at line {error.lineno}, column {error.colno + 1}"
        what = "syntax error while parsing object key - unexpected end of input; expected string literal"
        raise ApiError(500, f"[json.exception.parse_error.101] {where}: {what}") from None
    return value if isinstance(value, dict) else {}


def _usage(line: Mapping[str, Any]) -> dict[str, Any]:
    prompt, answer = line.get("prompt_eval_count", 0), line.get("eval_count", 0)
    return {
        "completion_tokens": answer,
        "prompt_tokens": prompt,
        "total_tokens": prompt + answer,
        "prompt_tokens_details": {"cached_tokens": 0},
    }


def _timings(line: Mapping[str, Any], count: int = 1) -> dict[str, Any]:
    prompt, answer = line.get("prompt_eval_count", 1), line.get("eval_count", count + 1)
    prompt_ms = line.get("prompt_eval_duration", 1_000_000) / 1e6
    answer_ms = line.get("eval_duration", 200_000 * answer) / 1e6
    return {
        "cache_n": 0,
        "prompt_n": prompt,
        "prompt_ms": prompt_ms,
        "prompt_per_token_ms": prompt_ms / prompt,
        "prompt_per_second": prompt / prompt_ms * 1e3,
        "predicted_n": answer,
        "predicted_ms": answer_ms,
        "predicted_per_token_ms": answer_ms / answer,
        "predicted_per_second": answer / answer_ms * 1e3,
    }


def _dump(value: Any) -> bytes:
    return plain_json(value).encode("utf-8", "replace")


def _reply(body: bytes | AsyncIterator[bytes], status: int = 200) -> Reply:
    if isinstance(body, bytes):
        return Reply(status, body, JSON, HEADERS, dated=False, sized=True)
    return Reply(status, body, "text/event-stream", (*HEADERS, ("X-Accel-Buffering", "no")), dated=False)


def _error(status: int, text: str) -> Reply:
    """An error of the router's, its keys in another order than those of the model's."""
    return _reply(
        _dump({"error": {"message": text, "type": _KINDS.get(status, "server_error"), "code": status}}), status
    )


def _error_body(error: ApiError) -> bytes:
    if error.text.startswith('{"error"'):
        return error.text.encode()
    kind = _KINDS.get(error.status, "server_error")
    return _dump({"error": {"code": error.status, "message": error.text, "type": kind}})


async def _joined(first: bytes, rest: AsyncIterator[bytes] | None = None) -> AsyncIterator[bytes]:
    yield first
    if rest is not None:
        async with aclosing(rest):  # type: ignore[type-var]
            async for part in rest:
                yield part
