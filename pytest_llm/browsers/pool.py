"""The lanes of this process: started when pages come, shared by all checks, gone when the process is."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import subprocess
import tempfile
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from typing import IO, Any

from pytest_llm.browsers import jail, libraries, shelf
from pytest_llm.browsers.find import BrowserFound, find
from pytest_llm.browsers.report import Network, PageEvent, PageOptions, PageReport
from pytest_llm.errors import CheckCrashed, Unsupported
from pytest_llm.sandbox import cgroup, environment, programs, sandbox, walls
from pytest_llm.settings import cores

_START_LIMIT = 200.0  # seconds for a lane to say that it is there: longer than its browser may take, twice
# Of a whole lane, where control groups can be had: behind the limit of a page, which the lane itself holds.
_MEMORY, _PROCESSES, _FILE = 4 << 30, 256, 1 << 30


_ATE_ALL = PageEvent(
    "crash", f"the page used more than {_MEMORY / 1e6:.0f} MB of memory and took its browser along"
)
_SOUND = "<!DOCTYPE html><html><body><h1>Hi</h1></body></html>"


class LaneLost(Exception):
    """The lane ended, could not start, or did not answer in time."""


class Lane:
    """A lane process, spoken to over its pipes by one thread at a time. Within walls wherever there are any."""

    def __init__(self, browser: BrowserFound, network: Network) -> None:
        command = [str(programs.python()), "-P", "-m", f"pytest_llm.browsers.{browser.kind}.lane"]
        self.walled = not walls.missing()
        if self.walled:
            command = walls.within(command, jail.walls(browser, network), walls.TMP)
        self._group = cgroup.create(_MEMORY, _PROCESSES) if os.name == "posix" else None
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the lane
        self._process = subprocess.Popen(
            sandbox.launched(command, self._group, _FILE),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            cwd=programs.empty(),
            env={
                **environment.allowed("browser"),
                "PYTHONPATH": str(jail.PACKAGE.parent),
                shelf.VARIABLE: str(libraries.folder()),
            },
            start_new_session=True,
        )
        self._answers: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=_drain, args=(self._process.stdout, self._answers), daemon=True)
        self._reader.start()
        settings = {"browser": str(browser.path), "stepping": browser.stepping, "network": network}
        try:
            hello = self._ask(settings, _START_LIMIT)
        except LaneLost:
            self.close()
            raise
        self.product, self.sandboxed = str(hello["product"]), bool(hello["sandboxed"])

    def judge(self, html: str, options: PageOptions) -> PageReport:
        """The report of a page. Raises LaneLost."""
        # Seconds: the lane holds its limits itself, in processor time, of which a busy machine gives it a tenth.
        limit = 60 + 100 * (options.duration + options.hang) + 10 * (options.wait_limit + len(options.actions))
        answer = self._ask({"html": html, "options": options.plain()}, limit)
        return PageReport.from_plain(answer["report"])

    def _ask(self, message: dict[str, Any], limit: float) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=limit)
        except (OSError, ValueError) as error:
            raise LaneLost(f"the lane ended: {self._last_words() or error}") from None
        except queue.Empty:
            raise LaneLost(f"the lane did not answer within {limit:.0f} s") from None
        if not line:
            raise LaneLost(f"the lane ended: {self._last_words() or 'it said nothing'}")
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise LaneLost(answer["failed"])
        if "unsupported" in answer:
            raise Unsupported(*answer["unsupported"])
        return answer

    @property
    def out_of_memory(self) -> bool:
        """Whether the kernel ended something of it for that."""
        return self._group is not None and self._group.was_out_of_memory()

    def _last_words(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            self._stderr.seek(0)
            return self._stderr.read()[-800:].decode(errors="replace").strip()
        return ""

    def close(self) -> None:
        """End it: it goes when its input ends, and is killed where it does not."""
        with contextlib.suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(3)
        self._stderr.close()
        if self._group:
            self._group.kill()
            self._group.remove()


@dataclass
class _Job:
    html: str
    options: PageOptions
    answer: Future[PageReport]


class Pool:
    """Lanes for one kind of network. Each lives in a thread of its own, which also outlives its callers: bubblewrap
    ends a lane with the very thread that started it."""

    def __init__(self, browser: BrowserFound, network: Network, most: int) -> None:
        self.browser, self._network, self._most = browser, network, most
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._open = 0

    def judge(self, html: str, options: PageOptions) -> PageReport:
        """What becomes of a page; called from any thread. Raises CheckCrashed where no lane can be kept alive."""
        job = _Job(html, options, Future())
        with self._lock:
            self._open += 1
            if len(self._threads) < min(self._open, self._most):
                thread = threading.Thread(target=self._serve, name="browser-lane", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._jobs.put(job)
        try:
            return job.answer.result()
        finally:
            with self._lock:
                self._open -= 1

    def close(self) -> None:
        with self._lock:
            threads, self._threads = self._threads, []
        for _ in threads:
            self._jobs.put(None)
        for thread in threads:
            thread.join(10)

    def _serve(self) -> None:
        lane: Lane | None = None
        while (job := self._jobs.get()) is not None:
            lane = self._do(job, lane)
        if lane is not None:
            lane.close()

    def _do(self, job: _Job, lane: Lane | None) -> Lane | None:
        """Answer one job; a lane that was lost is replaced once, for it may not have been this page's fault."""
        for again in (True, False):
            try:
                lane = lane or Lane(self.browser, self._network)
                report = lane.judge(job.html, job.options)
            except LaneLost as error:
                started, out_of_memory = lane is not None, lane is not None and lane.out_of_memory
                if lane is not None:
                    lane.close()
                lane = None
                if out_of_memory:
                    job.answer.set_result(PageReport((_ATE_ALL,)))
                    return None
                if not again:
                    return self._lost(job, error, started)
            except BaseException as error:  # whatever it is, the caller waits for it in another thread
                job.answer.set_exception(error)
                return lane
            else:
                job.answer.set_result(report)
                return lane
        return lane

    def _lost(self, job: _Job, error: LaneLost, started: bool) -> Lane | None:
        """Answer a job that ended its lane twice: the page is to blame where a sound one ends none."""
        lane: Lane | None = None
        try:
            if not started:
                raise error
            lane = Lane(self.browser, self._network)
            lane.judge(_SOUND, PageOptions(duration=0.1, samples=2))
        except (LaneLost, Unsupported):
            if lane is not None:
                lane.close()
            job.answer.set_exception(CheckCrashed(f"the browser could not be used: {error}"))
            return None
        first_line = str(error).partition("\n")[0]
        job.answer.set_result(PageReport((PageEvent("crash", f"the page ends its browser: {first_line}"),)))
        return lane


@dataclass(frozen=True)
class PoolSettings:
    """browser: a path or command, None to look for one. lanes: how many at most; None: one more than the cores in
    an ordinary run, one in a worker of pytest-xdist."""

    browser: str | None = None
    lanes: int | None = None

    @property
    def most(self) -> int:
        if self.lanes is not None:
            return self.lanes
        return 1 if "PYTEST_XDIST_WORKER" in os.environ else cores() + 1


def shared(settings: PoolSettings, network: Network) -> Pool:
    """The pool of this process, closed when it ends. Raises Unsupported where there is no browser."""
    with _FIRST:
        return _shared(settings, network)


_FIRST = threading.Lock()


@cache
def _shared(settings: PoolSettings, network: Network) -> Pool:
    pool = Pool(find(settings.browser), network, settings.most)
    atexit.register(pool.close)
    return pool


def judge(html: str, options: PageOptions, settings: PoolSettings | None = None) -> PageReport:
    """What becomes of a page, by the shared pool. Raises Unsupported or CheckCrashed."""
    return shared(settings or PoolSettings(), options.network).judge(html, options)


def _drain(stream: IO[bytes], answers: queue.Queue[bytes]) -> None:
    """Hand on lines; an empty one says that the lane ended."""
    with stream:
        for line in stream:
            answers.put(line)
    answers.put(b"")
