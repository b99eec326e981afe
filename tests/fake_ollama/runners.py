"""Runners and their scheduler: who is loaded with which options, who waits, who is evicted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fake_ollama.clock import Clock
from tests.fake_ollama.errors import ApiError
from tests.fake_ollama.library import Model, capabilities
from tests.fake_ollama.profiles import Profile

BUSY = "server busy, please try again.  maximum pending requests exceeded"
LOAD_OPTIONS = ("num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "draft_num_predict")
CACHE_BYTES = 2048
FOREVER = 292 * 365.25 * 86400


@dataclass(frozen=True)
class Limits:
    """slots: answers at a time on one runner. max_loaded: runners. max_queue: requests that wait for a load.

    memory: bytes for all runners together, None for no bound. load_time: seconds, or a function of the model.
    keep_alive: seconds. context: num_ctx where nobody names one.
    """

    slots: int = 1
    max_loaded: int = 3
    max_queue: int = 512
    memory: int | None = None
    load_time: float | Callable[[Model], float] = 0.0
    keep_alive: float = 300.0
    context: int = 4096


@dataclass(frozen=True)
class Load:
    """One load of a model into memory."""

    model: str
    blob: str
    options: Mapping[str, Any]
    at: float


@dataclass
class Runner:
    model: Model
    options: dict[str, Any]
    size: int
    slots: asyncio.Semaphore
    keep_alive: float
    expires: float
    busy: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    cached: set[str] = field(default_factory=set)

    @property
    def blob(self) -> str:
        return self.model.blob

    @property
    def context(self) -> int:
        return int(self.options["num_ctx"])


class Scheduler:
    """One load at a time; a resident runner is served at once, everything else queues."""

    def __init__(self, clock: Clock, profile: Profile, limits: Limits) -> None:
        self.clock, self.profile, self.limits = clock, profile, limits
        self.runners: dict[str, Runner] = {}
        self.loads: list[Load] = []
        self.peak_memory = 0
        self.pending = 0
        self._lock = asyncio.Lock()

    def resident(self) -> list[Runner]:
        """The loaded runners, those that expired let go; latest expiry first."""
        now = self.clock.now()
        gone = [blob for blob, runner in self.runners.items() if not runner.busy and runner.expires <= now]
        for blob in gone:
            del self.runners[blob]
        return sorted(self.runners.values(), key=lambda runner: -runner.expires)

    @property
    def memory(self) -> int:
        return sum(runner.size for runner in self.runners.values())

    def unload(self, blob: str) -> None:
        """Let a runner go as soon as it is idle."""
        if runner := self.runners.get(blob):
            runner.keep_alive = 0.0
            self._rest(runner)

    def drop(self, blob: str) -> None:
        """The runner's process died."""
        self.runners.pop(blob, None)

    def load_options(self, model: Model, options: Mapping[str, Any], shift: bool) -> dict[str, Any]:
        """What must be equal for two requests to share a runner."""
        chosen = {name: options[name] for name in LOAD_OPTIONS if name in options}
        context = int(chosen.get("num_ctx", self.limits.context))
        least = 2048 if "vision" in capabilities(model, self.profile) else 4
        chosen["num_ctx"] = max(least, min(context, model.gguf.context_length))
        if self.profile.llama_server:
            chosen["shift"] = shift
        return chosen

    @asynccontextmanager
    async def use(self, model: Model, options: dict[str, Any], keep_alive: float | None) -> AsyncIterator[Runner]:
        """A runner for this request, held until the block ends. Raises ApiError 503 and those of a load."""
        runner = await self._acquire(model, options)
        if keep_alive is not None:
            runner.keep_alive = keep_alive
        try:
            yield runner
        finally:
            runner.busy -= 1
            if not runner.busy:
                self._rest(runner)

    def _rest(self, runner: Runner) -> None:
        if runner.busy:
            return
        seconds = FOREVER if runner.keep_alive < 0 else runner.keep_alive
        runner.expires = self.clock.now() + seconds
        runner.idle.set()
        if not runner.keep_alive and self.runners.get(runner.blob) is runner:
            del self.runners[runner.blob]

    def _fitting(self, model: Model, options: dict[str, Any]) -> Runner | None:
        self.resident()
        runner = self.runners.get(model.blob)
        return runner if runner and runner.options == options else None

    def _take(self, runner: Runner) -> Runner:
        runner.busy += 1
        runner.idle.clear()
        return runner

    async def _acquire(self, model: Model, options: dict[str, Any]) -> Runner:
        if runner := self._fitting(model, options):
            return self._take(runner)
        if self.pending >= self.limits.max_queue:
            raise ApiError(503, BUSY)
        self.pending += 1
        try:
            async with self._lock:
                if runner := self._fitting(model, options):
                    return self._take(runner)
                return self._take(await self._load(model, options))
        finally:
            self.pending -= 1

    async def _load(self, model: Model, options: dict[str, Any]) -> Runner:
        size = model.size + int(options["num_ctx"]) * CACHE_BYTES * self.limits.slots
        if self.limits.memory is not None and size > self.limits.memory:
            raise ApiError(500, self._too_big(size, self.limits.memory))
        if old := self.runners.get(model.blob):
            await self._evict(old)
        while self.runners and self._full(size):
            await self._evict(self._victim())
        load_time = self.limits.load_time
        await self.clock.sleep(load_time(model) if callable(load_time) else load_time)
        keep_alive = self.limits.keep_alive
        slots = asyncio.Semaphore(self.limits.slots)
        runner = Runner(model, options, size, slots, keep_alive, self.clock.now() + keep_alive)
        self.runners[model.blob] = runner
        self.loads.append(Load(model.name.short, model.blob, dict(options), self.clock.now()))
        self.peak_memory = max(self.peak_memory, self.memory)
        return runner

    def _full(self, size: int) -> bool:
        limits = self.limits
        crowded = limits.memory is not None and self.memory + size > limits.memory
        return crowded or len(self.runners) >= limits.max_loaded

    def _victim(self) -> Runner:
        order = sorted(self.runners.values(), key=lambda runner: (abs(runner.keep_alive), runner.blob))
        return next((runner for runner in order if not runner.busy), order[0])

    async def _evict(self, runner: Runner) -> None:
        while runner.busy:
            await runner.idle.wait()
        if self.runners.get(runner.blob) is runner:
            del self.runners[runner.blob]

    def _too_big(self, size: int, memory: int) -> str:
        if self.profile.llama_server:
            return "llama-server reported out-of-memory during startup: cudaMalloc failed: out of memory"
        return f"model requires more system memory ({_gib(size)}) than is available ({_gib(memory)})"


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
