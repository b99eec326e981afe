"""Asks ahead: while one answer is being judged, the next is on its way.

One event loop in a thread of its own holds the providers. `prefetch` names what will be wanted soon, in order;
`ask` waits for one answer; `checking` tells that a check keeps this machine busy, so that no measurement runs
beside it. Several processes may share one engine: each is an `owner`.
"""

from __future__ import annotations

import asyncio
import copy
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.turnstile import Turnstile
from pytest_llm.errors import ProviderError, PytestLlmError, RunStopped
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import ModelInfo, Provider, Response

T = TypeVar("T")
BACK_OFF = (1.0, 2.0, 4.0, 8.0, 15.0)  # seconds: a full queue empties by answers, which take seconds each
LOAD_OPTIONS = ("num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "draft_num_predict")


@dataclass(frozen=True)
class Job:
    """One question to ask. id: of the cell and stage; exclusive: measured with the server alone."""

    id: str
    request: ChatRequest
    exclusive: bool = False


class Asker(Protocol):
    """What a cell needs of the engine: the engine itself, or a stand-in that reaches it from a worker."""

    def prefetch(self, jobs: Sequence[Job]) -> None: ...
    def ask(self, job: Job) -> Response: ...
    def check_begins(self) -> None: ...
    def check_ends(self) -> None: ...


@contextmanager
def checking(asker: Asker) -> Iterator[None]:
    """While a check keeps this machine busy."""
    asker.check_begins()
    try:
        yield
    finally:
        asker.check_ends()


@dataclass
class _Server:
    """What the engine knows of one server: its slots, its turnstile for measurements, whether it is down."""

    slots: asyncio.Semaphore
    turnstile: Turnstile = field(default_factory=Turnstile)
    down: ProviderError | None = None


class Engine:
    """The one engine of a run. `connect` makes the provider for an engine's name; `pause` waits between retries."""

    def __init__(
        self,
        connect: Callable[[str], Provider],
        *,
        slots: int = 1,
        pause: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
    ) -> None:
        self._connect, self._slots, self._pause = connect, slots, pause
        self._providers: dict[str, Provider] = {}
        self._servers: dict[str, _Server] = {}
        self._prepared: dict[tuple[str, str, str], asyncio.Task[ModelInfo]] = {}
        self._broken: dict[tuple[str, str, str], ProviderError] = {}
        self._told: set[str] = set()
        self._wanted: dict[str, set[str]] = {}
        self._checks: Counter[str] = Counter()
        self._tasks: dict[str, asyncio.Task[Response]] = {}
        self._machine = Turnstile()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="pytest-llm-engine")
        self._thread.start()
        self._closed = False

    # Called from other threads.

    def prefetch(self, jobs: Sequence[Job], owner: str = "") -> None:
        """Start asking for these, in this order, where that has not begun; drop what is no longer wanted."""
        self._tell(self._want(list(jobs), owner))

    def ask(self, job: Job) -> Response:
        """The answer; waits for it. Raises what the provider raises, retries spent; RunStopped after `close`."""
        return self._call(self._answer(job))

    def groups(self, requests: Sequence[ChatRequest]) -> list[tuple[str, str, str]]:
        """For each request what must be loaded to answer it: (server, blob, load-time options)."""
        return self._call(self._groups(list(requests)))

    def check_begins(self, owner: str = "") -> None:
        self._tell(self._check_in(owner))

    def check_ends(self, owner: str = "") -> None:
        self._tell(self._check_out(owner))

    def forget(self, owner: str) -> None:
        """A process has gone: nothing of its is wanted any more, no check of its is running."""
        self._tell(self._want([], owner))
        self._tell(self._check_out(owner, every=True))

    def close(self, grace: float = 10.0) -> None:
        """Cancel what is in flight and let the providers go; may be called twice."""
        if self._closed:
            return
        self._closed = True
        try:
            asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(grace)
        except TimeoutError:
            pass  # a provider that will not let go must not keep pytest from ending
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(grace)
            if not self._thread.is_alive():
                self._loop.close()

    def _tell(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """What a closed engine need not hear."""
        with suppress(RunStopped):
            self._call(coroutine)

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if self._closed:
            coroutine.close()
            raise RunStopped
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except CancelledError:
            raise RunStopped from None
        except BaseException:
            future.cancel()  # Ctrl-C and a test's timeout reach the server as a closed connection
            raise

    # Inside the loop.

    async def _want(self, jobs: list[Job], owner: str) -> None:
        wanted = {job.id for job in jobs}
        for id_ in self._wanted.get(owner, set()) - wanted:
            if task := self._tasks.pop(id_, None):
                task.cancel()
        self._wanted[owner] = wanted
        for job in jobs:
            self._begin(job)

    async def _check_in(self, owner: str) -> None:
        await self._machine.acquire_shared()
        self._checks[owner] += 1

    async def _check_out(self, owner: str, *, every: bool = False) -> None:
        for _ in range(self._checks[owner] if every else min(1, self._checks[owner])):
            self._checks[owner] -= 1
            self._machine.release_shared()

    def _begin(self, job: Job) -> asyncio.Task[Response]:
        if job.id not in self._tasks:
            task = self._loop.create_task(self._run(job))
            task.add_done_callback(_retrieve)
            self._tasks[job.id] = task
        return self._tasks[job.id]

    async def _answer(self, job: Job) -> Response:
        task = self._begin(job)
        try:
            return await task
        except ProviderError as error:
            raise self._once(error) from None
        finally:
            task.cancel()
            self._tasks.pop(job.id, None)

    def _once(self, error: ProviderError) -> ProviderError:
        """The whole story for the first cell that meets an error, one line for the others."""
        if error.reach == "request":
            return error
        if error.message not in self._told:
            self._told.add(error.message)
            return error
        again = copy.copy(error)
        again.repeated = True
        return again

    async def _run(self, job: Job) -> Response:
        model = job.request.model
        info = await self._info(model)
        server = self._server(info.server)

        async def attempt() -> Response:
            async with AsyncExitStack() as stack:
                await self._enter(stack, server, info, job)
                if known := server.down or self._broken.get(_key(model)):
                    raise known.with_traceback(None)  # or it would hold the frames of all who were told
                return await self._provider(model.engine).chat(job.request)

        response, reasons = await self._patiently(attempt, server, model)
        return replace(response, retries=(*reasons, *response.retries))

    async def _patiently(
        self, attempt: Callable[[], Coroutine[Any, Any, T]], server: _Server, model: ModelRef
    ) -> tuple[T, list[str]]:
        """Try as often as the errors allow; what came, and why each attempt before it failed."""
        reasons: list[str] = []
        while True:
            try:
                return await attempt(), reasons
            except ProviderError as error:
                if len(reasons) >= error.retry:
                    self._remember(error, server, model)
                    raise _after(error, reasons) from None
                reasons.append(error.message)
                if error.pause:
                    await self._pause(BACK_OFF[min(len(reasons), len(BACK_OFF)) - 1])

    async def _enter(self, stack: AsyncExitStack, server: _Server, info: ModelInfo, job: Job) -> None:
        """Wait for a slot; for a measurement, until the server (and this machine, if it is here) is quiet."""
        await stack.enter_async_context(
            server.turnstile.exclusive() if job.exclusive else server.turnstile.shared()
        )
        if job.exclusive and info.local:
            await stack.enter_async_context(self._machine.exclusive())
        slot: AbstractAsyncContextManager[None] = server.slots
        await stack.enter_async_context(slot)

    def _remember(self, error: ProviderError, server: _Server, model: ModelRef) -> None:
        if error.reach == "server":
            server.down = server.down or error
        elif error.reach == "model":
            self._broken.setdefault(_key(model), error)

    async def _info(self, model: ModelRef) -> ModelInfo:
        """What is known of a model; it is made ready once, whoever asks first."""
        task = self._prepared.get(_key(model))
        if task is None:
            task = self._loop.create_task(self._prepare(model))
            task.add_done_callback(_retrieve)
            self._prepared[_key(model)] = task
        return await asyncio.shield(task)

    async def _prepare(self, model: ModelRef) -> ModelInfo:
        server = self._server(f"engine {model.engine}")
        async with server.turnstile.exclusive():
            if server.down:
                raise server.down.with_traceback(None)
            try:
                info, _ = await self._patiently(lambda: self._provider(model.engine).prepare(model), server, model)
            except ProviderError as error:
                error.reach = "model" if error.reach == "request" else error.reach  # nobody can ask it
                raise
            return info

    async def _groups(self, requests: list[ChatRequest]) -> list[tuple[str, str, str]]:
        groups = []
        for request in requests:
            try:
                info = await self._info(request.model)
            except PytestLlmError:
                groups.append((request.model.engine, request.model.written, ""))
                continue
            load = {**(request.model.spec.parameters if request.model.spec else {}), **request.options}
            groups.append((info.server, info.blob, str([load.get(name) for name in LOAD_OPTIONS])))
        return groups

    def _provider(self, engine: str) -> Provider:
        if engine not in self._providers:
            self._providers[engine] = self._connect(engine)
        return self._providers[engine]

    def _server(self, name: str) -> _Server:
        return self._servers.setdefault(name, _Server(asyncio.Semaphore(self._slots)))

    async def _shut(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for provider in self._providers.values():
            await provider.close()
        await self._loop.shutdown_asyncgens()


def _key(model: ModelRef) -> tuple[str, str, str]:
    return model.engine, model.name, model.fingerprint


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Nobody may come for a prefetched answer: its error is then no news."""
    if not task.cancelled():
        task.exception()


def _after(error: ProviderError, reasons: list[str]) -> ProviderError:
    if not reasons:
        return error
    told = copy.copy(error)
    told.hint = "\n  ".join(filter(None, [error.hint, f"asked {len(reasons) + 1} times; before: {reasons[0]}"]))
    return told
