"""One page from its opening to its report."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from pytest_llm.browsers import pixels
from pytest_llm.browsers.actions import ChromiumHand, Hand, act
from pytest_llm.browsers.chromium.browser import Browser, Watchdog
from pytest_llm.browsers.chromium.cdp import BrowserGone, PageBroken, ProtocolError, Session
from pytest_llm.browsers.chromium.frames import Projector, RealTime, Stepper
from pytest_llm.browsers.chromium.page import Page
from pytest_llm.browsers.events import NOWHERE, EventLog, Place
from pytest_llm.browsers.report import PageOptions, PageReport

_CLOCK = re.compile(r"\bDate\b|\bperformance\b|\btimeStamp\b")
_REAL_TIME = re.compile(  # what is sure to need it, so that it is not tried in vain
    r"new\s+(?:Shared)?Worker\s*\(|while\s*\([^;{}\n]{0,80}\b(?:Date\.now|performance\.now|new Date)\b"
)
_SELECTS = """(() => { try { document.createDocumentFragment().querySelector(%s); return true; }
  catch { return false; } })()"""
_LOAD_LIMIT = 5.0  # seconds, of page time or of ours


class _NeedsRealTime(Exception):
    """Virtual time does not suit this page; the message says why."""


class AnyPage(Protocol):
    """A page of any browser; see `Page`."""

    session: Session
    loaded: bool
    on_worker: Callable[[], None]

    async def open(self) -> None: ...
    async def load(self) -> None: ...
    async def evaluate(self, expression: str) -> Any: ...
    async def canvases(self) -> list[pixels.Box]: ...
    async def pause(self) -> Place: ...
    async def close(self) -> None: ...


@dataclass(frozen=True)
class Kind:
    """What differs between browsers. page: of a browser, HTML, options, a log and `stepped`."""

    page: Callable[..., AnyPage]
    projector: Callable[[AnyPage, bool], Projector]
    hand: Callable[[AnyPage, Projector], Hand]


CHROMIUM = Kind(
    Page,
    lambda page, stepped: Stepper(page.session, cast(Page, page).spent) if stepped else RealTime(page.session),
    lambda page, projector: ChromiumHand(page.session, projector),
)


async def judge(
    browser: Browser, html: str, options: PageOptions, stepping: bool, kind: Kind = CHROMIUM
) -> PageReport:
    """Show the page and tell what it did. The browser is running again afterwards, whatever the page did to it."""
    if not stepping:
        return await _attempt(browser, html, options, kind, stepped=False)
    try:
        if sign := _REAL_TIME.search(html):
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
    log = EventLog(html)
    page = kind.page(browser, html, options, log, stepped=stepped)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await page.open()
    worker = asyncio.Event()
    page.on_worker = worker.set
    projector = kind.projector(page, stepped)
    watchdog = Watchdog(browser, page.session, hang=options.hang, memory=options.memory)
    report, broken = PageReport(mode=projector.mode), None
    try:
        async with watchdog.watching():
            report = await _watch_page(page, projector, kind.hand(page, projector), options, log)
    except PageBroken as error:
        broken = error
    except ProtocolError as error:
        if "beginFrame" in str(error):  # some builds of the shell have lost it
            await _leave(browser, page, None)
            raise _NeedsRealTime("this browser makes no single frames") from None
        broken = PageBroken("crash", f"the browser would not go on: {error}")
    if stepped and worker.is_set():
        await _leave(browser, page, broken)
        raise _NeedsRealTime("it has a Worker, whose time cannot be stepped")
    if broken is not None:
        await _explain(page, log, broken, watchdog)
    await _leave(browser, page, broken)
    if stepped and broken is not None and broken.kind == "hang" and _CLOCK.search(html):
        raise _NeedsRealTime("it may be waiting for its clock, which stands still while a script runs")
    return replace(
        report,
        events=log.events,
        frames=projector.frames,
        shown=projector.shown / 1000,
        wall=loop.time() - began,
        notes=(projector.note,) if projector.note else (),
    )


async def _watch_page(
    page: AnyPage, projector: Projector, hand: Hand, options: PageOptions, log: EventLog
) -> PageReport:
    await projector.start()
    await page.load()
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
    return _look(pictures, await page.canvases(), projector.mode)


async def _loaded(page: AnyPage, projector: Projector) -> None:
    """Until the page has loaded, or has had long enough for it. Its time goes on meanwhile."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not page.loaded and max(loop.time() - began, projector.shown / 1000) < _LOAD_LIMIT:
        await projector.idle()


async def _is_expression(page: AnyPage, expression: str) -> bool:
    """Whether it parses: put into a function that is never called, nothing else can go wrong with it."""
    made = [await page.evaluate(f"typeof (() => (\n{text}\n))") for text in (expression, "0")]
    return made[0] is not None or made[1] is None  # a page that answers nothing says nothing of the expression


async def _no_selector(page: AnyPage, action: Mapping[str, Any]) -> str | None:
    """What an action names as a CSS selector and is none."""
    named = action.get("click", action.get("move"))
    wrong = isinstance(named, str) and await page.evaluate(_SELECTS % json.dumps(named)) is False
    return named if wrong else None


async def _wait(page: AnyPage, projector: Projector, expression: str, limit: float) -> bool:
    loop = asyncio.get_running_loop()
    began, shown = loop.time(), projector.shown
    while loop.time() - began < limit and projector.shown - shown < limit * 1000:
        if await page.evaluate(f"!!(\n{expression}\n)"):
            return True
        await projector.idle()
    return False


def _look(pictures: list[bytes], boxes: list[pixels.Box], mode: str) -> PageReport:
    """What the pictures show. Blank is a page that shows nothing at the end: a blink may hide one moment."""
    if not pictures:
        return PageReport(mode=mode)
    seen = [pixels.decode(picture) for picture in pictures]
    moves = [
        before != after and pixels.changed(old, new)
        for (before, old), (after, new) in zip(
            zip(pictures, seen, strict=True), list(zip(pictures, seen, strict=True))[1:], strict=False
        )
    ]
    return PageReport(
        mode=mode,
        blank=all(pixels.blank(picture, boxes) for picture in seen[-2:]),
        changes=sum(moves),
        moments=len(pictures),
        canvases=len(boxes),
        screenshot=pictures[-1],
        filmstrip=pixels.filmstrip(seen),
    )


async def _explain(page: AnyPage, log: EventLog, broken: PageBroken, watchdog: Watchdog) -> None:
    """Why the page cannot go on, and where."""
    if watchdog.ate_memory:
        log.add("crash", f"the page used more than {watchdog.memory / 1e6:.0f} MB of memory and was stopped")
    elif broken.kind == "hang":
        place = await page.pause()
        what = "a script does not come to an end" if place != NOWHERE else "the page does not answer"
        log.add("hang", f"{what}: {broken.message}", place)
    else:
        log.add(broken.kind, broken.message, broken.place)


async def _leave(browser: Browser, page: AnyPage, broken: PageBroken | None) -> None:
    """Close the page; after a hang or a crash the browser is started anew, whatever it says of itself."""
    if broken is None:
        await page.close()
    else:
        await browser.restart()
