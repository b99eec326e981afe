"""A few hundred runs drawn by chance: the gate leaves equal ones alone and catches true drops (bench/gate.py)."""

from __future__ import annotations

import pytest

from pytest_llm.gates.types import Settings
from tests.helpers.simulated import World, simulate

ALPHA = Settings().alpha


@pytest.mark.parametrize(
    "world",
    [
        World(6, 5),
        World(20, 1),
        World(20, 5),
        World(20, 10, copies=0.6),
        World(20, 10, fixed=True, unsteady=0.05),
        World(20, 5, day=0.15),
    ],
    ids=repr,
)
def test_equal_runs_are_blocked_no_more_often_than_alpha_says(world: World) -> None:
    assert simulate(7, 40, world).share("BLOCK") <= ALPHA


def test_a_broken_cell_is_found_and_named() -> None:
    assert simulate(7, 40, World(20, 5), "one cell broken").share("named") > 0.7


def test_a_drop_in_all_cells_is_found() -> None:
    assert simulate(7, 20, World(50, 5), "all 20 points worse").share("groups") > 0.7


def test_a_slower_machine_is_found() -> None:
    assert simulate(7, 20, World(20, 5), "all 25% slower").share("speed") > 0.7


def test_at_temperature_0_a_broken_cell_is_found_by_one_more_failure() -> None:
    seen = simulate(7, 40, World(20, 1, fixed=True, touched=True), "one cell broken")
    assert seen.share("named") > 0.85
    assert seen.repeats <= seen.flips


def test_an_unsteady_machine_at_temperature_0_confirms_less() -> None:
    world = World(50, 1, fixed=True, unsteady=0.05, touched=True)
    assert simulate(7, 40, world).share("BLOCK") < 0.2
