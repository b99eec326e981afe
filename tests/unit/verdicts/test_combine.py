"""The outcome of a cell by those of its samples: FAILED before ERROR before SKIPPED, where nothing decides else."""

from __future__ import annotations

from itertools import product

import pytest

from pytest_llm.verdicts.combine import Outcome, combine, still_open

SHORT: dict[str, Outcome] = {"p": "passed", "f": "failed", "e": "error", "s": "skipped"}


def outcomes(short: str) -> list[Outcome]:
    return [SHORT[letter] for letter in short]


@pytest.mark.parametrize(
    ("samples", "wanted", "min_pass", "outcome"),
    [
        ("p", 1, 1, "passed"),
        ("f", 1, 1, "failed"),
        ("e", 1, 1, "error"),
        ("s", 1, 1, "skipped"),
        ("ppp", 3, 3, "passed"),
        ("ppf", 3, 3, "failed"),
        ("ppf", 3, 2, "passed"),
        ("ffp", 3, 2, "failed"),
        ("ppe", 3, 3, "error"),
        ("pps", 3, 3, "skipped"),
        ("pes", 3, 3, "error"),
        ("ppe", 3, 2, "passed"),  # whatever the third had been
        ("pps", 3, 2, "passed"),
        ("fee", 3, 3, "failed"),
        ("fes", 3, 3, "failed"),
        ("fse", 3, 1, "error"),
        ("fss", 3, 1, "skipped"),
        ("fpe", 3, 2, "error"),  # it might have been the second pass
        ("ffe", 3, 2, "failed"),
        ("sss", 3, 1, "skipped"),
        ("eee", 3, 1, "error"),
        ("f", 3, 3, "failed"),  # ended early
        ("pp", 5, 2, "passed"),
    ],
)
def test_what_samples_come_to(samples: str, wanted: int, min_pass: int, outcome: Outcome) -> None:
    assert combine(outcomes(samples), wanted, min_pass) == outcome


CELLS = [
    (samples, wanted, min_pass)
    for wanted in range(1, 6)
    for length in range(wanted + 1)
    for samples in map("".join, product("pfes", repeat=length))
    for min_pass in range(1, wanted + 1)
]


def certain(samples: str, wanted: int, min_pass: int) -> str:
    """By filling in what is not known in every way: what is the same in all, "" for nothing."""
    open_ = samples.count("e") + samples.count("s") + wanted - len(samples)
    words = {samples.count("p") + more >= min_pass for more in range(open_ + 1)}
    return {True: "passed", False: "failed"}[words.pop()] if len(words) == 1 else ""


def test_a_cell_has_a_word_where_whatever_is_not_known_cannot_change_it_and_nowhere_else() -> None:
    for cell in CELLS:
        found = combine(outcomes(cell[0]), *cell[1:])
        assert found == certain(*cell) or (not certain(*cell) and found in ("error", "skipped")), cell


def test_as_many_more_are_asked_as_are_needed_whatever_they_say() -> None:
    """So that none is asked in vain: fewer never decide a cell, and after the last that may, no more are asked."""
    for samples, wanted, min_pass in CELLS:
        more = still_open(outcomes(samples), wanted, min_pass)
        left = wanted - len(samples)
        decide = [n for n in range(left + 1) if any(certain(samples + way, wanted, min_pass) for way in ways(n))]
        least = decide[0] if decide else 0
        assert more == least, (samples, wanted, min_pass)


def ways(number: int) -> list[str]:
    return ["".join(way) for way in product("pf", repeat=number)]
