"""What goes wrong in a page in Firefox: console, exceptions and rejections, with their place."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from pytest_llm.browsers.chromium.witness import plain
from pytest_llm.browsers.events import EventLog
from pytest_llm.browsers.places import NOWHERE, Place

CHANNEL = "witness"
# Firefox logs a rejection or a syntax error without saying that it is one, or where; an error that the page hides
# from it, not at all. The page's own events know better, and come first. What is not logged after them counts too.
# What nobody handles in a worker is an event of whoever started that too, without the error itself: an echo of what
# the worker told, unless their origin is one of their own, of which nothing is heard here.
_TELL = r"""
  const text = (value, show = String) => { try { return show(value).slice(0, 2000); } catch { return "?"; } };
  const elsewhere = /^(blob:|data:|\nuncaught exception: )/, nothing = /\nuncaught exception: (null|undefined)$/;
  const unheard = origin === "null", within = (e, words = `${e.filename}\n${e.message}`) =>
    e.error == null && elsewhere.test(words) && !nothing.test(words);
  const listen = (failed, rejected, tell) => {
    const kind = e => !within(e) ? failed : unheard ? "worker" : "echo";
    addEventListener("error", e => !e.isTrusted || e.lineno === undefined ||  // the page's own; an image's, say
      tell(kind(e), text(e.message), "", text(e.filename), e.lineno, e.colno), true);
    addEventListener("unhandledrejection", e => {
      if (!e.isTrusted && globalThis.document) return;  // in a worker none is trusted
      const r = e.reason, thing = r !== null && typeof r === "object", error = thing && r.stack !== undefined;
      const [words, shown] = thing && !error ? ["Object", text(r, JSON.stringify)] : [text(r), ""];
      tell(rejected, words, shown, error ? text(r.stack) : "", 0, 0);
    }, true);
  };"""
WITNESS = f"""say => {{{_TELL}
  const tell = (...words) => say(words);
  listen("exception", "rejection", tell);
  if (window === window.top) new BroadcastChannel("CHANNEL").onmessage = e => tell(...e.data);
}}"""
# Nothing of ours is in a worker before its own script. So the page's `Worker` starts one of ours, which listens and
# then runs the page's script, at an address that the page cannot take back. Its own workers do the same. A classic
# worker runs text of any type, and imports only what says that it is a script.
WORKERS = f"""(function setup() {{{_TELL}
  const address = URL.createObjectURL, own = `(${{setup}})();`, wrapped = new Map(), blobs = new Map();
  const [make, call, Parts, quote, Address] = [Reflect.construct, Reflect.apply, Blob, JSON.stringify, URL];
  const replace = "".replace, on = addEventListener, Air = BroadcastChannel, post = Air.prototype.postMessage;
  URL.createObjectURL = function createObjectURL(blob) {{
    const url = call(address, Address, [blob]);
    blobs.set(url, blob);
    return url;
  }};
  const revoke = URL.revokeObjectURL;
  URL.revokeObjectURL = function revokeObjectURL(url) {{
    blobs.delete(`${{url}}`);
    return call(revoke, Address, [url]);
  }};
  const script = (...parts) => call(address, Address, [new Parts(parts, {{ type: "text/javascript" }})]);
  const typed = url => call(replace, url, [/^data:[^;,]*/, "data:text/javascript"]);
  const started = (url, module) => {{
    const key = `${{url}}`, known = blobs.get(key);
    if (!known && !key.startsWith("data:")) return url;
    if (!wrapped.has(key)) {{
      const same = () => known ? call(address, Address, [known]) : key;
      wrapped.set(key, module ? script(`import ${{quote(script(own))}}; import ${{quote(same())}};`)
        : script(own, `importScripts(${{quote(known ? script(known) : typed(key))}});`));
    }}
    return wrapped.get(key);
  }};
  const construct = (target, [url, ...more], made) => {{
    const module = typeof more[0] === "object" && more[0]?.type === "module";
    const worker = make(target, url === undefined ? [] : [started(url, module), ...more], made);
    const where = new Error().stack;
    call(on, worker, ["error", e => e.message === undefined && call(post, new Air("CHANNEL"),
      [["unloaded", "", "", where, 0, 0]])]);
    return worker;
  }};
  for (const name of ["Worker", "SharedWorker"])
    if (globalThis[name]) globalThis[name] = new Proxy(globalThis[name], {{ construct }});
  if (globalThis.document) return;
  const air = new Air("CHANNEL");
  const tell = (...words) => call(post, air, [words]);
  listen("worker", "worker", tell);
  if (!globalThis.SharedWorkerGlobalScope) return;
  for (const [name, fails] of [["error", () => true], ["assert", given => !given]]) {{  // nobody listens to these
    const real = console[name];
    console[name] = (...given) => {{
      if (fails(given[0])) tell("console", given.map(one => text(one)).join(" "), "", "", 0, 0);
      return call(real, console, given);
    }};
  }}
}})()"""
_MUTED = "Script error."
_UNCAUGHT = "uncaught exception: "
_WORKER = "worker: "  # the key of what one told
_WORDS = 6  # of what a listener tells
_MOST = 200  # witnessed events that wait for the log
# Said by the request already; or owed to us, who keep WebRTC from the network.
_OURS = re.compile(r"^Firefox can.t establish a connection|^WebRTC: ICE failed")
_CONSOLE = {"error": "console", "assert": "console", "warn": "warning"}


class Witness:
    """Writes what the page's console and its uncaught errors say into a log."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._seen: dict[str, tuple[str, str, Place]] = {}
        self._early: Counter[str] = Counter()  # what Firefox logged of a worker before that told it
        self._workers = False

    def message(self, event: dict[str, Any]) -> None:
        """What the page's own listeners saw."""
        words = event["data"].get("value", ())
        if event["channel"] != CHANNEL or len(words) != _WORDS:
            return
        kind, text, shown, where, line, column = (item.get("value") for item in words)
        if kind == "console":
            self._log.add("worker", text)
            return
        places = self._log.places
        if kind == "unloaded":
            self._log.unloaded.append(places.written(where))
            return
        if kind == "echo":
            if self._workers or text != _MUTED:
                return
            kind = "exception"  # of a script that its address keeps from being told
        place = places.inside(where, line - 1, column - 1) if line else places.written(where)
        value = _thrown(text)
        if kind == "worker":
            self._worker(value, shown or value, place)
            return
        self._log.suspect(value, kind, shown or value, place)
        if len(self._seen) < _MOST:
            self._seen[value] = (kind, shown or value, place)

    def _worker(self, value: str, shown: str, place: Place) -> None:
        self._workers = True
        if self._early[value]:
            self._early[value] -= 1
        else:
            self._log.suspect(_WORKER + value, "worker", shown, place)

    def realm(self, event: dict[str, Any]) -> None:
        self._workers = self._workers or "worker" in event["type"]

    def entry(self, event: dict[str, Any]) -> None:
        """A line of Firefox's log."""
        frames = event.get("stackTrace", {}).get("callFrames", [])
        in_worker = bool(frames) and frames[0]["url"].startswith(("blob:", "data:"))
        if event["type"] == "console":
            self._console(event, self._innermost(frames), in_worker)
        elif event["level"] == "error" and not _OURS.search(event["text"]):
            self._uncaught(event["text"], self._innermost(frames), in_worker)

    def _innermost(self, frames: list[dict[str, Any]]) -> Place:
        return self._log.places.stack({"callFrames": frames})

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
        value = _thrown(text)
        if in_worker and not self._workers and self._log.told(_MUTED):
            self._log.add("exception", value, place)
            return
        possible = in_worker or (self._workers and place == NOWHERE)
        told = possible and self._log.told(_WORKER + value)
        if told or (not self._log.told(value) and possible):
            self._early[value] += not told
            self._log.add("worker", value, place)
            return
        unseen = "exception" if place != NOWHERE else "rejection" if value != text else "console"
        known = self._seen.get(value)
        kind, shown, seen = known or (unseen, value, NOWHERE)
        # Where a promise was rejected without an Error, Firefox tells at some moments only.
        at_times = known is not None and kind == "rejection"
        self._log.add(kind, shown, seen if at_times or place == NOWHERE else place)


def _shown(value: dict[str, Any], depth: int = 0) -> str:
    """A JavaScript value in one line, as a console would show it."""
    inner = value.get("value")
    if not isinstance(inner, list) or depth > 2:
        return str(inner).lower() if isinstance(inner, bool) else str(value.get("value", value["type"]))
    if value["type"] in ("array", "set"):
        return f"[{', '.join(_shown(item, depth + 1) for item in inner)}]"
    pairs = ((key if isinstance(key, str) else _shown(key, depth + 1), item) for key, item in inner)
    return f"{{{', '.join(f'{key}: {_shown(item, depth + 1)}' for key, item in pairs)}}}"


def _thrown(text: str) -> str:
    """What was thrown, without the browser's own words before it."""
    return plain(f"Uncaught {text.removeprefix(_UNCAUGHT)}") if text.startswith(_UNCAUGHT) else text
