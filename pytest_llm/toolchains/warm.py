"""Compilers that stay: sessions kept for the next file, restarted when one hangs or dies."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_llm.sandbox import sandbox
from pytest_llm.toolchains import base

SERVERS = Path(__file__).parent / "servers"


@dataclass
class Pool:
    """Sessions of one program, as many as are asked at once, up to the number of processors.

    argv: the program; the word "SERVER" stands for a copy of `server` in the session's folder.
    """

    argv: Sequence[str]
    server: Path
    walls: sandbox.Walls
    limits: sandbox.Limits
    _idle: list[sandbox.Session] = field(default_factory=list)
    _folders: list[Path] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _room: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(os.cpu_count() or 1))

    def __post_init__(self) -> None:
        atexit.register(self.close)

    def ask(self, line: bytes, seconds: float) -> dict[str, Any] | list[base.Diagnostic]:
        """The program's answer, or the diagnostic of the limit it ran into. Raises CheckCrashed where it died."""
        with self._room:
            session = self._take()
            result = session.ask(line, seconds)
            if result.killed_by:
                return base.stopped(result, self.limits)
            if not result.stdout.endswith(b"\n"):
                session.close()
                raise base.crashed(Path(self.argv[0]).name, result)
            with self._lock:
                self._idle.append(session)
        answer: dict[str, Any] = json.loads(result.stdout)
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
            while self._idle:
                session = self._idle.pop()
                if session.alive:
                    return session
                session.close()
            folder = Path(tempfile.mkdtemp(prefix="pytest-llm-")).resolve()
            self._folders.append(folder)
        copy = folder / self.server.name
        shutil.copyfile(self.server, copy)
        argv = [str(copy) if word == "SERVER" else word for word in self.argv]
        return sandbox.Session(argv, folder=folder, walls=self.walls, limits=self.limits)


def readonly(*paths: Path) -> sandbox.Walls:
    """Walls that let these folders be read; what is under /usr is there anyway."""
    return sandbox.Walls(readonly=tuple(path for path in paths if not path.is_relative_to("/usr")))
