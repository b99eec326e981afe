"""What the engine knows of earlier answers: it recalls them, and keeps each new one the moment it is complete.

All work on the store is done by one thread, so that the engine's loop never stands still. An answer is handed on
when it is written; only of those that come in quick succession several are written at a time, a moment later.
Where the store is slow, or broken, the engine waits no more and the run goes on: what is wrong is told once, and
what could not be written is tried again with the next answer, and at the end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.hands import Hands
from pytest_llm.errors import InputError, NoAnswer, ProviderError, StoreError, Unsupported
from pytest_llm.providers.base import ModelInfo, Response
from pytest_llm.store.keys import Question, Wanted, question

if TYPE_CHECKING:
    from pytest_llm.store.answers import Answer, Outcome
    from pytest_llm.store.store import Store

T = TypeVar("T")
PATIENCE = 10.0  # seconds that the run waits for the store, once; its opening has limits of its own
SILENT = 1.0  # seconds of these before the user is told; and all that a store gets at the end that did not work
SLOW = f"the store is slow: nothing came of it in {PATIENCE:g} s"
MOST_WAITING = 1000  # answers that are held for a store that is broken
TOGETHER = 0.05  # seconds in which answers are written once: so much of a run at most is lost when it is killed
RECORD = "record it: run this cell without --llm-replay, which asks the model and stores the answer"


class Memory(Protocol):
    """What the engine asks and tells. replays: no server is ever asked."""

    replays: bool

    async def recall(self, request: ChatRequest, info: ModelInfo, *, alone: bool) -> Response | None: ...
    async def replay(self, request: ChatRequest, *, alone: bool) -> Response: ...
    async def keep(self, request: ChatRequest, info: ModelInfo, outcome: Outcome, *, alone: bool) -> None: ...


class Forgetful:
    """No store: every question is asked, no answer is kept."""

    replays = False

    async def recall(self, request: ChatRequest, info: ModelInfo, *, alone: bool) -> Response | None:
        return None

    async def replay(self, request: ChatRequest, *, alone: bool) -> Response:
        raise NotImplementedError

    async def keep(self, request: ChatRequest, info: ModelInfo, outcome: Outcome, *, alone: bool) -> None:
        return


class Keeper:
    """The memory that is a store. troubles: what is to be told to the user, each once.

    opening: opens the store; called in the thread. reuse: take what is there. size: bytes that an answer may have.
    hidden: words that are kept nowhere. waits: called once, from any thread, when the run waits for the store.
    """

    def __init__(
        self,
        opening: Callable[[], Store],
        *,
        reuse: bool = False,
        replays: bool = False,
        size: int = 64 * 2**20,
        hidden: Sequence[str] = (),
        waits: Callable[[], None] = lambda: None,
    ) -> None:
        self.replays, self.troubles = replays, list[str]()
        self._waits: Callable[[], None] | None = waits
        self._settled = False
        self._opening, self._reuse, self._size, self._hidden = opening, reuse, size, hidden
        self._store: Store | None = None
        self._fault: Exception | None = None
        self._again = 0.0
        self._waiting: list[Answer] = []
        self._writing: Future[None] | None = None  # the last one
        self._queued: Future[None] | None = None  # a write that has not begun: it takes all that comes until then
        self._wrote = -TOGETHER  # by the loop's clock
        self._timer: asyncio.TimerHandle | None = None
        self._lost = 0
        self._healthy = True
        self._hand = Hands(1, "pytest-llm-store")
        self._begun = self._hand.do(self._begin)

    # Inside the engine's loop.

    async def recall(self, request: ChatRequest, info: ModelInfo, *, alone: bool) -> Response | None:
        """The stored answer, where this run takes stored ones; raises the NoAnswer that is stored in its place."""
        if not self._reuse or not self._healthy:
            return None
        asked = _question(request, info)
        wanted = Wanted(request.timeout, self._size, alone)
        return await self._patiently(self._hand.do(lambda: self._newest(asked, wanted)))

    async def replay(self, request: ChatRequest, *, alone: bool) -> Response:
        """The newest stored answer. Raises the NoAnswer that is stored in its place; ProviderError without one."""
        asked = _question(request, ModelInfo("", ""))
        wanted = Wanted(request.timeout, self._size, alone)
        try:
            return await asyncio.wrap_future(self._hand.do(lambda: self._replayed(asked, wanted)))
        except (StoreError, InputError) as error:
            file = error.path if isinstance(error, InputError) else None
            said = f"{file} {error.message}" if file else error.message
            raise ProviderError(said, hint=error.hint, reach="server") from None

    async def keep(self, request: ChatRequest, info: ModelInfo, outcome: Outcome, *, alone: bool) -> None:
        """Write what came, where it says something of the model; returns when that is done, or takes too long.

        Soon after another one is written it is so a moment later, and not waited for; what comes during a write is
        written together after it.
        """
        from pytest_llm.store.answers import is_kept, made

        if not is_kept(outcome):
            return
        asked = _question(request, info, outcome if isinstance(outcome, Response) else None)
        id_ = outcome.id if isinstance(outcome, Response | NoAnswer) else ""
        self._waiting.append(made(asked, outcome, alone=alone, hidden=self._hidden, id_=id_))
        soon = self._wrote + TOGETHER - asyncio.get_running_loop().time()
        is_writing = self._writing is not None and not self._writing.done()
        if not self._healthy:
            self._flush()
        elif soon <= 0 or is_writing:
            await self._patiently(self._flush())
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(soon, self._flush)

    def _flush(self) -> Future[None]:
        """Have written what is waiting."""
        if self._timer:
            self._timer.cancel()
        self._timer = None
        if (queued := self._queued) is not None:
            return queued
        self._wrote = asyncio.get_running_loop().time()
        self._writing = self._queued = Future()
        return self._hand.do(self._write, self._writing)

    async def _patiently(self, future: Future[T]) -> T | None:
        if not self._begun.done():
            await self._awaited(self._begun)
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._awaited(future)
        except TimeoutError:
            self._trouble(SLOW)
        except (NoAnswer, Unsupported):
            raise
        except Exception as error:
            self._trouble(_words(error))
        return None

    async def _awaited(self, future: Future[T]) -> T:
        silent = asyncio.get_running_loop().call_later(SILENT, self._say)
        try:
            return await asyncio.shield(asyncio.wrap_future(future))
        finally:
            silent.cancel()

    def _say(self) -> None:
        """That the run waits for the store."""
        if said := self._waits:
            self._waits = None
            said()

    # In the thread.

    def _begin(self) -> None:
        try:
            self._opened()
        except Exception as error:
            self._trouble(_words(error))

    def _opened(self) -> Store:
        """What could not be opened is not tried again for a while: each try may take seconds."""
        if self._store is None:
            if self._fault and time.monotonic() < self._again:
                raise self._fault
            try:
                self._store = self._opening()
            except Exception as error:
                self._fault, self._again = error, time.monotonic() + PATIENCE
                raise
        return self._store

    def _newest(self, asked: Question, wanted: Wanted) -> Response | None:
        if any(answer.exact == asked.exact for answer in list(self._waiting)):
            self._write()
        found = self._opened().newest(asked, wanted)
        return _handed(found) if found else None

    def _replayed(self, asked: Question, wanted: Wanted) -> Response:
        store = self._opened()
        found = store.replayed(asked, wanted)
        if found is None:
            raise ProviderError(_missing(asked.model, store.count(asked.model)), hint=RECORD)
        response = _handed(found)
        notes = [*response.notes, *_several(found, store.digests(asked))]
        if wanted.alone and not found.alone:
            notes.append("it was not measured with the server alone")
        return replace(response, notes=tuple(notes))

    def _write(self) -> None:
        """All that is waiting: also what could not be written before."""
        self._queued = None
        over = max(0, len(self._waiting) - MOST_WAITING)
        del self._waiting[:over]
        self._lost += over
        now = list(self._waiting)
        try:
            if now:
                self._opened().add(now)
            del self._waiting[: len(now)]
            self._healthy = True
        except Exception as error:
            self._trouble(_words(error))

    def _trouble(self, text: str) -> None:
        self._healthy = False
        if text not in self.troubles:
            self.troubles.append(text)

    # From other threads.

    def with_store(self, work: Callable[[Store], T]) -> T | None:
        """Do something more with the store; where that fails it is one more trouble, and None."""
        try:
            return self._result(self._hand.do(lambda: work(self._opened())))
        except Exception as error:
            if self._healthy or not self._settled:  # else it is told
                self._trouble(SLOW if isinstance(error, TimeoutError) else _words(error))
        return None

    def _result(self, future: Future[T]) -> T:
        with suppress(TimeoutError):
            return future.result(SILENT)
        self._say()
        return future.result(PATIENCE - SILENT if self._healthy or not self._settled else 0)

    def hasten(self) -> None:
        """The engine's loop has ended, which would have written what is waiting: have it written now."""
        if self._waiting and self._healthy:
            self._hand.do(self._write)

    def settle(self) -> None:
        """The run asks no more: try once more to write what is waiting, and count what could not be."""
        if self._waiting and not self._settled:
            self._again = 0.0
            with suppress(TimeoutError):
                self._result(self._hand.do(self._write))
        if (lost := len(self._waiting) + self._lost) and not self._settled:
            what = f"{lost} answers of this run are" if lost > 1 else "1 answer of this run is"
            *others, last = self.troubles or [SLOW]
            head, end, hint = last.partition("\n")
            self._healthy, self.troubles = False, [*others, f"{head}, and {what} not in it{end}{hint}"]
        self._settled = True

    def close(self) -> None:
        """Let the store go. May be called twice."""
        self._hand.do(self._let_go)
        self._hand.end(PATIENCE if self._healthy else SILENT)

    def _let_go(self) -> None:
        if self._waiting and self._healthy:
            self._write()
        if self._store:
            self._store.close()


def _question(request: ChatRequest, info: ModelInfo, response: Response | None = None) -> Question:
    digest = (response.digest if response else "") or info.digest
    return question(request, digest=digest, server=info.server, version=info.version)


def _handed(answer: Answer) -> Response:
    """The stored response; raises the error that is stored in its place. Raises StoreError where it is broken."""
    try:
        outcome = answer.outcome()
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"the stored answer {answer.id} is damaged: {error}") from None
    if isinstance(outcome, Response):
        return outcome
    raise outcome


def _words(error: Exception) -> str:
    known = isinstance(error, StoreError | InputError)
    return str(error) if known else f"the store broke: {type(error).__name__}: {error}"


def _missing(model: str, others: int) -> str:
    what = f"there are {others} of {model!r} to other requests, or by another Modelfile" if others else "none of it"
    return f"there is no stored answer to this request of {model!r}: {what}"


def _several(found: Answer, digests: int) -> list[str]:
    if digests < 2:
        return []
    return [
        f"{digests} models of this name have answered this request: this is the newest answer, of "
        f"{found.question.digest[:19] or 'no digest'}"
    ]
