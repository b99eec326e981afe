"""`--llm-stream`: the answer of the cell that runs, as it comes, on lines of its own between pytest's."""

from __future__ import annotations

import os
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, TextIO

import pytest

from pytest_llm.engine.events import Event
from pytest_llm.plugin.options import MARK
from pytest_llm.plugin.session import session
from pytest_llm.providers.wire.secrets import begun, cleaned
from pytest_llm.reports.plain import visible

_MARGIN = "│ "  # what a model writes never begins a line, where a CI system may look for commands


class Tokens:
    """Writes the pieces of one question after the other; cells that are asked ahead wait for their turn."""

    def __init__(self, config: pytest.Config) -> None:
        self._config, self._out, self._lock = config, _real_stdout(config), threading.Lock()
        self._coming: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)  # by cell and job
        self._over: set[str] = set()
        self._cell, self._is_open = "", False
        _listen(config, self.hear)

    def hear(self, event: Event) -> None:
        with self._lock:
            if event.kind in ("asked", "piece"):
                self._coming[event.cell].setdefault(event.job, []).append(event.text)
            elif event.kind == "answered":
                self._over.add(event.job)
            if event.cell == self._cell:
                self._flush()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if MARK not in item.nodeid or reporter is None:
            return (yield)
        reporter.ensure_newline()
        reporter.flush()
        with self._lock:
            self._cell = item.nodeid
            self._flush()
        try:
            return (yield)
        finally:
            with self._lock:
                self._flush()
                self._coming.pop(self._cell, None)
                self._cell, self._is_open = "", False
            if reporter.verbosity == 0:  # with -v the result says itself whose it is
                reporter.write_fspath_result(item.nodeid, "")
            elif reporter.verbosity < 0:
                self._print("\n")

    def _flush(self) -> None:
        """All that has come of the first question that is not over; then of the next."""
        jobs = self._coming[self._cell]
        for job, parts in list(jobs.items()):
            self._write("".join(parts))
            parts.clear()
            if job not in self._over:
                return
            del jobs[job]
            if jobs:
                self._write("\n")

    def _write(self, text: str) -> None:
        if text:
            start = "" if self._is_open else _MARGIN
            self._print(start + visible(text).replace("\n", f"\n{_MARGIN}"))
            self._is_open = True

    def _print(self, text: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads any more
            self._out.write(text)
            self._out.flush()


class Together:
    """As above under pytest-xdist, whose workers' questions come at the same time: one is shown after the other.

    Each stands below its cell's name, once more where one of pytest's own lines has come in between.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._writer = config.get_terminal_writer()
        self._lock = threading.RLock()
        self._coming: dict[str, tuple[str, list[str]]] = {}  # cell and pieces, by question
        self._over: set[str] = set()
        self._open = ""
        _listen(config, self.hear)

    def hear(self, event: Event) -> None:
        with self._lock:
            if event.kind in ("asked", "piece"):
                self._coming.setdefault(event.job, (event.cell, []))[1].append(event.text)
            elif event.kind == "answered" and event.job in self._coming:
                self._over.add(event.job)
            self._flush()

    def _flush(self) -> None:
        for job, (cell, parts) in list(self._coming.items()):
            self._write(job, cell, "".join(parts))
            parts.clear()
            if job not in self._over:
                return
            self._close()
            del self._coming[job]
            self._over.discard(job)

    def _write(self, job: str, cell: str, text: str) -> None:
        if text:
            if self._open != job:
                self._close()
                self._writer.line(visible(cell))
                self._writer.write(_MARGIN)
                self._open = job
            self._writer.write(visible(text).replace("\n", f"\n{_MARGIN}"), flush=True)

    def _close(self) -> None:
        """Nothing stands in the line."""
        self._reporter.ensure_newline()
        if self._writer.width_of_current_line:
            self._writer.line()
        self._open = ""

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """While pytest writes."""
        with self._lock:
            if self._open:
                self._close()
            yield

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self) -> Generator[None, Any, Any]:
        with self._apart():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self) -> Generator[None, Any, Any]:
        with self._apart():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True, optionalhook=True)
    def pytest_testnodedown(self) -> Generator[None, Any, Any]:
        with self._apart():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, Any, Any]:
        with self._apart():
            self._coming.clear()
        return (yield)


def _listen(config: pytest.Config, hear: Callable[[Event], None]) -> None:
    """Have the events heard, without any key in their pieces."""
    state = session(config)
    state.events.listeners.append(_Clean(state.secrets, hear).hear)


class _Clean:
    """Takes these words out of what comes in pieces: what may be the beginning of one waits for what follows."""

    def __init__(self, hidden: Sequence[str], hear: Callable[[Event], None]) -> None:
        self._hidden, self._hear = hidden, hear
        self._held: dict[str, str] = {}  # by question

    def hear(self, event: Event) -> None:
        if event.kind == "piece":
            text = cleaned(self._held.get(event.job, "") + event.text, self._hidden)
            at = begun(text, self._hidden)
            self._held[event.job] = text[at:]
            event = replace(event, text=text[:at])
        elif event.kind == "answered" and (rest := self._held.pop(event.job, "")):
            self._hear(replace(event, kind="piece", text=rest))
        self._hear(event)


def _real_stdout(config: pytest.Config) -> TextIO:
    """Where pytest writes, whatever is captured later: to be called while nothing is."""
    try:
        out = os.fdopen(os.dup(sys.stdout.fileno()), "w", errors="replace")
    except (OSError, ValueError, AttributeError):
        return sys.stdout
    config.add_cleanup(out.close)
    return out
