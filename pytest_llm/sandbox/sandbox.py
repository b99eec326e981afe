"""Runs a foreign program with limits: within walls where this machine has them, with a watchdog everywhere.

The watchdog holds time, memory, processes, output and what is written to the disk. Without walls it is alone, and
`Result.sandboxed` says so.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import IO

from pytest_llm.sandbox import cgroup, forkserver
from pytest_llm.sandbox.usage import family, resident, spent, written
from pytest_llm.sandbox.walls import Walls, missing, within

_TICK = 0.05  # seconds between two looks of the watchdog
BUSY = 4  # times the limit of processor time: as long as a program may take in all on a busy machine
_TELLS = Path("/proc/self/stat").exists()
_CHUNK = 1 << 16  # bytes: as much as a pipe holds
_FILE_TOO_LARGE = (-25, 128 + 25)  # SIGXFSZ, as it is told of a child and of a child's child
# The limits that a process sets for itself; then it joins the control groups and becomes the program.
_LAUNCH = (
    'ulimit -c 0; ulimit -f "$1"; shift; while [ "$1" != -- ]; do echo $$ >"$1"; shift; done; shift; exec "$@"'
)


@dataclass(frozen=True)
class Limits:
    """seconds of processor time, and BUSY times as many of wall time; memory (resident) and output in bytes;
    processes; the largest file and all that is written to the folder, in bytes.
    """

    seconds: float = 30.0
    memory: int = 1536 << 20
    processes: int = 64
    output: int = 1 << 20
    file: int = 256 << 20
    disk: int = 256 << 20


@dataclass(frozen=True)
class Result:
    """How a program ended. killed_by: "timeout", "memory", "processes", "output", "disk", or "" where it ended
    by itself.

    returncode: negative for a signal; None where a session goes on. seconds: wall time.
    """

    returncode: int | None
    stdout: bytes
    stderr: bytes
    seconds: float
    killed_by: str = ""
    sandboxed: bool = True

    @property
    def text(self) -> str:
        """stdout and then stderr, as text, whatever the bytes."""
        return (self.stdout + self.stderr).decode("utf-8", "replace")


def run(
    argv: Sequence[str],
    *,
    folder: Path,
    walls: Walls | None = None,
    limits: Limits | None = None,
    stdin: bytes = b"",
) -> Result:
    """Run a program to its end in `folder`, which it may write. Raises FileNotFoundError where it is not there."""
    limits = limits or Limits()
    process = _Process(argv, folder, walls or Walls(), limits, stays=False)
    try:
        process.send(stdin, last=True)
        process.pump(limits.seconds, lambda: False)
        return process.result()
    finally:
        process.close()


class Session:
    """A program that stays: it answers each line on its stdin with one line on its stdout.

    Not for two threads at once. After a result with `killed_by`, or once `alive` is false, start another.
    """

    def __init__(
        self, argv: Sequence[str], *, folder: Path, walls: Walls | None = None, limits: Limits | None = None
    ) -> None:
        self._limits = limits or Limits()
        # The kernel ends a program together with the thread that started it, so a thread that stays starts them.
        self._process = _starter().submit(_Process, argv, folder, walls or Walls(), self._limits).result()

    @property
    def alive(self) -> bool:
        """Whether it can be asked: it runs, and its folder is there, which what cleans up may have taken."""
        return self._process.alive and self._process.folder.is_dir()

    def ask(self, line: bytes, seconds: float | None = None) -> Result:
        """Send one line and wait for one: `stdout` is that line, cut short where it was killed or died."""
        process = self._process
        process.fresh()
        process.send(line + b"\n")
        process.pump(seconds or self._limits.seconds, lambda: process.stdout.endswith(b"\n"))
        result = process.result()
        if result.killed_by:
            self.close()
        return result

    def close(self) -> None:
        self._process.close()


@cache
def _starter() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "pytest-llm-starter")


def launched(command: Sequence[str], group: cgroup.Group | None, file: int = 256 << 20) -> list[str]:
    """`command` as it is started within a control group, its files held to `file` bytes each."""
    if os.name != "posix":
        return list(command)
    joins = [str(path) for path in group.joins] if group else []
    return ["/bin/sh", "-c", _LAUNCH, "sh", str(file // 512), *joins, "--", *command]


class _Process:
    """One program, its pipes and its watchdog. Only `pump` waits."""

    def __init__(
        self, argv: Sequence[str], folder: Path, walls: Walls, limits: Limits, *, stays: bool = True
    ) -> None:
        self.limits, self.killed_by, self.sandboxed, self.folder = limits, "", not missing(), folder
        self.stdout, self.stderr, self.started = bytearray(), bytearray(), time.monotonic()
        self._seconds, self._spent_before = limits.seconds, 0.0
        self._sending, self._last = b"", False
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)}
        env |= {"LANG": "C.UTF-8", **walls.env}
        self._group = cgroup.create(limits.memory, limits.processes) if os.name == "posix" else None
        shared = None
        if self.sandboxed and not stays:
            joins = self._group.joins if self._group else ()
            shared = forkserver.start(argv, folder, walls, env, limits.file, joins)
        self._popen = shared or self._alone(argv, walls, env)
        self._selector = selectors.DefaultSelector()
        for pipe, into in ((self._out, self.stdout), (self._err, self.stderr)):
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, into)
        os.set_blocking(self._in.fileno(), False)

    def _alone(self, argv: Sequence[str], walls: Walls, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        command = list(argv)
        if self.sandboxed:
            walls = replace(walls, writable=(*walls.writable, self.folder), env=env)
            command = within(command, walls, str(self.folder))
        command = launched(command, self._group, self.limits.file)
        return subprocess.Popen(
            command, cwd=self.folder, env=env, stdin=-1, stdout=-1, stderr=-1, bufsize=0, start_new_session=True
        )

    @property
    def _in(self) -> IO[bytes]:
        return self._pipe(self._popen.stdin)

    @property
    def _out(self) -> IO[bytes]:
        return self._pipe(self._popen.stdout)

    @property
    def _err(self) -> IO[bytes]:
        return self._pipe(self._popen.stderr)

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def fresh(self) -> None:
        """Begin another question of a session."""
        self.started, self._spent_before = time.monotonic(), spent(family(self._popen.pid))
        self.stdout.clear()
        self.stderr.clear()

    def send(self, data: bytes, last: bool = False) -> None:
        self._sending, self._last = data, last
        if data:
            self._selector.register(self._in, selectors.EVENT_WRITE)
        elif last:
            self._in.close()

    def pump(self, seconds: float, done: Callable[[], bool]) -> None:
        """Read and write until `done`, until the program has ended, or until a limit is reached.

        seconds: of processor time, where the system tells it, so that neighbours do not count; BUSY times as much
        of wall time.
        """
        self._seconds = seconds
        deadline = self.started + seconds * (BUSY if _TELLS else 1)
        looked = self.started
        while not done() and self._selector.get_map():
            now = time.monotonic()
            if now >= deadline:
                return self.kill("timeout")
            if now - looked >= _TICK:
                looked = now
                if reason := self._over():
                    return self.kill(reason)
            for key, _ in self._selector.select(min(_TICK, deadline - now)):
                self._write() if key.fileobj is self._popen.stdin else self._read(key)
            if len(self.stdout) + len(self.stderr) > self.limits.output:
                return self.kill("output")
        return None

    def result(self) -> Result:
        ended = bool(self.killed_by) or not self._selector.get_map()
        code = self._popen.wait() if ended else None
        if self._group and self._group.was_out_of_memory():
            self.killed_by = self.killed_by or "memory"
        if code in _FILE_TOO_LARGE:
            self.killed_by = self.killed_by or "disk"
        return Result(
            returncode=code,
            stdout=bytes(self.stdout),
            stderr=bytes(self.stderr),
            seconds=time.monotonic() - self.started,
            killed_by=self.killed_by,
            sandboxed=self.sandboxed,
        )

    def kill(self, reason: str = "") -> None:
        """End the program and all it started."""
        self.killed_by = reason
        if isinstance(self._popen, forkserver.Program):
            self._popen.end()
        else:
            self._kill(self._popen.pid)
        self._popen.wait()

    def _kill(self, pid: int) -> None:
        started = family(pid) if self.alive and not self.sandboxed else []
        if self._group:
            self._group.kill()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        for one in started:  # those that left the process group
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(one, signal.SIGKILL)

    def close(self) -> None:
        if self.alive:
            self.kill(self.killed_by)
        self._selector.close()
        for pipe in (self._in, self._out, self._err):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        if isinstance(self._popen, forkserver.Program):
            self._popen.release()
        if self._group:
            self._group.remove()

    def _over(self) -> str:
        pids = family(self._popen.pid)
        if spent(pids) - self._spent_before > self._seconds:
            return "timeout"
        if len(pids) > self.limits.processes:
            return "processes"
        if sum(map(resident, pids)) > self.limits.memory:
            return "memory"
        return "disk" if written(self.folder) > self.limits.disk else ""

    def _write(self) -> None:
        try:
            written = os.write(self._in.fileno(), self._sending[:_CHUNK])
        except BlockingIOError:
            return
        except BrokenPipeError:
            written = len(self._sending)
        self._sending = self._sending[written:]
        if not self._sending:
            self._selector.unregister(self._in)
            if self._last:
                self._in.close()

    def _read(self, key: selectors.SelectorKey) -> None:
        data = os.read(key.fd, _CHUNK)
        if data:
            key.data.extend(data)
        else:
            self._selector.unregister(key.fileobj)
