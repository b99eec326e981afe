"""Where a model can be asked: at each server that has it, as long as it is the same one everywhere."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.loading import resident, retrieve
from pytest_llm.engine.order import Group, ModelKey, group, is_there, key
from pytest_llm.engine.servers import Server
from pytest_llm.errors import ModelUnavailable, ProviderError, PytestLlmError
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Changing, ModelInfo, Provider, Resident

LOOK = 10.0  # seconds: so old what is known of a model may be, when it has answered
LATE = 2.0  # seconds that a server is waited for where another one has the model; it joins when it is there
MADE_ANEW = "it was pulled or made anew while the run went on"


@dataclass(frozen=True)
class Site:
    """A server that has a model: its provider, and what is known of the model there."""

    provider: Provider
    info: ModelInfo

    @property
    def digest(self) -> str:
        """Of the model, "" where it is not known."""
        return self.info.digest or str(self.info.fingerprint.answers.get("digest", ""))


class Sites:
    """The sites of every model of a run, each found once, whoever asks first.

    connect: makes the providers for an engine's name, one a server. server: what is known of the one of a name.
    told: gets what is to be told of servers. joins: called with the name of one that came late.
    wider: for the groups that a request had before a server came late, those that it has since.
    """

    def __init__(
        self,
        connect: Callable[[str], Sequence[Provider]],
        server: Callable[[str], Server],
        told: Callable[[str], None],
        joins: Callable[[str], None],
    ) -> None:
        self._connect, self._server, self._told, self._joins = connect, server, told, joins
        self.wider: dict[tuple[Group, ...], tuple[Group, ...]] = {}
        self._requests: defaultdict[ModelKey, list[ChatRequest]] = defaultdict(list)
        self._providers: dict[str, Sequence[Provider]] = {}
        self._prepared: dict[ModelKey, asyncio.Future[tuple[Site, ...]]] = {}
        self._looked: dict[tuple[str, ModelKey], float] = {}
        self._residents: dict[str, asyncio.Task[Sequence[Resident]]] = {}

    async def of(self, model: ModelRef) -> tuple[Site, ...]:
        """Where a model can be asked; it is made ready there."""
        task = self._prepared.get(key(model))
        if task is None:
            task = asyncio.get_running_loop().create_task(self._prepare(model))
            task.add_done_callback(retrieve)
            self._prepared[key(model)] = task
        return task.result() if task.done() else await asyncio.shield(task)

    async def now(self, model: ModelRef, site: Site) -> Site:
        """A site as it is known by now."""
        return next((one for one in await self.of(model) if one.info.server == site.info.server), site)

    async def after(self, model: ModelRef, site: Site, *, anew: bool) -> Site:
        """A site as it is when it loads, or has answered: its model may have been made anew, its server be updated.

        anew: the model was loaded just now, which shows such a thing at once; else it is looked at now and then.
        Raises ModelUnavailable where it is another model by now, and other servers have the one it was.
        """
        place, now = (site.info.server, key(model)), asyncio.get_running_loop().time()
        if not (anew or now - self._looked.get(place, now) >= LOOK) or not isinstance(site.provider, Changing):
            return site
        self._looked[place] = now
        try:
            found = Site(site.provider, await site.provider.look_again(model))
        except PytestLlmError:  # the answer is whole: what is wrong by now, the next question tells
            return site
        if (found.info.digest, found.info.version) == (site.info.digest, site.info.version):
            return site
        others = [one for one in await self.of(model) if one.info.server != site.info.server]
        is_another = found.info.digest != site.info.digest
        self._prepared[key(model)] = renewed = asyncio.get_running_loop().create_future()
        renewed.set_result((*others, *(() if is_another and others else (found,))))
        if is_another and others:
            raise ModelUnavailable(_became_another(model, site, found), hint=MADE_ANEW)
        self._told(_became_another(model, site, found) if is_another else _updated(site, found))
        return found

    async def groups(self, request: ChatRequest) -> tuple[Group, ...]:
        """What must be loaded to answer a request, at each site."""
        try:
            check_usable(request.model)
            sites = await self.of(request.model)
            self._requests[key(request.model)].append(request)
            return _groups(sites, request)
        except PytestLlmError:
            return nowhere(request)

    async def before(self, site: Site) -> Sequence[Resident]:
        """What a server had loaded before the run."""
        server = site.info.server
        if server not in self._residents:
            self._residents[server] = asyncio.get_running_loop().create_task(resident(site.provider))
        return await asyncio.shield(self._residents[server])

    async def resident(self, requests: Sequence[ChatRequest]) -> set[Group]:
        """Of what must be loaded to answer these, what was there before the run."""
        groups = set()
        for request in requests:
            with suppress(PytestLlmError):
                check_usable(request.model)
                for site in await self.of(request.model):
                    if any(is_there(one, site.info, request) for one in await self.before(site)):
                        groups.add(group(site.info, request))
        return groups

    async def close(self) -> None:
        for provider in chain.from_iterable(self._providers.values()):
            await provider.close()

    async def _prepare(self, model: ModelRef) -> tuple[Site, ...]:
        """At all servers; one that is down, or lacks it, keeps the others from nothing."""
        if model.engine not in self._providers:
            self._providers[model.engine] = self._connect(model.engine)
        providers = enumerate(self._providers[model.engine])
        loop = asyncio.get_running_loop()
        asked = [loop.create_task(self._prepare_at(number, provider, model)) for number, provider in providers]
        for one in asked:
            one.add_done_callback(retrieve)
        late = await _on_time(asked)
        errors = [error for one in asked if one not in late and (error := one.exception())]
        sites = [one.result() for one in asked if one not in late and not one.exception()]
        if not sites or not all(isinstance(error, ProviderError) for error in errors):
            raise errors[0]
        for error in errors:
            self._tell_of(error)
        same, said = agreeing(model, sites)
        if said:
            self._told(said)
        for one in late:
            one.add_done_callback(partial(self._came_late, model))
        return same

    def _tell_of(self, error: BaseException) -> None:
        if not isinstance(error, ModelUnavailable):  # that one lacks it
            said = error.message if isinstance(error, ProviderError) else str(error)
            self._told(f"a server cannot be asked, the others do its work: {said}")

    def _came_late(self, model: ModelRef, asked: asyncio.Task[Site]) -> None:
        """A server is there that others did not wait for: from now on it is asked too."""
        if asked.cancelled():
            return
        if error := asked.exception():
            self._tell_of(error)
        else:
            self._add(model, asked.result())

    def _add(self, model: ModelRef, site: Site) -> None:
        before = self._prepared[key(model)].result()
        same, said = agreeing(model, (*before, site))
        if said:
            self._told(said)
        if site not in same:
            return
        self._prepared[key(model)] = renewed = asyncio.get_running_loop().create_future()
        renewed.set_result((*before, site))
        for request in self._requests[key(model)]:
            self.wider[_groups(before, request)] = _groups((*before, site), request)
        self._joins(site.info.server)

    async def _prepare_at(self, number: int, provider: Provider, model: ModelRef) -> Site:
        server = self._server(f"engine {model.engine} {number}")
        async with server.turnstile.exclusive():
            try:
                info = await server.patiently(lambda: provider.prepare(model), key(model))
            except ProviderError as error:
                error.reach = "model" if error.reach == "request" else error.reach  # nobody can ask it
                raise
            self._looked[info.server, key(model)] = asyncio.get_running_loop().time()
            return Site(provider, info)


async def _on_time(asked: Sequence[asyncio.Task[Site]]) -> set[asyncio.Task[Site]]:
    """Wait for the first that has the model, and a little for the others; those that are not there by then.

    One that does not say that it has it keeps nobody from waiting: it may answer with another one.
    """
    late = set(asked)
    while late and not any(one.done() and not one.exception() and one.result().info.listed for one in asked):
        _, late = await asyncio.wait(late, return_when=asyncio.FIRST_COMPLETED)
    return (await asyncio.wait(late, timeout=LATE))[1] if late else late


def _groups(sites: Sequence[Site], request: ChatRequest) -> tuple[Group, ...]:
    return tuple(group(site.info, request) for site in sites)


def nowhere(request: ChatRequest) -> tuple[Group, ...]:
    """The group of a request that no server is known for."""
    return ((request.model.engine, request.model.written, ""),)


def check_usable(model: ModelRef) -> None:
    """Nobody is asked for a model whose Modelfile is broken: the server's own of that name is another one."""
    if model.fault:
        raise ModelUnavailable(model.fault.message, hint=model.fault.hint)


def agreeing(model: ModelRef, sites: Sequence[Site]) -> tuple[tuple[Site, ...], str]:
    """Those that have the same model as the first; what is to be told of the others, "" where there is none.

    Where a digest is not known, the model is taken for the same by its name.
    """
    first, *rest = [site for site in sites if site.info.listed] or sites
    others = [site for site in rest if first.digest and site.digest not in ("", first.digest)]
    same = [site for site in rest if site not in others]
    return (first, *same), _told(model, first, others) if others else ""


def distinct(sites: Sequence[Site]) -> Iterator[Site]:
    """One of each kind that may have given a stored answer of its own."""
    known = set()
    for site in sites:
        kind = site.info.digest or site.info.server, site.info.version
        if kind not in known:
            known.add(kind)
            yield site


def _told(model: ModelRef, first: Site, others: Sequence[Site]) -> str:
    where = ", ".join(site.info.server for site in others)
    return (
        f"the model {model.written!r} is another one at {where} (its digest differs), so it is asked at "
        f"{first.info.server} only"
    )


def _became_another(model: ModelRef, before: Site, now: Site) -> str:
    was, is_ = before.info.digest[:19], now.info.digest[:19]
    return (
        f"the model {model.written!r} became another one at {now.info.server} (its digest was {was}, and is {is_})"
    )


def _updated(before: Site, now: Site) -> str:
    return f"{now.info.server} was version {before.info.version}, and is {now.info.version} by now"
