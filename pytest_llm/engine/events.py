"""What happens in a run, as one stream of events: progress, traces and timelines read it, the engine knows none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

from pytest_llm.providers.base import Response, pieces_go_to

Kind = Literal["loading", "loaded", "asked", "first token", "piece", "answered", "judged", "said"]
Tell = Callable[["Event"], None]


@dataclass(frozen=True)
class Event:
    """Something that has happened. at: seconds, of time.monotonic.

    server, model: who is asked; cell: its node id; job: the question's id, "" of "judged". text: of a piece, or
    what is "said" to the user of what goes on. tokens: of an answer, None where they are not told, or none came.
    stored: it came from the store. outcome: of a verdict.
    """

    kind: Kind
    cell: str = ""
    job: str = ""
    server: str = ""
    model: str = ""
    at: float = 0.0
    text: str = ""
    tokens: int | None = None
    stored: bool = False
    outcome: str = ""


class Stream:
    """Hands each event on to all who listen, in the thread in which it happens: they are to be quick."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.listeners: list[Tell] = []
        self._clock = clock

    def tell(self, event: Event) -> None:
        if self.listeners:
            event = replace(event, at=self._clock())
            for listener in list(self.listeners):
                listener(event)

    @contextmanager
    def load(self, event: Event) -> Iterator[None]:
        """While a server loads what a question needs."""
        self.tell(replace(event, kind="loading"))
        try:
            yield
        except BaseException:
            self.tell(replace(event, kind="answered"))  # by an error
            raise
        self.tell(replace(event, kind="loaded"))

    @contextmanager
    def question(self, event: Event, *, loads: bool) -> Iterator[Callable[[Response], None]]:
        """While a server answers; the function is told the response. loads: its model is loaded by it."""
        if not self.listeners:
            yield _nothing
            return
        asking = _Asking(self, event, loads)
        try:
            with pieces_go_to(asking.piece):
                yield asking.answer
        finally:
            asking.end()


def _nothing(_: Response) -> None: ...


class _Asking:
    """Tells of one question."""

    def __init__(self, stream: Stream, event: Event, loads: bool) -> None:
        self._stream, self._event, self._loads, self._begun = stream, event, loads, False
        self._tokens: int | None = None
        if loads:
            self._tell("loading")
        self._tell("asked")

    def piece(self, text: str) -> None:
        if not self._begun:
            self._begun = True
            if self._loads:
                self._tell("loaded")
            self._tell("first token")
        self._stream.tell(replace(self._event, kind="piece", text=text))

    def answer(self, response: Response) -> None:
        self._tokens = response.usage.answer_tokens

    def end(self) -> None:
        self._stream.tell(replace(self._event, kind="answered", tokens=self._tokens))

    def _tell(self, kind: Kind) -> None:
        self._stream.tell(replace(self._event, kind=kind))
