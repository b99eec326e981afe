"""The questions of a run that are under way, or answered and not taken yet: begun and let go of from any thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pytest_llm.engine.jobs import Job
from pytest_llm.engine.loading import retrieve
from pytest_llm.errors import RunStopped
from pytest_llm.providers.base import Response


@dataclass(eq=False)
class Inquiry:
    """One of them. owner: who wants it ahead, None where that is nobody. answer: cancelled where none is wanted."""

    job: Job
    owner: str | None
    answer: Future[Response] = field(default_factory=Future)
    _task: asyncio.Task[Response] | None = None

    def start(self, asking: Callable[[Job], Coroutine[Any, Any, Response]], over: Callable[[Job], None]) -> None:
        """In the loop. over: told the job where something came of it."""
        if not self.answer.cancelled():
            self._task = asyncio.get_running_loop().create_task(asking(self.job))
            self._task.add_done_callback(partial(self._over, over))

    def stop(self) -> None:
        """In the loop, once its answer is cancelled."""
        if self._task:
            self._task.cancel()

    def _over(self, over: Callable[[Job], None], task: asyncio.Task[Response]) -> None:
        retrieve(task)
        if not task.cancelled():
            over(self.job)
        if not self.answer.set_running_or_notify_cancel():
            return
        if task.cancelled():
            self.answer.set_exception(RunStopped())
        elif error := task.exception():
            self.answer.set_exception(error)
        else:
            self.answer.set_result(task.result())


class Inquiries:
    """Those of one engine, by the ids of their jobs. start: has the loop begin some; stop: has it end one."""

    def __init__(self, start: Callable[[Sequence[Inquiry]], None], stop: Callable[[Inquiry], None]) -> None:
        self._start, self._stop = start, stop
        self._lock = threading.Lock()
        self._all: dict[str, Inquiry] = {}

    def begin(self, jobs: Sequence[Job], owner: str | None = None) -> list[Inquiry]:
        """Those of the jobs, each begun where that has not been done."""
        with self._lock:
            fresh = {job.id: Inquiry(job, owner) for job in jobs if job.id not in self._all}
            self._all |= fresh
            wanted = [self._all[job.id] for job in jobs]
        for one in wanted:
            one.owner = one.owner if owner is None else owner
        if fresh:
            self._start(list(fresh.values()))
        return wanted

    def drop(self, unwanted: Callable[[Inquiry], bool]) -> None:
        """Whoever waits for the answers of these gets RunStopped."""
        with self._lock:
            dropped = list(filter(unwanted, self._all.values()))
        for one in dropped:
            self.let_go(one)

    def let_go(self, inquiry: Inquiry) -> None:
        """Its answer is taken, or wanted no more."""
        with self._lock:
            if self._all.get(inquiry.job.id) is inquiry:
                del self._all[inquiry.job.id]
        if inquiry.answer.cancel():
            self._stop(inquiry)
