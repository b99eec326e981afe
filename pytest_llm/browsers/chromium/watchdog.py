"""How much a page takes, of time and of memory, and the end of one that takes too much."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_llm.browsers.chromium.browser import Browser
from pytest_llm.browsers.chromium.cdp import BrowserGone, PageBroken, ProtocolError, Session

if TYPE_CHECKING:
    import psutil

_ALL = 4  # times the limit of a script: what all the browser's processes may use within one command
_EARLY = 0.25  # of the limit of a script: what it has told its browser by then is soon got through
_IDLE = 0.05  # of the time that passes: a browser that uses less of a processor waits for something


@dataclass(frozen=True)
class Used:
    """Seconds of processor time. own: user time of the page's processes, which depends on the page alone (how long
    the kernel takes depends on the machine as well). drawing: with that of the graphics process. all: with system
    time, of all the browser's processes."""

    own: float = 0.0
    drawing: float = 0.0
    all: float = 0.0

    def __sub__(self, other: Used) -> Used:
        return Used(self.own - other.own, self.drawing - other.drawing, self.all - other.all)


class Limits(NamedTuple):
    """Seconds. hang: of user time that a page may use within one command. idle: in which nothing need happen."""

    hang: float
    idle: float

    @classmethod
    def of(cls, hang: float) -> Limits:
        return cls(hang, hang * _ALL)


class Meter:
    """The processor time that a browser's processes have used, those included that have ended since."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._processes: dict[int, tuple[str, psutil.Process]] = {}
        self._times: dict[int, tuple[float, float]] = {}

    async def look(self) -> None:
        """See which processes there are."""
        import psutil

        for kind, pid, _ in await self._browser.processes():
            if pid not in self._processes:
                with contextlib.suppress(psutil.Error):
                    self._processes[pid] = (kind.lower(), psutil.Process(pid))

    @property
    def renderers(self) -> list[int]:
        return [pid for pid, (kind, _) in self._processes.items() if kind == "renderer"]

    def runnable(self) -> bool:
        """Whether one of them works, or would if it were given a processor."""
        return any(map(runnable, self._processes))

    def used(self) -> Used:
        """Of the processes that were there when it last looked."""
        import psutil

        own = drawing = every = 0.0
        for pid, (kind, process) in self._processes.items():
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                self._times[pid] = (times.user, times.system)
            user, system = self._times.get(pid, (0.0, 0.0))
            own += user * (kind == "renderer")
            drawing += user * (kind in ("renderer", "gpu"))
            every += user + system
        return Used(own, drawing, every)


def runnable(pid: int) -> bool:
    """Whether a thread of the process waits for nothing but a processor or a disk, where the system tells."""
    for path in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):
            if path.read_text(errors="replace").rpartition(")")[2].split()[0] in "RD":
                return True
    return False


class Rest:
    """Waits until a browser has nothing left to do: what a page asks others for, who have no part in its clock,
    then comes at the same moment of its time. One that never rests is waited for no more."""

    _AGAIN = 0.002  # seconds
    _QUIET = 3  # looks in a row: between two processes at work, a single one may find neither
    _RESTLESS = 0.5  # seconds of processor time: a Worker that computes for long, say

    def __init__(self, meter: Meter) -> None:
        self._meter, self._ever = meter, True

    async def come(self) -> None:
        await self._meter.look()
        began, quiet = self._meter.used().all, 0
        while self._ever and (quiet := 0 if self._meter.runnable() else quiet + 1) < self._QUIET:
            await asyncio.sleep(self._AGAIN)
            self._ever = self._meter.used().all - began < self._RESTLESS


class Watchdog:
    """Stops a page that hangs or eats the memory, in whichever process, while the caller simply awaits its answers.

    A page hangs when its own processes used `hang` seconds of user time within one command; a busy machine is not
    taken for a busy page. Four times as much of all processes together, as an endless shader uses, is a hang too,
    and so is a browser that waits for `idle` seconds without doing anything, though not for a processor. Its
    pending commands then fail with PageBroken. Early on its way there it asks for a `glance` at what runs.
    """

    _EVERY = 0.1  # seconds
    _LOOKS = 5  # times that: the browser is asked for its processes, and new ones and files are looked for

    def __init__(
        self,
        browser: Browser,
        session: Session,
        meter: Meter,
        *,
        limits: Callable[[], Limits],
        memory: int,
        glance: Callable[[], None],
    ) -> None:
        self._browser, self._session, self._meter, self._glance = browser, session, meter, glance
        self._limits, self.memory = limits, memory
        self._command: tuple[int | str, float] | None = None
        self._glanced: tuple[int | str, float] | None = None
        self._begun = self._before = Used()  # with the command, and since it last grew
        self._largest = 0.0
        self._grew = self._since = 0.0  # when it last did, and since when it has not: by the loop's clock
        self.ate_memory = False

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        looking = asyncio.create_task(self._look())
        for number in itertools.count():
            await asyncio.sleep(self._EVERY)
            thorough = number % self._LOOKS == 0
            self._limit_memory(anew=thorough)
            self._limit_time(self._meter.used())
            if thorough and number and looking.done():  # a browser that is busy does not tell
                looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        with contextlib.suppress(BrowserGone, ProtocolError):
            await self._meter.look()

    def _limit_memory(self, *, anew: bool = True) -> None:
        size = self._browser.memory(anew=anew)
        if size > self._largest + self.memory / 20:
            self._largest, self._grew = size, asyncio.get_running_loop().time()
        if size > self.memory:
            self.ate_memory = True
            for pid in self._meter.renderers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._session.fail(PageBroken("crash", "the page ate the memory"))

    def _limit_time(self, used: Used) -> None:
        now, command = asyncio.get_running_loop().time(), self._session.oldest()
        if command is None or command != self._command:
            self._command, self._begun = command, used
            self._before, self._since = used, now
            return
        hang, idle = self._limits()
        own = (used - self._begun).own
        if own >= hang * _EARLY and command != self._glanced:
            self._glanced = command
            self._glance()
        if own >= hang:
            self._fail(f"it computed for {hang:g} s without a pause (`hang` allows for more)")
            return
        if self._grew > self._since:
            self._before, self._since = used, now  # whoever works or waits for what grows: it ends by its memory
        waited, within = now - self._since, used - self._before
        if within.all >= hang * _ALL:
            self._fail(f"one frame took its browser {hang * _ALL:g} s of processor time")
        elif waited >= idle and within.all < waited * _IDLE and not self._meter.runnable():
            self._fail(f"nothing happened for {idle:g} s")

    def _fail(self, message: str) -> None:
        self._session.fail(PageBroken("hang", message))
