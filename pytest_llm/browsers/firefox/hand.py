"""Mouse and keyboard of a page in Firefox."""

from __future__ import annotations

from typing import Any

from pytest_llm.browsers.actions import ActionFailed, Button, Hand
from pytest_llm.browsers.chromium.cdp import ProtocolError, Session
from pytest_llm.browsers.chromium.frames import Projector

_KEYS = {  # WebDriver's own code points
    **{"Backspace": 0xE003, "Tab": 0xE004, "Enter": 0xE006, "Shift": 0xE008, "Control": 0xE009, "Alt": 0xE00A},
    **{"Escape": 0xE00C, "Space": 0x20, "PageUp": 0xE00E, "PageDown": 0xE00F, "End": 0xE010, "Home": 0xE011},
    **{"ArrowLeft": 0xE012, "ArrowUp": 0xE013, "ArrowRight": 0xE014, "ArrowDown": 0xE015},
    **{"Insert": 0xE016, "Delete": 0xE017},
    **{f"F{number}": 0xE030 + number for number in range(1, 13)},
}
_BUTTONS = {"left": 0, "right": 2}


class FirefoxHand(Hand):
    """By WebDriver's input actions; what is held stays held from one to the next."""

    def __init__(self, session: Session, projector: Projector, context: str) -> None:
        super().__init__(session, projector)
        self._context = context

    async def move(self, x: float, y: float, *, held: bool = False) -> None:
        await self._perform("pointer", type="pointerMove", x=round(x), y=round(y))

    async def button(self, down: bool, x: float, y: float, *, button: Button = "left", count: int = 1) -> None:
        await self._perform("pointer", type="pointerDown" if down else "pointerUp", button=_BUTTONS[button])

    async def click(self, x: float, y: float, *, button: Button = "left", times: int = 1) -> None:
        """All of it at once: Firefox counts the clicks of one performance."""
        presses = [{"type": kind, "button": _BUTTONS[button]} for kind in ("pointerDown", "pointerUp")] * times
        place = {"type": "pointerMove", "x": round(x), "y": round(y)}
        await self._send({"type": "pointer", "id": "pointer"}, [place, *presses])

    async def wheel(self, x: float, y: float, dx: float, dy: float) -> None:
        at = {"x": round(x), "y": round(y)}
        await self._perform("wheel", type="scroll", **at, deltaX=round(dx), deltaY=round(dy))

    async def tap(self, x: float, y: float) -> None:
        place = {"type": "pointerMove", "x": round(x), "y": round(y)}
        actions = [place, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        await self._send({"type": "pointer", "id": "finger", "parameters": {"pointerType": "touch"}}, actions)

    async def key(self, down: bool, name: str) -> None:
        value = chr(_KEYS[name]) if name in _KEYS else name
        await self._perform("key", type="keyDown" if down else "keyUp", value=value)

    async def _perform(self, kind: str, **action: Any) -> None:
        await self._send({"type": kind, "id": kind}, [action])

    async def _send(self, source: dict[str, Any], actions: list[dict[str, Any]]) -> None:
        try:
            await self._session.send(
                "input.performActions", context=self._context, actions=[{**source, "actions": actions}]
            )
        except ProtocolError as error:
            if "out of bounds" not in str(error):
                raise
            raise ActionFailed(f"{actions[0]['x']}, {actions[0]['y']} is outside the window") from None
