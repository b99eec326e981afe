"""The engine from another process: what a worker is given, asks, takes and lets go of."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pytest_llm.engine.desk import Desk, Worker
from pytest_llm.engine.engine import Engine
from pytest_llm.engine.jobs import checking
from pytest_llm.engine.places import Placed
from pytest_llm.engine.remote import LENGTH, RemoteEngine, message
from pytest_llm.errors import HarnessError, RunStopped, ServerDown
from pytest_llm.providers.base import Response
from tests.helpers.waiting import until
from tests.unit.engine.test_engine import Desk as Provider
from tests.unit.engine.test_engine import Make, job, make, pauses

__all__ = ["make", "pauses"]

CELLS = "abcdef"


class Run:
    """A controller with six cells that ask one question each, and its workers."""

    def __init__(self, make: Make, slots: int, **provider: Any) -> None:
        self.provider = Provider(**provider)
        self.engine: Engine = make(self.provider, slots)
        self.desk = Desk(lambda: self.engine)
        self.address = self.desk.open()

    def worker(self, name: str = "gw0") -> RemoteEngine:
        worker = RemoteEngine(self.address, name)
        worker.first = lambda cells: [job(f"{cell}#0") for cell in cells]
        if worker.claim_order():
            worker.settle_order([Placed(cell, ("desk", "m", ""), 1) for cell in CELLS], "header")
        return worker


Start = Callable[..., Run]


@pytest.fixture
def start(make: Make) -> Start:
    return lambda slots=1, **provider: Run(make, slots, **provider)


def test_what_is_given_is_asked_at_once_and_taken_later(start: Start) -> None:
    run = start()
    worker = run.worker()
    run.desk.given(["a", "b"], "gw0")
    until(lambda: run.provider.asked == ["a#0", "b#0"])
    assert [worker.ask(job(f"{cell}#0")).text for cell in "abc"] == ["re: a#0", "re: b#0", "re: c#0"]
    assert run.provider.asked == ["a#0", "b#0", "c#0"]


def test_a_cell_that_is_run_again_is_asked_anew(start: Start) -> None:
    run = start()
    worker = run.worker()
    assert [worker.ask(job("a#0")).text for _ in range(3)] == ["re: a#0"] * 3
    assert run.provider.asked == ["a#0"] * 3


def test_what_is_taken_from_a_worker_is_asked_once(start: Start) -> None:
    run = start(hold=True)
    run.worker("gw0")
    other = run.worker("gw1")
    run.desk.given(["a", "b"], "gw0")
    until(lambda: run.provider.asked == ["a#0"])
    run.desk.taken(["a"], "gw0")
    run.desk.given(["a"], "gw1")
    run.provider.let("a#0")
    assert other.ask(job("a#0")).text == "re: a#0"
    until(lambda: run.provider.asked == ["a#0", "b#0"])
    assert not run.provider.cancelled


def test_one_that_has_gone_keeps_nobody_waiting(start: Start) -> None:
    run = start(hold=True)
    run.worker("gw0")
    other = run.worker("gw1")
    run.desk.given(["a"], "gw0")
    until(lambda: run.provider.inside == {"a#0"})
    run.desk.given(["b"], "gw1")
    run.desk.forget("gw0")
    run.provider.let("b#0")
    assert other.ask(job("b#0")).text == "re: b#0"
    assert run.provider.cancelled == ["a#0"]


ENDS: dict[str, Callable[[Run, RemoteEngine], None]] = {
    "its cell is done": lambda run, worker: worker.abandon("a"),
    "the run is over": lambda run, worker: run.desk.close(),
    "the last failure is borne": lambda run, worker: run.desk.stop(),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_nobody_wants_any_more_is_cancelled(start: Start, end: str) -> None:
    run = start(hold=True)
    worker = run.worker()
    run.desk.given(["a"], "gw0")
    until(lambda: run.provider.inside == {"a#0"})
    ENDS[end](run, worker)
    until(lambda: run.provider.cancelled == ["a#0"])


def test_whoever_waits_hears_of_the_end_and_so_does_who_comes_later(start: Start) -> None:
    run = start(hold=True)
    worker = run.worker()
    heard: list[type[BaseException]] = []

    def wait() -> None:
        try:
            worker.ask(job("a#0"))
        except RunStopped as stopped:
            heard.append(type(stopped))

    waiting = threading.Thread(target=wait)
    waiting.start()
    until(lambda: run.provider.inside == {"a#0"})
    run.desk.close()
    waiting.join(10)
    assert heard == [RunStopped]
    for late in (lambda: worker.ask(job("b#0")), lambda: worker.groups([]), worker.baseline):
        with pytest.raises(RunStopped):
            late()
    with checking(worker):
        pass


def test_an_error_is_the_workers_its_story_told_once(start: Start) -> None:
    gone = {f"{cell}#0": [ServerDown("gone")] for cell in "ab"}
    worker = start(slots=2, script=gone).worker()
    repeated = []
    for cell in "ab":
        with pytest.raises(ServerDown, match="gone") as info:
            worker.ask(job(f"{cell}#0"))
        repeated.append(info.value.repeated)
    assert repeated == [False, True]


def test_what_cannot_be_made_ahead_fails_where_it_is_asked(start: Start) -> None:
    run = start()
    worker = run.worker()

    def breaks(cells: object) -> Any:
        raise ValueError(cells)

    worker.first = breaks
    run.desk.given(["a"], "gw0")
    assert worker.ask(job("b#0")).text == "re: b#0"


def test_what_cannot_cross_is_told_and_nothing_is_waited_for(start: Start) -> None:
    run = start()
    worker = run.worker()
    with pytest.raises((TypeError, AttributeError)):
        worker.groups([threading.Lock()])  # type: ignore[list-item]

    async def odd(request: object) -> Response:
        return Response("x", notes=(threading.Lock(),))  # type: ignore[arg-type]

    run.provider.chat = odd  # type: ignore[method-assign]
    with pytest.raises(HarnessError, match="cannot be handed to a worker"):
        worker.ask(job("a#0"))


class Peculiar(Exception):
    """Made of two words, and told by one."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(one + other)


def test_an_error_that_cannot_be_made_anew_is_told(start: Start) -> None:
    worker = start(script={"a#0": [Peculiar("o", "dd")]}).worker()
    with pytest.raises(HarnessError, match="cannot be handed to a worker"):
        worker.ask(job("a#0"))
    assert worker.ask(job("b#0")).text == "re: b#0"


@pytest.mark.parametrize("measures", [True, False], ids=["measured", "none measured"])
def test_checks_are_told_where_a_measurement_waits_for_them(
    start: Start, monkeypatch: pytest.MonkeyPatch, measures: bool
) -> None:
    run, told = start(), list[str]()
    worker = run.worker()
    worker.measures = measures
    for name in ("check_begins", "check_ends"):
        monkeypatch.setattr(run.engine, name, lambda owner, name=name: told.append(f"{name} {owner}"))
    with checking(worker):
        pass
    assert told == (["check_begins gw0", "check_ends gw0"] if measures else [])


@pytest.mark.parametrize("said", [b"", b"x" * 7, b"x" * 16, b"x" * 400], ids=["nothing", "less", "wrong", "more"])
def test_who_has_not_the_key_is_not_heard(start: Start, said: bytes) -> None:
    run = start()
    worker = run.worker()
    with socket.create_connection(run.address[:2]) as stranger:
        stranger.settimeout(10)
        stranger.sendall(said)
        stranger.shutdown(socket.SHUT_WR)
        assert stranger.recv(1) == b""
    assert worker.ask(job("a#0")).text == "re: a#0"


def test_the_order_is_settled_by_the_first_alone(start: Start) -> None:
    run = start()
    workers = [run.worker(f"gw{number}") for number in range(3)]
    run.desk.past = {"a": 1}
    assert (run.desk.settled, run.desk.header, list(run.desk.ranks)) == (True, "header", list(CELLS))
    assert [worker.claim_order() for worker in workers] == [False] * 3
    assert [worker.baseline() for worker in workers] == [{"a": 1}] * 3


class Writer:
    """Keeps what crosses: of messages what came of questions, and what is none as it is."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        crossed = ""
        while len(data) > LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(data)[0]
            crossed += "".join(value or str(error) for _, value, error in message(data[LENGTH.size : end])[1])
            data = data[end:]
        self.written.append(crossed + data.decode())

    def is_closing(self) -> bool:
        return self.closed


def crossed(wanted: str, *acts: Callable[[Worker, Writer], None], later: bool = False) -> list[str]:
    """What crosses to a worker that wants some answers. later: all that comes, and not only what comes at once."""

    async def do() -> list[str]:
        writer = Writer()
        worker = Worker(writer)  # type: ignore[arg-type]
        worker.wanted = set(wanted)
        for act in acts:
            act(worker, writer)
        if later:
            await asyncio.sleep(10 * Worker.APART)
        return writer.written

    return asyncio.run(do())


def hand(answer: str, value: object = "") -> Callable[[Worker, Writer], None]:
    return lambda worker, writer: worker.hand((answer, value or answer, None))


def test_answers_that_come_quickly_cross_together() -> None:
    assert crossed("abcd", hand("a"), hand("b"), hand("c")) == ["a"]
    assert crossed("abcd", hand("a"), hand("b"), hand("c"), later=True) == ["a", "bc"]


def test_nothing_is_held_back_for_answers_that_will_not_come() -> None:
    assert crossed("abc", hand("a"), hand("b"), hand("c")) == ["a", "bc"]
    forgets = lambda worker, writer: worker.wanted.discard("c")  # noqa: E731
    assert crossed("abc", hand("a"), forgets, hand("b")) == ["a", "b"]


def test_what_is_told_does_not_overtake_an_answer() -> None:
    assert crossed("abc", hand("a"), hand("b"), lambda worker, writer: worker.tell(b"!")) == ["a", "b!"]


def test_nothing_is_written_to_a_worker_that_has_gone() -> None:
    goes = lambda worker, writer: setattr(writer, "closed", True)  # noqa: E731
    assert crossed("abc", hand("a"), hand("b"), goes, hand("c"), later=True) == ["a"]


def test_what_cannot_cross_takes_no_other_answer_along() -> None:
    (first, last) = crossed("abc", hand("a"), hand("b", lambda: 0), hand("c"))
    assert first == "a"
    assert "cannot be handed to a worker" in last
    assert last.endswith("c")


@pytest.mark.parametrize("end", ["given back", "taken"])
def test_a_question_that_a_worker_has_no_use_for_is_not_waited_for(
    start: Start, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(Worker, "APART", 1e6)
    run = start(slots=2, hold=True)
    worker = run.worker()
    answers = worker.begin([job(f"{cell}#0") for cell in "abc"])
    until(lambda: run.provider.inside == {"a#0", "b#0"})
    run.desk.taken(["c"], "gw0") if end == "given back" else worker.abandon("c")
    worker.baseline()  # and what was said before it is heard
    for cell in "ab":
        run.provider.let(f"{cell}#0")
    assert [answer.result(10).text for answer in answers[:2]] == ["re: a#0", "re: b#0"]
