"""What goes wrong in a page in Firefox: console, exceptions and rejections, with their place."""

from __future__ import annotations

import re
from typing import Any

from pytest_llm.chromium.events import NOWHERE, PAGE_URL, EventLog, Place

CHANNEL = "witness"
# Firefox logs a rejection or a syntax error without saying that it is one, or where; the page's own events do. They
# come first, and count only if the log agrees: a page may handle its errors.
WITNESS = r"""say => {
  const text = value => { try { return String(value).slice(0, 2000); } catch { return "?"; } };
  addEventListener("error", e => say(["exception", text(e.message), text(e.filename), e.lineno, e.colno]));
  addEventListener("unhandledrejection", e => {
    const r = e.reason, stack = r !== null && typeof r === "object" ? text(r.stack) : "";
    say(["rejection", text(r), stack, 0, 0]); });
}"""
_UNCAUGHT = "uncaught exception: "
_MOST = 200  # witnessed events that wait for the log
_AT = re.compile(re.escape(PAGE_URL) + r":(\d+):(\d+)")
_SOCKET = re.compile(r"^Firefox can.t establish a connection")  # said by the request already
_CONSOLE = {"error": "console", "assert": "console", "warn": "warning"}


class Witness:
    """Writes what the page's console and its uncaught errors say into a log."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._seen: dict[str, tuple[str, Place]] = {}
        self._workers = False

    def message(self, event: dict[str, Any]) -> None:
        """What the page's own listeners saw."""
        if event["channel"] != CHANNEL:
            return
        kind, text, where, line, column = (item.get("value") for item in event["data"]["value"])
        place = _found(where) if kind == "rejection" else (line, column) if where == PAGE_URL else NOWHERE
        if len(self._seen) < _MOST:
            self._seen[text.removeprefix(_UNCAUGHT)] = (kind, place)

    def realm(self, event: dict[str, Any]) -> None:
        self._workers = self._workers or "worker" in event["type"]

    def entry(self, event: dict[str, Any]) -> None:
        """A line of Firefox's log."""
        frames = event.get("stackTrace", {}).get("callFrames", [])
        in_worker = bool(frames) and frames[0]["url"].startswith("blob:")
        if event["type"] == "console":
            self._console(event, _innermost(frames), in_worker)
        elif event["level"] == "error" and not _SOCKET.search(event["text"]):
            self._uncaught(event["text"].removeprefix(_UNCAUGHT), _innermost(frames), in_worker)

    def _console(self, event: dict[str, Any], place: Place, in_worker: bool) -> None:
        kind = _CONSOLE.get(event["method"])
        if kind is None:
            return
        values = event["args"]
        plain = not any(value["type"] in ("error", "node", "function") for value in values)
        text = " ".join(map(_shown, values)) if plain else event["text"]
        prefix = "assertion failed: " if event["method"] == "assert" else ""
        self._log.add("worker" if in_worker and kind == "console" else kind, prefix + text, place)

    def _uncaught(self, text: str, place: Place, in_worker: bool) -> None:
        unseen = "worker" if in_worker or (self._workers and place == NOWHERE) else "exception"
        kind, seen = self._seen.get(text, (unseen, NOWHERE))
        self._log.add("worker" if in_worker else kind, text, place if place != NOWHERE else seen)


def _found(stack: str) -> Place:
    found = _AT.search(stack)
    return (int(found[1]), int(found[2])) if found else NOWHERE


def _innermost(frames: list[dict[str, Any]]) -> Place:
    """The innermost frame that lies in the page; counted from 1, where the protocol counts from 0."""
    inside = (frame for frame in frames if frame["url"] == PAGE_URL)
    return next(((frame["lineNumber"] + 1, frame["columnNumber"] + 1) for frame in inside), NOWHERE)


def _shown(value: dict[str, Any], depth: int = 0) -> str:
    """A JavaScript value in one line, as a console would show it."""
    inner = value.get("value")
    if not isinstance(inner, list) or depth > 2:
        return str(inner).lower() if isinstance(inner, bool) else str(value.get("value", value["type"]))
    if value["type"] in ("array", "set"):
        return f"[{', '.join(_shown(item, depth + 1) for item in inner)}]"
    pairs = ((key if isinstance(key, str) else _shown(key, depth + 1), item) for key, item in inner)
    return f"{{{', '.join(f'{key}: {_shown(item, depth + 1)}' for key, item in pairs)}}}"
