"""The way of a cell asks for answers and never waits: here is who waits for them, and hands them in."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias, TypeVar

from pytest_llm.engine.jobs import Asker, Job
from pytest_llm.errors import RunStopped
from pytest_llm.providers.base import Response

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What came of a job: a response, or in its place the error.

    rate: tokens a second, the median of the samples it was measured with; None where it was measured alone.
    """

    job: Job
    response: Response | None = None
    error: Exception | None = None
    rate: float | None = None


# Yields the jobs of a round, gets their answers in that order, each waited for when it is taken; returns a result.
Talk: TypeAlias = Generator[Sequence[Job], Iterator[Answer], T]


def converse(talk: Talk[T], asker: Asker) -> T:
    """Ask whatever a talk wants to know until it ends; of a round all are on their way. Raises RunStopped."""
    try:
        jobs = next(talk)
        while True:
            if len(jobs) > 1:
                asker.begin(jobs)
            jobs = talk.send(_answered(job, asker) for job in jobs)
    except StopIteration as end:
        result: T = end.value
        return result


def together(
    talks: Sequence[Talk[T]], level: Callable[[list[Answer]], list[Answer]] | None = None
) -> Talk[list[T]]:
    """Several talks as one: in each round all ask what they ask next. Returns their results, in their order.

    level: given, it gets all answers of a round before any talk hears its own, and returns what they are to hear.
    """
    results: dict[int, T] = {}
    asking: dict[int, Sequence[Job]] = {}

    def step(number: int, heard: Iterator[Answer] | None) -> None:
        try:
            asking[number] = talks[number].send(heard)  # type: ignore[arg-type]  # None starts a generator
        except StopIteration as end:
            asking.pop(number, None)
            results[number] = end.value

    for number in range(len(talks)):
        step(number, None)
    while asking:
        answers = yield [job for jobs in asking.values() for job in jobs]
        heard = iter(level(list(answers))) if level else answers
        for number, jobs in list(asking.items()):
            step(number, islice(heard, len(jobs)))
    return [results[number] for number in range(len(talks))]


def _answered(job: Job, asker: Asker) -> Answer:
    try:
        return Answer(job, asker.ask(job))
    except RunStopped:
        raise
    except Exception as error:  # what is said of it is the judge's part; an engine of a plugin's may raise anything
        return Answer(job, error=error)
