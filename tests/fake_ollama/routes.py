"""Which path is answered by what, as Ollama's router has it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from tests.fake_ollama import chat, gojson, openai
from tests.fake_ollama.admit import Kind
from tests.fake_ollama.errors import ApiError
from tests.fake_ollama.faults import HTML, spoil_bytes
from tests.fake_ollama.http import Hang, Reply, Request
from tests.fake_ollama.lines import fold, nothing
from tests.fake_ollama.manage import Manager

if TYPE_CHECKING:
    from tests.fake_ollama.server import FakeOllama

JSON, BARE_JSON, NDJSON = "application/json; charset=utf-8", "application/json", "application/x-ndjson"
_LOCAL = ("localhost", "127.0.0.1", "0.0.0.0", "[::1]", "::1")
_LOCAL_ENDS = (".localhost", ".local", ".internal")
Read = Callable[[], Awaitable[bytes]]
_METHODS: dict[str, tuple[str, ...]] = {
    "/": ("GET", "HEAD"),
    "/api/version": ("GET", "HEAD"),
    "/api/status": ("GET",),
    "/api/tags": ("GET", "HEAD"),
    "/api/ps": ("GET",),
    "/api/show": ("POST",),
    "/api/chat": ("POST",),
    "/api/generate": ("POST",),
    "/api/create": ("POST",),
    "/api/copy": ("POST",),
    "/api/pull": ("POST",),
    "/api/delete": ("DELETE",),
    "/v1/chat/completions": ("POST",),
    "/v1/models": ("GET",),
}


class Routes:
    """Answers one request at a time; holds nothing itself."""

    def __init__(self, server: FakeOllama) -> None:
        self.server = server
        self.chat, self.manager = chat.Chat(server), Manager(server)

    async def answer(self, request: Request, read: Read) -> Reply:
        """The reply; Hang and Cut where a fault wants that."""
        path = request.path.partition("?")[0]
        if not allowed(request):
            return Reply(403)
        if early := self._early(request, path):
            return early
        if path.startswith("/api/blobs/") and request.method in ("HEAD", "POST"):
            return await self._guarded(self.manager.blob(request, read))
        request.body = await read()
        handlers: dict[str, Callable[[Request], Awaitable[Reply]]] = {
            "/api/chat": self._native,
            "/api/generate": self._native,
            "/api/create": self._progress,
            "/api/pull": self._progress,
            "/v1/chat/completions": self._completion,
        }
        if handler := handlers.get(path):
            return await handler(request)
        return await self._spoiled(await self._guarded(self._simple(request, path)), request)

    def _early(self, request: Request, path: str) -> Reply | None:
        faults = self.server.faults
        if faults.take("accept", path):
            raise Hang
        if armed := faults.take("page", path):
            return Reply(
                armed.fault.status,
                b"" if armed.fault.status == 403 else HTML,
                "" if armed.fault.status == 403 else "text/html",
                (("Retry-After", armed.retry_after),) if armed.retry_after else (),
            )
        if path.startswith("/api/blobs/"):
            return None
        if path != "/" and path.endswith("/") and path[:-1] in _METHODS:
            return _moved(request, path[:-1])
        if path not in _METHODS:
            return Reply(404, b"404 page not found", "text/plain")
        if request.method not in _METHODS[path]:
            allow = (("Allow", ", ".join(_METHODS[path])),)
            return Reply(405, b"405 method not allowed", "text/plain", allow)
        return None

    async def _guarded(self, reply: Awaitable[Reply]) -> Reply:
        try:
            return await reply
        except ApiError as error:
            return error_reply(error)

    async def _simple(self, request: Request, path: str) -> Reply:
        match path:
            case "/":
                return Reply(200, b"Ollama is running", "text/plain; charset=utf-8")
            case "/api/version":
                return _json({"version": self.server.profile.version})
            case "/api/status":
                return _json({"cloud": {"disabled": False, "source": "none"}})
            case "/api/tags":
                return _json(self.manager.tags())
            case "/api/ps":
                return _json(self.manager.ps())
            case "/api/show":
                return _json(self.manager.show(request))
            case "/v1/models":
                return Reply(200, gojson.dumps(self._models()) + b"\n", BARE_JSON)
            case "/api/copy":
                return self.manager.copy(request)
            case _:
                return self.manager.delete(request)

    def _models(self) -> dict[str, Any]:
        models = [
            {
                "id": model.name.short,
                "object": "model",
                "created": int(model.modified),
                "owned_by": model.name.namespace,
            }
            for model in self.server.library.listed()
        ]
        return {"object": "list", "data": models or None}

    # Streams

    async def _native(self, request: Request) -> Reply:
        kind: Kind = "chat" if request.path.startswith("/api/chat") else "generate"
        try:
            data = gojson.loads(request.body, gojson.CHAT if kind == "chat" else gojson.GENERATE)
            job = self.chat.admit(kind, data, request)
            if job.empty:
                return _json(await self.chat.only_load(job))
            if job.data.get("_debug_render_only"):
                return _json(await self.chat.debug(job))
            lines = self.chat.lines(job)
            if not job.streaming:
                return await self._spoiled(
                    _json(fold([line async for line in lines] or [nothing(job.kind)])), request
                )
            return await self._spoiled(await _started(_encoded(lines), NDJSON), request)
        except ApiError as error:
            streaming = (
                isinstance(_field(request, "stream"), bool | None) and _field(request, "stream") is not False
            )
            return error_reply(error, bare=error.engine and streaming and not self.server.profile.llama_server)

    async def _completion(self, request: Request) -> Reply:
        try:
            data, asked = openai.native_request(request.body, self.server.profile)
        except ApiError as error:
            return Reply(error.status, gojson.dumps(openai.error_object(error)), JSON)
        usage = bool(asked.get("stream_options", {}).get("include_usage"))
        number = len(self.server.requests) * 37 % 999
        view = openai.View(self.server.profile, number, int(self.server.clock.now()), usage)
        try:
            lines = self.chat.lines(self.chat.admit("chat", data, request))
            if not data["stream"]:
                whole = view.whole(fold([line async for line in lines] or [nothing("chat")]))
                return await self._spoiled(Reply(200, gojson.dumps(whole) + b"\n", BARE_JSON), request)
            return await self._spoiled(await _started(view.stream(lines), "text/event-stream"), request)
        except ApiError as error:
            return Reply(error.status, gojson.dumps(openai.error_object(error)) + b"\n", BARE_JSON)

    async def _spoiled(self, reply: Reply, request: Request) -> Reply:
        armed = self.server.faults.take("bytes", request.path.partition("?")[0], str(_field(request, "model")))
        if armed is None:
            return reply
        if isinstance(reply.body, bytes):
            armed.after = 0
        body = _once(reply.body) if isinstance(reply.body, bytes) else reply.body
        return Reply(reply.status, spoil_bytes(body, armed), reply.type)

    async def _progress(self, request: Request) -> Reply:
        try:
            lines, streaming = (
                self.manager.create(request) if "create" in request.path else self.manager.pull(request)
            )
        except ApiError as error:
            return error_reply(error)
        try:
            if not streaming:
                seen = [line async for line in lines]
                return Reply(200, gojson.dumps(seen[-1]), BARE_JSON)
            return await _started(_encoded(lines), NDJSON)
        except ApiError as error:
            return error_reply(error, bare=True) if streaming else error_reply(error)


async def _started(body: AsyncIterator[bytes], content_type: str) -> Reply:
    """A reply whose first part is there already: what fails before it still has a status of its own."""
    try:
        first = await anext(body)
    except StopAsyncIteration:
        return Reply(200, b"", content_type, chunked=True)
    return Reply(200, _rest(first, body), content_type)


async def _rest(first: bytes, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(body):  # type: ignore[type-var]
        yield first
        async for part in body:
            yield part


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _encoded(lines: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    """A line each; an error after the first one is a line too."""
    spoken = False
    try:
        async with aclosing(lines):  # type: ignore[type-var]
            async for line in lines:
                yield gojson.dumps(line) + b"\n"
                spoken = True
    except ApiError as error:
        if not spoken:
            raise
        yield gojson.dumps({"error": error.text}) + b"\n"


def error_reply(error: ApiError, *, bare: bool = False) -> Reply:
    """`bare` is the form in which a stream that never began reports it."""
    body = gojson.dumps({"error": error.text, **error.extra})
    return Reply(error.status, body, BARE_JSON, chunked=True) if bare else Reply(error.status, body, JSON)


def _json(value: Any) -> Reply:
    return Reply(200, gojson.dumps(value), JSON)


def _field(request: Request, name: str) -> Any:
    try:
        return request.json.get(name)
    except (ValueError, AttributeError):
        return None


def _moved(request: Request, path: str) -> Reply:
    if request.method != "GET":
        return Reply(307, b"", "", (("Location", path),))
    body = f'<a href="{path}">Moved Permanently</a>.\n\n'.encode()
    return Reply(301, body, "text/html; charset=utf-8", (("Location", path),))


def allowed(request: Request) -> bool:
    """The checks of Host and Origin of a server bound to loopback."""
    host = _host(request.header("host"))
    if host and not _is_local(host):
        return False
    origin = request.header("origin")
    if not origin:
        return True
    scheme, _, rest = origin.partition("://")
    if scheme in ("app", "file", "tauri", "vscode-webview", "vscode-file"):
        return True
    return scheme in ("http", "https") and _host(rest) in ("localhost", "127.0.0.1", "0.0.0.0")


def _host(value: str) -> str:
    return value.rsplit(":", 1)[0] if value.rsplit(":", 1)[-1].isdigit() else value


def _is_local(host: str) -> bool:
    return host in (*_LOCAL, socket.gethostname()) or host.endswith(_LOCAL_ENDS)
