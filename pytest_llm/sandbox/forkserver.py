"""Programs started by a process that stays within walls: a tenth of the cost of walls for each of them.

A server starts one program at a time and reads nothing that one reads or writes; each has namespaces of its own, in
which it sees the folder it is started in and none beside it, and all it started is gone before the next one comes.
Where that cannot be had, the caller builds walls for the one program.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from pathlib import Path
from typing import IO

from pytest_llm.sandbox import programs, scratch
from pytest_llm.sandbox.walls import Walls, within

_PATIENCE = 30.0  # seconds that a server may take to start a program, and to see it gone, on a busy machine
_CREDENTIALS = 12  # bytes: pid, uid, gid
_SOURCE = Path(__file__).with_name("forkserver_child.py")

Key = tuple[Path, tuple[Path, ...]]


class Unavailable(Exception):
    """This machine does not let a process within walls build more of them."""


class Program:
    """A program that a server has started, with what `subprocess.Popen` has: its streams are unbuffered.

    pid: of the first process of its namespace, which ends after all the others.
    """

    def __init__(self, server: Server, streams: Sequence[int], told: socket.socket, pid: int) -> None:
        self.stdin, self.stdout, self.stderr = _files(streams)
        self.pid, self.returncode = pid, None
        self._server, self._told = server, told

    returncode: int | None

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        return self._ended(0.0)

    def wait(self) -> int:
        """How it ended, once the last of its processes is gone; killed where one cannot be ended in time."""
        code = self._ended(_PATIENCE)
        return -signal.SIGKILL if code is None else code

    def end(self) -> None:
        """Kill it, and all it started."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def release(self) -> None:
        """Give the server back, if the program is gone; else end it too."""
        self._told.close()
        _give_back(self._server) if self.returncode is not None else self._server.close()

    def _ended(self, seconds: float) -> int | None:
        if self.returncode is None:
            said = _received(self._told, seconds)[0]
            if said.startswith(b"ended "):
                self.returncode = int(said.split()[1])
        return self.returncode


class Server:
    """The process within walls. base: the folder that holds the folders of all programs."""

    def __init__(self, key: Key) -> None:
        self.key, self._shown = key, _identity(key)
        base, readonly = key
        own = _needed(readonly)
        self._asks, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words = [str(theirs.fileno()), str(base), *map(str, own)]
        argv = [str(programs.interpreter()), "-ISB", "-c", _SOURCE.read_text("utf-8"), *words]
        walls = Walls(readonly=(*own, *readonly), writable=(base,), uid=0, nesting=True)
        with theirs:
            self._process = subprocess.Popen(
                within(argv, walls, "/usr"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                cwd="/",
                env={},
                start_new_session=True,
            )

    @property
    def fit(self) -> bool:
        """Whether it still runs, and shows what lies at its places now: a mount outlives its folder."""
        return self._process.poll() is None and self._shown == _identity(self.key)

    def start(
        self, argv: Sequence[str], folder: Path, env: Mapping[str, str], file: int, joins: Sequence[Path]
    ) -> Program:
        """Start a program in its folder. file: bytes of the largest file. joins: the control groups' files.

        Raises Unavailable.
        """
        pairs = [os.pipe() for _ in range(3)]
        ours = [pairs[0][1], pairs[1][0], pairs[2][0]]
        theirs = [pairs[0][0], pairs[1][1], pairs[2][1]]
        told, telling = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        told.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        try:
            with telling:
                given = [*theirs, telling.fileno(), *(os.open(path, os.O_WRONLY) for path in joins)]
                theirs = [fd for fd in given if fd != telling.fileno()]
                words = [str(folder), str(file), str(len(argv)), *argv, *(f"{k}={v}" for k, v in env.items())]
                self._asks.sendmsg(
                    [b"\0".join(map(os.fsencode, words))],
                    [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", given))],
                )
            said, pid = _received(told, _PATIENCE)
            if said != b"begun":
                raise Unavailable(said.decode("utf-8", "replace"))
            return Program(self, ours, told, pid)
        except BaseException as error:
            for fd in ours:
                os.close(fd)
            told.close()
            self.close()
            if isinstance(error, OSError):
                raise Unavailable(str(error)) from error
            raise
        finally:
            for fd in theirs:
                os.close(fd)

    def close(self) -> None:
        """End it, with the program that it has started."""
        self._asks.close()
        self._process.kill()
        self._process.wait()


_idle: dict[Key, list[Server]] = {}
_impossible: set[Key] = set()
_lock = threading.Lock()


def start(
    argv: Sequence[str], folder: Path, walls: Walls, env: Mapping[str, str], file: int, joins: Sequence[Path]
) -> Program | None:
    """A program within walls, as `Server.start` starts it; None where it needs walls of its own.

    Only where walls are not missing.
    """
    key = (scratch.home(), walls.readonly)
    if not _fits(folder, walls) or key in _impossible:
        return None
    try:
        return _taken(key).start(argv, folder, env, file, joins)
    except Unavailable:
        _impossible.add(key)
        return None


def _fits(folder: Path, walls: Walls) -> bool:
    """Whether these walls are what a server gives: some folders to read, one to write, and no more."""
    home = scratch.home()
    plain = Walls(readonly=walls.readonly, env=walls.env) == walls
    return plain and folder.parent == home and _apart(walls.readonly, home)


@lru_cache(64)
def _apart(readonly: tuple[Path, ...], home: Path) -> bool:
    return not any(path.is_relative_to(home) for path in readonly)


def _taken(key: Key) -> Server:
    with _lock:
        idle = _idle.get(key, [])
        while idle:
            server = idle.pop()
            if server.fit:
                return server
            server.close()
    # The kernel ends a program together with the thread that started it, so a thread that stays starts them.
    return _starter().submit(Server, key).result()


def _identity(key: Key) -> list[tuple[int, int] | None]:
    """Which folders lie at a server's places."""
    return [_inode(path) for path in (key[0], *key[1])]


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        there = os.stat(path)
    except OSError:
        return None
    return there.st_dev, there.st_ino


def _give_back(server: Server) -> None:
    with _lock:
        _idle.setdefault(server.key, []).append(server)


@cache
def _starter() -> ThreadPoolExecutor:
    atexit.register(_close)
    return ThreadPoolExecutor(1, "pytest-llm-forkserver")


def _close() -> None:
    with _lock:
        for server in [one for some in _idle.values() for one in some]:
            server.close()
        _idle.clear()


def _needed(readonly: Sequence[Path]) -> list[Path]:
    """What Python needs of the file system and the programs do not see. Raises Unavailable where these overlap."""
    prefixes = dict.fromkeys(Path(one).resolve() for one in (sys.base_prefix, sys.base_exec_prefix))
    own = [one for one in prefixes if not any(map(one.is_relative_to, (Path("/usr"), *readonly)))]
    if any(path.is_relative_to(one) for path in readonly for one in own):
        raise Unavailable("a compiler lies within Python's own folder")
    return own


def _files(streams: Sequence[int]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    modes = ("wb", "rb", "rb")
    stdin, stdout, stderr = (os.fdopen(fd, mode, buffering=0) for fd, mode in zip(streams, modes, strict=True))
    return stdin, stdout, stderr


def _received(told: socket.socket, seconds: float) -> tuple[bytes, int]:
    """The next message, empty where there is none in time or no more; and who sent it, by our own count."""
    told.settimeout(seconds)
    try:
        said, ancillary, _, _ = told.recvmsg(4096, socket.CMSG_SPACE(_CREDENTIALS))
    except (BlockingIOError, TimeoutError):
        return b"", 0
    pid = next((int.from_bytes(data[:4], "little") for _, _, data in ancillary), 0)
    return said, pid
