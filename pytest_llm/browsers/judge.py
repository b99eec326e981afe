"""One page from its opening to its report."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

from pytest_llm.browsers import layout, libraries, markup, pixels
from pytest_llm.browsers.actions import Hand, act, selectors
from pytest_llm.browsers.chromium.browser import Browser
from pytest_llm.browsers.chromium.cdp import BrowserGone, PageBroken, ProtocolError, Session
from pytest_llm.browsers.chromium.frames import Projector, RealTime, Stepper
from pytest_llm.browsers.chromium.hand import ChromiumHand
from pytest_llm.browsers.chromium.page import Page
from pytest_llm.browsers.chromium.watchdog import Limits, Meter, Rest, Watchdog
from pytest_llm.browsers.events import EventLog
from pytest_llm.browsers.layout import Layout
from pytest_llm.browsers.places import NOWHERE, Place
from pytest_llm.browsers.report import LEAST_MOVES, PageOptions, PageReport, today
from pytest_llm.errors import Unsupported

_CLOCK = re.compile(r"\bDate\b|\bperformance\b|\btimeStamp\b")
# What is sure to need it, so that it is not tried in vain: threads and media have clocks of their own, and a frame
# that waits for one of a video's may never be there.
_REAL_TIME = re.compile(
    r"new\s+SharedWorker\s*\(|\b(?:audio|paint)Worklet\s*\??\.\s*addModule\b|\bcaptureStream\s*\(|\.\s*srcObject\b"
    r"|new\s+(?:MediaRecorder|MediaSource|MediaStreamTrackProcessor|(?:webkit)?RTCPeerConnection)\b"
    r"|\brequestVideoFrameCallback\b"
)
# What others do for it, in a time of their own, that it waits for.
_ASKS = re.compile(
    r"\bindexedDB\b|\bmediaDevices\b|OfflineAudioContext\b|\bdecodeAudioData\b|\bgeolocation\b|\bcaches\s*\.\s*\w"
    r"|\bnavigator\s*\.\s*(?:storage|permissions|locks|gpu|clipboard|serviceWorker|credentials|keyboard)\b"
    r"|\bnavigator\s*\.\s*(?:usb|hid|serial|bluetooth|getBattery|requestMIDIAccess|mediaCapabilities)\b"
    r"|\bcookieStore\b|\bcreateImageBitmap\b|\bspeechSynthesis\b|\bNotification\s*\.\s*requestPermission\b"
    r"|\bgenerateKey\b|\bnew\s+(?:\w+\.)?Web(?:Socket|Transport)\b"
)
_LOCKS = re.compile(r"\brequestPointerLock\b")  # each frame of ours then costs a visitor twice as much as the last
_SOUND = re.compile(r"AudioContext\b|<(?:audio|video)\b|new\s+Audio\s*\(")
_WAITS = re.compile(r"while\s*\([^;{}\n]{0,80}\b(?:Date\.now|performance\.now|new Date)\b")
_DRAWN = re.compile(  # what goes on with each frame that is drawn: scrolling by itself, a worker's canvas
    r"behavior[\"']?\s*:\s*[\"'`]?smooth|scrollBehavior|scroll-(?:smooth|snap)"
)
_SELECTS = """(() => { try { document.createDocumentFragment().querySelector(%s); return true; }
  catch { return false; } })()"""
_FRAMED = "globalThis.framed ??= (requestAnimationFrame(() => { globalThis.framed = 1; }), 0)"
_WORKER_IDLE = 1.0  # seconds
_LOAD_LIMIT = 5.0  # seconds of page time


class _NeedsRealTime(Exception):
    """Virtual time does not suit this page; the message says why."""


class AnyPage(Protocol):
    """A page of any browser; see `Page`."""

    session: Session

    @property
    def workers(self) -> set[str]: ...

    async def open(self) -> None: ...
    async def load(self) -> None: ...
    async def is_loaded(self) -> bool: ...
    async def evaluate(self, expression: str) -> Any: ...
    async def inspect(self, expression: str) -> Any: ...
    def glance(self) -> None: ...
    async def pause(self) -> Place: ...
    async def close(self) -> None: ...


@dataclass(frozen=True)
class Kind:
    """What differs between browsers. page: of a browser, HTML, options, a log and `stepped`."""

    page: Callable[..., AnyPage]
    projector: Callable[[AnyPage, Meter, str, PageOptions, EventLog, bool], Projector]
    hand: Callable[[AnyPage, Projector], Hand]


def _projector(
    page: AnyPage, meter: Meter, html: str, options: PageOptions, log: EventLog, stepped: bool
) -> Projector:
    if not stepped:
        return RealTime(page.session)
    smooth = _DRAWN.search(html) is not None or any("scroll" in action for action in options.actions)
    return Stepper(
        page.session,
        lambda: meter.used().drawing,
        hang=options.hang,
        epoch=options.date or today(),
        draw=bool(options.actions) or smooth,
        smooth=smooth,
        few=options.few,
        shared=lambda: bool(page.workers),
        clock=log.clock,
        rest=Rest(meter).come if _ASKS.search(html) else None,
    )


CHROMIUM = Kind(
    Page,
    _projector,
    lambda page, projector: ChromiumHand(page.session, projector),
)


async def judge(
    browser: Browser, html: str, options: PageOptions, stepping: bool, kind: Kind = CHROMIUM
) -> PageReport:
    """Show the page and tell what it did. The browser is running again afterwards, whatever the page did to it."""
    if not stepping:
        return await _attempt(browser, html, options, kind, stepped=False)
    try:
        if sign := _REAL_TIME.search(html) or (options.actions and _LOCKS.search(html)):
            raise _NeedsRealTime(f"it says {sign[0].strip()!r}")
        return await _attempt(browser, html, options, kind, stepped=True)
    except _NeedsRealTime as reason:
        report = await _attempt(browser, html, options, kind, stepped=False)
        return replace(report, notes=(f"shown in real time: {reason}", *report.notes))


async def _attempt(browser: Browser, html: str, options: PageOptions, kind: Kind, *, stepped: bool) -> PageReport:
    """One showing; a second one where the browser itself went down, for it may have been ill before."""
    for again in (True, False):
        try:
            return await _show(browser, html, options, kind, stepped=stepped)
        except BrowserGone:
            await browser.restart()
            if not again:
                log = EventLog(html)
                log.add("crash", "the whole browser went down, twice")
                return PageReport(log.events)
    raise AssertionError("unreachable")


async def _show(browser: Browser, html: str, options: PageOptions, kind: Kind, *, stepped: bool) -> PageReport:
    log = EventLog(html, cut_off=options.network == "block")
    page = kind.page(browser, html, options, log, stepped=stepped)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await page.open()
    meter = Meter(browser)
    projector = kind.projector(page, meter, html, options, log, stepped)
    watchdog = Watchdog(
        browser,
        page.session,
        meter,
        limits=lambda: _limits(page, html, options, stepped),
        memory=options.memory,
        glance=page.glance,
    )
    report, broken = PageReport(mode=projector.mode), None
    try:
        async with watchdog.watching():
            await projector.start()
            await page.load()
            await meter.look()
            report = await _watch_page(page, projector, kind.hand(page, projector), options, log)
    except PageBroken as error:
        broken = error
    except ProtocolError as error:
        if "beginFrame" in str(error):  # some builds of the shell have lost it
            await _leave(browser, page, None)
            raise _NeedsRealTime("this browser makes no single frames") from None
        broken = PageBroken("crash", f"the browser would not go on: {error}")
    if stepped and (reason := _unsteppable(page, html, report, broken, options, log)):
        await _leave(browser, page, broken)
        raise _NeedsRealTime(reason)
    if broken is not None and broken.kind == "hang" and not watchdog.ate_memory:
        broken = PageBroken("hang", broken.message, await page.pause())
    await _leave(browser, page, broken)
    if stepped and broken is not None and broken.kind == "hang" and (doubt := _doubt(broken, html)):
        raise _NeedsRealTime(doubt)
    if log.missing:
        raise Unsupported(log.missing, libraries.INSTALL)
    if broken is not None:
        _explain(log, broken, watchdog)
    return replace(
        report,
        events=log.events,
        frames=projector.frames,
        shown=projector.shown / 1000,
        wall=loop.time() - began,
        whole=projector.whole and broken is None,
        notes=(*filter(None, [projector.note]), *log.notes),
    )


def _limits(page: AnyPage, html: str, options: PageOptions, stepped: bool) -> Limits:
    """While a Worker computes, or ends before it has begun, the page's clock stands still, but in real time. What
    works for as long as the clock lets it may need that too."""
    if stepped and page.workers:
        return Limits(min(options.hang, options.duration), _WORKER_IDLE)
    if stepped and _WAITS.search(html):
        return Limits.of(min(options.hang, options.duration))
    return Limits.of(options.hang)


def _unsteppable(
    page: AnyPage, html: str, report: PageReport, broken: PageBroken | None, options: PageOptions, log: EventLog
) -> str:
    """Why a page has to be shown in real time for its Workers, its sound or its clock, or ""."""
    if log.clock.lost:
        return "it reads its clock without an end"
    if log.sharing or "shared_worker" in page.workers:
        return "it has a SharedWorker, whose time cannot be stepped"
    if page.workers and log.unloaded:
        return "it has a Worker that could not begin, and may hold its clock"
    if page.workers and broken is not None and broken.kind == "hang":
        return "it has a Worker that computes for long, or has ended"
    if page.workers and options.moves and report.changes < LEAST_MOVES:
        return "nothing moves, but it has a Worker, whose work takes no page time"
    if options.moves and report.changes < LEAST_MOVES and _SOUND.search(html):
        return "nothing moves, but it may go by its sound, whose time cannot be stepped"
    if log.clock.reached and options.moves and report.changes < LEAST_MOVES:
        return "nothing moves, but it reads its clock more often than can be told from waiting"
    return ""


def _doubt(hang: PageBroken, html: str) -> str:
    """Why a page that hangs might not in real time, or ""."""
    if hang.place == NOWHERE:
        return "it did not answer, though in no script of its own"
    return "it may be waiting for its clock, which stands still while a script runs" if _CLOCK.search(html) else ""


async def _watch_page(
    page: AnyPage, projector: Projector, hand: Hand, options: PageOptions, log: EventLog
) -> PageReport:
    await _loaded(page, projector)
    if options.wait_for is not None and not await _is_expression(page, options.wait_for):
        log.add("author", f"wait_for is no JavaScript expression: {options.wait_for!r}")
    elif options.wait_for is not None and not await _wait(page, projector, options.wait_for, options.wait_limit):
        log.add("wait", f"{options.wait_for!r} did not become true within {options.wait_limit:g} s")
    for action in options.actions:
        if (selector := await _no_selector(page, action)) is not None:
            log.add("author", f"{selector!r} is no CSS selector")
        elif failed := await act(page, hand, projector, action):
            log.add("action", failed)
    pictures = [picture for picture in await projector.play(options.duration, options.samples) if picture]
    await _read_markup(page, log)
    shown = layout.read(await page.inspect(layout.SOURCE), options)
    return _look(pictures, shown, options.canvas, projector.mode)


async def _read_markup(page: AnyPage, log: EventLog) -> None:
    html = log.places.page
    found, last = markup.read(await page.inspect(markup.look(html))), -1
    if not found.whole:
        last = await page.inspect(markup.look_for_the_last(html))
    for message, at in markup.flaws(html, found, last):
        log.add("markup", message, log.places.at(at))


async def _loaded(page: AnyPage, projector: Projector) -> None:
    """Until the page has loaded, or has had long enough for it, and its first frame. Its time goes on meanwhile."""
    await projector.load()
    while not await page.is_loaded() and projector.elapsed() < _LOAD_LIMIT:
        await projector.idle()
    await projector.begin(lambda: page.inspect(_FRAMED))


async def _is_expression(page: AnyPage, expression: str) -> bool:
    """Whether it parses: put into a function that is never called, nothing else can go wrong with it."""
    made = [await page.evaluate(f"typeof (() => (\n{text}\n))") for text in (expression, "0")]
    return made[0] is not None or made[1] is None  # a page that answers nothing says nothing of the expression


async def _no_selector(page: AnyPage, action: Mapping[str, Any]) -> str | None:
    """What an action names as a CSS selector and is none."""
    for named in selectors(action):
        if await page.evaluate(_SELECTS % json.dumps(named)) is False:
            return named
    return None


async def _wait(page: AnyPage, projector: Projector, expression: str, limit: float) -> bool:
    began = projector.elapsed()
    while projector.elapsed() - began < limit:
        if await page.evaluate(f"!!(\n{expression}\n)"):
            return True
        await projector.idle()
    return False


def _look(pictures: list[bytes], layout: Layout, canvas: bool, mode: str) -> PageReport:
    """What the pictures show. Blank is a page that shows nothing at the end: a blink may hide one moment. `canvas`:
    its canvases must show something, even where there is more than these."""
    if not pictures:
        return PageReport(mode=mode)
    known = {picture: pixels.decode(picture) for picture in pictures}
    steps = set(pairwise(pictures))
    moved = {
        (old, new) for old, new in steps if old != new and pixels.changed(known[old], known[new], layout.caret)
    }
    boxes = layout.canvases if canvas or not layout.more else ()
    return PageReport(
        mode=mode,
        blank=(canvas and not boxes) or all(pixels.blank(known[picture], boxes) for picture in set(pictures[-2:])),
        changes=sum(step in moved for step in pairwise(pictures)),
        moments=len(pictures),
        canvases=len(boxes),
        screenshot=pictures[-1],
        filmstrip=pixels.filmstrip([known[picture] for picture in pictures]),
    )


def _explain(log: EventLog, broken: PageBroken, watchdog: Watchdog) -> None:
    """Why the page cannot go on, and where."""
    message = broken.message
    if watchdog.ate_memory:
        log.add("crash", f"the page used more than {watchdog.memory / 1e6:.0f} MB of memory and was stopped")
        return
    if broken.kind == "hang":
        what = "the page does not answer" if broken.place == NOWHERE else "a script does not come to an end"
        message = f"{what}: {message}"
    log.add(broken.kind, message, broken.place)


async def _leave(browser: Browser, page: AnyPage, broken: PageBroken | None) -> None:
    """Close the page; after a hang or a crash the browser is started anew, whatever it says of itself."""
    if broken is None:
        await page.close()
    else:
        await browser.restart()
