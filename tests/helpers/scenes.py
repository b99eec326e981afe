"""Runs of the real engine on servers that are simulated, by a clock that never waits: what a machine does, and what
else it has to do, plays no part."""

from __future__ import annotations

import asyncio
import selectors
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.arranging import Turn, by_load, shared
from pytest_llm.engine.balance import LOAD
from pytest_llm.engine.dispatch import Dispatch
from pytest_llm.engine.engine import Engine
from pytest_llm.engine.jobs import Job
from pytest_llm.engine.places import Placed
from pytest_llm.engine.window import Window
from pytest_llm.errors import ModelUnavailable, ServerBusy
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import ModelInfo, Resident, Response
from tests.helpers.workers import handed_out

GUESS = 10.0  # seconds of an answer, where no earlier run tells


class _Leaping(selectors.DefaultSelector):
    """Where nothing comes from other threads, the time at which something is to happen is now."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0 if timeout else timeout)
        if timeout and not ready:
            self.now += timeout
        return ready


class Clock(asyncio.SelectorEventLoop):
    """An event loop in which an hour is over at once."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.now


@dataclass(frozen=True)
class Refusal:
    """What a server does not take from `begin` on, until `end`, in seconds.

    says: that it wants to be left alone until then. load: it is a load that fails, of that model.
    """

    begin: float
    end: float
    says: bool = True
    load: str = ""


@dataclass(frozen=True)
class Scene:
    """Models with so many cells each, and servers with so much that each answer takes longer there.

    load, answer: seconds. guess: of an answer, as the run has it before it begins. refusals: by a server's number.
    late: by the number of one server, after so many answers of the others it tells what it has. workers: of
    pytest-xdist, 0 for a plain run. check: seconds in which a worker judges an answer. takes: by a server's number,
    so many questions at a time; it refuses more.
    """

    cells: tuple[int, ...]
    speeds: tuple[float, ...] = (1.0,)
    slots: int = 1
    load: float = 1.0
    answer: float = 0.2
    guess: float = GUESS
    window: int = 0
    refusals: Mapping[int, Refusal] = field(default_factory=dict)
    late: Mapping[int, int] = field(default_factory=dict)
    workers: int = 0
    check: float = 0.0
    takes: Mapping[int, int] = field(default_factory=dict)

    @property
    def bound(self) -> float:
        """Seconds that any order needs: of all servers together, whichever loads how many; of each model."""
        rounds = [ceil(cells / self.slots) * self.answer for cells in self.cells]
        ways = _ways(len(self.cells), len(self.speeds))
        every = min(max(self._ready(loads, sum(rounds)), max(loads) * self.load) for loads in ways)
        nothing = [0] * len(self.speeds)
        return max(every, *(self.load + self._ready(nothing, seconds) for seconds in rounds))

    @property
    def whole(self) -> float:
        """Seconds by which any order is later than that, for a load and an answer are whole, if the rest is not."""
        return self.load * (1 - 1 / len(self.speeds)) + self.answer * max(self.speeds)

    def _ready(self, loads: Sequence[int], seconds: float) -> float:
        """When all servers are ready at once that load so often."""
        share = sum(1 / speed for speed in self.speeds)
        loading = sum(self.load * count / speed for count, speed in zip(loads, self.speeds, strict=True))
        return (seconds + loading) / share


def _ways(count: int, among: int) -> Iterator[tuple[int, ...]]:
    """To share so many out."""
    if among == 1:
        yield (count,)
        return
    for first in range(count + 1):
        yield from ((first, *rest) for rest in _ways(count - first, among - 1))


@dataclass
class Served:
    """A server with room for one model, which it is told to load, or is asked for."""

    name: str
    scene: Scene
    speed: float
    refusal: Refusal | None = None
    late: int = 0
    answered: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    loaded: str = ""
    loads: Counter[str] = field(default_factory=Counter)
    inside: int = 0
    left_alone: float = 0.0
    refused: int = 0

    async def prepare(self, model: ModelRef) -> ModelInfo:
        while self.late:
            await self.answered.acquire()
            self.late -= 1
        return ModelInfo(self.name, model.name)

    async def load(self, request: ChatRequest) -> float:
        assert not self.inside
        self._refuse(request.model.name)
        self.loaded = request.model.name
        self.loads[self.loaded] += 1
        await asyncio.sleep(self.scene.load)
        return self.scene.load

    async def resident(self) -> Sequence[Resident]:
        return ()

    async def unload(self, request: ChatRequest) -> None:
        assert not self.inside

    def _refuse(self, load: str = "") -> None:
        now, refusal = asyncio.get_running_loop().time(), self.refusal
        assert now >= self.left_alone - 1e-6
        if refusal is None or not refusal.begin <= now < refusal.end or (refusal.load and refusal.load != load):
            return
        self.refused += 1
        if refusal.load:
            raise ModelUnavailable("out of memory")
        busy = ServerBusy("busy")
        if refusal.says:
            busy.wait, self.left_alone = refusal.end - now, refusal.end
        raise busy

    async def chat(self, request: ChatRequest) -> Response:
        self._refuse()
        if self.inside >= self.scene.takes.get(int(self.name[1:]), self.scene.slots):
            self.refused += 1
            raise ServerBusy("busy")
        if self.loaded != request.model.name:  # which is so where a load was refused
            await self.load(request)
        self.inside += 1
        assert self.inside <= self.scene.slots
        await asyncio.sleep(self.scene.answer * self.speed)
        self.inside -= 1
        self.answered.release()
        return Response("", wall=self.scene.answer * self.speed)

    async def close(self) -> None: ...


@dataclass(frozen=True)
class Ran:
    """What a run took, in seconds, and how often each server loaded each model."""

    seconds: float
    loads: Sequence[Counter[str]]
    refused: Sequence[int] = ()
    troubles: Sequence[str] = ()

    @property
    def most(self) -> int:
        """Loads of one model at one server."""
        return max(max(of.values(), default=0) for of in self.loads)

    @property
    def count(self) -> int:
        return sum(sum(of.values()) for of in self.loads)


def run(scene: Scene) -> Ran:
    """All cells, with the look-ahead of a plain run, each over when it is answered, or as workers get them."""
    answered = asyncio.Semaphore(0)
    servers = [
        Served(f"s{n}", scene, speed, scene.refusals.get(n), scene.late.get(n, 0), answered)
        for n, speed in enumerate(scene.speeds)
    ]
    jobs = {
        f"m{model}-{n}#0": Job(f"m{model}-{n}#0", ChatRequest(ModelRef(f"m{model}", "", f"m{model}"), ()))
        for model, cells in enumerate(scene.cells)
        for n in range(cells)
    }
    jobs = {job.cell: job for job in jobs.values()}
    clocks = list[Clock]()

    def clock() -> Clock:
        clocks.append(Clock())
        return clocks[0]

    troubles = list[str]()
    engine = Engine(Dispatch(lambda _: servers, slots=scene.slots, troubles=troubles), loop=clock)
    try:
        engine.arrange(_placed(scene, jobs, engine))
        ways = handed_out(engine, jobs, scene.workers, scene.check) if scene.workers else _all(engine, scene, jobs)
        seconds = asyncio.run_coroutine_threadsafe(ways, clocks[0]).result(60)
        loads, refused = [server.loads for server in servers], [server.refused for server in servers]
        return Ran(seconds, loads, refused, troubles)
    finally:
        engine.close()


def _placed(scene: Scene, jobs: dict[str, Job], engine: Engine) -> list[Placed]:
    groups = engine.groups([job.request for job in jobs.values()])
    turns = [Turn(id_, of, scene.guess / scene.slots, False, 0) for id_, of in zip(jobs, groups, strict=True)]
    at = shared(turns, LOAD, ())
    return [Placed(turn.id, at[turn.id], 1, turn.groups, turn.seconds) for turn in by_load(turns, at, LOAD)]


async def _all(engine: Engine, scene: Scene, jobs: dict[str, Job]) -> float:
    """The time at which all are answered: by the clock, which leaps on to whatever is still to come."""
    most = scene.window or scene.slots + 4
    window = Window(most, most, jobs, (), lambda: engine.ranks, engine.server)
    running = set[asyncio.Task[None]]()

    def feed() -> None:
        cells = list(window.fresh())
        engine.given(cells)
        engine.begin([jobs[cell] for cell in cells])
        running.update([asyncio.create_task(one(cell)) for cell in cells])

    async def one(cell: str) -> None:
        await asyncio.wrap_future(*engine.begin([jobs[cell]]))
        engine.done(cell)
        window.over(cell)
        await asyncio.sleep(0)
        feed()

    feed()
    while running:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        running -= done
        await asyncio.gather(*done)
    return asyncio.get_running_loop().time()
