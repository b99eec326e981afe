"""Pages with Workers, under one clock with them; what such a clock does not bear is shown in real time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_llm.browsers.find import find
from pytest_llm.browsers.pool import Pool
from pytest_llm.browsers.report import PageOptions
from pytest_llm.errors import Unsupported

try:
    BROWSER = find()
except Unsupported as missing:
    pytest.skip(str(missing), allow_module_level=True)

PAGE = """<!DOCTYPE html><html><body><h1>Hi</h1><canvas id=c></canvas><script>
const address = text => URL.createObjectURL(new Blob([text], {{type: "text/javascript"}}));
const worker = (text, options) => new Worker(address(text), options);
{}
</script></body></html>"""
SPIN = "let s = 0; for (let i = 0; i < 4e6; i++) s += Math.sin(i);"
# A worklet of that text, and what it makes of a class with that body; one line.
SOUND = (
    "const sound = async (text, a = new OfflineAudioContext(1, 4410, 44100)) => { "
    "await a.audioWorklet.addModule(address(text)); new AudioWorkletNode(a, 'n').connect(a.destination); "
    "return a.startRendering(); }, made = body => "
    "`registerProcessor('n', class extends AudioWorkletProcessor { ${body} })`;"
)
NOPE = [("worker", None, "ReferenceError: nope")]
SHOWN = PageOptions(duration=0.6, samples=3)
# a script, what must be told (kind, line, words), and how it is shown
ROWS: dict[str, tuple[str, Sequence[tuple[str, int | None, str]], str]] = {
    "its clock is the page's": (
        "const w = worker('setInterval(() => postMessage(Date.now()), 50)'); let n = 0;\n"
        "w.onmessage = e => { if (Math.abs(e.data - Date.now()) > 60) throw 1; if (++n === 8) console.error(n); };",
        [("console", 5, "8")],
        "stepped",
    ),
    "it throws late": ("worker('setTimeout(() => nope(), 400)');", [("worker", None, "nope")], "stepped"),
    "it throws at once": ("worker('throw null');", [("worker", None, "null")], "stepped"),
    "it does not parse": ("worker('let let = 1');", [("worker", None, "SyntaxError: let is")], "stepped"),
    "a module": (
        "worker('await 0; setTimeout(() => nope(), 200)', {type: 'module'});",
        [("worker", None, "nope")],
        "stepped",
    ),
    "it complains": ("worker('console.error(7)');", [("worker", None, "7")], "stepped"),
    "its own worker": (
        "worker('new Worker(\"data:text/javascript,setTimeout(()=>nope(),200)\")');",
        [("worker", None, "nope")],
        "stepped",
    ),
    "what it works out takes no page time": (
        f"worker('{SPIN} postMessage(1)').onmessage = () => console.error(performance.now() < 100);",
        [("console", 4, "true")],
        "stepped",
    ),
    "it is ended": (
        "const w = worker('onmessage = () => { postMessage(1) }'); setTimeout(() => w.postMessage(1), 200);\n"
        "w.onmessage = () => { w.terminate(); setTimeout(() => late(), 100); };",
        [("exception", 5, "late")],
        "stepped",
    ),
    "a module that is missing": (
        "worker(`import 'three'`, {type: 'module'});",
        [("worker", 3, "its script could not be loaded")],
        "real time",
    ),
    "a module that does not parse": (
        "worker(`import '${address('let let')}'`, {type: 'module'});",
        [("worker", 3, "its script could not be loaded")],
        "real time",
    ),
    "a module of no type": (
        "new Worker(URL.createObjectURL(new Blob(['0'])), {type: 'module'});",
        [("worker", 4, "or is no JavaScript by its type")],
        "real time",
    ),
    "a module without that export": (
        "worker(`import {a} from '${address('export const b = 1')}'`, {type: 'module'});",
        [("worker", 3, "its script could not be loaded")],
        "real time",
    ),
    "a module that is blocked": (
        "worker(`import 'https://unpkg.com/none@1/x.js'`, {type: 'module'});",
        [("request", 4, "was blocked")],
        "real time",
    ),
    "a module that throws": (
        "worker(`import '${address('nope()')}'`, {type: 'module'});",
        [("worker", None, "nope")],
        "stepped",
    ),
    "an address that was taken back": (
        "const u = address(''); URL.revokeObjectURL(u); new Worker(u);",
        [("worker", 4, "its script could not be loaded")],
        "stepped",
    ),
    "a module with another": ("worker(`import '${address('postMessage(1)')}'`, {type: 'module'});", [], "stepped"),
    "what it is": (
        "class Own extends Worker {} console.error(new Own(address('')) instanceof Worker, Worker.name, "
        "worker('').constructor === Worker);",
        [("console", 4, "true Worker true")],
        "stepped",
    ),
    "it says nothing after its end": (
        "const w = worker('postMessage(1); postMessage(2)'); w.onmessage = e => { w.terminate(); "
        "console.error(e.data) };",
        [("console", 4, "1")],
        "stepped",
    ),
    "it is ended at once": (
        "const w = worker('postMessage(1)');\n"
        "w.onmessage = () => { w.terminate(); setTimeout(() => late(), 100); };",
        [("exception", 5, "late")],
        "stepped",
    ),
    "it closes itself": (
        "const w = worker('setTimeout(() => nope(), 50); postMessage(1); close()');\n"
        "w.onmessage = () => setTimeout(() => late(), 99);",
        [("exception", 5, "late")],
        "stepped",
    ),
    "its frames": (
        "const w = worker('onmessage = e => { const x = e.data.getContext(\"2d\"); let n = 0; (function f() {"
        " x.fillRect(n * 9, 9, 9, 9); if (++n === 20) throw n; requestAnimationFrame(f); })(); }');\n"
        "const o = c.transferControlToOffscreen(); w.postMessage(o, [o]);",
        [("worker", None, "20")],
        "stepped",
    ),
    "its script is not there": (
        "worker('importScripts(\"https://unpkg.com/none@1/x.js\")');",
        [("request", 4, "was blocked"), ("worker", None, "NetworkError")],
        "stepped",
    ),
    "it computes for long": (
        "worker('for (;;);'); setTimeout(() => late(), 300);",
        [("exception", 4, "late")],
        "real time",
    ),
    "it is shared": (
        "new SharedWorker('data:text/javascript,setTimeout(()=>nope(),200)');",
        [("worker", None, "nope")],
        "real time",
    ),
    "a shared one's module that is missing": (
        "new SharedWorker(address(`import 'three'`), {type: 'module'});",
        [("worker", 4, "its script could not be loaded")],
        "real time",
    ),
    "a shared one that does not parse": (
        "new SharedWorker(address('let let'));",
        [("worker", None, "SyntaxError: let is")],
        "real time",
    ),
    "a shared one that closes itself": ("new SharedWorker(address('close()'));", [], "real time"),
    "shared ones of a frame that goes": (
        "const f = document.createElement('iframe'); document.body.append(f);\n"
        "new f.contentWindow.SharedWorker(address('0')); f.remove();",
        [],
        "real time",
    ),
    "an import in it": ("worker(`import('${address('nope()')}')`);", NOPE, "stepped"),
    "an import in it that it catches": ("worker(`import('${address('x()')}').catch(() => 0)`);", [], "stepped"),
    "a worklet": (SOUND + "sound(made('process() { return true; }'));", [], "real time"),
    "a worklet that throws at once": (SOUND + "sound('nope()').catch(() => 0);", NOPE, "real time"),
    "a worklet that throws later": (SOUND + "sound('await 0; nope()').catch(() => 0);", NOPE, "real time"),
    "a worklet that rejects": (
        SOUND + "sound('Promise.reject(5);' + made('process() { return true; }'));",
        [("worker", None, "5")],
        "real time",
    ),
    "a worklet that complains": (
        SOUND + "sound('console.error(7);' + made('process() { return true; }'));",
        [("worker", None, "7")],
        "real time",
    ),
    "a worklet that does not parse": (SOUND + "sound('let let');", [("rejection", 4, "SyntaxError")], "real time"),
    "a worklet that cannot be made": (SOUND + "sound(made('constructor() { nope(); }'));", NOPE, "real time"),
    "a worklet whose sound fails": (SOUND + "sound(made('process() { nope(); }'));", NOPE, "real time"),
    "a worklet, and the page fails": (
        SOUND + "sound('');\nlate();",
        [("exception", 5, "late"), ("rejection", 4, "InvalidStateError")],
        "real time",
    ),
    "a worklet that paints": (
        "CSS.paintWorklet.addModule(address('registerPaint(\"n\", class { paint() { nope(); } })')).then(() => "
        "{ document.body.style.background = 'paint(n)'; });",  # set before, Chromium paints it at most times only
        NOPE,
        "real time",
    ),
    "a page's own script by its address": (
        "const s = document.createElement('script'); document.body.append(s);\n"
        "s.src = URL.createObjectURL(new Blob(['nope()']));",
        [("exception", None, "nope")],
        "stepped",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool(BROWSER, "block", 2)


def test_what_is_told(pool: Pool) -> None:
    def told(script: str) -> tuple[list[tuple[str, int | None, str]], str]:
        report = pool.judge(PAGE.format(script), SHOWN)
        return [(e.kind, e.line, e.message) for e in report.events for _ in range(e.times)], report.mode

    with ThreadPoolExecutor(2) as threads:
        found = dict(zip(ROWS, threads.map(told, (script for script, *_ in ROWS.values())), strict=True))
    wrong = {
        name: found[name] for name, (_, expected, mode) in ROWS.items() if not agrees(found[name], expected, mode)
    }
    assert wrong == {}


def agrees(
    found: tuple[Sequence[tuple[str, int | None, str]], str],
    expected: Sequence[tuple[str, int | None, str]],
    mode: str,
) -> bool:
    events = zip(sorted(found[0], key=str), expected, strict=False)
    return (
        mode in (found[1], "")
        and len(found[0]) == len(expected)
        and all((a[0], a[1]) == (b[0], b[1]) and b[2] in a[2] for a, b in events)
    )


def test_a_picture_that_a_worker_makes_bit_by_bit_moves_as_a_visitor_sees_it(pool: Pool) -> None:
    draws = (
        f"onmessage = () => {{ for (let y = 0; y < 30; y++) {{ {SPIN.replace('4e6', '2e6')} postMessage(y); }} }}"
    )
    script = (
        f"const w = worker('{draws}'), x = c.getContext('2d'); w.onmessage = e => "
        "x.fillRect(0, e.data * 5, 300, 4); w.postMessage(1);"
    )
    report = pool.judge(PAGE.format(script), PageOptions(duration=0.8, moves=True))
    assert (report.events, report.changes >= 2) == ((), True)
