"""Sees a page's uncaught errors before the page does, which may hide them from the browser.

`window.onerror = () => true` and `preventDefault()` keep an error from DevTools, not from a listener that was there
first. It says what it sees through a binding, as one text: a page may have changed what an array or JSON does.
"""

from __future__ import annotations

from dataclasses import dataclass

BINDING = "__pytest_llm_witness"
SOURCE = r"""(() => {
  const say = globalThis.BINDING, on = addEventListener, call = Reflect.apply, documents = globalThis.Document;
  delete globalThis.BINDING;
  if (!say) return;
  const show = value => { try { return `${value()}`; } catch { return ""; } };
  const stack = value => show(() => typeof value() === "object" ? value().stack : "");
  const failed = e => {
    const line = show(() => e.lineno);
    if (line === "undefined") return;  // an image, say, that did not load
    const place = `${show(() => e.filename)}\0${line}\0${show(() => e.colno)}`;
    say(`exception\0${show(() => e.message)}\0${place}\0${stack(() => e.error)}`);
  };
  const rejected = e => say(`rejection\0${show(() => e.reason)}\0\0\0\0${stack(() => e.reason)}`);
  const listen = () => { on("error", failed, true); on("unhandledrejection", rejected, true); };
  listen();
  const construct = (target, given, made) => {
    const worker = Reflect.construct(target, given, made), where = stack(() => new Error());
    call(on, worker, ["error", e => e.message === undefined && say(`unloaded\0\0\0\0\0${where}`)]);
    return worker;
  };
  for (const name of ["Worker", "SharedWorker"]) {
    const real = globalThis[name];
    if (real) globalThis[name] = real.prototype.constructor = new Proxy(real, { construct });
  }
  if (!documents) return;
  const reopen = documents.prototype.open;
  documents.prototype.open = function open(...given) {  // which takes all listeners away
    const opened = call(reopen, this, given);
    listen();
    return opened;
  };
})()""".replace("BINDING", BINDING)


@dataclass(frozen=True)
class Witnessed:
    """An error as the page's own event has it. kind: exception, rejection, or unloaded, of a worker that could not
    begin. line, column: 0 where not known."""

    kind: str
    text: str
    url: str = ""
    line: int = 0
    column: int = 0
    stack: str = ""


def read(payload: str) -> Witnessed:
    """What the witness said; from anyone else who found the binding, whatever can be made of it."""
    kind, text, url, line, column, stack = (*payload.split("\0"), *[""] * 6)[:6]
    kind = kind if kind in ("rejection", "unloaded") else "exception"
    return Witnessed(kind, text.removeprefix("Uncaught "), url, _number(line), _number(column), stack)


def _number(word: str) -> int:
    return int(word) if word.isdecimal() and len(word) < 10 else 0
