"""Servers that come back as others, and models that are made anew while a run goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.engine.dispatch import Dispatch
from pytest_llm.engine.engine import Engine
from pytest_llm.engine.jobs import Job
from pytest_llm.errors import ServerDown
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import ModelInfo, Resident, Response, Usage
from tests.helpers.scenes import Clock


@dataclass
class Kept:
    """A server that answers in so many seconds; `at` says what it is from some moments on."""

    name: str
    at: dict[float, dict[str, str]] = field(default_factory=dict)
    seconds: float = 1.0
    loads: bool = False
    down: bool = False
    looked: int = 0
    texts: list[str] = field(default_factory=list)

    def _info(self) -> ModelInfo:
        now, info = asyncio.get_running_loop().time(), ModelInfo(self.name, "blob", digest="old", version="1")
        for moment, changes in self.at.items():
            info = ModelInfo(**{**vars(info), **changes}) if now >= moment else info
        return info

    async def prepare(self, model: ModelRef) -> ModelInfo:
        return self._info()

    async def look_again(self, model: ModelRef) -> ModelInfo:
        self.looked += 1
        if self.down:
            raise ServerDown("gone")
        return self._info()

    async def chat(self, request: ChatRequest) -> Response:
        await asyncio.sleep(self.seconds)
        self.texts.append(request.messages[0].content)
        return Response("yes", usage=Usage(load_seconds=1.0 if self.loads else 0.001), wall=1.0)

    async def close(self) -> None: ...


class Loader(Kept):
    """One that is told what to load, in as many seconds."""

    async def load(self, request: ChatRequest) -> float:
        await asyncio.sleep(self.seconds)
        return self.seconds

    async def unload(self, request: ChatRequest) -> None: ...

    async def resident(self) -> Sequence[Resident]:
        await asyncio.sleep(self.seconds)
        return ()


def run(servers: Sequence[Kept], cells: int) -> tuple[list[Response], list[str]]:
    """So many cells one after the other; their answers, and what is told of the servers."""
    clocks, troubles = list[Clock](), list[str]()

    def clock() -> Clock:
        clocks.append(Clock())
        return clocks[0]

    async def ask(engine: Engine) -> list[Response]:
        model = ModelRef("m", "", "m")
        jobs = [Job(f"{n}#0", ChatRequest(model, (Message("user", str(n)),))) for n in range(cells)]
        return [await asyncio.wrap_future(*engine.begin([job])) for job in jobs]

    engine = Engine(Dispatch(lambda _: servers, troubles=troubles), loop=clock)
    try:
        return asyncio.run_coroutine_threadsafe(ask(engine), clocks[0]).result(60), troubles
    finally:
        engine.close()


def of(responses: Sequence[Response], what: Callable[[Response], str]) -> list[str]:
    return list(map(what, responses))


@pytest.mark.parametrize("loads", [False, True])
def test_a_model_that_is_made_anew_is_known_by_its_new_digest(loads: bool) -> None:
    """Ten seconds later at most, at once where it was loaded for the answer."""
    server = Kept("s0", {5.5: {"digest": "new"}}, loads=loads)
    responses, troubles = run([server], 25)
    old = 5 if loads else 9
    assert of(responses, lambda response: response.digest) == ["old"] * old + ["new"] * (25 - old)
    assert troubles == ["the model 'm' became another one at s0 (its digest was old, and is new)"]
    assert server.looked == (25 if loads else 2)


def test_a_model_that_is_made_anew_before_it_is_loaded_is_known_by_its_new_digest() -> None:
    """When it is loaded: ten seconds later would be too late for answers that come by then."""
    server = Loader("s0", {0.5: {"digest": "new"}})
    responses, troubles = run([server], 3)
    assert of(responses, lambda response: response.digest) == ["new"] * 3
    assert (len(troubles), server.looked) == (1, 1)


def test_a_server_of_another_version() -> None:
    responses, troubles = run([Kept("s0", {5.5: {"version": "2"}}, loads=True)], 8)
    assert of(responses, lambda response: response.version) == ["1"] * 5 + ["2"] * 3
    assert troubles == ["s0 was version 1, and is 2 by now"]


@pytest.mark.parametrize("changed", [0, 1])
def test_of_several_servers_one_whose_model_is_another_by_now_is_asked_no_more(changed: int) -> None:
    servers = [Kept("s0", loads=True), Kept("s1", loads=True)]
    servers[changed].at = {0.5: {"digest": "new"}}
    servers[1 - changed].seconds = 2.0
    responses, troubles = run(servers, 8)
    assert set(of(responses, lambda response: response.digest)) == {"old"}
    assert set(of(responses, lambda response: response.server)) == {servers[1 - changed].name}
    assert [told.partition(",")[0] for told in troubles] == (["the model 'm' is"] if servers[changed].texts else [])


def test_a_server_that_tells_nothing_any_more_has_answered_all_the_same() -> None:
    responses, troubles = run([Kept("s0", {5.5: {"digest": "new"}}, loads=True, down=True)], 8)
    assert (of(responses, lambda response: response.digest), troubles) == (["old"] * 8, [])
