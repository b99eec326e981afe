"""Making a page's frames: one by one in virtual time, or by waiting for them."""

from __future__ import annotations

import asyncio
import base64
import math
from collections.abc import Awaitable, Callable
from typing import Protocol

from pytest_llm.browsers.chromium.cdp import ProtocolError, Session

FRAME_RATE = 60
_STEPS = (17, 17, 16)  # ms: whole ones, three make exactly 50; Chromium's clock jitters on fractions
_COARSE = 100  # ms: how a page goes on that is too heavy for every frame
_DRAWN = 30  # the pictures that nobody looks at are drawn this seldom
_PATIENCE = 1.0  # seconds that even the shortest page may take: a browser's first frame is slow
_BUSY = 4  # times the limit: as long as a light page may take on a machine that is busy with other things
_EPOCH = 1_700_000_000  # seconds: the day on which every page is shown


class Projector(Protocol):
    """Shows a page for a while.

    frames: how many it has shown. shown: milliseconds of page time. note: what a reader must know, or "".
    """

    mode: str
    frames: int
    shown: int
    note: str

    async def start(self) -> None: ...

    async def play(self, seconds: float, samples: int) -> list[bytes]:
        """Go on for `seconds` of page time; PNG pictures of `samples` moments, the first and the last included."""

    async def idle(self) -> None:
        """Go on for a moment."""


class Stepper:
    """Frames on demand: the page's clocks stand still between them, so every run sees the same.

    spent: seconds of processor time that the browser has used so far.
    """

    mode = "stepped"

    def __init__(self, session: Session, spent: Callable[[], Awaitable[float]]) -> None:
        self._session, self._spent = session, spent
        self._base = 0.0
        self._now = 0.0
        self.frames = 0
        self.shown = 0
        self.note = ""

    async def start(self) -> None:
        answer = await self._session.send(
            "Emulation.setVirtualTimePolicy", policy="pause", initialVirtualTime=_EPOCH
        )
        self._base = answer["virtualTimeTicksBase"]
        await self._advance(round(math.ceil(self._base) + 1 - self._base, 3))  # from here on whole milliseconds

    async def play(self, seconds: float, samples: int) -> list[bytes]:
        total = round(seconds * 1000)
        count = max(samples, round(seconds * FRAME_RATE))
        wanted = {round(k * (count - 1) / max(1, samples - 1)) for k in range(samples)}  # none for no samples
        limit = max(seconds, _PATIENCE)
        began, used = asyncio.get_running_loop().time(), await self._spent()
        first, pictures = self.shown, list[bytes]()
        for number in range(count):
            if await self._too_heavy(began, used, limit):
                return pictures + await self._hurry(total - (self.shown - first), limit / 2)
            shot = await self.step(picture=number in wanted, last=number == count - 1)
            pictures += [shot] if shot else []
        return pictures

    async def _too_heavy(self, began: float, used: float, limit: float) -> bool:
        """Slower than real time, and by its own doing: what a page looks like must not depend on its neighbours."""
        waited = asyncio.get_running_loop().time() - began
        return waited > limit and (waited > limit * _BUSY or await self._spent() - used > limit)

    async def _hurry(self, left: int, limit: float) -> list[bytes]:
        """The rest of a page that is slower than real time: few frames, and not for long."""
        loop = asyncio.get_running_loop()
        began, before, rest, pictures = loop.time(), self.frames, left, list[bytes]()
        while rest > 0 and loop.time() - began < limit:
            shot = await self.step(min(rest, _COARSE), picture=True)
            rest -= _COARSE
            pictures += [shot] if shot else []
        self.note = (
            f"too heavy for {FRAME_RATE} frames a second: {before} frames, then {self.frames - before} coarse ones"
        )
        if rest > 0:
            self.note += f", the last {rest / 1000:.1f} s not shown"
        return pictures

    async def idle(self) -> None:
        await self.step()

    async def step(self, ms: int | None = None, *, picture: bool = False, last: bool = False) -> bytes | None:
        """One frame; its picture (PNG) if wanted."""
        ms = ms or _STEPS[self.frames % 3]
        await self._advance(ms)
        self.shown += ms
        self.frames += 1
        extra = {"screenshot": {"format": "png", "optimizeForSpeed": not last}} if picture else {}
        answer = await self._session.send(
            "HeadlessExperimental.beginFrame",
            interval=ms,
            frameTimeTicks=self._base + self._now,
            noDisplayUpdates=not picture and self.frames % _DRAWN != 0,
            **extra,
        )
        return base64.b64decode(answer["screenshotData"]) if "screenshotData" in answer else None

    async def _advance(self, ms: float) -> None:
        """Let timers, promises and requests of the next `ms` milliseconds happen."""
        expired = self._session.event("Emulation.virtualTimeBudgetExpired")
        self._session.post("Emulation.setVirtualTimePolicy", policy="pauseIfNetworkFetchesPending", budget=ms)
        await expired
        self._now += ms


class RealTime:
    """An ordinary page, shown for as long as it takes."""

    mode = "real time"
    frames = 0
    note = ""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.shown = 0

    async def start(self) -> None:
        """Nothing to set up."""

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
        await asyncio.sleep(1 / FRAME_RATE)
        await self._beat()

    async def _until(self, moment: float) -> None:
        while (left := moment - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(left, 0.1))
            await self._beat()

    async def _beat(self) -> None:
        """A page that hangs is noticed here."""
        await self._session.send("Runtime.evaluate", expression="0")

    async def _picture(self) -> bytes:
        try:
            answer = await self._session.send("Page.captureScreenshot", format="png", optimizeForSpeed=True)
        except ProtocolError:
            return b""
        return base64.b64decode(answer["data"])
