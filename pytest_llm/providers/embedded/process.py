"""A llama.cpp server in a child process of ours: start it, hear how it ended, end it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import time
from collections import deque
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from pytest_llm.sandbox import environment, programs

PROGRAM = Path(__file__).with_name("child.py")
STDERR_LINES = 200  # llama.cpp's last words are among these; its log of a load is longer
GONE_SECONDS = 1.0  # for the kernel to reap a process whose connection has broken
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
_ERROR_LINE = re.compile(r"^[\d.]+ E \s*(.*)$")
_PLACE = re.compile(r"^\w[\w ~()]*?:\s+")
_SAYS_NOTHING = re.compile(r"exiting due to|fit params|failed to load model|Failed to init server", re.IGNORECASE)


@dataclass(frozen=True)
class Load:
    """What a runner is made of. num_ctx: tokens for each of the slots. None leaves a thing to llama.cpp."""

    path: str
    num_ctx: int
    num_thread: int
    slots: int = 1
    num_batch: int | None = None
    num_gpu: int | None = None
    main_gpu: int | None = None
    use_mmap: bool | None = None


class LoadFailed(Exception):
    """The model could not be loaded; the message says why."""


class LlamaProcess:
    """A running child. url, key: where it serves. load_seconds: from its start until it served."""

    def __init__(self, process: asyncio.subprocess.Process, key: str) -> None:
        self._process, self.key = process, key
        self._said: deque[str] = deque(maxlen=STDERR_LINES)
        self._drain = asyncio.create_task(self._read_stderr())
        self.url = ""
        self.load_seconds = 0.0

    @classmethod
    async def start(cls, load: Load, seconds: float) -> LlamaProcess:
        """Start a child and wait, `seconds` at most, until it serves. Raises LoadFailed."""
        began, key = time.perf_counter(), secrets.token_urlsafe(24)
        process = await asyncio.create_subprocess_exec(
            str(programs.python()),
            "-P",  # its own folder holds modules that are called like others
            str(PROGRAM),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=programs.empty(),
            env={**environment.allowed("llama"), **_library()},
            start_new_session=True,
        )
        child = cls(process, key)
        try:
            async with asyncio.timeout(seconds):
                child.url = await child.hand_over(load)
        except TimeoutError:
            await child.stop()
            raise LoadFailed(f"it did not serve within {seconds:g} s") from None
        except BaseException:
            await child.stop()
            raise
        child.load_seconds = time.perf_counter() - began
        return child

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def gone(self) -> bool:
        """Whether it has ended. A connection breaks a moment before the process is seen to be gone."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GONE_SECONDS):
                await self._process.wait()
                await self._drained()
        return not self.alive

    def epitaph(self) -> str:
        """How it ended, and its last words."""
        code = self._process.returncode or 0
        how = f"ended with exit code {code}" if code >= 0 else f"was killed by {_signal_name(-code)}"
        if code == -KILL:
            how += " (this is how the kernel ends what takes too much memory)"
        words = self._reason()
        return f"{how}: {words}" if words else how

    def kill(self) -> None:
        """By its number: Popen's own `kill` would take the exit code away from the event loop."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, KILL)

    async def stop(self) -> None:
        """Kill it, and leave nothing of it behind. May be called twice."""
        self.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()
        await self._drained()

    async def hand_over(self, load: Load) -> str:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with contextlib.suppress(ConnectionError):  # it may be dead already: then there is no answer either
            stdin.write(json.dumps({**asdict(load), "key": self.key}).encode() + b"\n")
            await stdin.drain()
        line = await stdout.readline()
        if not line:
            await self._process.wait()
            await self._drained()
            raise LoadFailed(f"its process {self.epitaph()}")
        answer: dict[str, str] = json.loads(line)
        if "error" in answer:
            await self.gone()
            await self.stop()
            raise LoadFailed(self._reason() or answer["error"])
        return answer["url"]

    async def _drained(self) -> None:
        await asyncio.wait({self._drain}, timeout=GONE_SECONDS)

    async def _read_stderr(self) -> None:
        """Read all that comes: a full pipe would stop the child. Lines may be of any length."""
        stderr = self._process.stderr
        assert stderr is not None
        rest = b""
        while chunk := await stderr.read(2**16):
            *lines, rest = (rest + chunk)[-(2**18) :].split(b"\n")
            self._said.extend(line.decode(errors="replace") for line in lines)
        if rest:
            self._said.append(rest.decode(errors="replace"))

    def _reason(self) -> str:
        """The first of its complaints that says something; else its last line."""
        complaints = [_PLACE.sub("", found[1]) for line in self._said if (found := _ERROR_LINE.match(line))]
        telling = [line for line in complaints if not _SAYS_NOTHING.search(line)]
        last = [line for line in self._said if line.strip() and not re.match(r"^[\d.]+ [IW] ", line)][-1:]
        return "; ".join(list(dict.fromkeys(telling))[:2] or complaints[:1] or last)


def _library() -> dict[str, str]:
    """Where the child finds llama.cpp's package, wherever this process has it from."""
    found = find_spec("xllamacpp")
    return {"PYTHONPATH": str(Path(found.origin).parents[1])} if found and found.origin else {}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
