"""At which server a question is asked, and when: it waits for its turn there, and goes elsewhere where it must.

All within one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeVar

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.balance import Balance
from pytest_llm.engine.jobs import Job
from pytest_llm.engine.order import group, key
from pytest_llm.engine.phases import Moved, Phases
from pytest_llm.engine.places import Placed
from pytest_llm.engine.servers import Server
from pytest_llm.engine.sites import Site, Sites
from pytest_llm.errors import ProviderError, ServerBusy

T = TypeVar("T")


class Turns:
    """Of one engine.

    sites: where models can be asked. server: what is known of the one of a name. trouble: is told what is wrong
    with servers. ranks: the places of the cells in the order, as things are now.
    """

    def __init__(self, sites: Sites, server: Callable[[str], Server], trouble: Callable[[str], None]) -> None:
        self._sites, self._server, self._trouble = sites, server, trouble
        self._full: set[str] = set()  # servers that refused a question for so long, and answered nothing meanwhile
        self.phases = Phases(self._is_free, lambda name: server(name).loaded)
        self.balance = Balance(self.phases, server)
        self.ranks: Mapping[str, int] = {}

    @property
    def room(self) -> int:
        """How many questions the servers of the run take at a time."""
        return sum(self._server(name).slots.limit for name in self.balance.servers)

    def arrange(self, cells: Sequence[Placed]) -> None:
        """The order of the run."""
        self.phases.arrange(cells)
        self.phases.widen(self._sites.wider)
        self.balance.begin(self.phases.cells())
        self.even()

    def joined(self, server: str) -> None:
        """A server that came late takes its part of what is left."""
        self.phases.widen(self._sites.wider)
        self.balance.joined(server)
        self.even()

    def even(self) -> None:
        """Let servers that have nothing to do take something."""
        if self.balance.even():
            self.ranks = self.phases.ranks()

    async def asked(self, job: Job, ask: Callable[[Site, list[str]], Awaitable[T]]) -> T:
        """Ask a server, and where that cannot, or is too busy for it, another one that has the model.

        ask: asks there; is told why it was not answered before, and adds to that.
        """
        reasons: list[str] = []
        refused = set(self._full)
        while True:
            up = self._up(job, await self._sites.of(job.request.model), refused)
            turn = self.phases.turn(job.place, job.id, self._best(job, up))
            self.balance.exchange()
            try:
                server = await turn
            except Moved:
                continue
            answers = self._server(server).answers
            try:
                return await ask(up[server], reasons)
            except Moved:
                if len(up) > 1 and not self._server(server).rests:  # or two would hand it to each other for ever
                    self._refused(job, server, refused)
            except ProviderError as error:
                if len(up) == 1 or (error.reach == "request" and not isinstance(error, ServerBusy)):
                    raise
                reasons.append(error.message)
                self._failed(job, up[server], error, refused, answers)
            finally:
                self.phases.leave(server)
                self.even()

    async def aside(self, job: Job, over: asyncio.Future[None]) -> None:
        """Wait until a question's server may be asked again; raises Moved where another one is asked first."""
        server = self.phases.server(job.place)
        if len(self.balance.servers) > 1:
            self.phases.unasked(job.place, job.id)
            self.balance.rests()
            self.ranks = self.phases.ranks()
            self.even()
        if self.phases.server(job.place) != server or await self.phases.aside(job.place, job.id, over):
            raise Moved

    def fault(self, site: Site, job: Job) -> ProviderError | None:
        """Why a site is not asked."""
        loaded = group(site.info, job.request)
        return self._server(site.info.server).fault((key(job.request.model), loaded), loaded)

    def _failed(self, job: Job, site: Site, error: ProviderError, refused: set[str], answers: int) -> None:
        """A question has to be asked elsewhere. answers: how many had come from that server when it was asked."""
        server = site.info.server
        self.phases.unasked(job.place, job.id)
        busy = isinstance(error, ServerBusy)
        if not busy or self._is_full(server, answers):
            self._lost(site, job.request, error)
        if busy:
            self._refused(job, server, refused)

    def _up(self, job: Job, sites: Sequence[Site], refused: Collection[str]) -> dict[str, Site]:
        """The sites that may be asked, by their servers; one that refused a question where there is no other."""
        able = {site.info.server: site for site in sites if not (len(sites) > 1 and self.fault(site, job))}
        up = {name: site for name, site in able.items() if name not in refused} or able
        return up or {sites[0].info.server: sites[0]}

    def _best(self, job: Job, up: Mapping[str, Site]) -> Mapping[str, Site]:
        """Of servers those that may be asked: what has no place in the order goes where its model is loaded.

        But not to one that wants to be left alone, where another one does not.
        """
        if self.phases.cell(job.place):
            return up
        awake = {name: site for name, site in up.items() if not self._server(name).rests} or up
        ready = {
            name: site for name, site in awake.items() if self._server(name).loaded == group(site.info, job.request)
        }
        return ready or awake

    def _is_full(self, server: str, answers: int) -> bool:
        """Whether a server that refused a question has answered no other meanwhile, and is at none."""
        known = self._server(server)
        return known.answers == answers and not known.under_way

    def _refused(self, job: Job, server: str, refused: set[str]) -> None:
        """A question is not asked again at a server that did not take it. refused: gets that."""
        refused.add(server)
        self.balance.refused(job.place, server)
        self.ranks = self.phases.ranks()

    def _lost(self, site: Site, request: ChatRequest, error: ProviderError) -> None:
        """A server has died, is too busy for all, or cannot do a group: the others do what it has left."""
        server = site.info.server
        if isinstance(error, ServerBusy):
            self._full.add(server)
        if error.reach == "server" or server in self._full:
            what, lost = f"{server} is", None
        else:
            what, lost = f"the model {request.model.written!r} is, at {server},", group(site.info, request)
        if server in self.balance.servers:
            self.balance.lost(server, lost)
            self.ranks = self.phases.ranks()
        self._trouble(f"{what} asked no more, the other servers do its work: {error.message}")

    def _is_free(self, server: str, inside: int) -> bool:
        return inside < self._server(server).slots.limit
