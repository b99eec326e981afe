"""What the engine knows of one server: who may pass, what is broken there, how patiently it is asked."""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Hashable, Iterable
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.loading import Loads
from pytest_llm.engine.order import Group
from pytest_llm.engine.slots import Slots
from pytest_llm.engine.turnstile import Turnstile
from pytest_llm.errors import NoAnswer, ProviderError, PytestLlmError, ServerBusy, Unanswered
from pytest_llm.providers.base import Loading, Resident

T = TypeVar("T")
Pause = Callable[[float], Coroutine[Any, Any, None]]
Aside = Callable[[asyncio.Future[None]], Awaitable[None]]
IN_A_ROW = 2  # requests of a model that nothing came of: it is not asked again
BACK_OFF = (1.0, 2.0, 4.0, 8.0, 15.0)
LONG = 8.0  # seconds of a pause that is told


@dataclass
class Server:
    """Its turnstile for groups and measurements, its slots, and the errors that nobody need meet twice.

    loaded: the group that was asked last, so that its model is there. tenant: what it was told last to load, with a
    request of it. broken: by whom it concerns. unanswered: how many of a model's requests in a row. pause: waits
    between attempts. rest: while nobody is to ask it, by its own word; until: seconds, by the loop's clock. said:
    is told of long pauses. answers: how many came; under_way: attempts that nothing has come of yet.
    """

    slots: Slots = field(default_factory=Slots)
    pause: Pause = asyncio.sleep
    said: Callable[[str], None] = lambda text: None
    turnstile: Turnstile = field(default_factory=Turnstile)
    loaded: Group | None = None
    tenant: tuple[Group, ChatRequest] | None = None
    loads: Loads = field(default_factory=Loads)
    down: ProviderError | None = None
    broken: dict[Hashable, ProviderError] = field(default_factory=dict)
    unanswered: Counter[Hashable] = field(default_factory=Counter)
    rest: asyncio.Future[None] | None = None
    until: float = 0.0
    answers: int = 0
    under_way: int = 0

    @property
    def rests(self) -> float:
        """Seconds for which nobody is to ask it."""
        over = self.rest is None or self.rest.done()
        return 0.0 if over else max(0.0, self.until - asyncio.get_running_loop().time())

    def fault(self, *whom: Hashable) -> ProviderError | None:
        """Why it is asked no more, by whom that concerns."""
        return self.down or next((self.broken[one] for one in whom if one in self.broken), None)

    @asynccontextmanager
    async def room(self, group: Group, machine: Turnstile | None, *, exclusive: bool) -> AsyncIterator[None]:
        """Held over all attempts: else the next group's model would be loaded between two of them.

        Requests of one group pass together; for a measurement the server, and with `machine` this machine too, is
        quiet first.
        """
        passing = self.turnstile.exclusive() if exclusive else self.turnstile.shared(group)
        async with passing, machine.exclusive() if exclusive and machine else nullcontext():
            yield

    async def displace(
        self, provider: Loading, loaded: Group, before: Iterable[Resident], wanted: Callable[[Group], bool]
    ) -> None:
        """Unload what it was told to load before, unless its case says how long it stays, or it is wanted again.

        before: what was there before the run, which is left as it was found, as is what the run loads last.
        """
        if self.tenant is None:
            return
        (group, request), self.tenant = self.tenant, None
        found = {one.blob for one in before}
        kept = request.keep_alive is not None or group[1] in found or group[1] == loaded[1]
        if not kept and not wanted(group):
            with suppress(PytestLlmError):  # the next load tells what is wrong with the server
                await provider.unload(request)

    async def patiently(
        self,
        attempt: Callable[[], Awaitable[T]],
        whom: Hashable,
        reasons: list[str] | None = None,
        aside: Aside = asyncio.shield,
    ) -> T:
        """Try as often as the errors allow; what came.

        whom: whose every request an error concerns that reaches beyond this one. reasons: gets why each attempt
        failed that was not the last. aside: waits until the server may be asked again.
        """
        reasons = [] if reasons is None else reasons
        before = len(reasons)
        while True:
            while self.rest and not self.rest.done():
                await aside(self.rest)
            if known := self.fault(whom):
                raise known.with_traceback(None)  # or it would hold the frames of all who were told
            try:
                found = await self._attempted(attempt)
                self.unanswered.pop(whom, None)
                self.answers += 1
                return found
            except NoAnswer:
                self.unanswered.pop(whom, None)
                raise
            except ProviderError as error:
                self._heed(error)
                if (failed := len(reasons) - before) >= error.retry:
                    self._remember(error, whom)
                    raise _after(error, reasons[before:]) from None
                reasons.append(error.message)
                if error.pause and not self.rests:
                    await aside(self._wait(error, _pause(error, failed)))

    async def _attempted(self, attempt: Callable[[], Awaitable[T]]) -> T:
        self.under_way += 1
        try:
            return await attempt()
        finally:
            self.under_way -= 1

    def _heed(self, error: ProviderError) -> None:
        """A server that is busy is asked less; one that says for how long, by nobody."""
        if not isinstance(error, ServerBusy):
            return
        self.slots.busy()
        if error.wait and error.wait > self.rests:
            self.until = asyncio.get_running_loop().time() + error.wait
            self.rest = self._wait(error, error.wait)

    def _wait(self, error: ProviderError, seconds: float) -> asyncio.Future[None]:
        if seconds >= LONG:
            self.said(f"{error.message}: it is asked again in {seconds:.0f} s")
        return asyncio.ensure_future(self.pause(seconds))

    def _remember(self, error: ProviderError, whom: Hashable) -> None:
        self.unanswered[whom] = self.unanswered[whom] + 1 if isinstance(error, Unanswered) else 0
        if self.unanswered[whom] >= IN_A_ROW and error.reach == "request":
            error.reach = "model"
            error.hint = f"two in a row: this model is asked no more\n{error.hint}"
        if error.reach == "server":
            self.down = self.down or error
        elif error.reach == "model":
            self.broken.setdefault(whom, error)


def _pause(error: ProviderError, failed: int) -> float:
    """Seconds before it is asked again. failed: how many attempts did before this one."""
    return BACK_OFF[min(failed, len(BACK_OFF) - 1)] if error.wait is None else error.wait


def _after(error: ProviderError, reasons: list[str]) -> ProviderError:
    if not reasons:
        return error
    told = copy.copy(error)
    told.hint = "\n".join(filter(None, [error.hint, f"asked {len(reasons) + 1} times; before: {reasons[0]}"]))
    return told
