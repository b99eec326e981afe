"""The one engine of a run as a worker process of pytest-xdist reaches it: a connection on loopback.

The controller says which cells the worker is given, and at once the worker says what these ask first; each answer
comes of itself when it is there. What is asked for besides is a call with a number, and gets a result with that.
"""

from __future__ import annotations

import pickle
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import count
from typing import IO, TYPE_CHECKING, Any

from pytest_llm.engine.jobs import Job, cell_of
from pytest_llm.errors import RunStopped

if TYPE_CHECKING:
    from pytest_llm.cases.request import ChatRequest
    from pytest_llm.engine.order import Group
    from pytest_llm.engine.places import Placed
    from pytest_llm.providers.base import Response

Address = tuple[str, int, str]  # host, port, key in hex
LENGTH = struct.Struct("!I")  # of what comes after it


def framed(message: object) -> bytes:
    """A message as it crosses, in either direction."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(data)) + data


def message(data: bytes) -> Any:
    """What was framed, without its length."""
    return pickle.loads(data)  # noqa: S301 (what a process of this run wrote, which has shown the key)


class RemoteEngine:
    """The engine as a worker sees it; `owner` is the worker's name. Once the run has ended, all raises RunStopped.

    first: the questions that cells ask first, by their ids; called in a thread of its own when some are given.
    measures: whether a cell of the run is measured alone. Where none is, nobody waits for checks to end, and the
    controller is not told of any.
    """

    def __init__(self, address: Address, owner: str) -> None:
        host, port, key = address
        self.first: Callable[[Sequence[str]], list[Job]] = lambda cells: []
        self.measures = True
        self._lock, self._numbers = threading.Lock(), count()
        self._open = True
        self._answers: dict[str, Future[Response]] = {}  # by question
        self._results: dict[int, Future[Any]] = {}  # by the number of the call
        self._taken: list[str] = []
        self._socket = socket.create_connection((host, port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(bytes.fromhex(key) + framed(owner))
        threading.Thread(target=self._listen, daemon=True, name="pytest-llm-remote").start()

    def begin(self, jobs: Sequence[Job]) -> list[Future[Response]]:
        """Have these asked, where that has not been done; their answers."""
        with self._lock:
            if not self._open:
                raise RunStopped
            if fresh := [job for job in jobs if job.id not in self._answers]:
                self._send("want", self._taken, fresh)
                self._taken = []
                self._answers |= {job.id: Future() for job in fresh}
            return [self._answers[job.id] for job in jobs]

    def ask(self, job: Job) -> Response:
        """The answer; waits for it. Raises as the engine's."""
        (answer,) = self.begin([job])
        try:
            return answer.result()
        finally:  # where it is not there, a test's timeout reaches the server as a closed connection
            self._take([job.id], at_once=not answer.done())

    def abandon(self, cell: str) -> None:
        """A cell is done: what it had asked ahead and did not want is let go of."""
        with self._lock:
            left = [id_ for id_ in self._answers if cell_of(id_) == cell]
        if left:
            self._take(left, at_once=True)

    def groups(self, requests: Sequence[ChatRequest]) -> list[tuple[Group, ...]]:
        groups: list[tuple[Group, ...]] = self._call("groups", list(requests))
        return groups

    def resident(self, requests: Sequence[ChatRequest]) -> set[Group]:
        there: set[Group] = self._call("resident", list(requests))
        return there

    def claim_order(self) -> bool:
        """Whether this worker is the first: it then settles the order for all."""
        first: bool = self._call("claim_order")
        return first

    def settle_order(self, cells: Sequence[Placed], header: Any, complaint: str = "") -> None:
        self._call("settle_order", list(cells), header, complaint)

    def baseline(self) -> Any:
        """What the run is compared with, as the controller has read it."""
        return self._call("baseline")

    def check_begins(self) -> None:
        if self.measures:
            with suppress(RunStopped):
                self._call("check_begins")

    def check_ends(self) -> None:
        if self.measures:
            with suppress(RunStopped):
                self._call("check_ends")

    def close(self) -> None:
        """Nothing to close here: the engine lives in the controller."""

    def _take(self, questions: Sequence[str], *, at_once: bool) -> None:
        """Their answers are taken, or not wanted any more; the engine hears it with the next question, or now."""
        with self._lock:
            for id_ in questions:
                self._answers.pop(id_, None)
            self._taken += questions
            if at_once:
                self._send("want", self._taken, [])
                self._taken = []

    def _call(self, name: str, *arguments: Any) -> Any:
        with self._lock:
            if not self._open:
                raise RunStopped
            number = next(self._numbers)
            self._send(name, number, *arguments)
            self._results[number] = result = Future[Any]()
        return result.result()

    def _send(self, *message: object) -> None:
        """With the lock held. A connection that is closed is noticed by who listens."""
        data = framed(message)
        with suppress(OSError):
            self._socket.sendall(data)

    # In the thread that listens.

    def _listen(self) -> None:
        try:
            with suppress(OSError, EOFError), self._socket, self._socket.makefile("rb") as file:
                while True:
                    name, *arguments = _next(file)
                    getattr(self, f"_{name}")(*arguments)
        finally:
            self._end()

    def _end(self) -> None:
        """Whoever waits hears that the run is over."""
        with self._lock:
            self._open = False
            waiting = [*self._answers.values(), *self._results.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(RunStopped())

    def _given(self, cells: Sequence[str]) -> None:
        """This worker is to run these."""
        with suppress(Exception):  # what cannot be made now is made, and fails, when its cell runs
            self.begin(self.first(cells))

    def _lost(self, cells: Sequence[str]) -> None:
        """Another worker is."""
        with self._lock:
            for id_ in [id_ for id_ in self._answers if cell_of(id_) in cells]:
                del self._answers[id_]

    def _answered(self, outcomes: Sequence[tuple[str, Response | None, Exception | None]]) -> None:
        with self._lock:
            answers = [self._answers.get(question) for question, *_ in outcomes]
        for answer, (_, response, error) in zip(answers, outcomes, strict=True):
            if answer and not answer.done():
                _settle(answer, response, error)

    def _called(self, outcomes: Sequence[tuple[int, Any, Exception | None]]) -> None:
        for number, value, error in outcomes:
            with self._lock:
                result = self._results.pop(number)
            _settle(result, value, error)


def _settle(future: Future[Any], value: Any, error: Exception | None) -> None:
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)


def _next(file: IO[bytes]) -> Any:
    """The next message. Raises EOFError where the connection has ended."""
    header = file.read(LENGTH.size)
    (length,) = LENGTH.unpack(header) if len(header) == LENGTH.size else (1,)
    if len(data := file.read(length)) < length:
        raise EOFError
    return message(data)
