"""The engine's memory: what is kept and recalled, and what a run does where the store fails it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.engine import memory as module
from pytest_llm.engine.dispatch import Dispatch
from pytest_llm.engine.engine import Engine
from pytest_llm.engine.jobs import Job
from pytest_llm.engine.memory import Keeper
from pytest_llm.errors import (
    AnswerTooLarge,
    BrokenAnswer,
    GenerationLoop,
    GenerationTimeout,
    NoAnswer,
    PromptTooLong,
    ProviderError,
    PytestLlmError,
    RequestRefused,
    StoreError,
    Unsupported,
)
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import ModelInfo, Response, ToolCall, Usage
from pytest_llm.store.address import Address, default
from pytest_llm.store.answers import Answer
from pytest_llm.store.store import Store
from tests.helpers.waiting import until


class Server:
    """Answers each question with the next of these, then again and again with the last."""

    def __init__(self, *outcomes: Response | Exception, digest: str = "sha256:1") -> None:
        self.outcomes, self.digest = list(outcomes), digest
        self.asked = 0

    async def prepare(self, model: ModelRef) -> ModelInfo:
        return ModelInfo("http://here", model.name, digest=self.digest, version="1.0")

    async def chat(self, request: ChatRequest) -> Response:
        self.asked += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def close(self) -> None: ...


REQUEST = ChatRequest(ModelRef("m", "ollama", "m"), (Message("user", "hi"),), timeout=60)
JOB = Job("cell", REQUEST)
FULL = Response(
    "te\x00xt \ud800 \U0001f600 \u2028",
    "thought",
    "length",
    Usage(1, 0.5, 3, 1.5, 0.1, 2.0, answer_only=True),
    0.25,
    2.5,
    "m",
    "sha256:1",
    4096,
    ("a note",),
    ("a reason",),
    finish_word="length",
    refuses=True,
    tool_calls=(ToolCall("f", '{"a": 1}'),),
)


class Runs:
    """One run after another on one store; each has an engine of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ends: list[Engine | Keeper] = []

    def run(self, server: Server, **settings: object) -> Engine:
        return self.with_keeper(server, self.keeper(**settings))

    def keeper(self, **settings: object) -> Keeper:
        keeper = Keeper(lambda: Store.open(default(self.root), self.root), **settings)  # type: ignore[arg-type]
        self.ends.append(keeper)
        return keeper

    def with_keeper(self, server: Server, keeper: Keeper) -> Engine:
        engine = Engine(Dispatch(lambda name: [server], memory=keeper))
        self.ends.insert(0, engine)
        return engine

    def close(self) -> None:
        for end in self.ends:
            end.close()


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path)
    yield made
    made.close()


def outcome(engine: Engine, job: Job = JOB) -> Response | PytestLlmError:
    try:
        return engine.ask(job)
    except PytestLlmError as error:
        return error


def test_a_stored_answer_is_the_answer_with_the_numbers_of_its_day(runs: Runs) -> None:
    first = runs.run(Server(FULL)).ask(JOB)
    server = Server(Response("other"))
    again = runs.run(server, reuse=True).ask(JOB)
    assert (server.asked, len(again.stored)) == (0, len("2026-11-28"))
    assert replace(again, stored="") == first
    assert first.id
    assert (first.text, first.usage, first.server) == (FULL.text, FULL.usage, "http://here")


def test_the_default_is_to_ask_and_the_newest_answer_counts(runs: Runs) -> None:
    for text in ("one", "two"):
        assert runs.run(Server(Response(text))).ask(JOB).text == text
    assert runs.run(Server(Response("three")), reuse=True).ask(JOB).text == "two"
    assert runs.run(Server(Response("three")), replays=True).ask(JOB).text == "two"


KEPT = [
    GenerationTimeout(60, "half", "thought"),
    GenerationLoop("la ", "la la la"),
    AnswerTooLarge(1000, "much"),
    PromptTooLong("too long", 5000, 4096, 100),
]


@pytest.mark.parametrize("error", KEPT, ids=lambda error: type(error).__name__)
def test_the_models_failures_are_kept_with_their_text(runs: Runs, error: NoAnswer) -> None:
    given = type(outcome(runs.run(Server(error))))
    server = Server(Response("whole"))
    for settings in ({"reuse": True, "size": 1000}, {"replays": True, "size": 1000}):
        found = outcome(runs.run(server, **settings))
        assert isinstance(found, NoAnswer)
        assert type(found) is given is type(error)
        assert (found.args, str(found), found.id) == (error.args, str(error), error.id)
        assert found.stored
    assert server.asked == 0


def test_what_a_model_cannot_do_is_known_to_a_replay_and_asked_again_otherwise(runs: Runs) -> None:
    outcome(runs.run(Server(Unsupported("it cannot think", "ask another"))))
    found = outcome(runs.run(Server(FULL), replays=True))
    assert isinstance(found, Unsupported)
    assert (found.reason, found.remedy) == ("it cannot think", "ask another")
    assert runs.run(Server(FULL), reuse=True).ask(JOB).text == FULL.text


ERRORS = [RequestRefused("no"), BrokenAnswer("broke", retry=0), Response("x", finish="error"), ValueError("own")]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_errors_of_the_harness_are_not_kept(runs: Runs, error: Response | Exception) -> None:
    engine = runs.run(Server(error))
    with suppress(PytestLlmError, ValueError):
        engine.ask(JOB)
    server = Server(FULL)
    runs.run(server, reuse=True).ask(JOB)
    assert server.asked == 1


@pytest.mark.parametrize(
    ("error", "seconds", "size", "taken"),
    [
        (GenerationTimeout(60), 60, 99, True),
        (GenerationTimeout(60), 59, 99, True),
        (GenerationTimeout(60), 61, 99, False),
        (AnswerTooLarge(1000), 60, 1000, True),
        (AnswerTooLarge(1000), 60, 999, True),
        (AnswerTooLarge(1000), 60, 1001, False),
        (GenerationLoop("la"), 999, 9999, True),
        (FULL, 1, 1, True),
    ],
)
def test_a_cut_answer_counts_where_it_would_be_cut_again(
    runs: Runs, error: Response | Exception, seconds: float, size: int, taken: bool
) -> None:
    outcome(runs.run(Server(error)))
    job = Job("cell", replace(REQUEST, timeout=seconds))
    server = Server(Response("new"))
    outcome(runs.run(server, reuse=True, size=size), job)
    assert server.asked == (0 if taken else 1)
    server = Server(Response("new"))
    replayed = outcome(runs.run(server, replays=True, size=size), job)
    assert isinstance(replayed, ProviderError) is False or not taken


def test_a_measurement_takes_only_what_was_measured_alone(runs: Runs) -> None:
    measured = replace(JOB, exclusive=True)
    runs.run(Server(Response("crowd"))).ask(JOB)
    server = Server(Response("alone"))
    assert "alone" in runs.run(server, replays=True).ask(measured).notes[0]
    assert runs.run(server, reuse=True).ask(measured).text == "alone"
    assert runs.run(server, reuse=True).ask(measured).text == "alone"
    assert server.asked == 1
    runs.run(Server(Response("crowd, later"))).ask(JOB)
    assert runs.run(server, replays=True).ask(measured).text == "alone"
    assert runs.run(server, replays=True).ask(JOB).text == "crowd, later"


def test_a_replay_asks_nobody_and_tells_of_several_digests(runs: Runs) -> None:
    runs.run(Server(Response("one"), digest="sha256:1")).ask(JOB)
    runs.run(Server(Response("two"), digest="sha256:2")).ask(JOB)
    silent = runs.with_keeper(Server(ValueError()), runs.keeper(replays=True))
    found = silent.ask(JOB)
    assert found.text == "two"
    assert "2 models of this name" in found.notes[0]
    assert "sha256:2" in found.notes[0]
    assert silent.groups([REQUEST, REQUEST])[0][0][1] == "m"
    with pytest.raises(ProviderError, match=r"no stored answer .* there are 2 of 'm'") as caught:
        silent.ask(Job("x", replace(REQUEST, think=True)))
    assert "--llm-replay" in caught.value.hint
    with pytest.raises(ProviderError, match="none of it"):
        silent.ask(Job("y", replace(REQUEST, model=ModelRef("new", "ollama", "new"))))


def test_keys_are_kept_nowhere(runs: Runs) -> None:
    secret = "sk-12345"
    job = Job("x", replace(REQUEST, messages=(Message("user", f"say {secret}"),)))
    runs.run(Server(Response(f"{secret}!", f"hm {secret}")), hidden=(secret,)).ask(job)
    found = runs.run(Server(ValueError()), reuse=True, hidden=(secret,)).ask(job)
    assert (found.text, found.thinking) == ("***!", "hm ***")
    for file in runs.root.rglob("store.sqlite*"):
        assert secret.encode() not in file.read_bytes()


class Ill:
    """A store that fails for as long as it is told to."""

    def __init__(self, store: Store) -> None:
        self.store, self.well = store, threading.Event()

    def add(self, answers: list[Answer]) -> int:
        if not self.well.is_set():
            raise StoreError("the disk is full", hint="free some")
        return self.store.add(answers)

    def newest(self, *_: object) -> None:
        raise StoreError("the disk is full", hint="free some")

    def close(self) -> None:
        self.store.close()


def test_what_could_not_be_written_is_written_later_and_told_once(runs: Runs) -> None:
    ill: list[Ill] = []
    keeper = Keeper(lambda: ill.append(Ill(Store.open(default(runs.root), runs.root))) or ill[0])  # type: ignore
    runs.ends.append(keeper)
    engine = runs.with_keeper(Server(FULL), keeper)
    jobs = [Job(str(n), replace(REQUEST, sample=n)) for n in range(4)]
    for job in jobs[:3]:
        assert engine.ask(job).text == FULL.text
    ill[0].well.set()
    engine.ask(jobs[3])
    engine.close()
    keeper.settle()
    assert keeper.troubles == ["the disk is full\n  free some"]
    assert ill[0].store.count("m") == 4


class Counting(Ill):
    """A store that is well, and remembers how many answers it was given at a time."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.added: list[int] = []
        self.well.set()

    def add(self, answers: list[Answer]) -> int:
        self.added.append(len(answers))
        return super().add(answers)

    def newest(self, *wanted: Any) -> Any:
        return self.store.newest(*wanted)


def counting(runs: Runs) -> tuple[Keeper, list[Counting]]:
    made: list[Counting] = []
    opening = lambda: made.append(Counting(Store.open(default(runs.root), runs.root))) or made[0]  # noqa: E731
    return Keeper(opening, reuse=True), made  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("apart", "asked", "meanwhile", "at_last"),
    [
        (0.0, [0, 1, 2], [1, 1, 1], [1, 1, 1]),
        (1000.0, [0, 1, 2, 3], [1], [1, 3]),
        (1000.0, [0, 1, 2, 1, 3], [1, 2], [1, 2, 1]),  # what is recalled is written before
        (1000.0, [0, 0], [1], [1]),
    ],
    ids=str,
)
@pytest.mark.parametrize("end", [Keeper.settle, Keeper.close])
def test_what_comes_in_quick_succession_is_written_together(
    runs: Runs,
    monkeypatch: pytest.MonkeyPatch,
    apart: float,
    asked: list[int],
    meanwhile: list[int],
    at_last: list[int],
    end: Callable[[Keeper], None],
) -> None:
    monkeypatch.setattr(module, "TOGETHER", apart)
    keeper, made = counting(runs)
    engine = runs.with_keeper(Server(FULL), keeper)
    for number, sample in enumerate(asked):
        found = engine.ask(Job(str(number), replace(REQUEST, sample=sample)))
        assert bool(found.stored) == (sample in asked[:number])
    assert made[0].added == meanwhile
    engine.close()
    end(keeper)
    assert made[0].added == at_last
    keeper.close()
    assert (made[0].added, keeper.troubles) == (at_last, [])


def test_what_is_written_later_needs_nothing_that_comes_after_it(runs: Runs) -> None:
    keeper, made = counting(runs)
    engine = runs.with_keeper(Server(FULL), keeper)
    for number in range(3):
        engine.ask(Job(str(number), replace(REQUEST, sample=number)))
    until(lambda: sum(made[0].added) == 3)
    runs.ends.append(keeper)


def test_what_is_to_be_written_later_is_written_when_the_engine_ends(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers go, reports are written: a run that is killed meanwhile has told all of its verdicts."""
    monkeypatch.setattr(module, "TOGETHER", 1000.0)
    keeper, made = counting(runs)
    engine = runs.with_keeper(Server(FULL), keeper)
    for number in range(3):
        engine.ask(Job(str(number), replace(REQUEST, sample=number)))
    engine.close()
    assert made[0].added == [1]
    keeper.hasten()
    until(lambda: made[0].added == [1, 2])
    runs.ends.append(keeper)


def test_what_is_never_written_is_counted(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed() -> Store:
        raise StoreError("it is down")

    monkeypatch.setattr(module, "MOST_WAITING", 2)
    keeper = Keeper(closed, reuse=True)
    runs.ends.append(keeper)
    engine = runs.with_keeper(Server(FULL), keeper)
    for number in range(3):
        assert engine.ask(Job(str(number), REQUEST)).text == FULL.text
    engine.close()
    keeper.settle()
    assert keeper.with_store(lambda store: store.count("m")) is None
    assert keeper.troubles == ["it is down, and 3 answers of this run are not in it"]


def test_the_wait_for_a_store_is_said_once_and_its_opening_not_tried_at_each_answer(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENT", 0.01)
    tried: list[None] = []
    said: list[None] = []

    def locked() -> Store:
        tried.append(None)
        until(lambda: bool(said))  # however late the first answer comes, it waits for this
        time.sleep(0.2)
        raise StoreError("it is locked", hint="wait")

    keeper = Keeper(locked, waits=lambda: said.append(None))
    runs.ends.append(keeper)
    engine = runs.with_keeper(Server(FULL), keeper)
    for number in range(4):
        assert engine.ask(Job(str(number), replace(REQUEST, sample=number))).text == FULL.text
    engine.close()
    assert (len(tried), len(said)) == (1, 1)
    for _ in range(2):
        keeper.settle()
    assert keeper.with_store(lambda store: store.count("m")) is None
    assert (len(tried), len(said)) == (2, 1), "the end of the run is worth another try"
    assert keeper.troubles == ["it is locked, and 4 answers of this run are not in it\n  wait"]


def test_a_store_that_hangs_holds_the_run_up_once(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    gate = threading.Event()
    ill: list[Ill] = []

    class Hanging(Ill):
        def add(self, answers: list[Answer]) -> int:
            gate.wait(30)
            return self.store.add(answers)

    keeper = Keeper(lambda: ill.append(Hanging(Store.open(default(runs.root), runs.root))) or ill[0])  # type: ignore
    runs.ends.append(keeper)
    engine = runs.with_keeper(Server(FULL), keeper)
    for number in range(5):
        assert engine.ask(Job(str(number), replace(REQUEST, sample=number))).text == FULL.text
    assert keeper.troubles == [module.SLOW]
    gate.set()
    until(lambda: not keeper._waiting)  # what came meanwhile is written too, though no other answer comes
    engine.close()
    monkeypatch.setattr(module, "PATIENCE", 10.0)
    keeper.settle()
    assert keeper.troubles == [module.SLOW]
    assert ill[0].store.count("m") == 5


def test_the_next_question_is_asked_before_an_answer_is_written(runs: Runs) -> None:
    gate, added = threading.Event(), list[int]()

    class Slow(Ill):
        def add(self, answers: list[Answer]) -> int:
            added.append(len(answers))
            gate.wait(30)
            return self.store.add(answers)

    keeper = Keeper(lambda: Slow(Store.open(default(runs.root), runs.root)))  # type: ignore
    runs.ends.append(keeper)
    server = Server(FULL)
    jobs = [Job(str(n), replace(REQUEST, sample=n)) for n in range(10)]
    engine = runs.with_keeper(server, keeper)
    answers = engine.begin(jobs[:1])
    until(lambda: added == [1])
    answers += engine.begin(jobs[1:])
    until(lambda: server.asked == len(jobs) == len(keeper._waiting))
    assert not any(one.done() for one in answers), "an answer is handed on when it is written, however slow that is"
    gate.set()
    assert [one.result(10).text for one in answers] == [FULL.text] * len(jobs)
    assert added == [1, 9], "what comes during a write is written together after it"


def test_a_store_that_breaks_in_its_own_way_fails_no_cell(runs: Runs) -> None:
    class Broken:
        def newest(self, *_: object) -> None:
            raise ZeroDivisionError("own")

        add = newest

        def close(self) -> None: ...

    keeper = Keeper(Broken, reuse=True)  # type: ignore[arg-type]
    runs.ends.append(keeper)
    assert runs.with_keeper(Server(FULL), keeper).ask(JOB).text == FULL.text
    assert keeper.with_store(lambda store: store.add([])) is None
    assert keeper.troubles == ["the store broke: ZeroDivisionError: own"]


def test_a_replay_that_is_stopped_while_it_reads_leaves_the_store_to_the_end_of_the_run(runs: Runs) -> None:
    runs.run(Server(FULL)).ask(JOB)
    reads, gate = threading.Event(), threading.Event()

    class Reading(Ill):
        def replayed(self, *_: object) -> None:
            reads.set()
            gate.wait(30)

    keeper = Keeper(lambda: Reading(Store.open(default(runs.root), runs.root)), replays=True)  # type: ignore
    runs.ends.append(keeper)
    engine = runs.with_keeper(Server(FULL), keeper)
    engine.begin([JOB])
    assert reads.wait(30)
    engine.close()
    gate.set()
    assert keeper.with_store(lambda store: "there") == "there"
    assert keeper.troubles == []


def test_a_replay_without_a_store_is_one_error_of_all_cells(runs: Runs) -> None:
    keeper = Keeper(lambda: Store.open(default(runs.root), runs.root, create=False), replays=True)
    runs.ends.append(keeper)
    engine = runs.with_keeper(Server(FULL), keeper)
    found = [outcome(engine, Job(str(n), REQUEST)) for n in range(2)]
    assert all(isinstance(one, ProviderError) and one.reach == "server" for one in found)
    assert [one.repeated for one in found if isinstance(one, ProviderError)] == [False, True]


def test_a_damaged_exported_answer_is_named(runs: Runs, tmp_path: Path) -> None:
    folder = tmp_path / "exported"
    folder.mkdir()
    (folder / "m-0.answer.json").write_text("garbage: [", encoding="utf-8")
    address = Address(folder)
    keeper = Keeper(lambda: Store.open(address, runs.root, create=False), replays=True)
    runs.ends.append(keeper)
    engine = runs.with_keeper(Server(ValueError()), keeper)
    with pytest.raises(ProviderError, match=r"m-0\.answer\.json is no exported answer") as caught:
        engine.ask(JOB)
    assert "export the answer anew" in caught.value.hint
