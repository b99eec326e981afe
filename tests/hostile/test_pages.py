"""Pages that hide their errors, drown them, or eat the machine: none may pass."""
# ruff: noqa: E501 (the pages)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pytest_llm.browsers import pool as lanes
from pytest_llm.browsers.find import find
from pytest_llm.browsers.pool import Pool
from pytest_llm.browsers.report import PageOptions, PageReport
from pytest_llm.errors import Unsupported
from tests.helpers import hostile_pages

QUICK = PageOptions(duration=0.3, samples=2)
UNSEEN = PageOptions(duration=0.2, samples=0)  # for what no picture is needed
WORKER = "new {kind}(URL.createObjectURL(new Blob([`{text}`])))"


def worker(text: str, kind: str = "Worker") -> str:
    return WORKER.format(kind=kind, text=text)


# a script, and the kinds of what must be found
HIDING: dict[str, tuple[str, list[str]]] = {
    "onerror": ("onerror = () => true; boom();", ["exception"]),
    "window.onerror, later": ("window.onerror = () => true; setTimeout(() => boom(), 20);", ["exception"]),
    "in a frame": ("onerror = () => true; requestAnimationFrame(() => boom());", ["exception"]),
    "in a handler": ("onerror = () => true; onclick = () => boom(); document.body.click();", ["exception"]),
    "preventDefault": ("addEventListener('error', e => e.preventDefault()); boom();", ["exception"]),
    "returnValue": ("addEventListener('error', e => { e.returnValue = false }); boom();", ["exception"]),
    "stopImmediatePropagation": (
        "addEventListener('error', e => { e.preventDefault(); e.stopImmediatePropagation() }, true); boom();",
        ["exception"],
    ),
    "a value thrown": ("onerror = () => true; throw {a: 1};", ["exception"]),
    "nothing thrown": ("onerror = () => true; throw undefined;", ["exception"]),
    "reportError": ("onerror = () => true; reportError(new Error('told'));", ["exception"]),
    "another script": ("onerror = () => true;</script><script>let let = 1;", ["exception"]),
    "getters that throw": (
        "onerror = () => true; for (const n of ['message', 'filename', 'error'])"
        " Object.defineProperty(ErrorEvent.prototype, n, {get() { throw 1 }}); boom();",
        ["exception"],
    ),
    "changed words": (
        "onerror = () => true; Array.prototype.join = String.prototype.slice = JSON.stringify = () => ''; boom();",
        ["exception"],
    ),
    "a frame's own": ("document.body.innerHTML = '<iframe srcdoc=\"<script>onerror=()=>true;boom()<\\/script>\">';",
                      ["exception"]),
    "a rejection": ("addEventListener('unhandledrejection', e => e.preventDefault()); Promise.reject(Error('r'));",
                    ["rejection"]),
    "onunhandledrejection": ("onunhandledrejection = e => e.preventDefault(); Promise.reject(7);", ["rejection"]),
    "an async function": ("onunhandledrejection = e => e.preventDefault(); (async () => { boom() })();", ["rejection"]),
    "both": ("onerror = () => true; onunhandledrejection = e => e.preventDefault(); Promise.reject(7); boom();",
             ["exception", "rejection"]),
    "a SharedWorker": (worker("onconnect = () => 0; nope();", "SharedWorker"), ["worker"]),
    "a SharedWorker, later": (worker("setTimeout(() => nope(), 20)", "SharedWorker"), ["worker"]),
    "drowned in warnings": ("for (let i = 0; i < 300; i++) console.warn('w' + i); boom();", ["exception"]),
    "drowned in console errors": (
        "for (let i = 0; i < 300; i++) console.error('w' + i); boom();",
        ["console", "exception"],
    ),
    "as if it were harmless": ("throw new Error('ResizeObserver loop completed with undelivered notifications.')",
                               ["exception"]),
    "a text as if it were harmless": ("throw 'ResizeObserver loop limit exceeded'", ["exception"]),
    "the same, hidden": ("onerror = () => true; throw 'ResizeObserver loop limit exceeded'", ["exception"]),
    "events of its own": (
        "dispatchEvent(new ErrorEvent('error', { message: 'made up' }));"
        "dispatchEvent(new PromiseRejectionEvent('unhandledrejection', { promise: Promise.resolve(), reason: 1 }));",
        [],
    ),
    "nothing hidden": ("try { boom() } catch { 0 } Promise.reject(1).catch(() => 0);", []),
    "an overlay without errors": ("onerror = m => alert(m); onunhandledrejection = e => alert(e);", []),
    "an image without a picture": ("document.body.innerHTML = '<img src=\"data:image/png;base64,AA\">hi';", []),
}  # fmt: skip
IN_WORKERS: dict[str, tuple[str, list[str]]] = {
    "its own onerror": (worker("onerror = () => true; nope();"), ["worker"]),
    "hidden here": (worker("nope();") + ".onerror = e => e.preventDefault();", ["worker"]),
    "its rejection": (worker("onunhandledrejection = e => e.preventDefault(); Promise.reject(1);"), ["worker"]),
    "stopped for all": (
        worker(
            "addEventListener('error', e => { e.preventDefault(); e.stopImmediatePropagation() }, true); nope();"
        ),
        ["worker"],
    ),
    "later": (worker("onerror = () => true; setTimeout(() => nope(), 20);"), ["worker"]),
    "of data": ("new Worker('data:text/javascript,onerror=()=>true;nope()');", ["worker"]),
    "a module": (
        "new Worker(URL.createObjectURL(new Blob(['onerror = () => true; nope()'], {type: 'text/javascript'})),"
        " {type: 'module'});",
        ["worker"],
    ),
    "at an address taken back": (
        "const u = URL.createObjectURL(new Blob(['onerror = () => true; nope()'])); new Worker(u); URL.revokeObjectURL(u);",
        ["worker"],
    ),
    "of a worker": (
        worker("new Worker(URL.createObjectURL(new Blob(['onerror = () => true; nope();'])))"),
        ["worker"],
    ),
    "of a worker, a rejection": (
        worker("new Worker(URL.createObjectURL(new Blob(['Promise.reject(1)'])))"),
        ["worker"],
    ),
    "a SharedWorker's own": (worker("onerror = () => true; nope();", "SharedWorker"), ["worker"]),
    "a SharedWorker's rejection": (worker("Promise.reject(1);", "SharedWorker"), ["worker"]),
    "a SharedWorker's console": (worker("console.error('told')", "SharedWorker"), ["worker"]),
    "nothing hidden": (worker("try { nope() } catch { 0 } Promise.reject(1).catch(() => 0);"), []),
}
# Firefox's listeners are gone where the page opens its document anew.
AGAIN = "document.write('hi<script>onerror=()=>true;boom()<\\/script>')"
CHROMIUM: dict[str, tuple[str, list[str]]] = {
    "write, when it has loaded": (f"onload = () => {AGAIN};", ["exception"]),
    "write, when it has been read": (
        f"document.addEventListener('DOMContentLoaded', () => {AGAIN});",
        ["exception"],
    ),
    "write, into an empty frame": (
        "const f = document.createElement('iframe'); document.body.append(f); f.contentWindow." + AGAIN,
        ["exception"],
    ),
    "write, twice": (
        "onload = () => { document.write('<p>'); document.write('<b>'); document.querySelector('p > b').id; };",
        [],
    ),
    "document.open": (
        "onload = () => { document.open(); document.write('hi<script>onerror=()=>true;boom()<\\/script>');"
        " document.close() };",
        ["exception"],
    ),
}


def page(script: str) -> str:
    return f"<!DOCTYPE html><html><body><h1>Hi</h1><script>\n{script}\n</script></body></html>"


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest) -> Iterator[Pool]:
    try:
        pool = Pool(find("firefox" if request.param == "firefox" else None), "block", 2)
    except Unsupported as missing:
        pytest.skip(str(missing))
    yield pool
    pool.close()


@pytest.mark.parametrize("table", ["page", "workers"])
def test_no_page_hides_its_errors(browser: Pool, table: str) -> None:
    own = CHROMIUM if browser.browser.kind == "chromium" else {}
    rows, shown = {**HIDING, **own}, UNSEEN
    if table == "workers":  # in real time one that a Worker starts may not have begun by then on a busy machine
        rows, shown = IN_WORKERS, replace(UNSEEN, duration=1.0)
    with ThreadPoolExecutor(2) as threads:
        reports = list(threads.map(lambda row: browser.judge(page(row[0]), shown), rows.values()))
    found = {name: kinds(report) for name, report in zip(rows, reports, strict=True)}
    assert found == {name: expected for name, (_, expected) in rows.items()}


def kinds(report: PageReport) -> list[str]:
    return sorted({event.kind for event in report.events} - {"warning"})


def test_what_was_dropped_is_counted(browser: Pool) -> None:
    script = "for (let i = 0; i < 300; i++) { console.warn('w' + i); console.error('e' + i) }"
    events = browser.judge(page(script), UNSEEN).events
    last = {event.kind: event for event in events}
    assert [event.kind for event in events] == ["console"] * 41 + ["warning"] * 41
    assert (last["console"].times, last["warning"].times) == (260, 260)
    assert "only counted" in last["console"].message


# what eats memory, in which process
EATING = {
    "blobs": "const kept = []; setInterval(() => { const a = new Uint8Array(32 << 20).fill(7); kept.push(new Blob([a])) }, 1);",
    "workers": "const u = URL.createObjectURL(new Blob(['const a = new Uint8Array(20 << 20).fill(7); onmessage = () => a']));"
    " const kept = []; for (let i = 0; i < 100; i++) kept.push(new Worker(u));",
    "WebGL": "const g = document.createElement('canvas').getContext('webgl'), kept = []; setInterval(() => {"
    " const t = g.createTexture(); g.bindTexture(g.TEXTURE_2D, t); kept.push(t); g.texImage2D(g.TEXTURE_2D, 0, g.RGBA,"
    " 2048, 2048, 0, g.RGBA, g.UNSIGNED_BYTE, new Uint8Array(1 << 24).fill(9)) }, 1);",
    "canvases": "const kept = []; setInterval(() => { const c = document.createElement('canvas'); c.width = c.height = 3000;"
    " const x = c.getContext('2d'); x.fillRect(0, 0, 9, 9); kept.push(c, x.getImageData(0, 0, 3000, 3000)) }, 1);",
}  # fmt: skip


def test_memory_is_counted_in_every_process() -> None:
    pool = Pool(find(), "block", 2)
    options = PageOptions(duration=20, samples=2, memory=600_000_000, hang=20)
    try:
        with ThreadPoolExecutor(2) as threads:
            reports = list(threads.map(lambda text: pool.judge(page(text), options), EATING.values()))
        assert [(event.kind, "memory" in event.message) for r in reports for event in r.events] == [
            ("crash", True)
        ] * 4
        assert pool.judge(page(""), QUICK).events == ()
    finally:
        pool.close()


def test_a_lane_that_the_kernel_ended_for_its_memory_is_the_pages_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_MEMORY", 700 << 20)
    pool = Pool(find(), "block", 1)
    options = PageOptions(duration=20, samples=2, memory=1 << 40, hang=20)
    try:
        events = pool.judge(page(EATING["blobs"]), options).events
    finally:
        pool.close()
    assert [event.kind for event in events] == ["crash"]


def test_made_up_pages() -> None:
    """Some of those of bench/hostile.py, which tries all, one after the other in the same browser."""
    with ThreadPoolExecutor(2) as threads:
        wounded = list(threads.map(afterwards, (hostile_pages.SAMPLE[::2], hostile_pages.SAMPLE[1::2])))
    assert wounded == [{}, {}]


def afterwards(names: Sequence[str]) -> dict[str, list[hostile_pages.Verdict]]:
    """The verdicts of a good and a bad page that came out otherwise, by the page before them."""
    pool, expected = Pool(find(), "block", 1), [[], hostile_pages.BAD_VERDICT]
    found = {}
    try:
        for name in names:
            pool.judge(hostile_pages.page(list(hostile_pages.ATTACKS).index(name))[1], replace(UNSEEN, hang=0.5))
            pages = (hostile_pages.GOOD, hostile_pages.BAD)
            found[name] = [hostile_pages.verdict(pool.judge(text, QUICK)) for text in pages]
    finally:
        pool.close()
    return {name: verdicts for name, verdicts in found.items() if verdicts != expected}
