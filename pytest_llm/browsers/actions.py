"""What a visitor does: clicks, keys, mouse moves; each as the browser's own input, between two frames."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol

from pytest_llm.browsers.chromium.cdp import PageBroken, Session
from pytest_llm.browsers.chromium.frames import Projector

KINDS = ("click", "move", "drag", "press", "type", "wait")

_CODES = {
    **{"Backspace": 8, "Tab": 9, "Enter": 13, "Shift": 16, "Control": 17, "Alt": 18, "Escape": 27, "Space": 32},
    **{"PageUp": 33, "PageDown": 34, "End": 35, "Home": 36, "Insert": 45, "Delete": 46},
    **{"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40},
    **{f"F{number}": 111 + number for number in range(1, 13)},
}
_TEXT = {"Enter": "\r", "Space": " "}
_DRAG_STEPS = 8  # moves between press and release: pages draw at each, as under a real hand
_PATIENCE = 0.05  # seconds for an input that needs no frame; a move waits for one

_CENTRE = """(() => { const e = document.querySelector(%s); if (!e) return null;
  e.scrollIntoView({block: "nearest"}); const r = e.getBoundingClientRect();
  return [r.left + r.width / 2, r.top + r.height / 2]; })()"""


def known_key(name: str) -> bool:
    """Whether `press` can press it: one character, or a name such as ArrowLeft, Space, Enter, F1."""
    return len(name) == 1 or name in _CODES


class ActionFailed(Exception):
    """The page is well, but this cannot be done in it; the message says why."""


class Evaluates(Protocol):
    """A page, as far as actions need one."""

    async def evaluate(self, expression: str) -> Any: ...


class Hand(ABC):
    """A mouse and a keyboard. A projector makes the frames that an input or its effect needs."""

    def __init__(self, session: Session, projector: Projector) -> None:
        self._session, self._projector = session, projector

    @abstractmethod
    async def move(self, x: float, y: float, *, held: bool = False) -> None:
        """Move the mouse; `held`: with its button down."""

    @abstractmethod
    async def button(self, down: bool, x: float, y: float) -> None:
        """The left button, where the mouse is."""

    @abstractmethod
    async def key(self, down: bool, name: str) -> None:
        """One key, by its name or character."""

    async def drag(self, x1: float, y1: float, x2: float, y2: float) -> None:
        await self.move(x1, y1)
        await self.button(True, x1, y1)
        for step in range(1, _DRAG_STEPS + 1):
            part = step / _DRAG_STEPS
            await self.move(x1 + (x2 - x1) * part, y1 + (y2 - y1) * part, held=True)
            await self._projector.idle()
        await self.button(False, x2, y2)

    async def press(self, name: str, seconds: float = 0.0) -> None:
        await self.key(True, name)
        await (self._projector.play(seconds, 0) if seconds else self._projector.idle())
        await self.key(False, name)


async def act(page: Evaluates, hand: Hand, projector: Projector, action: Mapping[str, Any]) -> str:
    """Do one action; what went wrong, or "". Its shapes:

    {"click": [x, y]} or {"click": selector}; {"move": the same}; {"drag": [x1, y1, x2, y2]}; {"press": key,
    "for": seconds held}; {"type": text}; {"wait": seconds}.
    """
    try:
        await _act(page, hand, projector, action)
    except ActionFailed as error:
        return str(error)
    await projector.idle()
    return ""


async def _act(page: Evaluates, hand: Hand, projector: Projector, action: Mapping[str, Any]) -> None:
    kind = next(name for name in KINDS if name in action)
    value = action[kind]
    if kind == "wait":
        await projector.play(value, 0)
    elif kind == "type":
        for character in value:
            await hand.press("Enter" if character == "\n" else character)
    elif kind == "press":
        await hand.press(value, action.get("for", 0.0))
    elif kind == "drag":
        await hand.drag(*value)
    else:
        point = await page.evaluate(_CENTRE % json.dumps(value)) if isinstance(value, str) else value
        if point is None:
            raise ActionFailed(f"nothing to {kind}: no element {value!r}")
        await hand.move(*point)
        if kind == "click":
            await hand.button(True, *point)
            await hand.button(False, *point)


class ChromiumHand(Hand):
    """By the DevTools protocol."""

    async def move(self, x: float, y: float, *, held: bool = False) -> None:
        await self._input("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, buttons=int(held))

    async def button(self, down: bool, x: float, y: float) -> None:
        event = "mousePressed" if down else "mouseReleased"
        await self._input("Input.dispatchMouseEvent", type=event, x=x, y=y, button="left", clickCount=1)

    async def key(self, down: bool, name: str) -> None:
        key = _key("Space" if name == " " else name)
        event = {**key, "type": "keyDown"} if down else {**key, "type": "keyUp", "text": ""}
        await self._input("Input.dispatchKeyEvent", **event)

    async def _input(self, method: str, **params: Any) -> None:
        sent = self._session.send(method, **params)
        while True:
            done, _ = await asyncio.wait({sent}, timeout=_PATIENCE)
            if done:
                break
            await self._projector.idle()
        error = sent.exception()
        if isinstance(error, PageBroken):
            raise error


def _key(name: str) -> dict[str, Any]:
    """One key, as Input.dispatchKeyEvent wants it."""
    if name in _CODES:
        text = _TEXT.get(name, "")
        return {"key": text if name == "Space" else name, "code": name, "text": text} | _virtual(_CODES[name])
    code = f"Key{name.upper()}" if name.isalpha() else f"Digit{name}" if name.isdigit() else ""
    return {"key": name, "code": code, "text": name} | _virtual(ord(name.upper()) if code else 0)


def _virtual(code: int) -> dict[str, int]:
    return {"windowsVirtualKeyCode": code, "nativeVirtualKeyCode": code}
