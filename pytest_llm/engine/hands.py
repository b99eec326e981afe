"""Threads that work beside the run and keep no process from ending."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
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

    def do(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()

        def job() -> None:
            try:
                result = work()
            except BaseException as error:
                self._leave()
                future.set_exception(error)
            else:
                self._leave()
                future.set_result(result)

        with self._lock:
            self._open += 1
            if self._open > len(self._threads) < self._most:
                self._threads.append(threading.Thread(target=self._run, daemon=True, name=self._name))
                self._threads[-1].start()
            self._work.put(job)
        return future

    def end(self, seconds: float) -> None:
        """After what is waiting; no longer than that."""
        deadline = monotonic() + seconds
        with self._lock:
            threads = list(self._threads)
        for _ in threads:
            self._work.put(None)
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))

    def _leave(self) -> None:
        with self._lock:
            self._open -= 1

    def _run(self) -> None:
        while job := self._work.get():
            job()
