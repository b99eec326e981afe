"""Lanes: shared, replaced when they are lost, and gone with the process that had them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import psutil
import pytest

from pytest_llm.browsers.find import BrowserFound, find
from pytest_llm.browsers.pool import LaneLost, Pool, PoolSettings
from pytest_llm.browsers.report import PageOptions, PageReport
from pytest_llm.errors import CheckCrashed, Unsupported
from pytest_llm.sandbox import walls
from tests.helpers.pages import FOLDER

try:
    BROWSER = find()
except Unsupported as missing:
    pytest.skip(str(missing), allow_module_level=True)

QUICK = PageOptions(duration=0.1, samples=2)
PAGE = "<!DOCTYPE html><html><body><h1>Hello</h1></body></html>"
HOLDER = """
import sys
from pytest_llm.browsers.pool import judge
from pytest_llm.browsers.report import PageOptions
judge("<!DOCTYPE html><html><h1>Hi</h1></html>", PageOptions(duration=0.1))
print("shown", flush=True)
judge("<!DOCTYPE html><html><script>while (true);</script></html>", PageOptions(hang=60))
"""


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(BROWSER, "block", 1)
    yield pool
    pool.close()


def below(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def lanes() -> set[int]:
    return {process.pid for process in psutil.Process().children()}


def bare_path(folder: Path) -> str:
    """A PATH that holds the browser and nothing else, so no bubblewrap either."""
    folder.mkdir()
    (folder / "chromium-headless-shell").symlink_to(BROWSER.path.resolve())
    return str(folder)


@pytest.mark.parametrize("jail", [True, False])
def test_nothing_is_left_behind_by_kill_9(tmp_path: Path, jail: bool) -> None:
    if jail and shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    root = str(Path(__file__).parents[3])
    env = {**os.environ, "PYTHONPATH": root, "TMPDIR": str(tmp_path)}
    if not jail:
        env["PATH"] = bare_path(tmp_path / "bin")
    with subprocess.Popen([sys.executable, "-c", HOLDER], env=env, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"shown\n"
        started = below(holder.pid)
        assert len(started) >= 4
        holder.kill()
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []
    assert not list(tmp_path.glob("page-*"))


def test_a_lane_outlives_the_thread_that_asked_first(pool: Pool) -> None:
    before = lanes()
    first = threading.Thread(target=pool.judge, args=(PAGE, QUICK))
    first.start()
    first.join()
    (lane,) = lanes() - before
    assert pool.judge(PAGE, QUICK).blank is False
    assert lanes() - before == {lane}


def test_a_lane_that_was_killed_is_replaced(pool: Pool) -> None:
    before = lanes()
    pool.judge(PAGE, QUICK)
    (lane,) = lanes() - before
    psutil.Process(lane).kill()
    assert pool.judge(PAGE, QUICK).blank is False
    assert lanes() - before != {lane}


def test_a_browser_that_dies_is_replaced_within_its_lane(pool: Pool) -> None:
    before = lanes()
    pool.judge(PAGE, QUICK)
    (lane,) = lanes() - before
    for process in below(lane):
        words = cmdline(process)
        if any("--remote-debugging-pipe" in word for word in words) and not any(
            "--type=" in word for word in words
        ):
            process.kill()
    assert pool.judge(PAGE, QUICK).blank is False
    assert lanes() - before == {lane}


def test_closing_ends_every_process(pool: Pool) -> None:
    others = set(psutil.Process().children(recursive=True))
    pool.judge(PAGE, QUICK)
    started = set(psutil.Process().children(recursive=True)) - others
    assert len(started) >= 3
    pool.close()
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_without_bubblewrap_the_browser_alone_cuts_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", bare_path(tmp_path / "bin"))
    pool = Pool(BROWSER, "block", 1)
    try:
        page = "<!DOCTYPE html><html><script>fetch('http://10.0.0.1/').catch(() => 0)</script><h1>Hi</h1></html>"
        report = pool.judge(page, QUICK)
    finally:
        pool.close()
    assert [event.kind for event in report.events] == ["request"]


def test_a_browser_that_does_not_start_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    broken = tmp_path / "headless-broken"
    broken.write_text("#!/bin/sh\necho 'libfoo.so is missing' >&2\nexit 3\n")
    broken.chmod(0o755)
    pool = Pool(BrowserFound(broken, stepping=True), "block", 1)
    try:
        with pytest.raises(CheckCrashed, match=r"(?s)could not be used: .*did not start: libfoo.so is missing"):
            pool.judge(PAGE, QUICK)
    finally:
        pool.close()


class FragileLane:
    """A lane that ends at some pages: those that `breaks` names, as often as it says."""

    breaks: ClassVar[dict[str, int]] = {}
    out_of_memory = False

    def __init__(self, *_: object) -> None: ...

    def judge(self, html: str, _: PageOptions) -> PageReport:
        left = self.breaks.get(html, self.breaks.get("any", 0))
        if left:
            self.breaks[html] = left - 1
            raise LaneLost("the lane ended: Traceback\nKeyError: 1")
        return PageReport(frames=7)

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("breaks", "found"),
    [
        ({}, []),
        ({PAGE: 1}, []),  # the lane may have been ill before
        ({PAGE: 9}, ["the page ends its browser: the lane ended: Traceback"]),
        ({"any": 9}, None),
    ],
)
def test_a_page_that_ends_its_lane_twice_is_to_blame_where_a_sound_one_does_not(
    breaks: dict[str, int], found: list[str] | None, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_llm.browsers.pool.Lane", FragileLane)
    monkeypatch.setattr(FragileLane, "breaks", dict(breaks))
    if found is None:
        with pytest.raises(CheckCrashed, match="could not be used: the lane ended"):
            pool.judge(PAGE, QUICK)
        return
    assert [(event.kind, event.message) for event in pool.judge(PAGE, QUICK).events] == [
        ("crash", message) for message in found
    ]
    assert pool.judge("another", QUICK).frames == 7


def test_an_interpreter_called_by_a_way_up_is_found_within_walls(monkeypatch: pytest.MonkeyPatch) -> None:
    there = Path(sys.executable).parent
    monkeypatch.setattr(sys, "executable", str(there / ".." / there.name / Path(sys.executable).name))
    pool = Pool(BROWSER, "block", 1)
    try:
        assert pool.judge(PAGE, QUICK).blank is False
    finally:
        pool.close()


@pytest.mark.skipif(bool(walls.missing()), reason=walls.missing() or "-")
def test_where_there_are_walls_no_lane_starts_without_them(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_llm.browsers.jail.walls", lambda *_: walls.Walls())  # Python is not to be seen
    with pytest.raises(CheckCrashed, match="could not be used: the lane ended"):
        pool.judge(PAGE, QUICK)


@pytest.mark.parametrize(("few", "frames"), [(False, 121), (True, 55)])
def test_how_many_frames_are_shown(pool: Pool, few: bool, frames: int) -> None:
    report = pool.judge((FOLDER / "ok-ball.html").read_text(), PageOptions(few=few, samples=3))
    assert (report.events, report.changes, report.shown) == ((), 2, pytest.approx(2.0, abs=0.1))
    assert report.frames == pytest.approx(frames, abs=3)


def test_no_more_lanes_start_than_pages_are_asked_for_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class Quick:
        def __init__(self, *_: object) -> None:
            started.append(self)

        def judge(self, html: str, options: PageOptions) -> PageReport:
            return PageReport(())

        def close(self) -> None: ...

    started: list[Quick] = []
    monkeypatch.setattr("pytest_llm.browsers.pool.Lane", Quick)
    pool = Pool(BROWSER, "block", 5)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # another thread goes on between any two steps
    try:
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda _: pool.judge(PAGE, QUICK), range(3000)))
    finally:
        sys.setswitchinterval(interval)
        pool.close()
    assert 1 <= len(started) <= 2


def test_how_many_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    assert PoolSettings().most == len(os.sched_getaffinity(0)) + 1
    assert PoolSettings(lanes=7).most == 7
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    assert PoolSettings().most == 1


@pytest.fixture(scope="module")
def ordinary() -> Iterator[Pool]:
    """A browser whose frames cannot be stepped."""
    pool = Pool(BrowserFound(BROWSER.path, stepping=False), "block", 1)
    yield pool
    pool.close()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ok-ball", None),
        ("bad-const", "Assignment to constant variable"),
        ("bad-endless-loop", "does not come to an"),
        ("bad-title-flood", "does not come to an"),
    ],
)
def test_an_ordinary_browser_shows_pages_in_real_time(ordinary: Pool, name: str, words: str | None) -> None:
    report = ordinary.judge((FOLDER / f"{name}.html").read_text(), PageOptions(duration=0.5, hang=1))
    assert report.mode == "real time"
    assert [words in event.message for event in report.events if words] == ([True] if words else [])
    assert report.changes >= (0 if words else 2)


COMPUTES = "const computes = (s) => { for (const end = Date.now() + 1000 * s; Date.now() < end; ) Math.random(); };"


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("setTimeout(() => {\ncomputes(60); }, 300)", 2),
        ("computes(4)", 2),  # it ends, but took too long
        ("const again = () =>\nPromise.resolve().then(again); again();", 4),
        ("setTimeout(() => {\nfor (let n = 0; ; n++) new Image().src = `data:,${n}`; }, 300)", 4),
        ("setTimeout(() => {\nfor (;;) history.replaceState({}, '', '#' + Math.random()); }, 300)", 4),
        ("setTimeout(() => {\nfor (;;) { debugger; for (let n = 0; n < 2e7; n++); } }, 300)", 4),
        ("let n = 5; const next = () => { computes(0.4); if (n--) setTimeout(next, 20); }; next()", None),
        ("let n = 900; const next = () => { debugger; if (n--) setTimeout(next, 1); }; next()", None),
    ],
)
def test_a_script_without_a_pause_in_real_time(ordinary: Pool, script: str, line: int | None) -> None:
    """However often it is glanced at, and whatever was asked meanwhile."""
    page = f"<!DOCTYPE html><html><body><h1>Hi</h1><script>\n{COMPUTES}\n{script}\n</script></body></html>"
    report = ordinary.judge(page, PageOptions(duration=2, hang=1))
    found = [(event.kind, event.line) for event in report.events if event.kind != "warning"]
    assert found == ([("hang", line)] if line else [])
