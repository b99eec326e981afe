"""What is asked of a lane and what it answers: plain values that travel as JSON."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, Literal

LEAST_MOVES = 2  # a picture that changes once has appeared; one that changes again moves
Network = Literal["block", "allow"]


@cache
def today() -> int:
    """Noon of this day (UTC), in seconds since 1970: when a page begins whose case names no date."""
    return int(time.time()) // 86400 * 86400 + 43200


@dataclass(frozen=True)
class PageOptions:
    """How a page is shown.

    duration: seconds of page time. width, height: of the window, in pixels. wait_for: a JavaScript expression that
    must become true, within `wait_limit` seconds, before the duration begins. actions: plain maps, one action each
    (see `actions.py`). samples: how many moments are looked at, the last frame included. hang: seconds of
    processor time after which a script that does not yield is stopped. memory: bytes for the browser while it
    shows the page, all its processes together. date: seconds since 1970 at which the page begins; None for today.
    dialogs: how alert, confirm and prompt are answered, {"accept": bool, "text": str}; None: each is an event.
    libraries: the names of those that well-known addresses bring, from where they are installed; None for all.
    few: show few of its frames (see `Stepper`), for thousands of pages that are judged anew.
    canvas: it is blank where its canvases are, whatever else it shows. moves: it is meant to move.
    """

    duration: float = 2.0
    width: int = 800
    height: int = 600
    network: Network = "block"
    wait_for: str | None = None
    wait_limit: float = 10.0
    actions: tuple[Mapping[str, Any], ...] = ()
    samples: int = 5
    hang: float = 8.0
    memory: int = 1_600_000_000
    date: int | None = None
    dialogs: Mapping[str, Any] | None = None
    libraries: tuple[str, ...] | None = ()
    few: bool = False
    canvas: bool = False
    moves: bool = False

    def plain(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class PageEvent:
    """Something that the page did.

    kind: console, warning, exception, rejection, request, worker, dialog, popup, download, navigation, crash, hang,
    wait, action, markup, or author (the case's own mistake). line, column: in the page as it was given, from 1;
    None where it happened elsewhere. times: how often.
    """

    kind: str
    message: str
    line: int | None = None
    column: int | None = None
    times: int = 1


@dataclass(frozen=True)
class PageReport:
    """What became of a page.

    mode: "stepped" (virtual time) or "real time". frames: how many were run. shown: seconds of page time. wall: of
    ours. blank: nothing to be seen at the end, in its canvases where `canvases` of them were judged by themselves;
    None where it never came to that. moments: how many pictures were looked at. changes: how many steps from one to
    the next changed it. whole: it was shown to its end. notes: what a reader must know. screenshot, filmstrip: PNG,
    empty where there is none.
    """

    events: tuple[PageEvent, ...] = ()
    mode: str = "stepped"
    frames: int = 0
    shown: float = 0.0
    wall: float = 0.0
    blank: bool | None = None
    changes: int = 0
    moments: int = 0
    canvases: int = 0
    whole: bool = True
    notes: tuple[str, ...] = ()
    screenshot: bytes = field(default=b"", repr=False)
    filmstrip: bytes = field(default=b"", repr=False)

    def plain(self) -> dict[str, Any]:
        data = asdict(self)
        for name in ("screenshot", "filmstrip"):
            data[name] = base64.b64encode(data[name]).decode()
        return data

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> PageReport:
        pictures = {name: base64.b64decode(data[name]) for name in ("screenshot", "filmstrip")}
        events = tuple(PageEvent(**event) for event in data["events"])
        return cls(**{**data, **pictures, "events": events, "notes": tuple(data["notes"])})
