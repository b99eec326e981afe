"""The engine from another process: what a worker tells it, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.engine.engine import Engine
from pytest_llm.engine.jobs import Job, checking
from pytest_llm.engine.phases import Placed
from pytest_llm.engine.remote import Desk, RemoteEngine, serve
from pytest_llm.errors import ServerDown
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Response

JOB = Job("a#1", ChatRequest(ModelRef("m", "ollama", "m"), (Message("user", "hi"),)))


class Heard:
    """Stands for the engine: notes what it is told, and answers."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.ranks = {"a": 0, "b": 1}

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.told.append(name)

    def ask(self, job: Job) -> Response:
        self.told.append("ask")
        if job.id == "b#1":
            raise ServerDown("gone")
        return Response("hello")

    @contextmanager
    def at_once(self) -> Iterator[None]:
        self.told.append("at once:")
        yield
        self.told.append(".")


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def desk(heard: Heard) -> Desk:
    return Desk(lambda: cast(Engine, heard))


@pytest.mark.parametrize(
    ("measures", "told"), [(True, ["check_begins", "check_ends"]), (False, [])], ids=["measured", "none measured"]
)
def test_checks_are_told_where_a_measurement_waits_for_them(
    desk: Desk, heard: Heard, measures: bool, told: list[str]
) -> None:
    engine = RemoteEngine(serve(desk), "gw0")
    engine.measures = measures
    engine.prefetch([JOB], ["a"])
    assert engine.ask(JOB).text == "hello"
    with checking(engine):
        pass
    assert heard.told == ["prefetch", "ask", *told]


def test_an_error_of_the_engine_is_the_workers(desk: Desk) -> None:
    engine = RemoteEngine(serve(desk), "gw0")
    with pytest.raises(ServerDown, match="gone"):
        engine.ask(Job("b#1", JOB.request))
    assert engine.ask(JOB).text == "hello"


def test_what_is_given_wakes_the_engine_once(desk: Desk, heard: Heard) -> None:
    desk.settle_order([Placed("a", ("", "", ""))], None)
    heard.told.clear()
    desk.given(["a", "b"], "gw0")
    assert heard.told == ["at once:", "given", "reached", "."]
