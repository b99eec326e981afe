"""What a visitor does: clicks, keys, mouse moves; each as the browser's own input, between two frames."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, Protocol

from pytest_llm.browsers import elements
from pytest_llm.browsers.chromium.cdp import Session
from pytest_llm.browsers.chromium.frames import Projector

Button = Literal["left", "right"]

CODES = {
    **{"Backspace": 8, "Tab": 9, "Enter": 13, "Shift": 16, "Control": 17, "Alt": 18, "Escape": 27, "Space": 32},
    **{"PageUp": 33, "PageDown": 34, "End": 35, "Home": 36, "Insert": 45, "Delete": 46},
    **{"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40},
    **{f"F{number}": 111 + number for number in range(1, 13)},
}
_DRAG_STEPS = 8  # moves from one point to the next: pages draw at each, as under a real hand
_WHEEL = 100  # pixels: one notch of a wheel


def known_key(name: str) -> bool:
    """Whether `press` can press it: one character, or a name such as ArrowLeft, Space, Enter, F1."""
    return len(name) == 1 or name in CODES


class ActionFailed(Exception):
    """The page is well, but this cannot be done in it; the message says why."""


class Evaluates(Protocol):
    """A page, as far as actions need one."""

    async def evaluate(self, expression: str) -> Any: ...


class Hand(ABC):
    """A mouse, a finger and a keyboard. A projector makes the frames that an input or its effect needs."""

    def __init__(self, session: Session, projector: Projector) -> None:
        self._session, self._projector = session, projector
        self.mouse: tuple[float, float] | None = None  # where an action has left it

    @abstractmethod
    async def move(self, x: float, y: float, *, held: bool = False) -> None:
        """Move the mouse; `held`: with its button down."""

    @abstractmethod
    async def button(self, down: bool, x: float, y: float, *, button: Button = "left", count: int = 1) -> None:
        """A button, where the mouse is; count: the how manyth click it is."""

    @abstractmethod
    async def wheel(self, x: float, y: float, dx: float, dy: float) -> None:
        """Turn the wheel: pixels to the right and down."""

    @abstractmethod
    async def tap(self, x: float, y: float) -> None:
        """A finger, down and up."""

    @abstractmethod
    async def key(self, down: bool, name: str) -> None:
        """One key, by its name or character."""

    async def click(self, x: float, y: float, *, button: Button = "left", times: int = 1) -> None:
        await self.move(x, y)
        for count in range(1, times + 1):
            await self.button(True, x, y, button=button, count=count)
            await self.button(False, x, y, button=button, count=count)

    async def drag(self, path: Sequence[tuple[float, float]]) -> None:
        await self.move(*path[0])
        await self.button(True, *path[0])
        for (x1, y1), (x2, y2) in pairwise(path):
            for part in (step / _DRAG_STEPS for step in range(1, _DRAG_STEPS + 1)):
                await self.move(x1 + (x2 - x1) * part, y1 + (y2 - y1) * part, held=True)
                await self._projector.idle()
        await self.button(False, *path[-1])

    async def scroll(self, x: float, y: float, dx: float, dy: float) -> None:
        """By the wheel, a notch at a time."""
        notches = max(1, round(max(abs(dx), abs(dy)) / _WHEEL))
        for _ in range(notches):
            await self.wheel(x, y, dx / notches, dy / notches)
            await self._projector.idle()

    async def press(self, name: str, seconds: float = 0.0) -> None:
        await self.key(True, name)
        await (self._projector.play(seconds, 0) if seconds else self._projector.idle())
        await self.key(False, name)


async def act(page: Evaluates, hand: Hand, projector: Projector, action: Mapping[str, Any]) -> str:
    """Do one action, a map of its kind to what it is done with (see KINDS); what went wrong, or ""."""
    try:
        await _Visit(page, hand, projector).do(action)
    except ActionFailed as error:
        return str(error)
    await projector.idle()
    return ""


def selectors(action: Mapping[str, Any]) -> Iterator[str]:
    """What an action names as CSS selectors."""
    for kind, value in action.items():
        if kind in ("fill", "select"):
            yield from value
        elif isinstance(value, str) and kind in (*_AT, "scroll"):
            yield value


class _Visit:
    """One action of a visitor's."""

    def __init__(self, page: Evaluates, hand: Hand, projector: Projector) -> None:
        self._page, self._hand, self._projector = page, hand, projector

    async def do(self, action: Mapping[str, Any]) -> None:
        kind = next(name for name in KINDS if name in action)
        value = action[kind]
        if kind in _AT:
            how, further = _AT[kind]
            point = await self._point(kind, value)
            await getattr(self._hand, how)(*point, **further)
            self._hand.mouse = point
        elif kind == "press":
            await self._hand.press(value, action.get("for", 0.0))
        else:
            await _OTHER[kind](self, value)

    async def wait(self, seconds: float) -> None:
        await self._projector.play(seconds, 0)

    async def type(self, text: str) -> None:
        for character in text:
            await self._hand.press("Enter" if character == "\n" else character)

    async def drag(self, path: Sequence[Any]) -> None:
        points = [path[:2], path[2:]] if isinstance(path[0], int | float) else path
        path = [await self._point("drag", point) for point in points]
        await self._hand.drag(path)
        self._hand.mouse = path[-1]

    async def scroll(self, how: str | float | Sequence[float]) -> None:
        if isinstance(how, str):
            await self._point("scroll to", how)
            return
        dx, dy = (0.0, how) if isinstance(how, int | float) else how
        width, height = await self._page.evaluate("[innerWidth, innerHeight]") or (2, 2)
        await self._hand.scroll(*(self._hand.mouse or (width / 2, height / 2)), dx, dy)

    async def fill(self, fields: Mapping[str, str]) -> None:
        await self._each("fill", elements.FILL, fields)

    async def select(self, fields: Mapping[str, str]) -> None:
        await self._each("select in", elements.SELECT, fields)

    async def _each(self, kind: str, source: str, fields: Mapping[str, str]) -> None:
        for selector, value in fields.items():
            await self._point(kind, selector)
            if wrong := await self._page.evaluate(f"{source}({json.dumps(selector)}, {json.dumps(value)})"):
                raise ActionFailed(f"cannot {kind} {selector!r}: {wrong}")

    async def _point(self, kind: str, target: str | Mapping[str, str] | Sequence[float]) -> tuple[float, float]:
        """Where a target is in the window: its middle, or the very point."""
        found = await self._page.evaluate(f"{elements.FIND}({json.dumps(target)})")
        match found:
            case ["at", x, y]:
                return float(x), float(y)
            case ["outside", width, height]:
                raise ActionFailed(f"nothing to {kind}: {target} is outside the window of {width} x {height}")
            case ["hidden"]:
                raise ActionFailed(f"nothing to {kind}: {_named(target)} is there, but not to be seen")
            case ["none", there]:
                raise ActionFailed(f"nothing to {kind}: no {_named(target)}; there is {there or 'nothing else'}")
        raise ActionFailed(f"nothing to {kind}: the page does not tell where {_named(target)} is")


def _named(target: Any) -> str:
    return f"element with the text {target['text']!r}" if isinstance(target, Mapping) else f"element {target!r}"


# What is done at a target, {"click": [x, y]}, a CSS selector, or {"text": words}: by which of the hand's moves.
_AT: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "click": ("click", {}),
    "double_click": ("click", {"times": 2}),
    "right_click": ("click", {"button": "right"}),
    "tap": ("tap", {}),
    "move": ("move", {}),
    "hover": ("move", {}),
}
# {"drag": [x1, y1, x2, y2] or points}, {"scroll": pixels, [right, down] or selector}, {"fill": {selector: text}},
# {"select": {selector: option}}, {"type": text}, {"wait": seconds}; and {"press": key, "for": seconds held}.
_OTHER: Mapping[str, Callable[[_Visit, Any], Awaitable[None]]] = {
    "drag": _Visit.drag,
    "scroll": _Visit.scroll,
    "fill": _Visit.fill,
    "select": _Visit.select,
    "type": _Visit.type,
    "wait": _Visit.wait,
}
KINDS = (*_AT, "press", *_OTHER)
