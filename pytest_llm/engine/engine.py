"""Asks ahead: while one answer is being judged, the next is on its way.

One event loop in a thread of its own holds the providers. `prefetch` names what will be wanted soon, in order;
`ask` waits for one answer; `checking` tells that a check keeps this machine busy, so that no measurement runs
beside it. Several processes may share one engine: each is an `owner`.
"""

from __future__ import annotations

import asyncio
import copy
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.balance import Balance
from pytest_llm.engine.budget import Budget
from pytest_llm.engine.events import Event, Stream
from pytest_llm.engine.fingerprint import fingerprint
from pytest_llm.engine.jobs import Job, cell_of
from pytest_llm.engine.loading import Attempt, loading, retrieve, with_load
from pytest_llm.engine.memory import Forgetful, Memory
from pytest_llm.engine.order import Group, group
from pytest_llm.engine.phases import KEPT, Phases, Placed
from pytest_llm.engine.servers import Server, key
from pytest_llm.engine.sites import Site, Sites, check_usable, distinct, nowhere
from pytest_llm.engine.slots import Slots
from pytest_llm.engine.turnstile import Turnstile
from pytest_llm.errors import (
    NoAnswer,
    ProviderError,
    RunStopped,
    ServerBusy,
    Unsupported,
)
from pytest_llm.providers.base import LOADED, Loading, ModelInfo, Provider, Response
from pytest_llm.store.keys import new_id

T = TypeVar("T")


class _Moved(Exception):
    """Another server is to be asked instead."""


class Engine:
    """The one engine of a run.

    connect: makes the providers for an engine's name, one a server. memory: recalls answers, and keeps new ones.
    events: is told what happens. slots: how many questions a server is asked at a time, 0 for as many as pay off.
    budget: what may be asked. pause: waits between retries. troubles: gets what is to be told of servers when the
    run ends. loop: makes the event loop, by whose clock things take time. ranks: the places of the cells in the
    order, as things are now.
    """

    def __init__(
        self,
        connect: Callable[[str], Sequence[Provider]],
        *,
        slots: int = 1,
        memory: Memory | None = None,
        events: Stream | None = None,
        budget: Budget | None = None,
        troubles: list[str] | None = None,
        pause: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    ) -> None:
        self._slots, self._pause = slots, pause
        self._memory, self._events = memory or Forgetful(), events or Stream()
        self._budget = budget or Budget()
        self._servers: dict[str, Server] = {}
        self._sites = Sites(connect, self._server, self._trouble)
        self._troubles = [] if troubles is None else troubles
        self.ranks: Mapping[str, int] = {}
        self._told: set[str] = set()
        self._wanted: dict[str, set[str]] = {}
        self._checks: Counter[str] = Counter()
        self._counting, self._told_here = threading.Lock(), threading.local()
        self._tasks: dict[str, asyncio.Task[Response]] = {}
        self._machine = Turnstile()
        self._phases = Phases(lambda name, inside: inside < self._server(name).slots.limit)
        self._balance = Balance(self._phases, self._server)
        self._kept: dict[str, tuple[Job, ...]] = {}
        self._loop = loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="pytest-llm-engine")
        self._thread.start()
        self._closed = False

    # Called from other threads.

    def prefetch(self, jobs: Sequence[Job], owner: str = "", cells: Collection[str] = ()) -> None:
        """Start asking for these, in this order, where that has not begun; drop what is no longer wanted.

        cells: of which all that was asked is wanted still.
        """
        self._soon(partial(self._want, list(jobs), owner, cells))

    def begin(self, jobs: Sequence[Job], owner: str = "") -> None:
        """Start asking for these too, beside what is wanted already."""
        self._soon(partial(self._want, list(jobs), owner, None))

    def ask(self, job: Job) -> Response:
        """The answer; waits for it. Raises what the provider raises, retries spent; RunStopped after `close`."""
        return self._call(self.answer(job))

    def groups(self, requests: Sequence[ChatRequest]) -> list[tuple[Group, ...]]:
        """For each request what must be loaded to answer it, at each server that can."""
        return self._call(self._groups(list(requests)))

    def resident(self, requests: Sequence[ChatRequest]) -> set[Group]:
        """Of what must be loaded to answer these, what was there before the run."""
        return self._call(self._resident(list(requests)))

    def arrange(self, cells: Sequence[Placed]) -> None:
        """The order of the run: a cell waits for those of earlier phases that somebody is given."""
        self.ranks = {cell.id: rank for rank, cell in enumerate(cells)}
        self._tell(self._arrange(cells))

    def reached(self, cells: Sequence[str]) -> None:
        """The run has come to these: ask what comes before them and is kept."""
        self._soon(partial(self._reached, cells))

    def keep(self, cell: str) -> None:
        """Ask what is asked long before its cell, by the place of that."""
        self._soon(partial(self._keep, cell))

    def given(self, cells: Sequence[str], owner: str = "") -> None:
        """A process is to run these, after what it was given before."""
        self._soon(partial(self._phases.given, owner, cells))

    def taken(self, cells: Sequence[str], owner: str = "") -> None:
        """A process is not to run these any more."""
        self._soon(partial(self._phases.taken, owner, cells))

    def done(self, cell: str) -> None:
        """A cell asks nothing more."""
        self._soon(partial(self._done, cell))

    @property
    def room(self) -> int:
        """How many questions the servers of the run take at a time."""
        return sum(self._server(name).slots.limit for name in self._balance.servers)

    def server(self, cell: str) -> str:
        """Where a cell is asked as things are now; "" where that is not settled."""
        return self._phases.server(cell)

    def abandon(self, cell: str) -> None:
        """Nobody wants the answers of a cell any more: whoever waits for one gets RunStopped."""
        self._soon(partial(self._abandon, cell))

    def check_begins(self, owner: str = "") -> None:
        with suppress(RunStopped):
            if not self._machine.enter():
                self._call(self._machine.acquire_shared())
            with self._counting:
                self._checks[owner] += 1

    def check_ends(self, owner: str = "") -> None:
        self._check_out(owner, 1)

    def forget(self, owner: str) -> None:
        """A process has gone: nothing of its is wanted any more, no check of its is running."""
        self._soon(partial(self._want, [], owner))
        self._check_out(owner, self._checks[owner])
        self._soon(partial(self._phases.forget, owner))

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

    def _check_out(self, owner: str, most: int) -> None:
        with self._counting:
            ended = min(most, self._checks[owner])
            self._checks[owner] -= ended
        waited_for = [self._machine.leave() for _ in range(ended)]
        if any(waited_for):
            self._soon(self._machine.admit)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What this thread tells within the block is heard at its end, in one go: to wake the loop costs."""
        self._told_here.work = work = list[Callable[[], None]]()
        try:
            yield
        finally:
            self._told_here.work = None
            if work:
                self._soon(partial(_each, work))

    def _soon(self, work: Callable[[], None]) -> None:
        held: list[Callable[[], None]] | None = getattr(self._told_here, "work", None)
        if held is not None:
            held.append(work)
        elif not self._closed:
            self._loop.call_soon_threadsafe(work)

    def _tell(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """What a closed engine need not hear; waits until it is done."""
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

    async def _arrange(self, cells: Sequence[Placed]) -> None:
        self._phases.arrange(cells)
        self._phases.given(KEPT, [cell.id for cell in cells if cell.kept])
        self._kept = {cell.id: cell.kept for cell in cells if cell.kept}
        self._balance.begin(cells)

    def _reached(self, cells: Sequence[str]) -> None:
        last = max((self.ranks.get(cell, -1) for cell in cells), default=-1)
        before = [cell for cell in self._kept if self.ranks[cell] < last]
        for cell in sorted(before, key=self.ranks.__getitem__):
            self._keep(cell)

    def _keep(self, cell: str) -> None:
        for job in self._kept.pop(cell, ()):
            self._begin(job)

    def _done(self, cell: str) -> None:
        self._phases.done(cell)
        self._even()

    def _even(self) -> None:
        if self._balance.even():
            self.ranks = self._phases.ranks()

    def _want(self, jobs: list[Job], owner: str, cells: Collection[str] | None = ()) -> None:
        """cells: of which all is wanted still; None for all that was wanted before."""
        before = self._wanted.get(owner, set())
        still = before if cells is None else {id_ for id_ in before if cell_of(id_) in cells}
        wanted = still | {job.id for job in jobs}
        for id_ in before - wanted:
            if task := self._tasks.pop(id_, None):
                task.cancel()
        self._wanted[owner] = wanted
        for job in jobs:
            self._begin(job)

    def _abandon(self, cell: str) -> None:
        for id_ in [id_ for id_ in self._tasks if cell_of(id_) == cell]:
            self._tasks.pop(id_).cancel()
        for wanted in self._wanted.values():
            wanted -= {id_ for id_ in wanted if cell_of(id_) == cell}

    def _begin(self, job: Job) -> asyncio.Task[Response]:
        if job.id not in self._tasks:
            task = self._loop.create_task(self._run(job))
            task.add_done_callback(partial(self._over, job))
            self._tasks[job.id] = task
        return self._tasks[job.id]

    def _over(self, job: Job, task: asyncio.Task[Response]) -> None:
        if not task.cancelled():
            self._phases.asked(job.place, job.id)
        retrieve(task)

    async def answer(self, job: Job) -> Response:
        """As `ask`, for whoever is inside the loop."""
        task = self._begin(job)
        try:
            return await task
        except ProviderError as error:
            raise self._once(error) from None
        finally:
            task.cancel()
            self._tasks.pop(job.id, None)
            for wanted in self._wanted.values():  # or each begin would copy the names of all that came before
                wanted.discard(job.id)

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
        check_usable(job.request.model)
        if self._memory.replays:
            return await self._memory.replay(job.request, alone=job.exclusive)
        sites = await self._sites.of(job.request.model)
        for site in distinct(sites):
            if stored := await self._memory.recall(job.request, site.info, alone=job.exclusive):
                server = stored.server or site.info.server
                event = Event("answered", job.cell, job.id, server, job.request.model.written, stored=True)
                self._events.tell(event)
                return stored
        return await self._asked(job, sites)

    async def _asked(self, job: Job, sites: Sequence[Site]) -> Response:
        """Ask a server, and where that cannot, or is too busy for it, another one that has the model."""
        reasons: list[str] = []
        refused: set[str] = set()
        while True:
            able = {site.info.server: site for site in sites if not (len(sites) > 1 and self._fault(site, job))}
            up = {name: site for name, site in able.items() if name not in refused} or able
            up = up or {sites[0].info.server: sites[0]}
            server = await self._phases.turn(job.place, job.id, up)
            try:
                return await self._asked_at(job, up[server], reasons)
            except _Moved:
                pass
            except ProviderError as error:
                busy = isinstance(error, ServerBusy)
                if len(up) == 1 or (error.reach == "request" and not busy):
                    raise
                reasons.append(error.message)
                self._phases.unasked(job.place, job.id)
                if busy:
                    refused.add(server)
                    self._balance.refused(job.place, server)
                else:
                    self._lost(up[server], job.request, error)
            finally:
                self._phases.leave(server)
                self._even()

    def _fault(self, site: Site, job: Job) -> ProviderError | None:
        """Why a site is not asked."""
        loaded = group(site.info, job.request)
        return self._server(site.info.server).fault((key(job.request.model), loaded), loaded)

    async def _aside(self, job: Job, over: asyncio.Future[None]) -> None:
        """Wait until a question's server may be asked again; raises _Moved where another one is asked first."""
        server = self._phases.server(job.place)
        if len(self._balance.servers) > 1:
            self._phases.unasked(job.place, job.id)
            self._balance.rests()
            self._even()
        if self._phases.server(job.place) != server or await self._phases.aside(job.place, job.id, over):
            raise _Moved

    def _lost(self, site: Site, request: ChatRequest, error: ProviderError) -> None:
        """A server has died, or cannot do a group: the others do what it has left."""
        server = site.info.server
        if error.reach == "server":
            what, lost = f"{server} is", None
        else:
            what, lost = f"the model {request.model.written!r} is, at {server},", group(site.info, request)
        if server in self._balance.servers:
            self._balance.lost(server, lost)
            self.ranks = self._phases.ranks()
        self._trouble(f"{what} asked no more, the other servers do its work: {error.message}")

    def _trouble(self, text: str) -> None:
        if text not in self._troubles:
            self._troubles.append(text)
            self._events.tell(Event("said", text=text))

    async def _asked_at(self, job: Job, site: Site, reasons: list[str]) -> Response:
        """Ask a server, and keep what comes of it before the next question is asked.

        reasons: why it was not answered before; gets those of the attempts that failed.
        """
        model, info = job.request.model, site.info
        if job.if_able and info.capabilities is not None and "thinking" not in info.capabilities:
            fault = Unsupported(f"the model {model.written!r} cannot think")
            await self._memory.keep(job.request, info, fault, alone=job.exclusive)
            raise fault
        server = self._server(info.server)
        machine = self._machine if info.local else None
        loaded = group(info, job.request)
        async with server.room(loaded, machine, exclusive=job.exclusive):
            self._budget.check()
            anew, server.loaded = server.loaded != loaded, loaded
            event = Event("asked", job.cell, job.id, info.server, model.written)
            try:
                load = await server.loads.ready(loaded, lambda: self._load(server, site, job, loaded, event))
                with self._events.question(event, loads=anew and load is None) as told:
                    response, info = await server.patiently(
                        lambda: self._chat(job, site), (key(model), loaded), reasons, partial(self._aside, job)
                    )
                    told(response)
                self._budget.spend(response)
            except (NoAnswer, Unsupported) as error:
                if isinstance(error, NoAnswer):
                    error.id = new_id()
                    error.fingerprint = fingerprint(info, job.request, Response(""), self._slots)
                await self._memory.keep(job.request, info, error, alone=job.exclusive)
                raise
            self._saw(job, response, server, loaded, load if anew else None)
            response = replace(response, usage=with_load(response.usage, load))
            found = self._described(response, reasons, job.request, info)
            await self._memory.keep(job.request, info, found, alone=job.exclusive)
        return found

    async def _chat(self, job: Job, site: Site) -> tuple[Response, ModelInfo]:
        """An answer, and what is known of the model that gave it."""
        response = await site.provider.chat(job.request)
        loaded_anew = (response.usage.load_seconds or 0.0) >= LOADED
        now = await self._sites.after(job.request.model, site, anew=loaded_anew)
        return (response if now is site else replace(response, digest=now.info.digest)), now.info

    def _saw(self, job: Job, response: Response, server: Server, loaded: Group, load: float | None) -> None:
        """How long it took: what is left is shared out by it, and how many are asked at a time."""
        tokens, taken = response.usage.answer_tokens or 0, self._phases.inside[loaded[0]]
        if not job.exclusive:
            server.slots.answered(loaded, tokens, taken, self._loop.time())
        self._balance.saw(job.place, loaded, response.wall / (1 if job.exclusive else server.slots.limit))
        if load:
            self._balance.pace.loaded(load)

    async def _load(self, server: Server, site: Site, job: Job, loaded: Group, event: Event) -> float | None:
        """Seconds; None where a provider loads what it is asked for."""
        provider = site.provider
        if not isinstance(provider, Loading):
            return None

        def patiently(attempt: Attempt) -> Awaitable[float]:
            return server.patiently(attempt, loaded)

        with self._events.load(event):
            before = await self._sites.before(site)
            await server.displace(provider, loaded, before, partial(self._phases.wants_later, job.place))
            seconds = await loading(provider, job.request, patiently)
        server.tenant = loaded, job.request
        return seconds

    async def _groups(self, requests: list[ChatRequest]) -> list[tuple[Group, ...]]:
        if self._memory.replays:
            return [nowhere(request) for request in requests]
        return [await self._sites.groups(request) for request in requests]

    async def _resident(self, requests: list[ChatRequest]) -> set[Group]:
        return set() if self._memory.replays else await self._sites.resident(requests)

    def _described(self, response: Response, reasons: list[str], request: ChatRequest, info: ModelInfo) -> Response:
        """The response with who gave it, and what it rests on."""
        return replace(
            response,
            retries=(*reasons, *response.retries),
            digest=response.digest or info.digest,
            server=info.server,
            version=info.version,
            fingerprint=fingerprint(info, request, response, self._slots),
            id=new_id(),
            began=round(time.time() - response.wall, 3),
        )

    def _server(self, name: str) -> Server:
        if name not in self._servers:
            self._servers[name] = Server(Slots(self._slots), pause=self._pause)
        return self._servers[name]

    async def _shut(self) -> None:
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            # A library's task that is cancelled before its first step leaves a coroutine that was never awaited.
            begun = {task for task in others if _begun(task)}
            for task in begun:
                task.cancel()
            await (asyncio.wait(begun) if begun else asyncio.sleep(0))
        await self._sites.close()
        await self._loop.shutdown_asyncgens()


def _each(work: Sequence[Callable[[], None]]) -> None:
    for one in work:
        one()


def _begun(task: asyncio.Task[Any]) -> bool:
    return getattr(task.get_coro(), "cr_await", None) is not None
