"""Pages in a stock Firefox: the same findings as in Chromium, in Firefox's words."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.browsers.events import EventLog
from pytest_llm.browsers.find import find
from pytest_llm.browsers.firefox.witness import CHANNEL, Witness
from pytest_llm.browsers.places import PAGE_URL
from pytest_llm.browsers.pool import Pool
from pytest_llm.browsers.report import PageOptions, PageReport
from pytest_llm.errors import Unsupported
from tests.helpers.pages import FOLDER
from tests.helpers.visits import PAGE, VISITS

psutil = pytest.importorskip("psutil")
try:
    FIREFOX = find("firefox")
except Unsupported as missing:
    pytest.skip(str(missing), allow_module_level=True)

QUICK = PageOptions(duration=0.2, samples=2, wait_limit=0.1)
VISITED = """<!DOCTYPE html><html><body><button id=b onclick="console.error('clicked')">go</button>
<input id=t oninput="this.value.length == 3 && console.error('typed ' + this.value)">
<script>
onkeyup = e => e.key.startsWith("Arrow") && console.error("key " + e.key);
onmousedown = e => { if (e.clientY > 200) console.error("down", e.clientX, e.clientY); };
onmouseup = e => { if (e.clientY > 200) console.error("up", e.clientX, e.clientY); };
</script></body></html>"""


@dataclass(frozen=True)
class Showing:
    """How a page is shown, and what must become of it: a kind of event, its line, words of its message."""

    kind: str
    line: int | None
    words: str
    options: PageOptions = QUICK

    def agrees(self, report: PageReport) -> bool:
        if self.kind == "blank":
            return report.events == () and report.blank is True
        return any((e.kind, e.line) == (self.kind, self.line) and self.words in e.message for e in report.events)


TABLE = {
    "bad-after-frame-50": Showing("exception", 15, "undefinedThing is not", PageOptions(duration=2.5, samples=2)),
    "bad-blank-canvas": Showing("blank", None, ""),
    "bad-syntax": Showing("exception", 11, "SyntaxError: missing variable name"),
    "bad-rejection": Showing("rejection", 8, "Error: no such level"),
    "bad-alert": Showing("dialog", 8, "alert('Game over') was closed at once"),
    "bad-cdn": Showing("request", 6, "three.min.js was blocked"),
    "bad-websocket": Showing("request", 8, "ws://192.168.1.1:9000/ was blocked"),
    "bad-worker": Showing("worker", None, "inside the worker"),
    "bad-location": Showing("navigation", 8, "leaves for https://example.com/"),
    "bad-window-open": Showing("popup", 8, "opened a window"),
    "bad-download": Showing("download", 6, "data.txt"),
    "bad-wait": Showing("wait", None, "window.never", replace(QUICK, wait_for="window.never")),
    "bad-endless-loop": Showing("hang", 9, "does not come to an end", replace(QUICK, hang=1.0)),
    "bad-memory": Showing("crash", None, "memory and was stopped", PageOptions(memory=500_000_000)),
}
TALKS = """<!DOCTYPE html><html><body><iframe srcdoc="<p>Hi<script>astray()</script>"></iframe><script>
open('', '_self'); close();
onerror = message => message.includes("handled");
console.error("at", {a: [1, true, null]}, NaN);
console.assert(1 > 2, "of %s", "course");
console.error(new RangeError("too far"));
setTimeout(() => handled());
setTimeout(() => Promise.reject("no luck"), 10);
setTimeout(() => Promise.reject({code: 1}), 20);
setTimeout(async () => { await null; lost(); }, 30);
setTimeout(() => { throw "a word"; }, 40);
setTimeout("not a script", 50);
</script></body></html>"""
TOLD = [
    ("exception", 1, "ReferenceError: astray is not defined"),
    ("exception", 7, "ReferenceError: handled is not defined"),
    ("console", 4, "at {a: [1, true, null]} NaN"),
    ("console", 5, "assertion failed: of course"),
    ("console", 6, "RangeError: too far"),
    ("rejection", None, "no luck"),
    ("rejection", None, '{"code":1}'),
    ("rejection", 10, "ReferenceError: lost is not defined"),
    ("exception", 11, "a word"),
    ("exception", 12, "SyntaxError: unexpected token: identifier"),
]
STARTED = "new Worker(URL.createObjectURL(new Blob([`{}`])));".format
MODULE = (
    "const m = t => URL.createObjectURL(new Blob([t], {{type: 'text/javascript'}}));"
    "new Worker(m(`{}`), {{type: 'module'}});"
).format
UNLOADED = [
    (
        "worker",
        "its script could not be loaded: a module is missing, does not parse, or is no JavaScript by its type",
        1,
    )
]
NOPE = "ReferenceError: nope is not defined"
MUTED = "<script src='data:text/javascript,nope()'></script>"  # what goes wrong in it is kept from its page
# A page's script, and all that is told of it: a kind, a message, how often.
TOLD_ONCE: dict[str, list[tuple[str, str, int]]] = {
    STARTED("nope()"): [("worker", NOPE, 1)],
    STARTED("setTimeout(() => nope(), 20)"): [("worker", NOPE, 1)],
    STARTED("let let = 1"): [("worker", "SyntaxError: a lexical declaration can't define a 'let' binding", 1)],
    STARTED("throw 'a word'"): [("worker", "a word", 1)],
    STARTED("onerror = () => true; throw null"): [("worker", "null", 1)],
    STARTED("Promise.reject(1)"): [("worker", "1", 1)],
    STARTED("console.error('c')"): [("worker", "c", 1)],
    STARTED("new Worker(URL.createObjectURL(new Blob(['nope()'])))"): [("worker", NOPE, 1)],
    STARTED("nope()") * 2: [("worker", NOPE, 2)],
    STARTED("nope()") + "nope()": [("exception", NOPE, 1), ("worker", NOPE, 1)],
    STARTED("0") + "throw 'a word'": [("exception", "a word", 1)],
    STARTED("0") + "Promise.reject(5)": [("rejection", "5", 1)],
    MODULE("import 'three'"): UNLOADED,
    MODULE("import '${m('let let')}'"): UNLOADED,
    MODULE("import {a} from '${m('export const b = 1')}'"): UNLOADED,
    MODULE("import '${m('1')}'; postMessage(1)"): [],
    "new OfflineAudioContext(1, 9, 44100).audioWorklet.addModule('data:text/javascript,nope()')": [
        ("worker", NOPE, 1)
    ],
    f"0</script>{MUTED}<script>": [("exception", NOPE, 1)],
    f"onerror = () => true</script>{MUTED}<script>": [("exception", "Script error.", 1)],
    f"{STARTED('postMessage(1)')}</script>{MUTED}<script>": [("worker", NOPE, 1)],  # or of the page: nobody knows
    "new Worker('data:text/javascript,nope()')": [("worker", NOPE, 1)],
    "new Worker('data:,nope()')": [("worker", NOPE, 1)],
    "import('data:text/javascript,setTimeout(() => nope())')": [("exception", NOPE, 1)],
    "new Worker('data:;base64,MQ==')": [],
    STARTED("postMessage(1)") + STARTED("new Worker(URL.createObjectURL(new Blob(['1'])))"): [],
}
HOLDER = """
from pytest_llm.browsers.pool import judge
from pytest_llm.browsers.report import PageOptions
from pytest_llm.sandbox import walls
page = "<!DOCTYPE html><html><h1>Hi</h1>{}</html>".format
near = page("<img src='http://127.0.0.1:80/a.png'><img src='https://10.0.0.1/b.png'>")
report = judge(near, PageOptions(duration=0.2, network="allow"))
print(walls.missing(), sorted(event.message for event in report.events), flush=True)
judge(page("<script>while (true);</script>"), PageOptions(hang=60, network="allow"))
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(FIREFOX, "block", 2)
    yield pool
    pool.close()


def test_each_page_gets_its_verdict(pool: Pool) -> None:
    with ThreadPoolExecutor(2) as threads:
        found = dict(zip(TABLE, threads.map(lambda name: shown(pool, name), TABLE), strict=True))
    wrong = {name: report.events for name, report in found.items() if not TABLE[name].agrees(report)}
    assert wrong == {}
    assert {report.mode for report in found.values()} == {"real time"}


def shown(pool: Pool, name: str) -> PageReport:
    html = (FOLDER / f"{name}.html").read_text()
    return pool.judge("\n" + html.partition("\n")[2], TABLE[name].options)  # the first line says the verdict


def test_a_picture_is_kept_and_what_moves_is_seen(pool: Pool) -> None:
    report = pool.judge((FOLDER / "ok-ball.html").read_text(), replace(QUICK, samples=3))
    assert report.events == ()
    assert (report.moments, report.changes, report.canvases, report.blank) == (3, 2, 1, False)
    assert report.screenshot.startswith(b"\x89PNG")


def test_the_console_and_what_is_thrown(pool: Pool) -> None:
    events = pool.judge(TALKS, QUICK).events
    assert {(e.kind, e.line, e.message) for e in events} == set(TOLD)
    assert len(events) == len(TOLD)  # in no fixed order: a rejection is told when nobody has handled it


def test_what_goes_wrong_in_a_worker_is_told_once(pool: Pool) -> None:
    def told(script: str) -> list[tuple[str, str, int]]:
        report = pool.judge(
            f"<!DOCTYPE html><h1>Hi</h1><script>{script}</script>", replace(QUICK, samples=0, duration=0.5)
        )
        return sorted((e.kind, e.message, e.times) for e in report.events)

    with ThreadPoolExecutor(2) as threads:
        assert dict(zip(TOLD_ONCE, threads.map(told, TOLD_ONCE), strict=True)) == TOLD_ONCE


def test_what_fails_in_what_is_watched_has_the_line_of_the_page(pool: Pool) -> None:
    scripts = (
        "URL.createObjectURL(5)",
        "Promise.resolve().then(() => URL.createObjectURL(null))",
        "new Worker()",
        "new (class extends SharedWorker {})()",
        "new Worker(Symbol())",
        MODULE("import 'three'"),
        MODULE("import 'three'").replace("Worker", "SharedWorker"),
    )
    pages = [f"<!DOCTYPE html><p>Hello</p><script>\n\n{script}\n</script>" for script in scripts]
    with ThreadPoolExecutor(2) as threads:
        reports = threads.map(lambda page: pool.judge(page, QUICK), pages)
        found = {
            script: [event.line for event in report.events] for script, report in zip(scripts, reports, strict=True)
        }
    assert found == {script: [3] for script in scripts}


@pytest.mark.parametrize(
    "frames", [[], [{"url": PAGE_URL, "lineNumber": 1, "columnNumber": 9, "functionName": ""}]]
)
def test_a_rejection_stands_where_the_page_itself_says(frames: list[dict[str, Any]]) -> None:
    log = EventLog("<!DOCTYPE html><script>\nPromise.reject('no luck');\n</script>")
    witness = Witness(log)
    words = [{"value": word} for word in ("rejection", "no luck", "", "", 0, 0)]
    witness.message({"channel": CHANNEL, "data": {"value": words}})
    said = {"type": "javascript", "level": "error", "text": "uncaught exception: no luck"}
    witness.entry({**said, "stackTrace": {"callFrames": frames}})
    assert [(event.kind, event.line, event.message) for event in log.events] == [("rejection", None, "no luck")]


def test_a_rejection_that_the_page_hides(pool: Pool) -> None:
    page = """<!DOCTYPE html><p>Hello</p><script>
addEventListener("unhandledrejection", e => { e.preventDefault(); });
Promise.reject({fine: 1});
</script>"""
    assert [(e.kind, e.message) for e in pool.judge(page, QUICK).events] == [("rejection", '{"fine":1}')]


def test_a_page_that_leaves_without_a_request(pool: Pool) -> None:
    (event,) = pool.judge("<!DOCTYPE html><p>Hi</p>\n<script>location = 'about:blank'</script>", QUICK).events
    assert (event.kind, event.line, event.message) == ("navigation", 2, "the page left for about:blank")


@pytest.mark.parametrize("name", ["double click", "right click", "scroll", "fill", "nothing there"])
def test_what_a_visitor_does(pool: Pool, name: str) -> None:
    actions, expected = VISITS[name]
    events = pool.judge(PAGE, replace(QUICK, samples=0, actions=tuple(actions))).events
    found = [event.message for event in events for _ in range(event.times)]
    assert all(any(words in message for message in found) for words in expected), found


def test_a_visitor_clicks_types_and_drags(pool: Pool) -> None:
    actions = (
        {"click": "#b"},
        {"click": "#t"},
        {"type": "aB "},
        {"press": "ArrowLeft", "for": 0.1},
        {"drag": [300, 300, 340, 320]},
        {"click": "#nothing"},
        {"click": [9000, 9000]},
    )
    events = pool.judge(VISITED, replace(QUICK, actions=actions)).events
    said = [(e.kind, e.message) for e in events]
    assert said == [
        ("console", "clicked"),
        ("console", "typed aB "),
        ("console", "key ArrowLeft"),
        ("console", "down 300 300"),
        ("console", "up 340 320"),
        ("action", 'nothing to click: no element \'#nothing\'; there is button#b "go", input#t "aB"'),
        ("action", "nothing to click: [9000, 9000] is outside the window of 800 x 600"),
    ]


def test_a_browser_that_dies_is_replaced(pool: Pool) -> None:
    pool.judge("<!DOCTYPE html><h1>Hi</h1>", QUICK)
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "--remote-debugging-port=0" in process.cmdline():
                process.kill()
    report = pool.judge("<!DOCTYPE html><h1>Hi</h1>", QUICK)
    assert (report.events, report.blank) == ((), False)


def test_webgl_is_judged_or_skipped(pool: Pool) -> None:
    """Firefox may have none on a machine without graphics, which is no fault of the page's."""
    try:
        told = [event.kind for event in pool.judge((FOLDER / "ok-webgl.html").read_text(), QUICK).events]
    except Unsupported as missing:
        told = ["WebGL"] if "needs WebGL" in missing.reason else [missing.reason]
    assert told in ([], ["WebGL"])


def test_without_bubblewrap_no_neighbour_is_reached_and_nothing_outlives_kill_9(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    firefox = tmp_path / "bin" / "firefox"
    firefox.write_text(f'#!/bin/sh\nPATH=/usr/bin:/bin exec "{FIREFOX.path}" "$@"\n')
    firefox.chmod(0o755)
    root = str(Path(__file__).parents[3])
    env = {**os.environ, "PYTHONPATH": root, "TMPDIR": str(tmp_path), "PATH": str(tmp_path / "bin")}
    env["PYTEST_LLM_BROWSER"] = "firefox"
    with subprocess.Popen([sys.executable, "-c", HOLDER], env=env, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        said = holder.stdout.readline().decode()
        started = psutil.Process(holder.pid).children(recursive=True)
        assert len(started) >= 4
        holder.kill()
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []
    assert not list(tmp_path.glob("page-*"))
    assert "bubblewrap is not installed" in said
    assert "http://127.0.0.1/a.png answered 403" in said
    assert "https://10.0.0.1/b.png failed: NS_ERROR_PROXY_FORBIDDEN" in said
