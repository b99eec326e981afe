"""A group's model is loaded before any of it is asked, once, and its time stands in each of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.dispatch import Dispatch
from pytest_llm.engine.engine import Engine
from pytest_llm.engine.events import Event, Stream
from pytest_llm.engine.places import Placed
from pytest_llm.errors import (
    BrokenAnswer,
    ModelUnavailable,
    NoAnswer,
    ProviderError,
    RequestRefused,
    ServerBusy,
    ServerDown,
    Unsupported,
)
from pytest_llm.providers.base import Resident, Response, Usage
from tests.helpers.waiting import until
from tests.unit.engine.test_engine import Desk, Make, job, make, pauses

__all__ = ["make", "pauses"]


@dataclass
class Loader(Desk):
    """Loads what it is told to, and remembers the order of loads (in brackets) and questions.

    unloadable: by the size of the context, the errors of each attempt to load it.
    """

    unloadable: dict[int, list[Exception]] = field(default_factory=dict)
    seconds: float = 7.0
    there: tuple[Resident, ...] = ()

    async def load(self, request: ChatRequest) -> float:
        name = f"[{request.model.name} {request.options.get('num_ctx', 0)}]"
        self.asked.append(name)
        if errors := self.unloadable.get(request.options.get("num_ctx", 0)):
            raise errors.pop(0) if len(errors) > 1 else errors[0]
        self.inside.add(name)
        self.crowd.append(set(self.inside))
        self.inside.discard(name)
        return self.seconds

    async def unload(self, request: ChatRequest) -> None:
        self.asked.append(f"-{request.model.name}")

    async def resident(self) -> Sequence[Resident]:
        if not self.there:
            raise ServerDown("nothing to be told")
        return self.there


def test_each_group_is_loaded_once_and_before_it_is_asked(make: Make) -> None:
    desk = Loader()
    engine = make(desk, slots=3)
    jobs = [job(f"{model}{size}{n}", model, num_ctx=size) for model in ("a", "b") for size in (1, 2) for n in "xyz"]
    engine.begin(jobs)
    answers = [engine.ask(one) for one in jobs]
    assert [answer.usage.load_seconds for answer in answers] == [7.0] * len(jobs)
    assert [name for name in desk.asked if "[" in name] == ["[a 1]", "[a 2]", "[b 1]", "[b 2]"]
    desk.asked.remove("-a")
    for at in range(0, 16, 4):
        group = desk.asked[at][1:-1].replace(" ", "")
        assert sorted(desk.asked[at + 1 : at + 4]) == [f"{group}{n}" for n in "xyz"]
    assert not any(len(crowd) > 1 for crowd in desk.crowd if any("[" in name for name in crowd))


@pytest.mark.parametrize(
    ("own", "group", "told"),
    [
        (None, 7.0, 7.0),
        (0.005, 7.0, 7.0),
        (0.005, 0.002, 0.002),
        (3.0, 7.0, 7.0),
        (9.0, 7.0, 9.0),
        (0.3, 0.002, 0.3),
    ],
)
def test_the_load_of_an_answer_is_that_of_its_group_or_a_later_one(
    make: Make, own: float | None, group: float, told: float
) -> None:
    desk = Loader(seconds=group, usage=Usage(load_seconds=own, answer_tokens=5))
    assert make(desk).ask(job("a")).usage == Usage(load_seconds=told, answer_tokens=5)


FAILS: dict[str, tuple[ProviderError, int]] = {
    "cannot": (ModelUnavailable("no memory"), 1),
    "broke": (BrokenAnswer("crashed"), 2),
    "strange": (ProviderError("a page"), 1),
    "silent": (ServerDown("silent", reach="model"), 1),
}


@pytest.mark.parametrize("name", FAILS)
def test_a_load_that_fails_is_an_error_told_once_and_to_all_of_the_group(make: Make, name: str) -> None:
    error, times = FAILS[name]
    desk = Loader(unloadable={2: [error]})
    engine = make(desk, slots=2)
    failing = [job(text, "m", num_ctx=2) for text in "abc"]
    engine.begin([*failing, job("d", num_ctx=1), job("e", num_ctx=2)])
    told = []
    for one in (*failing, job("e", num_ctx=2)):
        with pytest.raises(type(error), match=str(error.args[0])) as info:
            engine.ask(one)
        told.append(info.value.repeated)
    assert told == [False, True, True, True]
    assert engine.ask(job("d", num_ctx=1)).text == "re: d"
    assert desk.asked == ["[m 2]"] * times + ["[m 1]", "d"]


@pytest.mark.parametrize(
    "error", [RequestRefused("no such field"), ServerBusy("full"), Unsupported("cannot"), NoAnswer("odd")]
)
def test_a_server_that_cannot_be_told_to_load_is_asked(make: Make, pauses: list[float], error: Exception) -> None:
    desk = Loader(unloadable={0: [error]}, usage=Usage(load_seconds=2.0))
    engine = make(desk)
    assert [engine.ask(job(name)).usage.load_seconds for name in "ab"] == [2.0, 2.0]
    assert desk.asked == ["[m 0]", "a", "b"]
    assert pauses == []


def test_a_server_that_is_down_is_so_for_all(make: Make) -> None:
    desk = Loader(unloadable={0: [ServerDown("nobody")]})
    engine = make(desk)
    for one in (job("a"), job("b", "another", num_ctx=4)):
        with pytest.raises(ServerDown):
            engine.ask(one)
    assert desk.asked == ["[m 0]"]


def test_a_load_goes_on_where_the_cell_that_began_it_is_not_wanted_any_more(make: Make) -> None:
    class Slow(Loader):
        async def load(self, request: ChatRequest) -> float:
            self.asked.append("load")
            return float(len((await self.chat(request)).text))

    desk = Slow(hold=True)
    engine = make(desk)
    engine.begin([job("a")])
    until(lambda: desk.inside == {"a"})
    engine.begin([job("b")])
    engine.let_go([job("a").id])
    desk.let("a")
    desk.let("b")
    assert engine.ask(job("b")).text == "re: b"
    assert desk.asked == ["load", "a", "b"]
    assert desk.cancelled == []


def test_a_load_is_given_up_where_another_group_comes_and_where_the_run_ends(make: Make) -> None:
    class Slow(Loader):
        async def load(self, request: ChatRequest) -> float:
            return float(len((await self.chat(request)).text))

    desk = Slow(hold=True)
    engine = make(desk)
    engine.begin([job("a", "one")])
    until(lambda: desk.inside == {"a"})
    engine.begin([job("b", "two")])
    engine.let_go([job("a", "one").id])
    until(lambda: desk.inside == {"b"})
    assert desk.cancelled == ["a"]
    engine.close()
    assert desk.cancelled == ["a", "b"]


def heard(desk: Desk, *jobs: Any) -> list[str]:
    events, told = Stream(), list[Event]()
    events.listeners.append(told.append)
    engine = Engine(Dispatch(lambda name: [desk], events=events))
    for one in jobs:
        with suppress(ProviderError):
            engine.ask(one)
    engine.close()
    return [f"{event.kind} {event.job}" for event in told]


def test_what_is_heard_of_it() -> None:
    first, second = job("c#1"), job("c#2")
    assert heard(Loader(), first, second) == [
        "loading c#1",
        "loaded c#1",
        "asked c#1",
        "answered c#1",
        "asked c#2",
        "answered c#2",
    ]
    assert heard(Loader(unloadable={0: [ModelUnavailable("x")]}), first, second) == ["loading c#1", "answered c#1"]
    assert heard(Desk(), first) == ["loading c#1", "asked c#1", "answered c#1"]


def test_a_provider_that_loads_what_it_is_asked_for_is_left_as_it_is(make: Make) -> None:
    desk = Desk(usage=Usage(load_seconds=4.0))
    engine = make(desk)
    assert [engine.ask(job(name)).usage.load_seconds for name in "ab"] == [4.0, 4.0]
    assert isinstance(engine.ask(job("c")), Response)
    assert desk.asked == ["a", "b", "c"]


# What is there before, and what goes

LEAVES: dict[str, tuple[list[Any], list[str]]] = {
    "another model": ([job("a", "one"), job("b", "two")], ["[one 0]", "a", "-one", "[two 0]", "b"]),
    "another context": ([job("a", "m", num_ctx=1), job("b", "m", num_ctx=2)], ["[m 1]", "a", "[m 2]", "b"]),
    "another tag of its file": (
        [job("a", "m1", num_ctx=1), job("b", "m2", num_ctx=2)],
        ["[m1 1]", "a", "[m2 2]", "b"],
    ),
    "what a user had there": ([job("a", "theirs"), job("b", "two")], ["[theirs 0]", "a", "[two 0]", "b"]),
    "the last one": ([job("a"), job("b")], ["[m 0]", "a", "b"]),
    "three": (
        [job("a", "one"), job("b", "two"), job("c", "three")],
        ["[one 0]", "a", "-one", "[two 0]", "b", "-two", "[three 0]", "c"],
    ),
}


@pytest.mark.parametrize("name", LEAVES)
def test_what_is_unloaded_before_the_next_load(make: Make, name: str) -> None:
    jobs, wanted = LEAVES[name]
    desk = Loader(there=(Resident("theirs", 4096),))
    engine = make(desk)
    for one in jobs:
        engine.ask(one)
    assert desk.asked == wanted


def test_what_is_to_stay_and_what_is_wanted_again_is_not_unloaded(make: Make) -> None:
    desk = Loader()
    engine = make(desk)
    jobs = [job("a#0", "one"), job("b#0", "two"), job("c#0", "one"), job("d#0", "two"), job("e#0", "three")]
    groups = engine.groups([one.request for one in jobs])
    engine.arrange([Placed(one.cell, group[0], 1) for one, group in zip(jobs, groups, strict=True)])
    for one in jobs:
        engine.ask(one)
    stays = replace(job("f#0"), request=replace(job("f#0").request, keep_alive="1h"))
    for one in (stays, job("g#0", "four")):
        engine.ask(one)
    assert [name for name in desk.asked if name.startswith("-")] == ["-one", "-two", "-three"]
    assert desk.asked.index("-one") > desk.asked.index("c#0")
    assert desk.asked.index("-two") > desk.asked.index("d#0")


def test_what_cannot_be_unloaded_or_told_of_keeps_nobody_from_asking(make: Make) -> None:
    class Stubborn(Loader):
        async def unload(self, request: ChatRequest) -> None:
            raise BrokenAnswer("no")

    engine = make(Stubborn())
    assert [engine.ask(job(name, name)).text for name in "ab"] == ["re: a", "re: b"]
    assert engine.resident([job("a").request]) == set()


def test_groups_that_are_there_already(make: Make) -> None:
    desk = Loader(
        there=(Resident("a", 1), Resident("b", None), Resident("c", 9)), unprepared={"d": ModelUnavailable("x")}
    )
    engine = make(desk)
    requests = [job("x", model, num_ctx=size).request for model in "abcd" for size in (1, 2)]
    groups = [of[0] for of in engine.groups(requests)]
    assert engine.resident(requests) == {groups[0], groups[2], groups[3]}
    assert make(Desk()).resident(requests) == set()
