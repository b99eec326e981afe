"""Talks as one: who asks what in which round, and when an answer is waited for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.engine.jobs import Job
from pytest_llm.engine.talk import Answer, Talk, converse, together
from pytest_llm.errors import RunStopped
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Response


def job(name: str) -> Job:
    return Job(name, ChatRequest(ModelRef("m", "m", "ollama"), (Message("user", name),)))


@dataclass
class Ask:
    """An engine that answers with the job's id, and notes what happens; `breaks` raise."""

    breaks: dict[str, Exception] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def begin(self, jobs: Sequence[Job]) -> None:
        self.log.append(f"begin {' '.join(job.id for job in jobs)}")

    def ask(self, job: Job) -> Response:
        self.log.append(f"ask {job.id}")
        if job.id in self.breaks:
            raise self.breaks[job.id]
        return Response(f"<{job.id}>")

    def check_begins(self) -> None: ...
    def check_ends(self) -> None: ...


def talk(name: str, rounds: int, log: list[str]) -> Talk[list[str]]:
    heard = []
    for number in range(rounds):
        (answer,) = yield [job(f"{name}{number}")]
        log.append(f"hear {name}{number}")
        heard.append(answer.response.text if answer.response else str(answer.error))
    return heard


def test_each_hears_its_own_answer_as_soon_as_it_is_there() -> None:
    ask = Ask()
    talks = [talk("a", 2, ask.log), talk("b", 0, ask.log), talk("c", 1, ask.log)]
    assert converse(together(talks), ask) == [["<a0>", "<a1>"], [], ["<c0>"]]
    assert ask.log == ["begin a0 c0", "ask a0", "hear a0", "ask c0", "hear c0", "ask a1", "hear a1"]


def test_all_of_a_round_are_there_before_they_are_levelled() -> None:
    ask = Ask()

    def level(answers: list[Answer]) -> list[Answer]:
        ask.log.append(f"level {len(answers)}")
        return [replace(answer, response=Response("same")) for answer in answers]

    talks = [talk("a", 2, ask.log), talk("b", 1, ask.log)]
    assert converse(together(talks, level), ask) == [["same", "same"], ["same"]]
    assert ask.log == [
        "begin a0 b0",
        "ask a0",
        "ask b0",
        "level 2",
        "hear a0",
        "hear b0",
        "ask a1",
        "level 1",
        "hear a1",
    ]


def test_an_error_is_an_answer_and_the_end_of_the_run_is_none() -> None:
    ask = Ask({"a0": ValueError("odd"), "b1": RunStopped("over")})
    assert converse(talk("a", 1, ask.log), ask) == ["odd"]
    with pytest.raises(RunStopped, match="over"):
        converse(together([talk("b", 2, ask.log), talk("c", 2, ask.log)]), ask)


def test_no_talk_at_all() -> None:
    assert converse(together([]), Ask()) == []
