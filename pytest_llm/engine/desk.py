"""Where the workers of pytest-xdist reach the one engine of a run, in the controller.

A port on loopback that asks for a random key. Nothing heavy is imported here: the engine is made when the first
worker comes, and its loop serves them all.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_llm.engine.hands import Hands
from pytest_llm.engine.jobs import cell_of
from pytest_llm.engine.remote import LENGTH, Address, framed, message
from pytest_llm.errors import HarnessError, RunStopped

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

    from pytest_llm.engine.engine import Engine
    from pytest_llm.engine.jobs import Job
    from pytest_llm.engine.places import Placed
    from pytest_llm.providers.base import Response

Outcome = tuple[Any, Any, BaseException | None]  # a question's id or a call's number, what came of it, and an error
_MOST = 64  # calls at a time: two or so a worker


class Desk:
    """What workers are told, and can ask for: the engine, and once a run the order of the cells.

    engine: makes it. header, complaint: what the worker that settles the order knows of the run, and why it cannot
    begin. past: what the run is compared with, as the controller has read it.
    """

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._make, self._lock = engine, threading.Lock()
        self._engine: Engine | None = None
        self._claimed = False
        self._key = os.urandom(16)
        self._hands = Hands(_MOST, "pytest-llm-desk-calls")
        self._workers: dict[str, Worker] = {}
        self.settled = False
        self.header: Any = None
        self.complaint = ""
        self.past: Any = None

    def open(self) -> Address:
        """Offer it on a free port."""
        there = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._wait, args=(there,), daemon=True, name="pytest-llm-desk").start()
        host, port = there.getsockname()
        return host, port, self._key.hex()

    def _wait(self, there: socket.socket) -> None:
        """For the first worker that has cells: without one there is no engine."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(there, selectors.EVENT_READ)
            waiting.select()
        try:
            self._get().serve(there, self._attend)
        except BaseException as error:
            there.close()  # or the worker would wait for ever
            if not isinstance(error, RunStopped):
                raise

    def _get(self) -> Engine:
        with self._lock:
            self._engine = self._engine or self._make()
            return self._engine

    # Called in the controller.

    @property
    def ranks(self) -> Mapping[str, int]:
        """The places of the cells in the order, as things are now; none before it is settled."""
        return self._engine.ranks if self.settled and self._engine else {}

    @property
    def room(self) -> int:
        """How many questions can be asked at a time."""
        return self._engine.room if self.settled and self._engine else 0

    def given(self, ids: list[str], owner: str) -> None:
        """A worker is to run these."""
        if engine := self._engine:
            with engine.at_once():
                engine.given(ids, owner)
                engine.reached(ids)
                engine.soon(partial(self._tell, owner, framed(("given", ids))))

    def taken(self, ids: list[str], owner: str) -> None:
        """A worker has given these back."""
        if engine := self._engine:
            with engine.at_once():
                engine.taken(ids, owner)
                engine.soon(partial(self._lost, owner, ids))

    def done(self, id_: str) -> None:
        if self._engine:
            self._engine.done(id_)

    def forget(self, owner: str) -> None:
        if self._engine:
            self._engine.forget(owner)

    def stop(self) -> None:
        """Nothing more is asked, also where nothing was asked yet."""
        if self.ranks:
            self._get().close()

    def close(self) -> None:
        if self._engine:
            self._engine.close()

    # Called by workers.

    def settle_order(self, cells: list[Placed], header: Any, complaint: str = "") -> None:
        if cells:
            self._get().arrange(cells)
        self.header, self.complaint = header, complaint  # before what tells that the order is settled
        self.settled = True

    def claim_order(self) -> bool:
        """Whether the caller is the first: it then settles the order for all."""
        with self._lock:
            claimed, self._claimed = self._claimed, True
            return not claimed

    # In the engine's loop.

    async def _attend(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One worker, until it has gone or the run has ended."""
        from asyncio import CancelledError
        from hmac import compare_digest

        owner = ""
        try:
            if compare_digest(await reader.readexactly(len(self._key)), self._key):
                owner = await _heard(reader)
                self._workers[owner] = Worker(writer)
                while True:
                    name, *arguments = await _heard(reader)
                    self._hear(owner, name, arguments)
        except (EOFError, OSError, CancelledError):
            pass
        finally:
            self._workers.pop(owner, None)
            writer.close()

    def _hear(self, owner: str, name: str, arguments: list[Any]) -> None:
        if name == "want":
            self._want(owner, *arguments)
        else:  # in a thread of its own, since it may wait
            number, *given = arguments
            done = self._hands.do(partial(_CALLS[name], self, self._get(), owner, *given))
            done.add_done_callback(partial(self._called, owner, number))

    def _want(self, owner: str, taken: Sequence[str], jobs: Sequence[Job]) -> None:
        """A worker has taken some answers, and wants others."""
        engine, worker = self._get(), self._workers[owner]
        with engine.at_once():
            if taken:
                engine.let_go(taken)
                worker.wanted.difference_update(taken)
            answers = engine.begin(jobs, owner)
        worker.wanted.update(job.id for job in jobs)
        for job, answer in zip(jobs, answers, strict=True):
            answer.add_done_callback(partial(self._answered, worker, job.id))

    def _answered(self, worker: Worker, question: str, answer: Future[Response]) -> None:
        if not answer.cancelled():  # else nobody waits for it
            error = answer.exception()
            told = self._get().told(error) if error else None
            worker.hand((question, None if error else answer.result(), told))

    def _lost(self, owner: str, ids: Sequence[str]) -> None:
        if worker := self._workers.get(owner):
            worker.wanted = {question for question in worker.wanted if cell_of(question) not in ids}
            worker.tell(framed(("lost", ids)))

    def _called(self, owner: str, number: int, result: Future[Any]) -> None:
        error = result.exception()
        told = _crossing("called", [(number, None if error else result.result(), error)])
        self._get().soon(partial(self._tell, owner, told))

    def _tell(self, owner: str, told: bytes) -> None:
        if worker := self._workers.get(owner):
            worker.tell(told)


class Worker:
    """A worker as the loop writes to it. wanted: the questions that no answer has come to.

    What crosses wakes a thread there, which costs ten times what it brings: where answers come quickly and others
    are to come, those of 10 ms cross together.
    """

    APART = 0.01  # seconds; at 4 ms a quick cell costs 0.1 ms more, at 20 ms as much

    def __init__(self, writer: StreamWriter) -> None:
        from asyncio import get_running_loop

        self._writer, self._loop = writer, get_running_loop()
        self.wanted: set[str] = set()
        self._answers: list[Outcome] = []
        self._crossed = 0.0  # by the loop's clock

    def hand(self, answer: Outcome) -> None:
        self.wanted.discard(answer[0])
        self._answers.append(answer)
        if not self.wanted or self._loop.time() >= self._crossed + self.APART:
            self.tell()
        elif len(self._answers) == 1:
            self._loop.call_at(self._crossed + self.APART, self.tell)

    def tell(self, told: bytes = b"") -> None:
        """At once, behind the answers."""
        if (self._answers or told) and not self._writer.is_closing():
            answers, self._answers = self._answers, []
            self._crossed = self._loop.time()
            self._writer.write((_crossing("answered", answers) if answers else b"") + told)


_CALLS: Mapping[str, Callable[..., Any]] = {
    "claim_order": lambda desk, engine, owner: desk.claim_order(),
    "settle_order": lambda desk, engine, owner, *arguments: desk.settle_order(*arguments),
    "baseline": lambda desk, engine, owner: desk.past,
    "groups": lambda desk, engine, owner, requests: engine.groups(requests),
    "resident": lambda desk, engine, owner, requests: engine.resident(requests),
    "check_begins": lambda desk, engine, owner: engine.check_begins(owner),
    "check_ends": lambda desk, engine, owner: engine.check_ends(owner),
}


def _crossing(name: str, outcomes: Sequence[Outcome]) -> bytes:
    """What came of questions or calls; where no other process can have it, that."""
    try:
        data = framed((name, outcomes))
        if any(error for *_, error in outcomes):
            message(data[LENGTH.size :])  # whose class may want to be made in another way
        return data
    except Exception as odd:
        if len(outcomes) > 1:
            return b"".join(_crossing(name, [one]) for one in outcomes)
        told = HarnessError(f"what came of it cannot be handed to a worker of pytest-xdist: {odd}")
        return framed((name, [(outcomes[0][0], None, told)]))


async def _heard(reader: StreamReader) -> Any:
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    return message(await reader.readexactly(length))
