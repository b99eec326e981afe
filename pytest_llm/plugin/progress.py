"""Progress that people can read: a live line below pytest's own on a terminal, now and then a line in CI.

pytest leaves its last line open while an item runs. The live line stands in the row below it, by the two controls
that every terminal knows: make room below, save and restore the place. It is there while pytest writes nothing.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

import pytest

from pytest_llm.engine.events import Event
from pytest_llm.plugin.options import MARK, SETTINGS
from pytest_llm.plugin.session import session
from pytest_llm.reports.progress import Progress, cut

if TYPE_CHECKING:
    from pytest_llm.plugin.streaming import Together, Tokens

NAME = "llm_progress"
EVERY = 0.25  # seconds between two looks of the live line
RARELY = 30.0  # seconds between two lines in CI
_ROOM = "\x1bD\x1b[A"  # one row below exists, and the cursor is where it was
_SAVE, _RESTORE, _BELOW, _CLEAR = "\x1b7", "\x1b8", "\x1b[B\r", "\x1b[2K"


def shown(config: pytest.Config, cells: int) -> Live | Lines | Tokens | Together | None:
    """What shows the progress of a run with so many cells; None where nothing is to be shown."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if config.stash[SETTINGS].stream:
        from pytest_llm.plugin.streaming import Together, Tokens

        if not config.pluginmanager.hasplugin("dsession"):
            return Tokens(config)
        return Together(config) if reporter else None
    if reporter is None or reporter.verbosity < 0:
        return None
    if os.environ.get("CI"):
        return Lines(config, cells)
    try:
        captured = config.getoption("capture", "no") != "no" or config.pluginmanager.hasplugin("dsession")
        terminal = captured and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        out = os.fdopen(os.dup(sys.stdout.fileno()), "w", errors="replace") if terminal else None
    except (OSError, ValueError, AttributeError):
        return None
    return Live(config, cells, out) if out else None


class _Shows:
    """Follows the events of a run."""

    def __init__(self, config: pytest.Config, cells: int) -> None:
        self._progress, self._lock = Progress(cells, time.monotonic()), threading.RLock()
        session(config).events.listeners.append(self.hear)

    def hear(self, event: Event) -> None:
        with self._lock:
            self._progress = self._progress.after(event)


class Lines(_Shows):
    """A whole line between two results, at most every RARELY seconds."""

    def __init__(self, config: pytest.Config, cells: int) -> None:
        super().__init__(config, cells)
        self._config, self._last = config, time.monotonic()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self) -> None:
        now = time.monotonic()
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter and now - self._last >= RARELY:
            self._last = now
            reporter.write_line(f"pytest-llm: {self._progress.line(now)}")


class Live(_Shows):
    """A line below pytest's, drawn by a thread of its own while an item waits for its verdict.

    Under pytest-xdist the controller's pytest writes when reports come; the line is gone while it does.
    """

    def __init__(self, config: pytest.Config, cells: int, out: TextIO) -> None:
        super().__init__(config, cells)
        self._out, self._drawn, self._end = out, False, threading.Event()
        self._hidden = 0 if config.pluginmanager.hasplugin("dsession") else 1
        self._thread = threading.Thread(target=self._draw_on, daemon=True, name="pytest-llm-progress")
        self._thread.start()
        self._state = session(config)
        self._state.lively = True
        config.add_cleanup(self.close)

    def close(self) -> None:
        """Leave the terminal as pytest has it. May be called twice."""
        self._end.set()
        self._state.lively = False
        self._thread.join(2)
        with self._lock:
            self._erase()
        with suppress(OSError):
            self._out.close()

    @contextmanager
    def _moved(self, by: int) -> Iterator[None]:
        """While the line is hidden by one more (1), or by one less (-1)."""
        with self._lock:
            self._hidden += by
            self._erase()
        try:
            yield
        finally:
            with self._lock:
                self._hidden -= by
                self._erase()

    def _draw_on(self) -> None:
        while not self._end.wait(EVERY):
            with self._lock:
                if not self._hidden:
                    line = cut(self._progress.line(time.monotonic()), _width(self._out))
                    self._write(f"{_ROOM}{_SAVE}{_BELOW}{_CLEAR}{line}{_RESTORE}")
                    self._drawn = True

    def _erase(self) -> None:
        if self._drawn:
            self._write(f"{_SAVE}{_BELOW}{_CLEAR}{_RESTORE}")
            self._drawn = False

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # the terminal has gone
            self._out.write(text)
            self._out.flush()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """In a plain run the line is there while a cell is set up: then pytest itself writes nothing."""
        with self._moved(-1 if MARK in item.nodeid else 0):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self) -> Generator[None, Any, Any]:
        with self._moved(1):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self) -> Generator[None, Any, Any]:
        with self._moved(1):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logfinish(self) -> Generator[None, Any, Any]:
        with self._moved(1):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True, optionalhook=True)
    def pytest_testnodedown(self) -> Generator[None, Any, Any]:
        with self._moved(1):
            return (yield)

    def pytest_enter_pdb(self) -> None:
        self.close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self.close()

    def pytest_internalerror(self) -> None:
        self.close()

    def pytest_keyboard_interrupt(self) -> None:
        self.close()


def _width(out: TextIO) -> int:
    """Columns; the last one stays free, for some terminals go on in the next row after it."""
    try:
        return (os.get_terminal_size(out.fileno()).columns or 80) - 1
    except (OSError, ValueError):
        return 79
