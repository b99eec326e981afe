from __future__ import annotations

import asyncio
import gc
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.engine.dispatch import Dispatch
from pytest_llm.engine.engine import Engine
from pytest_llm.engine.jobs import Job, checking
from pytest_llm.errors import (
    BrokenAnswer,
    ModelUnavailable,
    ProviderError,
    RunStopped,
    ServerBusy,
    ServerDown,
    Unsupported,
)
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import ModelInfo, Response, Usage
from tests.helpers.waiting import until


@dataclass
class Desk:
    """A provider that answers when it is told to, and remembers who was asked at the same time."""

    script: dict[str, list[Exception]] = field(default_factory=dict)
    hold: bool = False
    local: bool = False
    asked: list[str] = field(default_factory=list)
    prepared: list[str] = field(default_factory=list)
    crowd: list[set[str]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    inside: set[str] = field(default_factory=set)
    unprepared: dict[str, Exception] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    closed: bool = False
    server: str = "desk"

    def __post_init__(self) -> None:
        self.doors: dict[str, threading.Event] = {}

    async def prepare(self, model: ModelRef) -> ModelInfo:
        self.prepared.append(model.name)
        if error := self.unprepared.get(model.name):
            raise error
        return ModelInfo(self.server, blob=model.name.rstrip("0123456789"), local=self.local)

    async def chat(self, request: ChatRequest) -> Response:
        text = request.messages[-1].content
        self.asked.append(text)
        self.inside.add(text)
        self.crowd.append(set(self.inside))
        try:
            while self.hold and not self.doors.setdefault(text, threading.Event()).is_set():
                await asyncio.sleep(0.001)
            if errors := self.script.get(text):
                raise errors.pop(0)
            return Response(f"re: {text}", usage=self.usage)
        except asyncio.CancelledError:
            self.cancelled.append(text)
            raise
        finally:
            self.inside.discard(text)

    async def close(self) -> None:
        self.closed = True

    def let(self, text: str) -> None:
        self.doors.setdefault(text, threading.Event()).set()


def job(text: str, model: str = "m", exclusive: bool = False, **options: int) -> Job:
    request = ChatRequest(ModelRef(model, "desk", model), (Message("user", text),), options=options)
    return Job(text, request, exclusive)


@pytest.fixture
def pauses() -> list[float]:
    return []


Make = Callable[..., Engine]


@pytest.fixture
def make(pauses: list[float]) -> Iterator[Make]:
    engines: list[Engine] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    def engine(desk: Desk, slots: int = 1) -> Engine:
        engines.append(Engine(Dispatch(lambda name: [desk], slots=slots, pause=pause)))
        return engines[-1]

    yield engine
    for one in engines:
        one.close()


def test_an_answer(make: Make) -> None:
    assert make(Desk()).ask(job("hi")).text == "re: hi"


def test_what_is_begun_is_asked_in_order_and_once(make: Make) -> None:
    desk = Desk()
    engine = make(desk)
    jobs = [job(name) for name in "abc"]
    engine.begin(jobs)
    until(lambda: len(desk.asked) == 3)
    assert [engine.ask(j).text for j in jobs] == ["re: a", "re: b", "re: c"]
    assert desk.asked == ["a", "b", "c"]


def test_what_is_no_longer_wanted_is_cancelled(make: Make) -> None:
    desk = Desk(hold=True)
    engine = make(desk, slots=2)
    engine.begin([job("a"), job("b")])
    until(lambda: len(desk.inside) == 2)
    engine.let_go([job("a").id])
    until(lambda: desk.cancelled == ["a"])
    desk.let("b")
    assert engine.ask(job("b")).text == "re: b"


def test_owners_do_not_cancel_each_other(make: Make) -> None:
    desk = Desk(hold=True)
    engine = make(desk, slots=2)
    engine.begin([job("a")], "gw0")
    engine.begin([job("b")], "gw1")
    until(lambda: desk.inside == {"a", "b"})
    engine.forget("gw1")
    until(lambda: desk.cancelled == ["b"])
    assert desk.inside == {"a"}


@pytest.mark.parametrize("slots", [1, 3])
def test_no_more_at_a_time_than_slots(make: Make, slots: int) -> None:
    desk = Desk(hold=True)
    engine = make(desk, slots=slots)
    names = [f"q{n}" for n in range(6)]
    engine.begin([job(name) for name in names])
    until(lambda: len(desk.inside) == slots)
    for name in names:
        desk.let(name)
    for name in names:
        engine.ask(job(name))
    assert max(len(crowd) for crowd in desk.crowd) == slots


def test_a_measurement_is_alone_on_its_server(make: Make) -> None:
    desk = Desk(hold=True)
    engine = make(desk, slots=3)
    jobs = [job("a"), job("b"), job("M", exclusive=True), job("c")]
    engine.begin(jobs)
    until(lambda: desk.inside == {"a", "b"})
    for name in ("a", "b"):
        desk.let(name)
    until(lambda: desk.inside == {"M"})
    desk.let("M")
    desk.let("c")
    for one in jobs:
        engine.ask(one)
    assert {"M"} in desk.crowd


@pytest.mark.parametrize("local", [True, False])
def test_a_measurement_on_this_machine_waits_for_checks(make: Make, local: bool) -> None:
    desk = Desk(local=local)
    engine = make(desk)
    engine.ask(job("warm"))
    with checking(engine):
        engine.begin([job("M", exclusive=True)])
        if local:
            engine.begin([job("M", exclusive=True)])
            assert desk.asked == ["warm"]
        else:
            until(lambda: desk.asked == ["warm", "M"])
    assert engine.ask(job("M", exclusive=True)).text == "re: M"


def test_a_worker_that_died_while_checking_blocks_nobody(make: Make) -> None:
    engine = make(Desk(local=True))
    engine.check_begins("gw0")
    engine.forget("gw0")
    assert engine.ask(job("M", exclusive=True)).text == "re: M"


def test_retries_are_bounded_and_told(make: Make, pauses: list[float]) -> None:
    desk = Desk({"once": [BrokenAnswer("cut off")], "twice": [BrokenAnswer("cut off"), BrokenAnswer("again")]})
    engine = make(desk)
    assert engine.ask(job("once")).retries == ("cut off",)
    with pytest.raises(BrokenAnswer, match="asked 2 times; before: cut off"):
        engine.ask(job("twice"))
    assert pauses == []
    assert desk.asked.count("twice") == 2


def test_a_busy_server_is_asked_again_after_growing_pauses(make: Make, pauses: list[float]) -> None:
    desk = Desk({"x": [ServerBusy("full")] * 3, "y": [ServerBusy("full")] * 9})
    engine = make(desk)
    assert len(engine.ask(job("x")).retries) == 3
    assert pauses == [1.0, 2.0, 4.0]
    with pytest.raises(ServerBusy):
        engine.ask(job("y"))
    assert desk.asked.count("y") == 6


def test_long_pauses_are_told_each_once_however_many_wait() -> None:
    told: list[str] = []

    async def pause(seconds: float) -> None: ...

    patient = ServerBusy("x answers 503: full")
    patient.wait = 60.0
    desk = Desk({"x": [ServerBusy("x answers 503: full")] * 5, "y": [patient]})
    engine = Engine(Dispatch(lambda name: [desk], slots=2, said=told.append, pause=pause))
    engine.begin([job(name) for name in "xyz"])
    for name in "xyz":
        engine.ask(job(name))
    engine.close()
    assert sorted(told) == [f"x answers 503: full: it is asked again in {seconds} s" for seconds in (15, 60, 8)]


def test_a_run_that_is_stopped_waits_for_no_busy_server() -> None:
    """Neither who was told how long, nor who comes behind."""
    busy, waiting, left = ServerBusy("full"), list[float](), list[float]()
    busy.wait = 60.0

    async def pause(seconds: float) -> None:
        waiting.append(seconds)
        try:
            await asyncio.sleep(3600)
        finally:
            left.append(seconds)

    desk = Desk({"a": [busy]})
    engine = Engine(Dispatch(lambda name: [desk], slots=2, pause=pause))
    engine.begin([job("a"), job("b")])
    until(lambda: bool(waiting))
    engine.close()
    assert (waiting, left, desk.closed, engine._loop.is_closed()) == ([60.0], [60.0], True, True)


def test_a_server_that_is_down_is_told_once_and_not_asked_again(make: Make) -> None:
    desk = Desk({"a": [ServerDown("nobody there")]})
    engine = make(desk)
    caught: list[ProviderError] = []
    for name in "abc":
        with pytest.raises(ServerDown) as info:
            engine.ask(job(name))
        caught.append(info.value)
    assert [error.repeated for error in caught] == [False, True, True]
    assert desk.asked == ["a"]


def test_a_broken_model_leaves_the_others_alone(make: Make) -> None:
    desk = Desk({"a": [ModelUnavailable("cannot load")]})
    engine = make(desk)
    with pytest.raises(ModelUnavailable):
        engine.ask(job("a", "big"))
    with pytest.raises(ModelUnavailable):
        engine.ask(job("b", "big"))
    assert engine.ask(job("c", "small")).text == "re: c"
    assert desk.asked == ["a", "c"]


def test_a_model_is_prepared_once_and_its_failure_told_once(make: Make) -> None:
    desk = Desk(unprepared={"gone": ModelUnavailable("not there")})
    engine = make(desk)
    told = []
    for name in "ab":
        with pytest.raises(ModelUnavailable) as info:
            engine.ask(job(name, "gone"))
        told.append(info.value.repeated)
    engine.ask(job("c"))
    engine.ask(job("d"))
    assert told == [False, True]
    assert desk.prepared == ["gone", "m"]


def test_what_a_model_cannot_do_concerns_that_request_only(make: Make) -> None:
    engine = make(Desk({"a": [Unsupported("cannot think", "ask it without")]}))
    with pytest.raises(Unsupported):
        engine.ask(job("a"))
    assert engine.ask(job("b")).text == "re: b"


def test_groups_are_of_what_must_be_loaded(make: Make) -> None:
    engine = make(Desk(unprepared={"gone": ModelUnavailable("x")}))
    requests = [
        job("a", "m1", num_ctx=1).request,
        job("b", "m2", num_ctx=1, seed=3).request,
        job("c", "m1", num_ctx=2).request,
        job("d", "gone").request,
    ]
    one, two, three, four = engine.groups(requests)
    assert one == two
    assert len({one, three, four}) == 3


def test_an_interrupted_wait_asks_nothing_more(make: Make) -> None:
    desk = Desk(hold=True)
    engine = make(desk)
    engine.begin([job("a"), job("b")])
    until(lambda: desk.asked == ["a"])
    main = threading.main_thread().ident or 0

    def interrupt() -> None:
        until(lambda: within(main, "_waited", "wait"))
        signal.pthread_kill(main, signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        threading.Thread(target=interrupt).start()
        engine.ask(job("a"))
    until(lambda: desk.closed)
    assert desk.asked == desk.cancelled == ["a"]


def within(thread: int, *functions: str) -> bool:
    """Whether it is in all of these."""
    frames = traceback.walk_stack(sys._current_frames()[thread])
    return {frame.f_code.co_name for frame, _ in frames}.issuperset(functions)


def test_close_cancels_and_lets_go(make: Make) -> None:
    desk = Desk(hold=True)
    engine = make(desk)
    engine.begin([job("a")])
    until(lambda: desk.inside == {"a"})
    engine.close()
    assert desk.cancelled == ["a"]
    assert desk.closed
    assert "pytest-llm-engine" not in [thread.name for thread in threading.enumerate() if thread is engine._thread]
    with pytest.raises(RunStopped):
        engine.ask(job("b"))
    engine.close()


def test_close_in_the_moment_in_which_a_library_begins_a_task(make: Make) -> None:
    """A connection's task that has not had its first step yet is not cancelled before it."""

    class Connecting(Desk):
        async def chat(self, request: ChatRequest) -> Response:
            closer = threading.Thread(target=engine.close)
            closer.start()
            time.sleep(0.2)  # the close now waits for the loop, which this holds
            await asyncio.sleep(0)
            async with asyncio.TaskGroup() as group:
                group.create_task(asyncio.Event().wait())
            raise AssertionError

    engine = make(Connecting())
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(RunStopped):
            engine.ask(job("a"))
        engine._thread.join(5)
        gc.collect()
    assert [str(one.message) for one in told] == []


@pytest.mark.parametrize(
    "tell", [lambda engine: engine.done("a"), lambda engine: engine.groups([]), lambda engine: engine.arrange([])]
)
def test_who_comes_while_the_engine_is_being_closed(
    monkeypatch: pytest.MonkeyPatch, tell: Callable[[Engine], object]
) -> None:
    """One that is late comes to the loop when it has been closed, where nothing keeps it open for him."""
    loop, came, comes = asyncio.new_event_loop(), list[object](), threading.Event()
    comes_to_it = loop.call_soon_threadsafe

    def slowly(*call: Any, **context: Any) -> asyncio.Handle:
        if threading.current_thread() is thread:
            comes.set()
            time.sleep(0.2)
        return comes_to_it(*call, **context)

    def late() -> None:
        try:
            came.append(tell(engine))
        except Exception as error:
            came.append(type(error))

    thread = threading.Thread(target=late, daemon=True)
    monkeypatch.setattr(loop, "call_soon_threadsafe", slowly)
    engine = Engine(Dispatch(lambda name: [Desk()]), loop=lambda: loop)
    thread.start()
    assert comes.wait(60)
    engine.close()
    thread.join(60)
    assert came in ([None], [[]], [RunStopped])


def test_what_is_answered_or_abandoned_is_wanted_no_more(make: Make) -> None:
    """Else the answers of a whole run would be kept."""
    desk = Desk(hold=True)
    engine = make(desk, slots=2)
    engine.begin([job("c#0.1.0"), job("c#1.1.0")])
    engine.begin([job("d#0.1.0")], "gw0")
    desk.let("c#0.1.0")
    assert engine.ask(job("c#0.1.0")).text == "re: c#0.1.0"
    assert wanted(engine) == {"c#1.1.0": "", "d#0.1.0": "gw0"}
    engine.abandon("c")
    engine.forget("gw0")
    assert wanted(engine) == {}
    until(lambda: len(desk.cancelled) == 2)


def wanted(engine: Engine) -> dict[str, str | None]:
    """By whom, by job."""
    return {id_: one.owner for id_, one in engine._inquiries._all.items()}


def test_a_check_that_ends_after_the_engine_was_closed(make: Make) -> None:
    engine = make(Desk())
    engine.check_begins()
    engine.close()
    engine.check_ends()
    engine.check_begins()
    engine.begin([job("late")])


def test_what_has_no_place_in_the_order_is_asked_where_its_model_is_loaded() -> None:
    one, two = Desk(hold=True, server="one"), Desk(server="two")
    engine = Engine(Dispatch(lambda name: [one, two]))
    try:
        engine.begin([job("first", "m")])
        until(lambda: bool(one.inside))
        engine.ask(job("second", "n"))
        one.let("first")
        one.let("third")
        until(lambda: not one.inside)
        engine.ask(job("third", "n"))
        assert (one.asked, two.asked) == (["first"], ["second", "third"])
    finally:
        engine.close()


@pytest.mark.parametrize("model", ["n", "m"], ids=["loaded there", "loaded nowhere"])
def test_what_has_no_place_in_the_order_is_not_asked_where_nobody_is_to_ask(model: str) -> None:
    busy = ServerBusy("busy")
    busy.wait = 60.0
    one, two = Desk(server="one"), Desk(server="two", script={"refused": [busy]})
    engine = Engine(Dispatch(lambda name: [two, one], slots=2, pause=lambda seconds: asyncio.sleep(3600)))
    try:
        engine.ask(job("first", "n"))
        engine.begin([job("refused", "n")])
        until(lambda: "refused" in two.asked)
        assert [engine.begin([job(id_, model)])[0].result(10).text for id_ in "ab"] == ["re: a", "re: b"]
        assert (one.asked, two.asked) == (["a", "b"], ["first", "refused"])
    finally:
        engine.close()
