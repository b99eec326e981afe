"""What the gate does to runs in which nothing changed, and which drops it catches: tables for docs/validation.md.

    python bench/gate.py [--runs 500] [--seed 1] [--small]

Baselines and runs are drawn by chance (tests/helpers/simulated.py) and judged by the gate that judges real ones,
with newly failing cells asked again as the plugin asks them. Exit code 1 where equal runs are blocked more often
than `llm_gate_alpha` says, by more than chance explains.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from math import sqrt
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pytest_llm.gates.types import Settings
from tests.helpers.simulated import CHANGES, Seen, World, simulate

Worlds = Sequence[tuple[str, World]]
ALPHA = Settings().alpha
SIZES = [
    (f"{cells} cells, {answers} in the baseline", World(cells, answers))
    for cells in (6, 20, 50, 200)
    for answers in (1, 5, 10)
]
EQUAL = [
    *SIZES,
    ("50 cells, 5 in the baseline, 5 in the run", World(50, 5, samples=5)),
    ("50 cells, 10 in the baseline, 60% of them copies", World(50, 10, copies=0.6)),
    ("50 cells, temperature 0, unsteady GPU (5%)", World(50, 10, fixed=True, unsteady=0.05)),
    ("200 cells, temperature 0, unsteady GPU (5%)", World(200, 10, fixed=True, unsteady=0.05)),
    ("50 cells, restless machine (days differ by 15%)", World(50, 5, day=0.15)),
]
TOUCHED = [
    (f"{cells} cells, {unsteady:.0%} of answers flip", World(cells, 1, fixed=True, unsteady=unsteady, touched=True))
    for cells in (20, 50, 200)
    for unsteady in (0.0, 0.01, 0.05)
]
DROPS = [
    *SIZES[3:],
    ("50 cells, 5 in the baseline, 5 in the run", World(50, 5, samples=5)),
    ("50 cells, temperature 0", World(50, 1, fixed=True, touched=True)),
]


def table(title: str, heading: Sequence[str], rows: Iterator[Sequence[str]]) -> None:
    print(f"\n{title}\n\n| {' | '.join(heading)} |\n|---|{'---:|' * (len(heading) - 1)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def equal(worlds: Worlds, runs: int, seed: int, blocked: list[Seen]) -> Iterator[Sequence[str]]:
    for name, world in worlds:
        seen = simulate(seed, runs, world)
        blocked.append(seen)
        shares = (f"{seen.share(word):.1%}" for word in ("BLOCK", "groups", "cells", "speed", "INCONCLUSIVE"))
        yield name, *shares, f"{seen.repeats / max(1, seen.flips):.1f}"


def drops(worlds: Worlds, runs: int, seed: int) -> Iterator[Sequence[str]]:
    for name, world in worlds:
        changes = [change for change in CHANGES[1:] if not world.fixed or change == CHANGES[1]]
        shares = [f"{simulate(seed, runs, world, change).share('BLOCK'):.0%}" for change in changes]
        yield name, *shares, *[""] * (len(CHANGES) - 1 - len(shares))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="no more than 50 cells")
    given = parser.parse_args()
    most = 50 if given.small else 1_000
    worlds = [[one for one in some if one[1].cells <= most] for some in (EQUAL, TOUCHED, DROPS)]
    heading = ("nothing changed", "BLOCK", "by groups", "by cells", "by speed", "INCONCLUSIVE", "repeats a flip")
    blocked: list[Seen] = []
    table(f"Equal runs, {given.runs} a line", heading, equal(worlds[0], given.runs, given.seed, blocked))
    touched = ("temperature 0, inputs touched", *heading[1:])
    table(f"Harmless edits, {given.runs} a line", touched, equal(worlds[1], given.runs, given.seed, []))
    caught = max(1, given.runs // 2)
    table(
        f"True drops that end in BLOCK, {caught} a line", ("", *CHANGES[1:]), drops(worlds[2], caught, given.seed)
    )
    too_many = ALPHA + 3 * sqrt(ALPHA * (1 - ALPHA) / given.runs)
    return int(any(seen.share("BLOCK") > too_many for seen in blocked))


if __name__ == "__main__":
    sys.exit(main())
