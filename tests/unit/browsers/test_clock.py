"""Pages that wait for their clock while a script runs: as many steps in every run as in real time, or nearly so."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_llm.browsers.chromium.clock import FAR, Clock
from pytest_llm.browsers.find import find
from pytest_llm.browsers.pool import Pool
from pytest_llm.browsers.report import PageOptions
from pytest_llm.errors import Unsupported

try:
    BROWSER = find()
except Unsupported as missing:
    pytest.skip(str(missing), allow_module_level=True)

PAGE = """<!DOCTYPE html><html><body><h1>Hi</h1><script>
const say = console.error, start = performance.now(), since = () => Math.round(performance.now() - start);
const sleep = ms => {{ const t = performance.now(); while (performance.now() - t < ms); }};
const at = (ms, f) => setTimeout(f, ms), channel = new MessageChannel();
const work = n => n < 2 ? n : work(n - 1) + work(n - 2);
const worker = text => new Worker(URL.createObjectURL(new Blob([text])));
let n = 0;
{}
</script></body></html>"""
SHOWN = PageOptions(duration=0.6, samples=0)
# A script and what it says; in real time a machine may manage fewer rounds.
FORMS = {
    "sleep, then a timer": ("sleep(200); at(50, () => say(since()));", "250"),
    "sleep by Date.now": ("const t = Date.now(); while (Date.now() - t < 200) {} say(Date.now() - t);", "200"),
    "sleep by new Date": (
        "const t = new Date(); do { var d = new Date(); } while (d - t < 200); say(d - t);",
        "200",
    ),
    "sleep by Date": ("const t = Date(); while (Date() === t); say(since());", "999"),
    "a benchmark": ("while (performance.now() - start < 300) n++; say(n > 1000, since());", "true 300"),
    "of work": ("for (const end = Date.now() + 100; Date.now() < end; n++) work(9); say(n > 100);", "true"),
    "a way out": ("const end = Date.now() + 100; for (;;) if (Date.now() >= end) break; say(since());", "100"),
    "a loop by timers": ("(function f() { sleep(16); n++; at(0, f); })(); at(500, () => say(n));", "33"),
    "a loop by frames": (
        "(function f() { sleep(12); n++; requestAnimationFrame(f); })(); at(505, () => say(n));",
        "31",
    ),
    "frames left out": (
        "let last = 0; requestAnimationFrame(function f(now) { requestAnimationFrame(f); if (now - last < 1000 /"
        " 30) return;"
        " last = now; n++; }); at(505, () => say(n));",
        "10",
    ),
    "slices by messages": (
        "channel.port1.onmessage = () => { sleep(5); if (++n < 40) channel.port2.postMessage(0); else"
        " say(since() >= 200, since() < 300); };"  # on a busy machine one may come a frame later
        "channel.port2.postMessage(0);",
        "true true",
    ),
    "a message with an object": (
        "channel.port1.onmessage = e => say(e.data.a, since()); sleep(20); channel.port2.postMessage({ a: 1 });",
        "1 20",
    ),
    "yields by messages": (
        "onmessage = () => since() < 300 ? postMessage(0, '*') : say(since() < 320); postMessage(0, '*');",
        "true",
    ),
    "yields by promises": ("(async () => { while (since() < 100) await null; say(since()); })();", "100"),
    "yields by tasks": (
        "(function f() { if (since() < 300) scheduler.postTask(f); else say('there'); })();",
        "there",
    ),
    "yields of a scheduler": (
        "(async () => { while (since() < 300) await scheduler.yield(); say('there'); })();",
        "there",
    ),
    "tasks that wait": ("scheduler.postTask(() => say(since()), { delay: 300 });", "300"),
    "idle time": (
        "requestIdleCallback(function f(d) { while (d.timeRemaining() > 0); n++; requestIdleCallback(f); });"
        "at(500, () => say(n));",
        "19",
    ),
    "idle, bit by bit": (
        "requestIdleCallback(function f(d) { n++; if (d.timeRemaining() > 5 && !d.didTimeout)"
        " requestIdleCallback(f); });"
        "at(500, () => say(n));",
        "31",
    ),
    "no idle time any more": ("cancelIdleCallback(requestIdleCallback(() => n++)); at(300, () => say(n));", "0"),
    "many readings": (
        "requestAnimationFrame(function f() { for (let i = 0; i < 3000; i++) Date.now(); n++;"
        " requestAnimationFrame(f); });"
        "at(505, () => say(n));",
        "30",
    ),
    "in a worker": (
        "const w = worker('const t = Date.now(); while (Date.now() - t < 200); postMessage(Date.now() - t)');"
        "w.onmessage = e => say(e.data);",
        "200",
    ),
    "in a frame": (
        "onmessage = e => say(e.data); document.body.append(Object.assign(document.createElement('iframe'), {"
        " srcdoc:"
        " `<script>let t = Date.now(); while (Date.now() - t < 100); parent.postMessage(Date.now() - t,"
        " '*')<\\/script>` }));",
        "100",
    ),
    "what a date is": (
        "class Day extends Date {} say(new Date(2020, 1, 1).getFullYear(), new Date(5) - 5, typeof Date(),"
        " Date.length,"
        " Date.UTC(1970, 0), new Day().constructor === Day, new Date().constructor === Date, Date.now.name);",
        "2020 0 string 7 0 true true now",
    ),
}  # fmt: skip
# What waits and works for too long, or only reads: shown in real time.
OTHERS = {
    "a worker that never rests": (
        "worker('for (let n = 0;;) { const t = Date.now(); while (Date.now() - t < 100); postMessage(++n); }')"
        ".onmessage = e => { if (e.data === 3) say('three'); };",
        "three",
    ),
    "a reading for each pixel": (
        "(function f() { for (let i = 0; i < 1e5; i++) Date.now(); n++; requestAnimationFrame(f); })();"
        "at(500, () => say(n > 2));",
        "true",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(BROWSER, "block", 2)
    yield pool
    pool.close()


@pytest.mark.parametrize(("forms", "mode"), [(FORMS, "stepped"), (OTHERS, "real time")], ids=["stepped", "real"])
def test_waiting_for_a_clock(pool: Pool, forms: dict[str, tuple[str, str]], mode: str) -> None:
    def told(script: str) -> tuple[str, list[str]]:
        report = pool.judge(PAGE.format(script), SHOWN)
        return report.mode, [event.message for event in report.events]

    with ThreadPoolExecutor(2) as threads:
        found = dict(zip(forms, threads.map(told, (script for script, _ in forms.values())), strict=True))
    expected = {name: (mode, [words]) for name, (_, words) in forms.items()}
    assert {name: row for name, row in found.items() if row != expected[name]} == {}


def test_what_waits_takes_page_time(pool: Pool) -> None:
    scripts = ("requestAnimationFrame(() => 0);", "requestAnimationFrame(() => 0); sleep(300);")
    assert [pool.judge(PAGE.format(script), SHOWN).frames for script in scripts] == [37, 22]


ASKS = "const go = () => requestAnimationFrame(go); go();"
FRAMES = {  # in 0.6 s
    "nothing": ("", 13),
    "timers": ("setInterval(() => document.body.append(++n), 16);", 13),
    "a transition": ("document.body.animate({ opacity: [0, 1] }, 400);", 13),
    "by itself": (ASKS, 37),
    "by its old name": ("webkitRequestAnimationFrame(() => 0);", 37),
    "spelled": ("window['request' + atob('QW5pbWF0aW9uRnJhbWU=')](() => 0);", 37),
    "by a frame of its own": (
        f"const f = document.createElement('iframe'); document.body.append(f); f.contentWindow.eval('{ASKS}');",
        37,
    ),
    "from 0.3 s on": (f"at(300, () => {{ {ASKS} }});", 25),
    "with a smooth scroll": ("scrollTo({ top: 0, behavior: 'smooth' });", 37),
    "a background that changes": (
        "scrollTo({ behavior: 'smooth' }); document.body.animate({ backgroundColor: ['red', 'blue'] }, 300);",
        37,
    ),
    "opened again": ("onload = () => document.write('again');", 13),
}  # fmt: skip


def test_a_page_that_asks_for_no_frame_is_shown_in_few(pool: Pool) -> None:
    with ThreadPoolExecutor(2) as threads:
        reports = threads.map(
            lambda script: pool.judge(PAGE.format(script), SHOWN), (s for s, _ in FRAMES.values())
        )
        found = {name: report.frames for name, report in zip(FRAMES, reports, strict=True)}
    # A browser may miss a first frame, which is made again.
    assert found == {name: pytest.approx(frames, abs=4) for name, (_, frames) in FRAMES.items()}


@pytest.mark.parametrize(
    ("payload", "worker", "clock"),
    [
        ("1000 20", False, Clock(reached=1020)),
        ("1000 20", True, Clock()),
        (f"1000 {FAR}", True, Clock(lost=True)),
        ("many 20", False, Clock()),
        ("", False, Clock()),
    ],
)
def test_what_a_clock_tells(payload: str, worker: bool, clock: Clock) -> None:
    told = Clock()
    told.told(payload, worker=worker)
    assert told == clock
