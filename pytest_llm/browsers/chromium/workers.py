"""Workers of a page: listened to, and under the page's own clock."""

from __future__ import annotations

from typing import Any

from pytest_llm.browsers.chromium import clock, witness
from pytest_llm.browsers.chromium.cdp import Connection, Session
from pytest_llm.browsers.events import WORKLET, EventLog, listen

ATTACH = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
_FOREVER = 1e9  # ms
# By kind, under which name; "": its address, which of a worklet is its page's. A service worker has no script that
# it could run.
_HEARD = {"worker": "", "shared_worker": "", "iframe": "", "worklet": WORKLET}
# Frames that are asked for in a worker come with those that are drawn, and a browser whose worker asks for none any
# more waits for it for ever; a worker that closes itself soon stops its page's clock. When this is evaluated, a
# worker's global object does not have its functions yet.
_SHIM = """(() => {
  const ms = 1000 / 60, next = now => Math.ceil(ms - (now + 0.5) % ms);  // timers know whole milliseconds
  globalThis.requestAnimationFrame = f => setTimeout(() => f(performance.now()), next(performance.now()));
  globalThis.cancelAnimationFrame = number => clearTimeout(number);
  globalThis.close = () => {
    globalThis.onmessage = null;
    for (let number = setTimeout(() => 0); number; number--) clearTimeout(number);
  };
})()"""

# A worker that ends as soon as it shares its page's clock may hold that for ever: it goes a little later, unheard.
ENDING = """(() => {
  const real = globalThis.Worker, { apply, construct } = Reflect, on = EventTarget.prototype.addEventListener;
  if (!real) return;
  const { terminate } = real.prototype, ended = new WeakSet();
  globalThis.Worker = real.prototype.constructor = new Proxy(real, { construct: (...given) => {
    const worker = construct(...given), mute = e => ended.has(worker) && e.stopImmediatePropagation();
    for (const name of ["message", "messageerror", "error"]) apply(on, worker, [name, mute]);
    return worker;
  } });
  real.prototype.terminate = { terminate() {
    ended.add(this);
    setTimeout(() => apply(terminate, this, []), 50);
  } }.terminate;
})()"""


class Workers:
    """What belongs to a page besides itself: workers, theirs, frames of other processes. kinds: of those so far."""

    def __init__(self, connection: Connection, log: EventLog, *, stepped: bool) -> None:
        self._connection, self._log, self._stepped = connection, log, stepped
        self._sessions: list[Session] = []
        self._shared: dict[str, str] = {}  # the addresses of those that are there
        self.kinds: set[str] = set()

    def attached(self, event: dict[str, Any]) -> None:
        """One that waits to be let on."""
        session, info = self._connection.session(event["sessionId"]), event["targetInfo"]
        self._sessions.append(session)
        self.kinds.add(info["type"])
        self._log.clock.framed = self._log.clock.framed or info["type"] == "iframe"  # it does not tell
        if info["type"] in _HEARD:
            listen(session, self._log, worker=_HEARD[info["type"]] or info["url"] * (info["type"] != "iframe"))
            session.post("Runtime.addBinding", name=witness.BINDING)
            session.post("Runtime.evaluate", expression=witness.SOURCE, silent=True)
            session.post("Runtime.enable")
            session.post("Network.enable")  # of sockets
        if info["type"] == "shared_worker":
            self._shared[event["sessionId"]] = info["url"]
            session.on("Debugger.paused", lambda _: self._closes(session, info["url"]))
            session.post("Debugger.enable")
        if info["type"] == "worker":
            session.on("Target.attachedToTarget", self.attached)
            session.post("Target.setAutoAttach", **ATTACH)
        if info["type"] == "worker" and self._stepped:
            # The threads of a process share a clock. It goes as far as the one lets it that is furthest behind: the
            # page, which has a little time granted at once.
            session.post("Emulation.setVirtualTimePolicy", policy="advance", budget=_FOREVER)
            session.post("Runtime.addBinding", name=clock.BINDING)
            session.post("Runtime.evaluate", expression=f"{_SHIM}; {clock.SOURCE}; {ENDING}", silent=True)
        session.post("Runtime.runIfWaitingForDebugger")

    def detached(self, event: dict[str, Any]) -> None:
        """One that is gone."""
        if url := self._shared.pop(event["sessionId"], ""):
            self._log.vanished(url)

    def _closes(self, session: Session, url: str) -> None:
        self._log.begun.add(url)
        session.post("Debugger.resume")

    @property
    def beginning(self) -> bool:
        """Whether some SharedWorker has neither begun nor gone."""
        return bool(self._log.beginning or {*self._shared.values()} - self._log.begun)

    def forget(self) -> None:
        for session in self._sessions:
            self._connection.forget(session)
