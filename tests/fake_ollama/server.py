"""A fake Ollama: a real HTTP server on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from tests.fake_ollama import faults, library
from tests.fake_ollama.admit import Ask
from tests.fake_ollama.clock import Clock, RealClock
from tests.fake_ollama.http import Connection, Cut, Hang, Log, Reply, Request
from tests.fake_ollama.library import Library, Model
from tests.fake_ollama.llama_server import LlamaServer
from tests.fake_ollama.names import parse
from tests.fake_ollama.profiles import LLAMA_SERVER, Profile
from tests.fake_ollama.routes import Routes
from tests.fake_ollama.runners import Limits, Load, Scheduler
from tests.fake_ollama.script import Script

Scripted = Script | str | Callable[[Ask], Script | str]
Match = str | Callable[[Ask], bool]


@dataclass(frozen=True)
class Cancelled:
    """A client that left before its answer was complete. phase: "load", "wait" for a slot, or "answer"."""

    request: Request
    phase: str


@dataclass
class Answering:
    """How many answers are being generated, and how many were at most."""

    changed: Callable[[], None]
    now: int = 0
    peak: int = 0
    order: list[str] = field(default_factory=list)

    def enter(self, model: str) -> None:
        self.now += 1
        self.peak = max(self.peak, self.now)
        self.order.append(model)
        self.changed()

    def leave(self) -> None:
        self.now -= 1
        self.changed()


class FakeOllama:
    """Serves until the `with` block ends.

    version: "0.33.0", "0.24.0", "0.12.6" (or any other: what differs goes by the number), or "llama-server".
    clock: RealClock or VirtualClock. token_time, prompt_time: seconds for a token, for a prompt that is not cached.
    The rest are the limits of `runners.Limits`. gpu: the share of a runner that `ps` says is in the GPU's memory.
    api_key: asked for by the llama-server dialect.
    """

    def __init__(
        self,
        version: str = "0.33.0",
        *,
        clock: Clock | None = None,
        token_time: float = 0.0,
        prompt_time: float = 0.0,
        slots: int = 1,
        max_loaded: int = 3,
        max_queue: int = 512,
        memory: int | None = None,
        load_time: float | Callable[[Model], float] = 0.0,
        keep_alive: float = 300.0,
        context: int = 4096,
        gpu: float = 0,
        api_key: str = "",
        port: int = 0,
    ) -> None:
        self.profile = Profile(version)
        self.clock: Clock = clock or RealClock()
        self.token_time, self.prompt_time, self.gpu, self.api_key = token_time, prompt_time, gpu, api_key
        self.library = Library()
        limits = Limits(slots, max_loaded, max_queue, memory, load_time, keep_alive, context)
        self.scheduler = Scheduler(self.clock, self.profile, limits)
        self.faults = faults.Faults()
        self.cancelled: list[Cancelled] = []
        self.crashes: list[BaseException] = []
        self.answering = Answering(self._changed)
        self.doomed: set[str] = set()
        self.leaking: set[str] = set()
        self._log, self._scripts = Log(), list[tuple[Match, str, Scripted]]()
        self._port, self._connections = port, set[asyncio.Task[None]]()
        self._server: asyncio.Server | None = None
        self._returning: asyncio.Task[None] | None = None
        self._change = threading.Condition()
        self._held: socket.socket | None = None

    # What tests set up

    def add_model(self, name: str, **settings: Any) -> Model:
        """Put a model there; `settings` as in `library.model_of`."""
        model = self.model_from(name, **settings)
        self.library.put(model)
        return model

    def model_from(self, name: str, **settings: Any) -> Model:
        return library.model_of(name, self.profile, self.clock.now(), **settings)

    def publish(self, name: str, **settings: Any) -> None:
        """Let `pull` find a model; without any published, the registry cannot be reached."""
        known = parse(name)
        if known is None:
            raise ValueError(f"not a model name: {name!r}")
        self.library.registry = {**(self.library.registry or {}), known.key: settings}

    def answer(self, match: Match, script: Scripted, *, model: str = "") -> None:
        """Answer prompts that contain `match` (or for which it is true) by `script`; the latest rule wins.

        A function as `script` is called with what was asked.
        """
        self._scripts.append((match, model, script))

    def script_for(self, ask: Ask) -> Script:
        for match, model, script in reversed(self._scripts):
            fits = match in ask.prompt if isinstance(match, str) else match(ask)
            if fits and model in ("", ask.model, ask.model.removesuffix(":latest")):
                found = script(ask) if callable(script) else script
                return Script(found) if isinstance(found, str) else found
        return Script(f"This is {ask.model}.", "The user asks. I answer.\n")

    def fault(self, which: int | str, *, times: int | None = 1, **how: Any) -> None:
        """Fail the next `times` requests that reach the fault's stage (None: all of them).

        how: path, model (as typed), after (lines that still come), seconds (of a slow load). Number 1, "refused",
        closes the listener until `recover`.
        """
        found = faults.find(which)
        if found.stage == "listen":
            self._call(self._refuse())
            return
        self.faults.armed.append(faults.Armed(found, times, **how))

    def recover(self) -> None:
        """Let go of every fault, and listen again."""
        self.faults.armed.clear()
        if self._server is None:
            self._call(self._listen())

    # What tests look at

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def models(self) -> dict[str, Model]:
        return {model.name.short: model for model in self.library.models.values()}

    @property
    def requests(self) -> list[Request]:
        return self._log.requests

    @property
    def loads(self) -> list[Load]:
        return self.scheduler.loads

    def asked(self, path: str = "/api/chat") -> list[Any]:
        """The bodies of the requests to one path, decoded; of those that came whole."""
        whole = (request for request in list(self.requests) if request.path == path and request.body)
        return [request.json for request in whole]

    def loads_of(self) -> Counter[str]:
        """How often each model was loaded, by its short name."""
        return Counter(load.model for load in list(self.loads))

    def wait_for(self, happened: Callable[[], Any], *, seconds: float = 10.0) -> None:
        """Wait until something is true of the server (looked at when a request, answer or reply begins or ends)."""
        with self._change:
            if not self._change.wait_for(happened, seconds):
                raise TimeoutError(f"it did not happen within {seconds:g} s")

    def _changed(self) -> None:
        with self._change:
            self._change.notify_all()

    # The server itself

    def __enter__(self) -> FakeOllama:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-ollama", daemon=True)
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self.crashes and error is None:
            raise self.crashes[0]

    def _call(self, work: Any) -> None:
        """Do it in the loop, and wait for it; a script, which runs there, does not."""
        doing = asyncio.run_coroutine_threadsafe(work, self._loop)
        if threading.current_thread() is not self._thread:
            doing.result(timeout=30)

    async def _listen(self) -> None:
        sock = self._bound()
        self._port = sock.getsockname()[1]
        self._answerer: Routes | LlamaServer = (
            LlamaServer(self) if self.profile.version == LLAMA_SERVER else Routes(self)
        )
        self._server = await asyncio.start_server(self._accept, sock=sock)

    def _bound(self) -> socket.socket:
        if self._held is not None:
            held, self._held = self._held, None
            return held
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", self._port))
        return sock

    async def _refuse(self) -> None:
        """Stop listening but keep the port: a connection is refused, and no other program gets it."""
        await self._close_listener()
        self._held = self._bound()

    async def restart(self, seconds: float) -> None:
        """As when the program is ended and started again: no connection survives, nothing is loaded any more."""
        await self._refuse()
        self.scheduler.runners.clear()
        self._returning = asyncio.create_task(self._return(seconds))
        for task in list(self._connections):
            task.cancel()
        await asyncio.Future()  # whoever asked for it is cancelled too

    async def _return(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._listen()

    async def _close_listener(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    async def _stop(self) -> None:
        if self._returning is not None:
            self._returning.cancel()
        await self._close_listener()
        if self._held is not None:
            self._held.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._loop.shutdown_asyncgens()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        connection = Connection(reader, writer)
        try:
            while await self._exchange(connection):
                pass
        except (asyncio.CancelledError, OSError):
            pass
        except Exception as error:
            self.crashes.append(error)
        finally:
            self._connections.discard(task)
            await connection.close()

    async def _exchange(self, connection: Connection) -> bool:
        """One request and its reply; False where the connection is done with."""
        head = await connection.head()
        if head is None:
            return False
        request = Request(*head, arrived=self.clock.now())
        self._log.add(request)
        self._changed()
        work = asyncio.create_task(self._reply(connection, request))
        watch = asyncio.create_task(_after(request.read_whole.wait(), connection.watch))
        try:
            await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
            if not work.done() or isinstance(work.exception(), OSError):  # it left before, or while we wrote
                if request.phase not in ("", "done"):
                    self.cancelled.append(Cancelled(request, request.phase))
                    self._changed()
                return False
            return work.result()
        finally:
            for task in (work, watch):
                task.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)
            self._changed()

    async def _reply(self, connection: Connection, request: Request) -> bool:
        async def read() -> bytes:
            request.body = await connection.body(request.headers)
            request.read_whole.set()
            return request.body

        try:
            reply: Reply = await self._answerer.answer(request, read)
            if not request.read_whole.is_set():
                reply.close = reply.close or request.method == "POST"
            return await connection.send(request, reply)
        except Hang:
            request.read_whole.set()
            await connection.gone.wait()
        except Cut as cut:
            connection.cut(cut)
        return False


async def _after(ready: Awaitable[Any], work: Callable[[], Awaitable[None]]) -> None:
    await ready
    await work()
