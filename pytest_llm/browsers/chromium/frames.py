"""Making a page's frames: one by one in virtual time, or by waiting for them."""

from __future__ import annotations

import asyncio
import base64
import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from pytest_llm.browsers.chromium.cdp import PageBroken, ProtocolError, Session
from pytest_llm.browsers.chromium.clock import Clock

FRAME_RATE = 60
_STEPS = (17, 17, 16)  # ms: whole ones, three make exactly 50; Chromium's clock jitters on fractions
_CALM = 50  # ms from frame to frame of a page that never asked for one: it goes by its timers alone
_FEW = 39  # frames shown of a page of which few are wanted, before they become coarse
_COARSE = 100  # ms from frame to frame of a heavy page
_RARE = 1000  # ms of a very heavy one: its timers and promises have their time all the same
_SETTLED = 13  # frames after which a page's weight is looked at: seldom, so that it seldom comes out otherwise
_LONG = 0.1  # seconds for a frame after which it is looked at as well
_PATIENCE = 1.0  # seconds that even the shortest page may use: a browser's first frame is slow
_MOST = 4  # times the duration: what a page may use of the processor until it is shown no more
_UNSEEN = 30  # frames drawn for nobody: one in so many at least
_FIRST_UNSEEN = 4
_QUEUE = 0.25  # seconds of work that frames which are not drawn may leave to the graphics process
_WAKE = 0.05  # seconds
_MOMENT = 0.001  # ms
_ANSWERS = 5  # that a page hears after its end, a millisecond each: a store is opened, written and read by then
_MISSED = 20  # first frames that a page may miss: one in a hundred pages misses some
_STARVED = 250  # tasks without a pause after which time goes on all the same: loops of messages never pause
_STARVED_SOON = 3  # where their clock has run ahead


class Projector(Protocol):
    """Shows a page for a while.

    frames: how many it has shown. shown: milliseconds of page time. whole: it was shown to its end. note: what a
    reader must know, or "".
    """

    mode: str
    frames: int
    shown: int
    whole: bool
    note: str

    async def start(self) -> None: ...

    async def load(self) -> None:
        """Before it is first asked whether the page has loaded."""

    async def begin(self, framed: Callable[[], Awaitable[Any]]) -> None:
        """The first frame of a page that has loaded. framed: asks the page for one; whether it has had it."""

    async def play(self, seconds: float, samples: int) -> list[bytes]:
        """Go on for `seconds` of page time; PNG pictures of `samples` moments, the first and the last included."""

    async def idle(self) -> None:
        """Go on for a moment."""

    def elapsed(self) -> float:
        """Seconds of page time so far, or of processor time that the page used meanwhile, if that is more."""


class Weight:
    """How heavy a page is, by the seconds of processor time that it used: 0 for every frame, 1 for some of them, 2
    for few. Its longest piece at once does not count: many pages work something out first."""

    def __init__(self, used: Callable[[], float], seconds: float, hang: float) -> None:
        limit = max(seconds, _PATIENCE)
        self._used, self._bounds, self._most = used, (limit / 2, limit), _MOST * limit + hang
        self._began = self._last = used()
        self._longest = 0.0

    def settle(self) -> int:
        now = self._used()
        self._longest, self._last = max(self._longest, now - self._last), now
        return sum(now - self._began - self._longest > bound for bound in self._bounds)

    def too_much(self) -> bool:
        """It is not worth going on."""
        return self._used() - self._began > self._most


class Stepper:
    """Frames on demand: the page's clocks stand still between them, so every run sees the same.

    used: seconds of processor time that the page and its pictures have taken so far. hang: how many a script may
    take at once. epoch: seconds since 1970 at which the page begins. draw: draw each frame, as a compositor that
    scrolls needs it: it would go the way of a frame that is not drawn a second time. smooth: it may scroll so.
    few: all frames at first, then one each tenth of a second. shared: whether it shares its clock with Workers.
    clock: what its scripts have waited for is granted with the next frame. rest: waits until the browser has done
    what the page asked it for.
    """

    mode = "stepped"

    def __init__(
        self,
        session: Session,
        used: Callable[[], float],
        *,
        hang: float,
        epoch: int,
        draw: bool,
        smooth: bool,
        few: bool,
        shared: Callable[[], bool],
        clock: Clock,
        rest: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._shared, self._clock, self._rest = shared, clock, rest
        self._session, self._used, self._hang, self._epoch = session, used, hang, epoch
        self._unseen, self._smooth = 1 if draw else _UNSEEN, smooth
        self._every = _FEW if few else math.inf
        self._base = 0.0
        self._now = 0.0
        self._gap, self._queued = min(_FIRST_UNSEEN, self._unseen), 0
        self._began, self._loaded = used(), False
        self.frames = 0
        self.shown = 0
        self.whole = True
        self.note = ""

    async def start(self) -> None:
        answer = await self._session.send(
            "Emulation.setVirtualTimePolicy", policy="pause", initialVirtualTime=self._epoch
        )
        self._base = answer["virtualTimeTicksBase"]
        await self._advance(round(math.ceil(self._base) + 1 - self._base, 3))  # from here on whole milliseconds

    async def load(self) -> None:
        """Time without a frame, for what the page holds itself: what it was shown meanwhile would be by chance."""
        await self._go_on(_STEPS[0])

    async def begin(self, framed: Callable[[], Awaitable[Any]]) -> None:
        """A compositor that has just begun may tell too late that it wants frames: it misses those before."""
        self._loaded = True
        if self._rest is not None:
            await self._rest()
        await framed()
        for _ in range(_MISSED):
            if self.frames:
                self._base += _MOMENT  # the same frame twice would be waited for without an end
            await self._frame()
            if await framed():
                return

    async def play(self, seconds: float, samples: int) -> list[bytes]:
        end, pictures = self.shown + round(seconds * 1000), list[bytes]()
        moments = deque(end - round(1000 * seconds * k / max(1, samples - 1)) for k in reversed(range(samples)))
        weight, levels = Weight(self._used, seconds, self._hang), [0]
        while self.shown < end:
            began = asyncio.get_running_loop().time()
            due = moments[0] if moments else math.inf
            few = samples > 0 and len(levels) > self._every
            await self._go_on(self._until_next(levels[-1] or int(few), end, due), weight if levels[-1] else None)
            if levels[-1] and weight.too_much():
                break
            while moments and moments[0] <= self.shown:
                moments.popleft()
            shot = await self._frame(picture=due <= self.shown)
            pictures += [shot] if shot else []
            long = asyncio.get_running_loop().time() - began > _LONG
            levels.append(weight.settle() if long or self.frames % _SETTLED == 0 else levels[-1])
        if self._rest is not None and self.shown >= end:
            for _ in range(_ANSWERS):
                await self._advance(1)
        self._tell(levels[1:], (end - self.shown) / 1000)
        return pictures

    def _until_next(self, level: int, end: int, due: float) -> int:
        """Milliseconds to the next frame; where these are few the next picture is one."""
        calm = self._is_calm()
        ms = min((_CALM if calm else _STEPS[self.frames % 3], _COARSE, _RARE)[level], end - self.shown)
        return int(min(ms, due - self.shown)) if (level or calm) and self.shown < due else ms

    def _is_calm(self) -> bool:
        return not self._clock.framed and not self._smooth

    async def _go_on(self, ms: int, weight: Weight | None = None) -> None:
        """Time without a frame, in pieces: what takes too long for one is a hang. As far as the weight allows."""
        waited = max(0, math.ceil(self._clock.reached - 1000 * self._epoch - self._now))
        pieces = [waited] * (waited > 0)
        pieces += [min(_CALM, ms - done) for done in range(waited, ms, _CALM)]
        for piece in pieces:
            await self._advance(piece)
            self.shown += piece
            if weight is not None and weight.too_much():
                return

    def _tell(self, levels: Sequence[int], left: float) -> None:
        """Note what was not shown. levels: how heavy the page was found after each frame."""
        self.whole = left <= 0
        if any(levels[:-1]):
            every = next(number for number, level in enumerate(levels, 1) if level)
            self.note = (
                f"too heavy for {FRAME_RATE} frames a second: {every} frames, then {len(levels) - every} more"
            )
        if not self.whole:
            self.note += f", the last {left:.1f} s not shown"

    async def idle(self) -> None:
        await self.step()

    def elapsed(self) -> float:
        return max(self.shown / 1000, self._used() - self._began)

    async def step(self) -> None:
        """The next frame."""
        await self._go_on(
            _CALM if self._loaded and self._unseen > 1 and self._is_calm() else _STEPS[self.frames % 3]
        )
        await self._frame()

    async def _frame(self, *, picture: bool = False) -> bytes | None:
        """A frame at this moment; its picture (PNG) if wanted."""
        self.frames += 1
        self._queued += 1
        drawn = picture or self._queued >= self._gap or self._is_calm()
        extra = {"screenshot": {"format": "png", "optimizeForSpeed": True}} if picture else {}
        began = asyncio.get_running_loop().time()
        answer = await self._session.send(
            "HeadlessExperimental.beginFrame",
            interval=_STEPS[0],
            frameTimeTicks=self._base + self._now,
            noDisplayUpdates=not drawn,
            **extra,
        )
        if drawn:
            self._drew(asyncio.get_running_loop().time() - began)
        return base64.b64decode(answer["screenshotData"]) if "screenshotData" in answer else None

    def _drew(self, seconds: float) -> None:
        """A frame that is drawn waits for all that those before it have left to do: it must stay bearable."""
        bearable = int(_QUEUE * self._queued / max(seconds, 1e-3))
        self._gap = max(1, min(2 * self._gap, self._unseen, bearable))
        self._queued = 0

    async def _advance(self, ms: float) -> None:
        """Let timers, promises and requests of the next `ms` milliseconds happen."""
        if self._rest is not None:
            await self._rest()
        expired = self._session.event("Emulation.virtualTimeBudgetExpired")
        self._session.post(
            "Emulation.setVirtualTimePolicy",
            policy="pauseIfNetworkFetchesPending",
            budget=ms,
            maxVirtualTimeTaskStarvationCount=_STARVED_SOON if self._clock.reached else _STARVED,
        )
        while not (await asyncio.wait({expired}, timeout=_WAKE))[0]:
            if self._shared():  # a Worker that ends does not wake the page, anything that it is asked does
                self._session.post("Runtime.evaluate", expression="0")
        await expired
        self._now += ms
        if self._clock.lost:
            raise PageBroken("hang", "it reads its clock without an end")


class RealTime:
    """An ordinary page, shown for as long as it takes."""

    mode = "real time"
    frames = 0
    whole = True
    note = ""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.shown = 0

    async def start(self) -> None:
        """Nothing to set up."""

    async def load(self) -> None:
        """Time goes by itself."""

    async def begin(self, framed: Callable[[], Awaitable[Any]]) -> None:
        """Frames come by themselves."""

    async def play(self, seconds: float, samples: int) -> list[bytes]:
        loop = asyncio.get_running_loop()
        began, pictures = loop.time(), list[bytes]()
        for number in range(samples):
            await self._until(began + seconds * number / max(1, samples - 1))
            pictures.append(await self._picture())
        await self._until(began + seconds)
        self.shown += round((loop.time() - began) * 1000)
        return pictures

    async def idle(self) -> None:
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(1 / FRAME_RATE)
        await self._beat()
        self.shown += round((asyncio.get_running_loop().time() - began) * 1000)

    def elapsed(self) -> float:
        return self.shown / 1000

    async def _until(self, moment: float) -> None:
        while (left := moment - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(left, 0.1))
            await self._beat()

    async def _beat(self) -> None:
        """A page that hangs is noticed here."""
        await self._session.yields()

    async def _picture(self) -> bytes:
        try:
            answer = await self._session.send("Page.captureScreenshot", format="png", optimizeForSpeed=True)
        except ProtocolError:
            return b""
        return base64.b64decode(answer["data"])
