"""Mouse, finger and keyboard of a page in Chromium."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pytest_llm.browsers.actions import CODES, Button, Hand
from pytest_llm.browsers.chromium.cdp import PageBroken, Session
from pytest_llm.browsers.chromium.frames import Projector

_TEXT = {"Enter": "\r", "Space": " "}
_BUTTONS = {"left": 1, "right": 2}
_PATIENCE = 1.0  # seconds for an answer: only a page that waits for a frame of its own needs so long
_FRAMES = 60  # given to an input that is not answered


class ChromiumHand(Hand):
    """By the DevTools protocol. What the page lets be dragged (`draggable`, a link) is carried by us: a headless
    browser has no desktop that would. That it is to be carried is told at any moment of the drag."""

    def __init__(self, session: Session, projector: Projector) -> None:
        super().__init__(session, projector)
        self._carried: dict[str, Any] | None = None
        self._entered = False  # nothing is carried over a page that it has not entered
        session.on("Input.dragIntercepted", self._take)

    def _take(self, event: dict[str, Any]) -> None:
        self._carried, self._entered = event["data"], False

    async def drag(self, path: Sequence[tuple[float, float]]) -> None:
        self._carried = None
        await self._input("Input.setInterceptDrags", enabled=True)
        await super().drag(path)

    async def move(self, x: float, y: float, *, held: bool = False) -> None:
        if self._carried is None:
            button = "left" if held else "none"
            await self._mouse("mouseMoved", x, y, framed=True, buttons=int(held), button=button)
        elif self._entered:
            await self._carry("dragOver", x, y)
        await self._enter(x, y)

    async def _enter(self, x: float, y: float) -> None:
        if self._carried is not None and not self._entered:
            self._entered = True
            await self._carry("dragEnter", x, y)

    async def _carry(self, kind: str, x: float, y: float) -> None:
        await self._input("Input.dispatchDragEvent", framed=True, type=kind, x=x, y=y, data=self._carried)

    async def button(self, down: bool, x: float, y: float, *, button: Button = "left", count: int = 1) -> None:
        if self._carried is not None and not down:
            await self._enter(x, y)
            await self._carry("drop", x, y)
            self._carried = None
            return
        kind, buttons = ("mousePressed", _BUTTONS[button]) if down else ("mouseReleased", 0)
        await self._mouse(kind, x, y, button=button, buttons=buttons, clickCount=count)

    async def wheel(self, x: float, y: float, dx: float, dy: float) -> None:
        await self._mouse("mouseWheel", x, y, framed=True, deltaX=dx, deltaY=dy)

    async def tap(self, x: float, y: float) -> None:
        await self._input(
            "Input.dispatchTouchEvent", framed=True, type="touchStart", touchPoints=[{"x": x, "y": y}]
        )
        await self._input("Input.dispatchTouchEvent", framed=True, type="touchEnd", touchPoints=[])
        await self._projector.idle()

    async def key(self, down: bool, name: str) -> None:
        key = _key("Space" if name == " " else name)
        event = {**key, "type": "keyDown"} if down else {**key, "type": "keyUp", "text": ""}
        await self._input("Input.dispatchKeyEvent", **event)

    async def _mouse(self, kind: str, x: float, y: float, *, framed: bool = False, **params: Any) -> None:
        await self._input("Input.dispatchMouseEvent", framed=framed, type=kind, x=x, y=y, **params)

    async def _input(self, method: str, *, framed: bool = False, **params: Any) -> None:
        """`framed`: an input that the page gets with its next frame."""
        sent = self._session.send(method, **params)
        for frame in range(_FRAMES):
            if framed or frame:
                await self._projector.idle()
            if (await asyncio.wait({sent}, timeout=_PATIENCE))[0]:
                break
        error = sent.exception() if sent.done() else None
        if isinstance(error, PageBroken):
            raise error


def _key(name: str) -> dict[str, Any]:
    """One key, as Input.dispatchKeyEvent wants it."""
    if name in CODES:
        text = _TEXT.get(name, "")
        return {"key": text if name == "Space" else name, "code": name, "text": text} | _virtual(CODES[name])
    code = f"Key{name.upper()}" if name.isalpha() else f"Digit{name}" if name.isdigit() else ""
    return {"key": name, "code": code, "text": name} | _virtual(ord(name.upper()) if code else 0)


def _virtual(code: int) -> dict[str, int]:
    return {"windowsVirtualKeyCode": code, "nativeVirtualKeyCode": code}
