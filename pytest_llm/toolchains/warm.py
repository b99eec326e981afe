"""Compilers that stay: sessions kept for the next file, as long as nothing of one file can reach the next.

A session that ran into a limit, broke, or spoke out of turn is thrown away: its compiler may hold half of a state.
A request is one line, `TICKET<tab>PAYLOAD`, its answer one line, `TICKET<tab>JSON`. `"spent": true` in the answer
says that the session must not be asked again.
"""

from __future__ import annotations

import atexit
import json
import secrets
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_llm.sandbox import sandbox, scratch
from pytest_llm.sandbox.walls import Walls
from pytest_llm.settings import cores
from pytest_llm.toolchains import base

_START = 5.0  # seconds: what a JVM or Node needs before it is as quick as one that is there
SERVERS = Path(__file__).parent / "servers"


@dataclass
class Pool:
    """Sessions of one program: another, up to the number of processors, once those that wait have waited as long in
    all as a program takes to start and to warm up.

    argv: the program; the word "SERVER" stands for a copy of `server` in the session's folder. beside: what it
    reads of its own, copied there too.
    """

    argv: Sequence[str]
    server: Path
    walls: Walls
    limits: sandbox.Limits
    beside: Sequence[Path] = ()
    _idle: list[sandbox.Session] = field(default_factory=list)
    _folders: list[Path] = field(default_factory=list)
    _lock: threading.Condition = field(default_factory=threading.Condition)
    _asked: int = 0  # sessions that are being asked
    _waited: float = 0.0
    _room: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(cores()))

    def __post_init__(self) -> None:
        atexit.register(self.close)

    def ask(self, payload: str, seconds: float) -> dict[str, Any] | list[base.Diagnostic]:
        """The program's answer, or the diagnostic of the limit it ran into. Raises CheckCrashed where it died."""
        with self._room:
            session = self._take()
            try:
                return self._ask(session, payload, seconds)
            finally:
                with self._lock:
                    self._asked -= 1
                    self._lock.notify()

    def _ask(
        self, session: sandbox.Session, payload: str, seconds: float
    ) -> dict[str, Any] | list[base.Diagnostic]:
        ticket = secrets.token_hex(8)
        result = session.ask(f"{ticket}\t{payload}".encode(), seconds)
        if result.killed_by:
            return base.stopped(result, replace(self.limits, seconds=seconds))
        said, _, text = result.stdout.partition(b"\t")
        if said != ticket.encode() or not text.endswith(b"\n"):
            session.close()
            raise base.crashed(Path(self.argv[0]).name, result)
        answer: dict[str, Any] = json.loads(text)
        if answer.get("spent"):
            session.close()
        else:
            with self._lock:
                self._idle.append(session)
        return answer

    def close(self) -> None:
        """End the idle sessions and remove their folders."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()
            while self._folders:
                shutil.rmtree(self._folders.pop(), ignore_errors=True)

    def _take(self) -> sandbox.Session:
        with self._lock:
            self._wait()
            self._asked += 1
            while self._idle:
                session = self._idle.pop()
                if session.alive:
                    return session
                session.close()
            folder = scratch.make()
            self._folders.append(folder)
        try:
            return self._started(folder)
        except BaseException:
            with self._lock:
                self._asked -= 1
            raise

    def _wait(self) -> None:
        """For a session, unless none is there to wait for, or another one pays."""
        begun = time.monotonic()
        while self._asked and not self._idle:
            left = _START - self._waited - (time.monotonic() - begun)
            if left <= 0:
                self._waited = 0.0
                return
            self._lock.wait(left)
        self._waited += time.monotonic() - begun

    def starts(self) -> bool:
        """Whether the program has here what it needs: asked nothing, it ends well."""
        with scratch.folder() as folder:
            argv = self._command(folder)
            return sandbox.run(argv, folder=folder, walls=self.walls, limits=self.limits).returncode == 0

    def _started(self, folder: Path) -> sandbox.Session:
        argv = self._command(folder)
        return sandbox.Session(argv, folder=folder, walls=self.walls, limits=self.limits)

    def _command(self, folder: Path) -> list[str]:
        for file in (self.server, *self.beside):
            shutil.copyfile(file, folder / file.name)
        copy = folder / self.server.name
        return [str(copy) if word == "SERVER" else word for word in self.argv]
