"""Pure functions in a process of its own, which is ended at a limit whatever it is doing.

A regular expression, a template or a schema that an author brings may run for ever or eat all memory, and neither
Python's `re` nor a compiled extension lets itself be interrupted. `call` names a function of ours as
`module:function`; arguments and result are plain data, as JSON has it. The limit counts processor time, so that a
busy machine ends nothing that a quiet one would not.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from pytest_llm.errors import CheckCrashed
from pytest_llm.sandbox import environment
from pytest_llm.sandbox.bounded_child import COUNTED

START_SECONDS = 60.0  # to start, to import the function and to read its arguments, on a busy machine
MEMORY = 2**30  # bytes of address space
BUSY = 10  # times the limit in wall time, for what waits for its turn on a busy machine

_ROOT = str(Path(__file__).parents[2])
_BOOT = (
    "import sys; root, memory, *paths = sys.argv[1:]\n"
    "sys.path[:0] = [] if root in sys.path else [root]\n"
    "sys.path += [path for path in paths if path not in sys.path]\n"
    "from pytest_llm.sandbox.bounded_child import main; main(int(memory))"
)


class LimitReached(CheckCrashed):
    """The function was ended at its limit. `what`: "time" or "memory"."""

    def __init__(self, message: str, what: str = "time") -> None:
        self.what = what
        super().__init__(message)


def call(function: str, *arguments: Any, seconds: float) -> Any:
    """What the function answers. seconds: of processor time, where the system counts it, else of wall time.

    Raises LimitReached, CheckCrashed where it broke, its own ValueError as one.
    """
    return _worker.call(function, list(arguments), seconds)


class Worker:
    """One child, started when it is first needed and again after it was ended; one call at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._served = False  # whether the child was asked before
        self._number = 0

    def call(self, function: str, arguments: list[Any], seconds: float) -> Any:
        with self._lock:
            try:
                kind, value = self._asked(function, arguments, seconds)
            except BaseException:  # an answer that is still under way must not be taken for the next one's
                self._end()
                raise
        if kind == "answer":
            return value
        if kind == "value":
            raise ValueError(value)
        if kind == "memory":
            raise LimitReached(f"it took more than {MEMORY >> 30} GiB of memory", kind)
        raise CheckCrashed(f"{function} broke: {value}")

    def close(self) -> None:
        """End the child, where there is one."""
        with self._lock:
            self._end()

    def _asked(self, function: str, arguments: list[Any], seconds: float) -> tuple[str, Any]:
        """What the child answers. One that has served others may owe it to them that it breaks: then a new one is
        asked.
        """
        process = self._running()
        served, self._served = self._served, True
        try:
            kind, value = self._ask(process, function, arguments, seconds)
        except LimitReached:
            raise
        except CheckCrashed:
            if not served:
                raise
        else:
            if kind != "memory":
                return kind, value
            self._end()
            if not served:
                return kind, value
        self._end()
        return self._asked(function, arguments, seconds)

    def _ask(
        self, process: subprocess.Popen[bytes], function: str, arguments: list[Any], seconds: float
    ) -> tuple[str, Any]:
        self._number += 1
        request = json.dumps([self._number, function, arguments, seconds]).encode() + b"\n"
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # then it is dead, and the reading tells
            process.stdin.write(request)
            process.stdin.flush()
        if self._answer(START_SECONDS)[0] != "begun":
            raise CheckCrashed(f"the process for {function} did not begin")
        return self._answer(seconds * BUSY if COUNTED else seconds, seconds)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._owner != os.getpid():  # a fork's: its pipes belong to the parent
            self._process, self._owner = None, os.getpid()
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process, self._served = _started(), False
        return self._process

    def _answer(self, seconds: float, limit: float | None = None) -> tuple[str, Any]:
        """The next answer to the latest request; lines that are none, or are to another one, are passed over."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        over = threading.Event()

        def end() -> None:
            over.set()
            process.kill()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            for line in process.stdout:
                number, kind, value = _read(line)
                if number == self._number:
                    return kind, value
        finally:
            timer.cancel()
        code = process.wait()
        if over.is_set() or (COUNTED and code == -signal.SIGPROF):
            raise LimitReached(f"it was not done after {limit or seconds:g} s")
        raise CheckCrashed(f"its process ended with exit code {code}")

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        process.wait()


def _started() -> subprocess.Popen[bytes]:
    """A child with a clean environment, which no Ctrl-C reaches."""
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-c", _BOOT, _ROOT, str(MEMORY), *filter(None, sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment.allowed("tool"),
            start_new_session=True,
        )
    except OSError as error:
        raise CheckCrashed(f"its process could not be started: {error}") from None


def _read(line: bytes) -> tuple[int, str, Any]:
    try:
        number, kind, value = json.loads(line)
    except (ValueError, TypeError):
        return 0, "", None
    return number, kind, value


_worker = Worker()
atexit.register(_worker.close)
