"""What is asked of the engine, and how a cell reaches it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from pytest_llm.cases.request import ChatRequest
from pytest_llm.providers.base import Response


@dataclass(frozen=True)
class Job:
    """One question to ask. id: of the cell, sample, attempt and stage; exclusive: measured with the server alone.

    if_able: not asked where the engine knows that the model cannot think. kept: asked with what the same loaded
    model answers, long before its cell's turn, and its answer kept till then.
    """

    id: str
    request: ChatRequest
    exclusive: bool = False
    if_able: bool = False
    kept: bool = False

    @property
    def cell(self) -> str:
        return cell_of(self.id)

    @property
    def place(self) -> str:
        """What it is called in the order of the run."""
        return kept_place(self.cell) if self.kept else self.cell


def kept_place(cell: str) -> str:
    """The place of a cell's answers that are kept until its turn, apart from that of the cell."""
    return f"{cell}#kept"


def cell_of(job: str) -> str:
    """The cell's id in that of one of its questions."""
    return job.rpartition("#")[0]


class Asker(Protocol):
    """What a cell needs of the engine: the engine itself, or a stand-in that reaches it from a worker."""

    def begin(self, jobs: Sequence[Job]) -> object: ...
    def ask(self, job: Job) -> Response: ...
    def check_begins(self) -> None: ...
    def check_ends(self) -> None: ...


@contextmanager
def checking(asker: Asker) -> Iterator[None]:
    """While a check keeps this machine busy."""
    asker.check_begins()
    try:
        yield
    finally:
        asker.check_ends()
