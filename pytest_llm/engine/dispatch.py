"""How a question is answered: from memory, or by a server in its turn, what it needs loaded first, the answer kept.

All within one event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.budget import Budget
from pytest_llm.engine.events import Event, Stream
from pytest_llm.engine.fingerprint import fingerprint
from pytest_llm.engine.jobs import Job
from pytest_llm.engine.loading import Attempt, loading, retrieve, with_load
from pytest_llm.engine.memory import Forgetful, Memory
from pytest_llm.engine.order import Group, group, key
from pytest_llm.engine.servers import Pause, Server
from pytest_llm.engine.sites import Site, Sites, check_usable, distinct, nowhere
from pytest_llm.engine.slots import Slots
from pytest_llm.engine.turns import Turns
from pytest_llm.engine.turnstile import Turnstile
from pytest_llm.errors import NoAnswer, Unsupported
from pytest_llm.providers.base import LOADED, Loading, ModelInfo, Provider, Response
from pytest_llm.store.keys import new_id

if TYPE_CHECKING:
    from pytest_llm.store.answers import Outcome

ROUNDS = 3  # of the loop: the next question is on its way before anything is done about this answer


class Dispatch:
    """Of one engine.

    connect: makes the providers for an engine's name, one a server. slots: how many questions a server is asked at
    a time, 0 for as many as pay off. memory: recalls answers, and keeps new ones. events: is told what happens.
    budget: what may be asked. troubles: gets what is to be told of servers when the run ends; said: what is to be
    told at once. pause: waits between retries. machine: where our own checks pass. turns: which server is asked
    what, and when.
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
        said: Callable[[str], None] = lambda text: None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._slots, self._pause, self._said = slots, pause, said
        self._memory, self._events = memory or Forgetful(), events or Stream()
        self._budget = budget or Budget()
        self._troubles = [] if troubles is None else troubles
        self._servers: dict[str, Server] = {}
        self._sites = Sites(connect, self.server, self._trouble, lambda name: self.turns.joined(name))
        self.turns = Turns(self._sites, self.server, self._trouble)
        self.machine = Turnstile()

    async def close(self) -> None:
        """Let the providers go."""
        await self._sites.close()

    async def answer(self, job: Job) -> Response:
        """A stored answer, or a new one. Raises what the provider raises, retries spent."""
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
        outcome, info = await self.turns.asked(job, partial(self._asked_at, job))
        for _ in range(ROUNDS):
            await asyncio.sleep(0)
        await self._memory.keep(job.request, info, outcome, alone=job.exclusive)
        if isinstance(outcome, Response):
            return outcome
        raise outcome

    def _trouble(self, text: str) -> None:
        if text not in self._troubles:
            self._troubles.append(text)
            self._events.tell(Event("said", text=text))

    async def _asked_at(self, job: Job, site: Site, reasons: list[str]) -> tuple[Outcome, ModelInfo]:
        """Ask a server, in its turn.

        reasons: why it was not answered before; gets those of the attempts that failed.
        """
        server, info = self.server(site.info.server), site.info
        loaded = group(info, job.request)
        if known := self.turns.fault(site, job):  # or what is loaded would make room for what cannot be
            raise known.with_traceback(None)
        async with server.room(loaded, self.machine if info.local else None, exclusive=job.exclusive):
            try:
                return await self._answered(job, site, server, loaded, reasons)
            except NoAnswer as none:
                none.id = new_id()
                none.fingerprint = fingerprint(info, job.request, Response(""), self._slots)
                return none, info
            except Unsupported as error:
                return error, info

    async def _answered(
        self, job: Job, site: Site, server: Server, loaded: Group, reasons: list[str]
    ) -> tuple[Response, ModelInfo]:
        """What a server answers once it has loaded what that needs, and what is known of the model by then."""
        model = job.request.model
        if job.if_able and site.info.capabilities is not None and "thinking" not in site.info.capabilities:
            raise Unsupported(f"the model {model.written!r} cannot think")
        self._budget.check()
        anew, server.loaded = server.loaded != loaded, loaded
        event = Event("asked", job.cell, job.id, site.info.server, model.written)
        load = await server.loads.ready(loaded, lambda: self._load(server, site, job, loaded, event))
        site = await self._sites.now(model, site)
        with self._events.question(event, loads=anew and load is None) as told:
            response, info = await server.patiently(
                lambda: self._chat(job, site),
                (key(model), loaded),
                reasons,
                partial(self.turns.aside, job),
            )
            told(response)
        self._budget.spend(response)
        self._saw(job, response, server, loaded, load if anew else None)
        return self._described(response, load, reasons, job.request, info), info

    async def _chat(self, job: Job, site: Site) -> tuple[Response, ModelInfo]:
        """An answer, and what is known of the model that gave it."""
        response = await site.provider.chat(job.request)
        loaded_anew = (response.usage.load_seconds or 0.0) >= LOADED
        now = await self._sites.after(job.request.model, site, anew=loaded_anew)
        return (response if now is site else replace(response, digest=now.info.digest)), now.info

    def _saw(self, job: Job, response: Response, server: Server, loaded: Group, load: float | None) -> None:
        """How long it took: what is left is shared out by it, and how many are asked at a time."""
        tokens, taken = response.usage.answer_tokens or 0, self.turns.phases.inside[loaded[0]]
        if not job.exclusive:
            server.slots.answered(loaded, tokens, taken, asyncio.get_running_loop().time())
        self.turns.balance.saw(job.place, loaded, response.wall / (1 if job.exclusive else server.slots.limit))
        if load:
            self.turns.balance.pace.loaded(load)

    async def _load(self, server: Server, site: Site, job: Job, loaded: Group, event: Event) -> float | None:
        """Seconds; None where a provider loads what it is asked for."""
        provider = site.provider
        if not isinstance(provider, Loading):
            return None

        def patiently(attempt: Attempt) -> Awaitable[float]:
            return server.patiently(attempt, loaded)

        with self._events.load(event):
            before = await self._sites.before(site)
            await server.displace(provider, loaded, before, partial(self.turns.phases.wants_later, job.place))
            looking = asyncio.ensure_future(self._sites.after(job.request.model, site, anew=True))
            looking.add_done_callback(retrieve)
            seconds = await loading(provider, job.request, patiently)
            await looking
        server.tenant = loaded, job.request
        return seconds

    async def groups(self, requests: Sequence[ChatRequest]) -> list[tuple[Group, ...]]:
        """For each request what must be loaded to answer it, at each server that can."""
        if self._memory.replays:
            return [nowhere(request) for request in requests]
        return await asyncio.gather(*map(self._sites.groups, requests))

    async def resident(self, requests: Sequence[ChatRequest]) -> set[Group]:
        """Of what must be loaded to answer these, what was there before the run."""
        return set() if self._memory.replays else await self._sites.resident(requests)

    def _described(
        self, response: Response, load: float | None, reasons: list[str], request: ChatRequest, info: ModelInfo
    ) -> Response:
        """The response with who gave it, and what it rests on. load: seconds of its group's."""
        return replace(
            response,
            usage=with_load(response.usage, load),
            retries=(*reasons, *response.retries),
            digest=response.digest or info.digest,
            server=info.server,
            version=info.version,
            fingerprint=fingerprint(info, request, response, self._slots),
            id=new_id(),
            began=round(time.time() - response.wall, 3),
        )

    def server(self, name: str) -> Server:
        """What is known of a server."""
        if name not in self._servers:
            self._servers[name] = Server(Slots(self._slots), pause=self._pause, said=self._said)
        return self._servers[name]
