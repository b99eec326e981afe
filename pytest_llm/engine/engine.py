"""Asks ahead: while one answer is being judged, the next is on its way.

One event loop in a thread of its own holds the providers. `begin` names what will be wanted soon, in order;
`ask` waits for one answer; `checking` tells that a check keeps this machine busy, so that no measurement runs
beside it. Several processes may share one engine: each is an `owner`.
"""

from __future__ import annotations

import asyncio
import copy
import threading
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from functools import partial
from socket import socket
from typing import Any, TypeVar

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.dispatch import Dispatch
from pytest_llm.engine.inquiries import Inquiries, Inquiry
from pytest_llm.engine.jobs import Job
from pytest_llm.engine.order import Group
from pytest_llm.engine.places import KEPT, Placed
from pytest_llm.errors import ProviderError, RunStopped
from pytest_llm.providers.base import Response

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)


def new_loop() -> asyncio.AbstractEventLoop:
    """An event loop: one in C, which costs a fifth less a question, where this platform has it."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return asyncio.new_event_loop()
    return new_event_loop()


class Engine:
    """The one engine of a run.

    dispatch: which server is asked what, and when. loop: makes the event loop, by whose clock things take time.
    """

    def __init__(self, dispatch: Dispatch, *, loop: Callable[[], asyncio.AbstractEventLoop] = new_loop) -> None:
        self._dispatch, self._turns = dispatch, dispatch.turns
        self._phases, self._machine = self._turns.phases, dispatch.machine
        self._told: set[str] = set()
        self._checks: Counter[str] = Counter()
        self._counting, self._told_here = threading.Lock(), threading.local()
        self._inquiries = Inquiries(self._begin, lambda inquiry: self.soon(inquiry.stop))
        self._kept: dict[str, tuple[Job, ...]] = {}
        self._loop = loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="pytest-llm-engine")
        self._thread.start()
        self._closed, self._door = False, threading.Lock()  # nobody comes to the loop while it is being closed
        self._server: asyncio.Server | None = None

    # Called from other threads.

    def begin(self, jobs: Sequence[Job], owner: str = "") -> list[Future[Response]]:
        """Start asking for these too, beside what is wanted already; their answers, cancelled where none comes."""
        return [one.answer for one in self._inquiries.begin(jobs, owner)]

    def ask(self, job: Job) -> Response:
        """The answer; waits for it. Raises what the provider raises, retries spent; RunStopped after `close`."""
        (inquiry,) = self._inquiries.begin([job])
        try:
            return self._waited(inquiry.answer)
        except ProviderError as error:
            raise self.told(error) from None
        finally:
            self._inquiries.let_go(inquiry)

    def let_go(self, questions: Collection[str]) -> None:
        """Their answers are taken, or not wanted any more."""
        self._inquiries.drop(lambda one: one.job.id in questions)

    def groups(self, requests: Sequence[ChatRequest]) -> list[tuple[Group, ...]]:
        """For each request what must be loaded to answer it, at each server that can."""
        return self._call(self._dispatch.groups(list(requests)))

    def resident(self, requests: Sequence[ChatRequest]) -> set[Group]:
        """Of what must be loaded to answer these, what was there before the run."""
        return self._call(self._dispatch.resident(list(requests)))

    def arrange(self, cells: Sequence[Placed]) -> None:
        """The order of the run: a cell waits for those of earlier phases that somebody is given."""
        self._turns.ranks = {cell.id: rank for rank, cell in enumerate(cells)}
        self._tell(self._arrange(cells))

    def reached(self, cells: Sequence[str]) -> None:
        """The run has come to these: ask what comes before them and is kept."""
        self.soon(partial(self._reached, cells))

    def keep(self, cell: str) -> None:
        """Ask what is asked long before its cell, by the place of that."""
        self.soon(partial(self._keep, cell))

    def given(self, cells: Sequence[str], owner: str = "") -> None:
        """A process is to run these, after what it was given before."""
        self.soon(partial(self._phases.given, owner, cells))

    def taken(self, cells: Sequence[str], owner: str = "") -> None:
        """A process is not to run these any more."""
        self.soon(partial(self._phases.taken, owner, cells))

    def done(self, cell: str) -> None:
        """A cell asks nothing more."""
        self.soon(partial(self._done, cell))

    @property
    def ranks(self) -> Mapping[str, int]:
        """The places of the cells in the order, as things are now."""
        return self._turns.ranks

    @property
    def room(self) -> int:
        """How many questions the servers of the run take at a time."""
        return self._turns.room

    def server(self, cell: str) -> str:
        """Where a cell is asked as things are now; "" where that is not settled."""
        return self._phases.server(cell)

    def told(self, error: E) -> E:
        """The whole story for the first cell that meets an error, one line for the others."""
        if not isinstance(error, ProviderError) or error.reach == "request":
            return error
        with self._counting:
            if error.message not in self._told:
                self._told.add(error.message)
                return error
        again = copy.copy(error)
        again.repeated = True
        return again

    def abandon(self, cell: str) -> None:
        """Nobody wants the answers of a cell any more: whoever waits for one gets RunStopped."""
        self._inquiries.drop(lambda one: one.job.cell == cell)

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
        self._inquiries.drop(lambda one: one.owner == owner)
        self._check_out(owner, self._checks[owner])
        self.soon(partial(self._phases.forget, owner))

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What this thread tells within the block is heard at its end, in one go: to wake the loop costs."""
        self._told_here.work = work = list[Callable[[], None]]()
        try:
            yield
        finally:
            self._told_here.work = None
            if work:
                self.soon(partial(_each, work))

    def soon(self, work: Callable[[], None]) -> None:
        """Have it done in the loop."""
        held: list[Callable[[], None]] | None = getattr(self._told_here, "work", None)
        if held is not None:
            held.append(work)
            return
        with self._door:
            if not self._closed:
                self._loop.call_soon_threadsafe(work)

    def serve(self, there: socket, attend: Callable[[StreamReader, StreamWriter], Awaitable[None]]) -> None:
        """Attend to each connection that is made there, in the loop, as long as the engine is open."""
        self._call(self._serve(there, attend))

    def close(self, grace: float = 10.0) -> None:
        """Cancel what is in flight and let the providers go; may be called twice."""
        with self._door:
            if self._closed:
                return
            self._closed = True
        self._inquiries.drop(lambda one: True)
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
            self.soon(self._machine.admit)

    def _begin(self, inquiries: Sequence[Inquiry]) -> None:
        self.soon(partial(self._start, inquiries))
        if self._closed:
            self._inquiries.drop(inquiries.__contains__)

    def _tell(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """What a closed engine need not hear; waits until it is done."""
        with suppress(RunStopped):
            self._call(coroutine)

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        with self._door:
            future = None if self._closed else asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        if future is None:
            coroutine.close()
            raise RunStopped
        return self._waited(future)

    def _waited(self, future: Future[T]) -> T:
        try:
            return future.result()
        except CancelledError:
            raise RunStopped from None
        except KeyboardInterrupt:  # all is let go of at once, or the next question would be asked
            self.close()
            raise
        except BaseException:
            future.cancel()  # a test's timeout reaches the server as a closed connection
            raise

    # Inside the loop.

    async def _serve(self, there: socket, attend: Callable[[StreamReader, StreamWriter], Awaitable[None]]) -> None:
        self._server = await asyncio.start_server(attend, sock=there)

    async def _arrange(self, cells: Sequence[Placed]) -> None:
        self._turns.arrange(cells)
        self._phases.given(KEPT, [cell.id for cell in cells if cell.kept])
        self._kept = {cell.id: cell.kept for cell in cells if cell.kept}

    def _reached(self, cells: Sequence[str]) -> None:
        last = max((self.ranks.get(cell, -1) for cell in cells), default=-1)
        before = [cell for cell in self._kept if self.ranks[cell] < last]
        for cell in sorted(before, key=self.ranks.__getitem__):
            self._keep(cell)

    def _keep(self, cell: str) -> None:
        self._inquiries.begin(self._kept.pop(cell, ()))

    def _done(self, cell: str) -> None:
        self._phases.done(cell)
        self._turns.even()

    def _start(self, inquiries: Sequence[Inquiry]) -> None:
        for one in inquiries:
            one.start(self._dispatch.answer, self._over)

    def _over(self, job: Job) -> None:
        self._phases.asked(job.place, job.id)

    async def _shut(self) -> None:
        if self._server:
            self._server.close()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            # A library's task that is cancelled before its first step leaves a coroutine that was never awaited.
            begun = {task for task in others if _begun(task)}
            for task in begun:
                task.cancel()
            await (asyncio.wait(begun) if begun else asyncio.sleep(0))
        await self._dispatch.close()
        await self._loop.shutdown_asyncgens()


def _each(work: Sequence[Callable[[], None]]) -> None:
    for one in work:
        one()


def _begun(task: asyncio.Task[Any]) -> bool:
    return getattr(task.get_coro(), "cr_await", None) is not None
