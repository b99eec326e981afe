"""Questions that were begun: who hears of their answers, and what becomes of those that nobody wants."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from pytest_llm.engine.engine import Engine
from pytest_llm.errors import ProviderError, RunStopped, ServerDown
from pytest_llm.providers.base import Response
from tests.helpers.waiting import until
from tests.unit.engine.test_engine import Desk, Make, job, make, pauses

__all__ = ["make", "pauses"]


def heard(answer: Future[Response]) -> list[str]:
    """Gets what becomes of an answer."""
    told: list[str] = []

    def hear(future: Future[Response]) -> None:
        told.append("cancelled" if future.cancelled() else str(future.exception() or future.result().text))

    answer.add_done_callback(hear)
    return told


def test_an_answer_is_told_of_when_it_is_there(make: Make) -> None:
    desk = Desk(hold=True, script={"b": [ServerDown("gone")]})
    engine = make(desk, 2)
    a, b = map(heard, engine.begin([job("a"), job("b")]))
    until(lambda: desk.inside == {"a", "b"})
    assert (a, b) == ([], [])
    desk.let("b")
    until(lambda: b == ["gone"])
    desk.let("a")
    until(lambda: a == ["re: a"])
    again = engine.begin([job("a")])
    assert heard(*again) == ["re: a"]
    assert engine.ask(job("a")) is again[0].result()
    assert desk.asked == ["a", "b"]


def handed_on(engine: Engine) -> None:
    engine.begin([job("c#0.1.0")], "gw1")
    engine.forget("gw0")


END: dict[str, Callable[[Engine], None]] = {
    "abandoned": lambda engine: engine.abandon("c"),
    "forgotten": lambda engine: engine.forget("gw0"),
    "let go of": lambda engine: engine.let_go(["d#0.1.0", "c#0.1.0"]),
    "closed": Engine.close,
}
STAY: dict[str, Callable[[Engine], None]] = {
    "another cell is abandoned": lambda engine: engine.abandon("d"),
    "another process is forgotten": lambda engine: engine.forget("gw1"),
    "another question is let go of": lambda engine: engine.let_go(["c#0.2.0"]),
    "another process wants it, the first has gone": lambda engine: handed_on(engine),
    "more is begun": lambda engine: engine.begin([job("d#0.1.0")], "gw0"),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("asked", ["under way", "not yet", "answered"])
@pytest.mark.parametrize("what", [*END, *STAY])
def test_what_becomes_of_a_question(make: Make, what: str, asked: str) -> None:
    desk = Desk(hold=True)
    engine = make(desk)
    if asked == "not yet":
        engine.begin([job("x#0.1.0")], "x")
        until(lambda: desk.inside == {"x#0.1.0"})
    (answer,) = engine.begin([job("c#0.1.0")], "gw0")
    told = heard(answer)
    if asked == "answered":
        desk.let("c#0.1.0")
        until(lambda: told == ["re: c#0.1.0"])
    if asked == "under way":
        until(lambda: desk.inside == {"c#0.1.0"})
    (END | STAY)[what](engine)
    if asked == "answered":
        assert told == ["re: c#0.1.0"]
    elif what in END:
        assert told == ["cancelled"]
        until(lambda: asked == "not yet" or desk.cancelled == ["c#0.1.0"])
    else:
        desk.let("x#0.1.0")
        desk.let("c#0.1.0")
        assert answer.result(10).text == "re: c#0.1.0"
    if what in END and asked == "not yet":
        desk.let("x#0.1.0")
        until(lambda: not desk.inside)
        assert desk.asked == ["x#0.1.0"]


def test_what_is_begun_after_the_end_has_no_answer(make: Make) -> None:
    engine = make(Desk())
    engine.close()
    assert heard(*engine.begin([job("a")])) == ["cancelled"]
    with pytest.raises(RunStopped):
        engine.ask(job("a"))
    with engine.at_once():
        assert heard(*engine.begin([job("b")])) == ["cancelled"]


def test_what_is_begun_at_once_with_the_end_has_no_answer(make: Make) -> None:
    engine = make(Desk())
    with engine.at_once():
        (answer,) = engine.begin([job("a")])
        engine.close()
    assert heard(answer) == ["cancelled"]


def test_two_who_wait_for_one_answer(make: Make) -> None:
    desk = Desk(hold=True)
    engine = make(desk)
    answers: list[Response] = []
    threads = [threading.Thread(target=lambda: answers.append(engine.ask(job("a")))) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: desk.inside == {"a"})
    desk.let("a")
    for thread in threads:
        thread.join(10)
    assert answers[0] is answers[1]
    assert desk.asked == ["a"]


def test_who_waits_for_what_was_dropped_takes_nothing_of_what_is_begun_anew(make: Make) -> None:
    desk = Desk(hold=True)
    engine = make(desk)
    stopped: list[RunStopped] = []

    def ask() -> None:
        try:
            engine.ask(job("c#0.1.0"))
        except RunStopped as error:
            stopped.append(error)

    waits = threading.Thread(target=ask)
    waits.start()
    until(lambda: desk.inside == {"c#0.1.0"})
    engine.abandon("c")
    (anew,) = engine.begin([job("c#0.1.0")])
    waits.join(10)
    assert len(stopped) == 1
    desk.let("c#0.1.0")
    assert engine.ask(job("c#0.1.0")) is anew.result()
    assert desk.asked == ["c#0.1.0"] * 2


def test_an_error_is_told_whole_to_one_of_many_that_meet_it_at_once(make: Make) -> None:
    engine = make(Desk(script={str(n): [ServerDown("gone", retry=0)] for n in range(8)}), 8)
    errors: list[ProviderError] = []
    gate = threading.Barrier(8)

    def ask(number: int) -> None:
        gate.wait(10)
        with pytest.raises(ServerDown) as caught:
            engine.ask(job(str(number)))
        errors.append(caught.value)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(error.repeated for error in errors) == [False] + [True] * 7
