"""A clock that goes on while a script reads it again and again.

Under virtual time a page's clocks stand still while a script runs: one that waits for time to pass would wait for
ever. So many readings within one moment move them on, by how many they are, not by how long they take: every run
sees the same. What the clock has run ahead is granted to the page when its script has come to an end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BINDING = "__pytest_llm_clock"
FRAMED = "framed"  # said when a page first asks for a frame
FAR = 10_000  # ms that nobody waits for: such a page reads its clock for each pixel, say
_FREE = 4000  # readings that make the first millisecond, eight times as many for twice them
# `say` tells the time and what the clock is ahead of it, in ms. What is to come later counts from there: timers,
# and messages, of which a loop in slices of 5 ms would have hundreds at one moment. A browser has idle periods
# after the frames that it draws, which are few here; these come 60 times a second.
SOURCE = (
    r"""(() => {
  const say = globalThis.BINDING, { construct, apply, getPrototypeOf } = Reflect, { floor } = Math;
  delete globalThis.BINDING;
  if (!say || !globalThis.performance) return;
  const Real = Date, today = Real.now, own = getPrototypeOf(performance), clock = own.now;
  const now = clock.bind(performance), done = Promise.resolve(), { then } = done;
  let moment = -1, from = 0, shown = 0, readings = 0, silent = true, patient = false, framed = false;
  const lead = () => shown > now() ? shown - now() : 0;
  const tell = () => { silent = true; say(`${today()} ${floor(shown - moment)}`); };
  const replace = (of, name, make) => {
    const real = of?.[name];
    if (real) of[name] = { [name](...given) { return make(given, given => apply(real, this, given)); } }[name];
  };
  const postpone = () => {
    patient = true;
    replace(globalThis, "setTimeout", ([f, ms, ...given], set) => set([f, (+ms > 0 ? +ms : 0) + lead(), ...given]));
    const later = (given, post) => lead() && given.every(one => typeof one !== "object" || !one)
      ? void setTimeout(() => post(given)) : post(given);
    replace(globalThis.MessagePort?.prototype, "postMessage", later);
    replace(globalThis.document && globalThis, "postMessage", later);
  };
  const ahead = () => {  // ms
    const real = now();
    if (real !== moment) { moment = real; from = shown > real ? shown : real; readings = 0; }
    shown = from + floor(10 * (++readings / FREE) ** 3) / 10;
    const more = shown - real;
    if (silent && more > 0) { silent = false; apply(then, done, [tell]); }
    if (more > 0 && !patient) postpone();
    if (more > FAR) { tell(); throw new Error("the clock is read without an end"); }
    return more;
  };
  const time = () => today() + floor(ahead());
  replace(own, "now", (_, read) => read([]) + ahead());
  replace(Real, "now", time);
  globalThis.Date = Real.prototype.constructor = new Proxy(Real, {
    construct: (target, given, made) => construct(target, given.length ? given : [time()], made),
    apply: () => new Real(time()).toString(),
  });
  if (!globalThis.requestIdleCallback) return;
  for (const name of ["requestAnimationFrame", "webkitRequestAnimationFrame"]) {
    replace(globalThis, name, (given, ask) => {
      if (!framed) { framed = true; say("FRAMED"); }
      return ask(given);
    });
  }
  replace(globalThis, "requestIdleCallback", ([f, ...given], ask) => typeof f !== "function" ? ask([f, ...given])
    : setTimeout(() => {
      const end = now() + lead() + 10;
      const timeRemaining = () => { const left = end - now() - ahead(); return left > 0 ? left : 0; };
      f({ didTimeout: false, timeRemaining });
    }, 16));
  replace(globalThis, "cancelIdleCallback", ([number]) => clearTimeout(number));
})()""".replace("BINDING", BINDING)
    .replace("FRAMED", FRAMED)
    .replace("FREE", str(_FREE))
    .replace("FAR", str(FAR))
)
_TOLD = re.compile(r"(\d{1,16}) (\d{1,16})")


@dataclass
class Clock:
    """How far a page's clocks have come. reached: ms since 1970; 0 where none ever ran ahead. lost: one is read
    without an end. framed: the page has asked for a frame, or may have."""

    reached: int = 0
    lost: bool = False
    framed: bool = False

    def told(self, payload: str, *, worker: bool) -> None:
        """What a script said; what a Worker waits for takes no time of its page."""
        self.framed = self.framed or payload == FRAMED
        if found := _TOLD.fullmatch(payload):
            now, lead = map(int, found.groups())
            self.lost = self.lost or lead >= FAR
            self.reached = self.reached if worker else max(self.reached, now + lead)
