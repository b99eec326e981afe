"""Workers of pytest-xdist that are simulated: the real schedulers hand them out cells, which they do in turn."""

from __future__ import annotations

import asyncio
from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
from xdist.remote import Producer

from pytest_llm.engine.engine import Engine
from pytest_llm.engine.jobs import Job
from pytest_llm.plugin.distributed import DESK, SCHEDULERS


class Desk:
    """What schedulers ask of the engine, within its loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def ranks(self) -> Any:
        return self._engine.ranks

    @property
    def room(self) -> int:
        return self._engine.room

    def given(self, ids: list[str], owner: str) -> None:
        self._engine.given(ids, owner)

    def taken(self, ids: list[str], owner: str) -> None:
        self._engine.taken(ids, owner)


class Worker:
    """One that asks ahead for all that it is given, and begins nothing before it knows what comes next."""

    def __init__(self, name: str, engine: Engine, jobs: dict[str, Job], config: Any) -> None:
        self.workerinput = {"workerid": name}
        self.gateway, self.config = SimpleNamespace(id=name), config
        self._engine, self._jobs, self._ids = engine, jobs, list(jobs)
        self._queue: deque[int] = deque()
        self._news = asyncio.Event()
        self.shutting_down = False

    def send_runtest_some(self, indices: list[int]) -> None:
        self._queue.extend(indices)
        self._engine.begin([self._jobs[self._ids[index]] for index in indices], self.workerinput["workerid"])
        self._news.set()

    def shutdown(self) -> None:
        self.shutting_down = True
        self._news.set()

    async def run(self, scheduler: Any, check: float) -> None:
        """As pytest-xdist's session does, until nothing is left."""
        clock = asyncio.get_running_loop()
        while True:
            while len(self._queue) < 2 and not self.shutting_down:
                self._news.clear()
                await self._news.wait()
            if not self._queue:
                return
            begun, index = clock.time(), self._queue.popleft()
            await asyncio.wrap_future(*self._engine.begin([self._jobs[self._ids[index]]]))
            await asyncio.sleep(check)
            self._engine.done(self._ids[index])
            scheduler.mark_test_complete(self, index, clock.time() - begun)
            for node in scheduler.nodes if scheduler.tests_finished else ():
                node.shutdown()


async def handed_out(engine: Engine, jobs: dict[str, Job], count: int, check: float) -> float:
    """The time at which so many workers have done all cells, each judged in `check` seconds."""
    desk: Any = Desk(engine)
    stash = pytest.Stash()
    stash[DESK] = desk
    values = {"maxschedchunk": None, "tx": ["a"] * count, "dist": "load"}
    config: Any = SimpleNamespace(stash=stash, getvalue=values.get, getoption=lambda name, default=None: default)
    kind: Any = SCHEDULERS["load"]
    scheduler = kind(config, Producer("scheduler", enabled=False))
    workers = [Worker(f"gw{number}", engine, jobs, config) for number in range(count)]
    for worker in workers:
        scheduler.add_node(worker)
        scheduler.add_node_collection(worker, list(jobs))
    scheduler.schedule()
    await asyncio.gather(*(worker.run(scheduler, check) for worker in workers))
    return asyncio.get_running_loop().time()
