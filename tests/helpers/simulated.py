"""Runs drawn by chance and judged by the real gate: what it does where nothing changed, and to true drops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import exp
from random import Random

from pytest_llm.gates.confirm import repeats_left
from pytest_llm.gates.decide import decide
from pytest_llm.gates.types import CellRow, Decision, Measured, Settings, Tally

Ask = Callable[[], bool]
MARKERS, MODELS, THINK = ("visual", "code", "text"), ("small", "large"), ("off", "on")
CHANGES = ("nothing", "one cell broken", "all 20 points worse", "a marker 40 points worse", "all 25% slower")


@dataclass(frozen=True)
class World:
    """What is drawn. answers: of each cell in the baseline; samples: of each cell in the run.

    copies: the chance that a run of the baseline took the stored answer of the run before, which counts once.
    fixed: at temperature 0, where an answer flips with the chance `unsteady`. touched: whether the inputs of all
    cells differ, by something that does not matter. day, noise: standard deviations of the logarithm of a rate, of
    a whole run and of one cell.
    """

    cells: int
    answers: int = 5
    samples: int = 1
    copies: float = 0.0
    fixed: bool = False
    unsteady: float = 0.0
    touched: bool = False
    day: float = 0.03
    noise: float = 0.02


@dataclass
class Seen:
    """What became of so many runs. found: of a word, of what blocked, and "named" where the broken cell was."""

    runs: int = 0
    found: Counter[str] = field(default_factory=Counter)
    flips: int = 0
    repeats: int = 0

    def add(self, decision: Decision, broken: str) -> None:
        self.runs += 1
        confirmed = {cell.row.nodeid for cell in decision.cells if cell.outcome == "confirmed"}
        self.found[decision.word] += 1
        self.found["groups"] += any(group.dropped for group in decision.groups)
        self.found["cells"] += bool(confirmed)
        self.found["speed"] += any(result.blocks for result in decision.speed)
        self.found["named"] += broken in confirmed
        self.flips += len(decision.cells)
        self.repeats += sum(cell.row.repeats.asked for cell in decision.cells)

    def share(self, what: str) -> float:
        return self.found[what] / self.runs


def simulate(seed: int, runs: int, world: World, change: str = "nothing") -> Seen:
    """So many runs, each beside a baseline of its own."""
    rng, seen = Random(seed), Seen()
    for _ in range(runs):
        rates = [_rate(rng) for _ in range(world.cells)]
        steady = [place for place, rate in enumerate(rates) if rate > 0.9]
        broken = rng.choice(steady) if steady else 0
        rows: list[CellRow] = []
        for place, rate in enumerate(rates):
            before, now = _askers(rng, world, rate, _fallen(change, rate, place, place == broken))
            rows.append(_confirmed(_row(rng, world, place, before, now), rows, now))
        timed = _timed(rng, world, rows, 0.75 if "slower" in change else 1.0)
        seen.add(decide(timed, baseline="simulated"), f"c{broken}")
    return seen


def _rate(rng: Random) -> float:
    """The pass rate of a cell: mostly near 0 or 1, some flaky."""
    kind = rng.random()
    return 0.98 if kind < 0.75 else 0.02 if kind < 0.85 else rng.uniform(0.3, 0.95)


def _fallen(change: str, rate: float, place: int, broken: bool) -> float:
    fall = {
        "one cell broken": 0.96 if broken else 0.0,
        "all 20 points worse": 0.2,
        "a marker 40 points worse": 0.0 if place % len(MARKERS) else 0.4,
    }.get(change, 0.0)
    return max(0.0, rate - fall)


def _askers(rng: Random, world: World, before: float, now: float) -> tuple[Ask, Ask]:
    """How a cell answers in the baseline, and in the run."""
    if not world.fixed:
        return lambda: rng.random() < before, lambda: rng.random() < now
    passes = rng.random() < before
    still = passes and rng.random() < now / before
    return lambda: passes != (rng.random() < world.unsteady), lambda: still != (rng.random() < world.unsteady)


def _row(rng: Random, world: World, place: int, before: Ask, now: Ask) -> CellRow:
    """A cell as the baseline and the run have it. At temperature 0 one answer of the baseline counts."""
    copied = [bool(number) and rng.random() < world.copies for number in range(world.answers)]
    own = [before() for copy in copied if not copy][: 1 if world.fixed else None]
    asked = [now() for _ in range(1 if world.fixed else world.samples)]
    was, failed = 2 * sum(own) > len(own), not all(asked)
    return CellRow(
        nodeid=f"c{place}",
        state=("newly failing" if failed else "passing") if was else ("known failing" if failed else "fixed"),
        failed=failed,
        baseline=Tally(sum(own), len(own)),
        run=Tally(sum(asked), len(asked)),
        model=MODELS[place * len(MODELS) // world.cells],
        think=THINK[place % 2],
        markers=(MARKERS[place % 3],),
        fixed_answers=world.fixed,
        inputs_differ=world.touched,
    )


def _confirmed(row: CellRow, rows: Sequence[CellRow], now: Ask) -> CellRow:
    """Asked again as the plugin does it: at once, beside the cells that came before."""
    while repeats_left(row, [*rows, row], Settings()):
        row = replace(row, repeats=Tally(row.repeats.passed + now(), row.repeats.asked + 1))
    return row


def _timed(rng: Random, world: World, rows: Sequence[CellRow], factor: float) -> list[CellRow]:
    """With token rates: a baseline of so many runs as it has answers."""
    days = [rng.gauss(0, world.day) for _ in range(world.answers)]
    today = rng.gauss(0, world.day)
    rates = {model: rng.uniform(20, 80) for model in MODELS}

    def drawn(row: CellRow, day: float) -> float:
        return rates[row.model] * exp(day + rng.gauss(0, world.noise))

    return [
        replace(
            row,
            rate=Measured(
                factor * drawn(row, today), {f"run{number}": drawn(row, day) for number, day in enumerate(days)}
            ),
        )
        for row in rows
    ]
