"""What an open browser lets a page do, and where in the page belongs what comes without a place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from pytest_llm.browsers.find import find
from pytest_llm.browsers.pool import Pool
from pytest_llm.browsers.report import PageOptions
from pytest_llm.errors import Unsupported

try:
    BROWSER = find()
except Unsupported as missing:
    pytest.skip(str(missing), allow_module_level=True)

QUICK = PageOptions(duration=0.3, samples=0)
PAGE = "<!DOCTYPE html><html><body><h1>Hi</h1>\n{}</body></html>"
Told = list[tuple[str, int | None, str]]  # kind, line, words of the message

LAST = 1000 * QUICK.duration - 4  # ms
FRAME = "</script><iframe srcdoc='{}'></iframe><script>"
FONT = "@font-face {{ font-family: a; src: url({}); }} h1 {{ font-family: a }}"
SCRIPTS: dict[str, tuple[str, Told]] = {
    "the clipboard, unasked": ("navigator.clipboard.writeText('x');", [("rejection", 2, "writeText")]),
    "reading it": ("navigator.clipboard.readText();", [("rejection", 2, "readText")]),
    "reading it, caught": ("navigator.clipboard.readText().catch(() => 0);", []),
    "vibrate": ("navigator.vibrate(50);", [("warning", 2, "navigator.vibrate")]),
    "a service worker, caught": ("navigator.serviceWorker.register('sw.js').catch(() => 0);", []),
    "a service worker, tried": (
        "(async () => { try { await navigator.serviceWorker.register('/a/sw.js'); } catch {} })();",
        [],
    ),
    "a service worker": ("\nnavigator.serviceWorker.register('sw.js');", [("rejection", 3, "ServiceWorker")]),
    "full screen": (
        "\ndocument.body.requestFullscreen();",
        [("rejection", 3, "TypeError"), ("warning", None, "user gesture")],
    ),
    "full screen, perhaps": (
        "const f = () => document.body.requestFullscreen();\nf();\n() => document.body.requestFullscreen();",
        [("rejection", None, "TypeError"), ("warning", None, "user gesture")],
    ),
    "a wake lock": ("navigator.wakeLock.request('screen');", []),
    "a view transition in another": (
        "\nfor (let n = 0; n < 2; n++) document.startViewTransition(() => 0);",
        [("rejection", 3, "Transition was skipped")],
    ),
    "a module": ("\nimport('three');", [("rejection", 3, "'three'")]),
    "a module, in words": ("const name = 'three';\nimport(name);", [("rejection", 3, "'three'")]),
    "a module's import": ("</script>\n<script type=module>\n\nimport 'three';", [("exception", 5, '"three"')]),
    "a frame": (FRAME.format("<p>\n<script>\n inside();</script>"), [("exception", 4, "inside")]),
    "a frame by a script": (
        "const f = document.body.appendChild(document.createElement('iframe'));\n"
        "f.srcdoc = `<p>\n<script>inside();<\\/script>`;",
        [("exception", 4, "inside")],
    ),
    "two frames": (
        FRAME.format("<script>inside();</script>") + FRAME.format("<script>1;</script>"),
        [("exception", None, "inside")],
    ),
    "two frames, one with a script": (
        FRAME.format("<script>inside();</script>") + FRAME.format(""),
        [("exception", 2, "inside")],
    ),
    "a socket": ("new WebSocket('ws://10.0.0.1/');", [("request", 2, "ws://10.0.0.1/ was blocked: a page has no")]),
    "a socket at the end": (
        f"setTimeout(() => new WebSocket('ws://localhost/'), {LAST});",
        [("request", 2, "ws://localhost/ was")],
    ),
    "a service worker at the end": (
        f"setTimeout(() =>\nnavigator.serviceWorker.register('sw.js'), {LAST});",
        [("rejection", 3, "ServiceWorker")],
    ),
    "a socket of a Worker": (
        "new Worker(URL.createObjectURL(new Blob([`new WebSocket('ws://10.0.0.1/')`])));",
        [("request", 2, "ws://10.0.0.1/ was blocked")],
    ),
    "a transport": (
        "const way = new WebTransport('https://10.0.0.1/a'); way.ready.catch(Date); way.closed.catch(Date);",
        [("request", 2, "https://10.0.0.1/a was blocked")],
    ),
    "a store at the end": (
        f"setTimeout(() => {{\nindexedDB.open('a').onsuccess = () => nope(); }}, {LAST});",
        [("exception", 3, "nope")],
    ),
    "a font": (
        f"</script><style>{FONT.format('https://fonts.gstatic.com/a.woff2')}</style><script>",
        [("warning", 2, "a.woff2 was blocked: a page has no network; its text is shown in another font")],
    ),
    "a font by a script": (
        "\nnew FontFace('a', 'url(https://fonts.gstatic.com/a.woff2)').load().then(f => document.fonts.add(f));",
        [("warning", 3, "its text is shown in another font"), ("warning", None, "NetworkError")],
    ),
    "a style sheet": (
        "</script><link rel=stylesheet href='https://unpkg.com/a.css'><script>",
        [("request", 2, "a.css was blocked")],
    ),
    "today": ("if (Math.abs(new Date() - ASKED) > 864e5) throw Error(new Date());", []),
}
ASKED = (  # what other processes and threads answer, in a time of their own
    "navigator.usb.getDevices()",
    "navigator.hid.getDevices()",
    "navigator.keyboard.getLayoutMap()",
    "navigator.credentials.get({ password: true })",
    "navigator.requestMIDIAccess()",
    "navigator.getBattery()",
    "navigator.mediaCapabilities.decodingInfo({ type: 'file', video:"
    " { contentType: 'video/webm; codecs=vp8', width: 9, height: 9, bitrate: 9, framerate: 9 } })",
    "Notification.requestPermission()",
    "new Promise(heard => { speechSynthesis.onvoiceschanged = heard; speechSynthesis.getVoices(); })",
    "crypto.subtle.generateKey({ name: 'RSA-PSS', modulusLength: 1024, hash: 'SHA-256',"
    " publicExponent: new Uint8Array([1, 0, 1]) }, true, ['sign'])",
    "navigator.permissions.query({ name: 'midi' })",
    "caches.open('a')",
)
SCRIPTS |= {
    f"{asked}, at the end": (
        f"setTimeout(async () => {{\nawait {asked}.catch(Date); nope(); }}, {LAST});",
        [("rejection", 3, "nope")],
    )
    for asked in ASKED
}
LEAVES: Told = [("navigation", 2, "leaves for")]
CLICKED: dict[str, Told] = {  # what begins while the page's time stands still
    "<a href='about.html'>x</a>": LEAVES,
    "<a href='https://example.com/'>x</a>": LEAVES,
    "<a onclick=\"location = '/menu'\">x</a>": LEAVES,
    "<a onclick='location.reload()'>x</a>": [("navigation", 2, "reloads itself")],
    "<a onclick=\"location = 'about:blank'\">x</a>": [("navigation", 2, "left for about:blank")],
    "<a onclick='history.back()'>x</a>": [("navigation", None, "left for about:blank")],
    "<a href='mailto:a@b.c'>x</a>": [],
    "<a href='tel:1'>x</a>": [],
    "<a href='x.html'>x</a><script>setTimeout(() => nope(), 200)</script>": [("exception", 2, "nope"), *LEAVES],
}
DIALOGS: list[tuple[dict[str, Any] | None, str, Told]] = [
    ({"accept": True, "text": "Ann"}, "if (prompt('Who?') !== 'Ann' || !confirm()) throw 1; alert();", []),
    ({"accept": True, "text": ""}, "if (prompt('Who?', 'Bob') === null) throw 1;", []),
    ({"accept": False, "text": "Ann"}, "if (prompt('Who?') !== null || confirm()) throw 1; alert();", []),
    (None, "confirm('Sure?');", [("dialog", 2, "confirm('Sure?') was closed at once")]),
]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(BROWSER, "block", 2)
    yield pool
    pool.close()


def told(pool: Pool, script: str, options: PageOptions) -> tuple[str, Told]:
    report = pool.judge(PAGE.format(f"<script>{script}</script>"), options)
    return report.mode, [(event.kind, event.line, event.message) for event in report.events]


def test_what_is_told(pool: Pool) -> None:
    now = str(time.time() * 1000)
    with ThreadPoolExecutor(2) as threads:
        rows = threads.map(lambda row: told(pool, row[0].replace("ASKED", now), QUICK), SCRIPTS.values())
        found = dict(zip(SCRIPTS, rows, strict=True))
    assert {name: row for name, row in found.items() if not agrees(row, SCRIPTS[name][1])} == {}


def test_where_a_click_leads(pool: Pool) -> None:
    options = replace(QUICK, actions=({"click": "a"},))
    with ThreadPoolExecutor(2) as threads:
        reports = threads.map(lambda body: pool.judge(PAGE.format(body), options), CLICKED)
        found = {
            body: (report.mode, sorted((event.kind, event.line, event.message) for event in report.events))
            for body, report in zip(CLICKED, reports, strict=True)
        }
    assert {body: row for body, row in found.items() if not agrees(row, CLICKED[body])} == {}


def agrees(row: tuple[str, Told], expected: Told) -> bool:
    mode, found = row
    told = [(kind, line) for kind, line, _ in found]
    as_expected = mode == "stepped" and told == [(kind, line) for kind, line, _ in expected]
    return as_expected and all(words in message for (*_, words), (*_, message) in zip(expected, found, strict=True))


@pytest.mark.parametrize(("answer", "script", "expected"), DIALOGS)
def test_dialogs_are_answered_by_the_case(
    pool: Pool, answer: dict[str, Any] | None, script: str, expected: Told
) -> None:
    assert told(pool, script, replace(QUICK, dialogs=answer))[1] == expected


@pytest.mark.parametrize("worker", ["", "new SharedWorker('data:,');"])  # with one, in real time
def test_the_date_of_the_case(pool: Pool, worker: str) -> None:
    script = (
        f"{worker} if (new Date().toISOString().slice(0, 10) !== '2024-02-29' || new Date(5) - 5) throw Date();"
    )
    assert told(pool, script, replace(QUICK, date=1_709_200_000))[1] == []
