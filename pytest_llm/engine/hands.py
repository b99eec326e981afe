"""Threads that work beside the run and keep no process from ending."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


class Hands:
    """Up to `most` daemon threads, started as they are needed, that take work in the order in which it came."""

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._open = 0
        self._lock = threading.Lock()

    def do(self, work: Callable[[], T], result: Future[T] | None = None) -> Future[T]:
        """Have it done. result: gets what comes of it; a new one, if not given, is returned.

        What is cancelled before it is begun is not done, and can no longer be cancelled after that.
        """
        result = result or Future()
        with self._lock:
            self._open += 1
            if self._open > len(self._threads) < self._most:
                self._threads.append(threading.Thread(target=self._run, daemon=True, name=self._name))
                self._threads[-1].start()
        self._work.put(partial(self._do, work, result))
        return result

    def end(self, seconds: float) -> None:
        """After what is waiting; no longer than that."""
        deadline = monotonic() + seconds
        with self._lock:
            threads = list(self._threads)
        for _ in threads:
            self._work.put(None)
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))

    def _do(self, work: Callable[[], T], result: Future[T]) -> None:
        if not result.set_running_or_notify_cancel():
            self._leave()
            return
        try:
            found = work()
        except BaseException as error:
            self._leave()
            result.set_exception(error)
        else:
            self._leave()
            result.set_result(found)

    def _leave(self) -> None:
        """Before its result is told of: who hears it may have more to do."""
        with self._lock:
            self._open -= 1

    def _run(self) -> None:
        while job := self._work.get():
            job()
