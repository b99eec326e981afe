"""Sees a page's uncaught errors before the page does, which may hide them from the browser.

`window.onerror = () => true` and `preventDefault()` keep an error from DevTools, not from a listener that was there
first. It says what it sees through a binding, as one text: a page may have changed what an array or JSON does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BINDING = "__pytest_llm_witness"
HARMLESS = re.compile(  # said to the page alone, in these words: a visitor sees nothing of it
    r"ResizeObserver loop (?:limit exceeded|completed with undelivered notifications)\.?"
)
SOURCE = r"""(() => {
  const say = globalThis.BINDING, on = addEventListener, call = Reflect.apply, documents = globalThis.Document;
  const Address = globalThis.URL;  // worklets have none
  delete globalThis.BINDING;
  if (!say) return;
  const show = value => { try { return `${value()}`; } catch { return ""; } };
  const stack = value => show(() => typeof value() === "object" ? value().stack : "");
  const failed = e => {
    if (!e.isTrusted) return;  // made by the page itself, which no browser tells of
    const line = show(() => e.lineno);
    if (line === "undefined") return;  // an image, say, that did not load
    const place = `${show(() => e.filename)}\0${line}\0${show(() => e.colno)}`;
    say(`exception\0${show(() => e.message)}\0${place}\0${stack(() => e.error)}`);
  };
  const rejected = e => e.isTrusted && say(`rejection\0${show(() => e.reason)}\0\0\0\0${stack(() => e.reason)}`);
  const listen = () => { on("error", failed, true); on("unhandledrejection", rejected, true); };
  listen();
  const construct = shared => (target, given, made) => {
    const worker = Reflect.construct(target, given, made), where = stack(() => new Error());
    const url = () => new Address(given[0], document.baseURI);
    if (shared) say(`shared\0${globalThis === top}\0${show(url)}\0\0\0${where}`);
    call(on, worker, ["error", e => e.message === undefined && say(`unloaded\0\0\0\0\0${where}`)]);
    return worker;
  };
  for (const name of ["Worker", "SharedWorker"]) {
    const real = globalThis[name];
    const made = { construct: construct(name === "SharedWorker") };
    if (real) globalThis[name] = real.prototype.constructor = new Proxy(real, made);
  }
  if (globalThis.SharedWorkerGlobalScope) {
    const { close } = globalThis;
    on("connect", () => say("begun"), true);
    globalThis.close = { close() { debugger; close(); } }.close;  // waits to be heard: last words may be lost
  }
  if (!documents) return;
  const its = documents.prototype, reopen = its.open;
  its.open = function open(...given) {  // which takes all listeners away
    const opened = call(reopen, this, given);
    listen();
    return opened;
  };
  const loaded = page => page.readyState === "complete" || globalThis.event?.type === "DOMContentLoaded";
  for (const name of ["write", "writeln"]) {  // of a page that has been read, it is opened by this as well
    const real = its[name];
    its[name] = { [name](...given) { if (loaded(this)) this.open(); return call(real, this, given); } }[name];
  }
})()""".replace("BINDING", BINDING)


@dataclass(frozen=True)
class Witnessed:
    """An error as the page's own event has it, or news of a worker. kind: exception, rejection; unloaded, of one
    that could not begin; shared, with "true" where the page itself made it, and begun, of a SharedWorker. line,
    column: 0 where not known."""

    kind: str
    text: str
    url: str = ""
    line: int = 0
    column: int = 0
    stack: str = ""


def read(payload: str) -> Witnessed:
    """What the witness said; from anyone else who found the binding, whatever can be made of it."""
    kind, text, url, line, column, stack = (*payload.split("\0"), *[""] * 6)[:6]
    kind = kind if kind in ("rejection", "unloaded", "shared", "begun") else "exception"
    return Witnessed(kind, plain(text), url, _number(line), _number(column), stack)


def plain(text: str) -> str:
    """What was thrown, without the browser's own word before it; with it where the browser itself says the same."""
    bare = text.removeprefix("Uncaught ")
    return text if HARMLESS.fullmatch(bare) else bare


def _number(word: str) -> int:
    return int(word) if word.isdecimal() and len(word) < 10 else 0
