"""What the page reports of itself: protocol events made into PageEvents with a line of the page."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pytest_llm.browsers.chromium import clock, witness
from pytest_llm.browsers.chromium.cdp import Session
from pytest_llm.browsers.places import NOWHERE, PAGE_URL, Place, Places
from pytest_llm.browsers.report import PageEvent

_MOST = 40  # different events of a kind; a page that fails in new words each frame says nothing new
_MORE = "more than {} different ones, what came after them was only counted"
_WAITING = 400  # errors that the browser may still tell of itself
_LONGEST = 1000  # characters of a message
# Said by other events already, or by a browser without a GPU.
_OURS = re.compile(
    r"Failed to load resource|^Uncaught |error occurred when fetching the script"
    r"|GPU stall due to ReadPixels|software WebGL|Automatic fallback"
)
_FONTS = re.compile(  # hosts of style sheets that hold fonts and nothing else
    r"https?://(?:fonts\.googleapis\.com|fonts\.bunny\.net|api\.fontshare\.com|use\.typekit\.net|rsms\.me/inter"
    r"|fonts\.cdnfonts\.com|(?:cdn\.jsdelivr\.net/npm|unpkg\.com)/@fontsource)"
)
_HARMLESS = {  # of which a visitor sees nothing; the second is said of a font that a script loads alone
    "exception": witness.HARMLESS,
    "rejection": re.compile(r"NetworkError: A network error occurred\."),
}
_REFUSED = re.compile(
    r"(?:WebSocket connection to '|Failed to establish a connection to ).*ERR_\w+_CONNECTION_FAILED"
)
_NO_ADAPTER = re.compile(r"\bnull \(reading '(?:requestDevice|features|limits|info|requestAdapterInfo)'\)")
_WEBGPU = "WebGPU has no adapter here: `requestAdapter` gives null, as in any browser without a graphics card"
_RESOURCES = {
    "Image": "image",
    "Script": "script",
    "Stylesheet": "stylesheet",
    "Font": "font",
    "Media": "media file",
}
WORKLET = "worklet"  # in the place of a worker's address: of what its modules do, no event reaches the page
_BLOB = re.compile(r"blob:http://localhost/[0-9a-f-]{36}")  # different in every run


class EventLog:
    """The events of one page: the same one is counted, not repeated; so are those beyond the bound of a kind."""

    def __init__(self, page: str, *, cut_off: bool = True) -> None:
        self.places = Places(page)
        self.cut_off = cut_off  # whether every connection of the page is refused
        self.clock = clock.Clock()
        self.notes: dict[str, None] = {}  # what a reader must know
        self.missing = ""  # what this machine lacks for the page
        self.workers: set[str] = set()  # the addresses of its workers' scripts
        self.unloaded: list[Place] = []  # where workers were made whose scripts could not be loaded
        self.begun: set[str] = set()  # the addresses of SharedWorkers that have
        self._shared: dict[str, Place] = {}  # where these were made, by their address
        self._vanished: set[str] = set()
        self.sharing = False  # whether one was ever made
        self._events: dict[tuple[str, str, Place], int] = {}
        self._kept: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._unplaced: dict[str, tuple[str, str, str]] = {}
        self._suspects: list[tuple[str, str, str, Place]] = []

    def add(self, kind: str, message: str, place: Place = NOWHERE) -> None:
        kind = "warning" if kind in _HARMLESS and _HARMLESS[kind].fullmatch(message) else kind
        message = _BLOB.sub("blob:…", message)
        message = message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"
        if kind in ("rejection", "exception") and (imported := self.places.imported(message)) != NOWHERE:
            place = imported
        elif place == NOWHERE:
            place = self.places.meant(kind, message)
        if _NO_ADAPTER.search(message) and "requestAdapter" in self.places.page:
            self.notes[_WEBGPU] = None
        key = (kind, message, place)
        if key not in self._events and self._kept[kind] >= _MOST:
            self._dropped[kind] += 1
            return
        self._kept[kind] += key not in self._events
        self._events[key] = self._events.get(key, 0) + 1

    def dialog(self, kind: str, message: str, answer: Mapping[str, Any] | None) -> tuple[bool, str]:
        """A dialog is open: whether it is accepted, and the text that is typed into it."""
        if kind == "beforeunload":
            return True, ""
        if answer is None:
            self.add("dialog", f"{kind}({message!r}) was closed at once")
            return False, ""
        return answer["accept"], answer["text"]

    def suspect(self, key: str, kind: str, message: str, place: Place) -> None:
        """An error that the browser will tell of unless the page hides it: it counts where it is never `told`."""
        self._suspects.append((key, kind, message, place))
        if len(self._suspects) > _WAITING:
            self.add(*self._suspects.pop(0)[1:])

    def told(self, key: str) -> bool:
        """The browser tells of the last suspect with this key itself; whether there is one."""
        for index in reversed(range(len(self._suspects))):
            if self._suspects[index][0] == key:
                del self._suspects[index]
                return True
        return False

    def add_request(self, url: str, kind: str, message: str, place: Place) -> None:
        """A request; where no script made it, the first line that holds its URL, or the last part of it."""
        path = url.removeprefix(PAGE_URL.removesuffix("page.html"))
        for part in (path, path.partition("?")[0].rstrip("/").rpartition("/")[2]):
            if place == NOWHERE and part:
                place = self.places.first(part)
        name = f"{_RESOURCES.get(kind, '')} {message}".lstrip()
        if kind == "Font" or (kind == "Stylesheet" and _FONTS.match(url)):
            self.add("warning", f"{name}; its text is shown in another font", place)
        else:
            self.add("request", name, place)

    def leaves(self, url: str, place: Place = NOWHERE) -> None:
        """The page goes elsewhere, or to itself."""
        if url.partition("?")[0] == PAGE_URL:  # with a form's fields, say, that is not kept from being sent
            self.add("navigation", "the page reloads itself", place)
        else:
            place = self.places.target(url) if place == NOWHERE else place
            self.add("navigation", f"the page leaves for {url}", place)

    def shares(self, url: str, place: Place, *, own: bool) -> None:
        """A SharedWorker is made. own: by the page; one of a frame may go with it, before anybody hears of it."""
        self.sharing = True
        if own and len(self._shared) < _WAITING:
            self._shared[url] = place

    def vanished(self, url: str) -> None:
        """A SharedWorker is gone. If it never began, the browser tells its page of that at most times only."""
        self._vanished.add(url)

    @property
    def beginning(self) -> set[str]:
        """The addresses of SharedWorkers that have neither begun nor gone."""
        failed = {url for url, place in self._shared.items() if place in self.unloaded}
        return self._shared.keys() - self.begun - self._vanished - failed

    def _unbegun(self, place: Place) -> None:
        """A worker could not begin: said where no request of it says more, nor itself."""
        unparsed = any(kind == "worker" and text.startswith("SyntaxError") for kind, text, _ in self._events)
        if not self._kept["request"] and not unparsed:
            why = "a module is missing, does not parse, or is no JavaScript by its type"
            self.add("worker", f"its script could not be loaded: {why}", place)

    def expect_place(self, id_: str, url: str, kind: str, message: str) -> None:
        """A request that was stopped before its page's process told which script made it."""
        self._unplaced[id_] = (url, kind, message)

    def place(self, id_: str, place: Place) -> None:
        if id_ in self._unplaced:
            self.add_request(*self._unplaced.pop(id_), place)

    @property
    def events(self) -> tuple[PageEvent, ...]:
        """All that has happened, errors before warnings."""
        for id_ in list(self._unplaced):
            self.place(id_, NOWHERE)
        while self._suspects:
            self.add(*self._suspects.pop(0)[1:])
        gone = [place for url, place in self._shared.items() if url in self._vanished - self.begun]
        self.unloaded += dict.fromkeys(place for place in gone if place not in self.unloaded)
        self._shared.clear()
        while self.unloaded:
            self._unbegun(self.unloaded.pop(0))
        found = [PageEvent(kind, text, *place, times) for (kind, text, place), times in self._events.items()]
        found += [PageEvent(kind, _MORE.format(_MOST), times=times) for kind, times in self._dropped.items()]
        return tuple(sorted(found, key=lambda event: event.kind == "warning"))


def listen(session: Session, log: EventLog, *, worker: str = "") -> None:
    """Write what `session` says of errors and warnings into `log`. worker: the address of its script, WORKLET, or
    ""."""
    log.workers |= {worker} - {
        "",
        WORKLET,
    }  # what nobody handles in a worker is told where that was started as well

    def exception(event: dict[str, Any]) -> None:
        details = event["exceptionDetails"]
        if _of_another(details, log, worker):
            return
        kind, text, place = _exception(details, log, bool(worker))
        log.told("rejection" if "in promise" in details["text"] else "exception")
        log.add(kind, text, place)

    def witnessed(event: dict[str, Any]) -> None:
        if event["name"] == clock.BINDING:
            log.clock.told(event["payload"], worker=bool(worker))
        elif event["name"] == witness.BINDING:
            seen = witness.read(event["payload"])
            if seen.kind == "unloaded":
                log.unloaded.append(log.places.written(seen.stack))
            elif seen.kind == "shared":  # said after it was attached, or before
                log.shares(seen.url, log.places.written(seen.stack), own=seen.text == "true")
            elif seen.kind == "begun":
                log.begun.add(worker)
            if seen.kind in ("unloaded", "shared", "begun") or (seen.url != worker and _echo(seen, log)):
                return
            place = log.places.inside(seen.url, seen.line - 1, seen.column - 1) if seen.line else NOWHERE
            if place == NOWHERE:
                place = log.places.written(seen.stack)
            log.suspect(seen.kind, "worker" if worker else seen.kind, seen.text, place)

    def console(event: dict[str, Any]) -> None:
        kind = {"error": "console", "assert": "console", "warning": "warning"}.get(event["type"])
        if kind:
            text = " ".join(_shown(arg) for arg in event["args"])
            prefix = "assertion failed: " if event["type"] == "assert" else ""
            log.add(
                "worker" if worker and kind == "console" else kind,
                prefix + text,
                log.places.stack(event.get("stackTrace")),
            )

    def entry(event: dict[str, Any]) -> None:
        item = event["entry"]
        if item["source"] == "worker":  # who tells it itself
            return
        kind = {"error": "console", "warning": "warning"}.get(item["level"])
        told = log.cut_off and _REFUSED.match(item["text"])
        if kind and not told and not _OURS.search(item["text"]):
            place = log.places.stack(item.get("stackTrace"))
            if place == NOWHERE and "lineNumber" in item:
                place = log.places.inside(item.get("url", ""), item["lineNumber"], 0)
            kind = {"network": "request", "intervention": "warning"}.get(item["source"], kind)
            log.add(kind, item["text"], place)

    def connects(event: dict[str, Any]) -> None:
        """A socket is made. That it came to nothing may be heard when the page is over."""
        if log.cut_off:
            log.add_request(event["url"], "", blocked(event["url"]), initiator(event, log))

    session.on("Network.webSocketCreated", connects)
    session.on("Network.webTransportCreated", connects)
    session.on("Runtime.bindingCalled", witnessed)
    session.on("Runtime.exceptionThrown", exception)
    session.on("Runtime.consoleAPICalled", console)
    session.on("Log.entryAdded", entry)


def blocked(url: str) -> str:
    if url.startswith("http://localhost/"):
        return f"{url.removeprefix('http://localhost/')} is not there: a page has no files beside it"
    return f"{url} was blocked: a page has no network"


def initiator(event: dict[str, Any], log: EventLog) -> Place:
    """The script that made a request. What the browser says of its parser is that of the look-ahead, and wrong."""
    return log.places.stack(event.get("initiator", {}).get("stack"))


def _echo(seen: witness.Witnessed, log: EventLog) -> bool:
    """Whether a Worker that was started here told this too; of what its script imports, no error is handed on."""
    imported = bool(log.workers) and not seen.stack and seen.url.startswith(("blob:", "data:"))
    return seen.url in log.workers or imported


def _of_another(details: dict[str, Any], log: EventLog, worker: str) -> bool:
    """Whether a Worker that was started here tells this exception itself; that it is one's own may be unknown."""
    url = details.get("url", "")
    unknown = bool(worker) and not url and details.get("exception", {}).get("subtype") == "null"
    return url != worker and (url in log.workers or unknown)


def _exception(details: dict[str, Any], log: EventLog, worker: bool) -> tuple[str, str, Place]:
    thrown = details.get("exception", {})
    text = witness.plain(f"Uncaught {_shown(thrown)}" if thrown else details["text"])
    rejected = "in promise" in details["text"]
    place = log.places.stack(details.get("stackTrace"))
    if place == NOWHERE:
        place = log.places.written(str(thrown.get("description", "")))
    if place == NOWHERE and not rejected:
        place = log.places.inside(details.get("url", ""), details["lineNumber"], details["columnNumber"])
    return ("worker" if worker else "rejection" if rejected else "exception", text, place)


def _shown(value: dict[str, Any]) -> str:
    """A JavaScript value in one line, as a console would show it; of an error, its first line."""
    if "preview" in value and not value["preview"].get("subtype"):
        inner = ", ".join(f"{p['name']}: {p.get('value', p['type'])}" for p in value["preview"]["properties"])
        return f"{{{inner}}}"
    if "description" in value:
        return str(value["description"]).partition("\n    at ")[0]
    if "unserializableValue" in value:
        return str(value["unserializableValue"])
    known = value.get("value", value.get("type", ""))
    return known if isinstance(known, str) else json.dumps(known)
