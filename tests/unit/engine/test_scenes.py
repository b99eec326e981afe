"""Whole runs on several servers, by a clock that never waits: how long they take beside what any order needs."""

from __future__ import annotations

from random import Random

import pytest

from tests.helpers.scenes import Scene, run


@pytest.mark.parametrize(
    ("scene", "most", "loads"),
    [
        (Scene((25,) * 4), 1.0, 4),
        (Scene((25,) * 8, (1, 1)), 1.0, 8),
        (Scene((25,) * 8, (1, 1), slots=4), 1.0, 8),
        (Scene((10,) * 16, (1,) * 4), 1.0, 16),
        (Scene((25,) * 8, (1, 1), load=30, answer=1), 1.0, 8),
        (Scene((25,) * 8, (1, 1), load=0.01, answer=30), 1.0, 8),
        (Scene((25,) * 4, (1,) * 3), 1.1, 6),  # the fourth is divided among all when they are ready
        (Scene((25,) * 4, (1,) * 3, load=30), 1.2, 4),  # to load it more often wins next to nothing
        (Scene((100,), (1, 1)), 1.0, 2),
        (Scene((100,), (1, 1), load=100, answer=0.1), 1.0, 2),  # nobody knows better when they begin
        (Scene((25,) * 8, (1, 2)), 1.1, 9),  # a server that takes twice as long
    ],
)
def test_a_run_takes_what_its_servers_need(scene: Scene, most: float, loads: int) -> None:
    ran = run(scene)
    assert ran.seconds <= most * scene.bound + 1e-6
    assert (ran.count, ran.most) == (loads, 1)


def drawn(random: Random, speeds: tuple[float, ...]) -> Scene:
    cells = tuple(random.choice((3, 10, 20, 20, 20, 40)) for _ in range(random.randint(1, 8)))
    at = tuple(random.choice(speeds) for _ in range(random.randint(1, 4)))
    slots = random.choice((1, 2, 4, 8))
    return Scene(cells, at, slots, random.choice((0.2, 1, 5, 20)), random.choice((0.2, 1, 5)))


def of_many(scene: Scene) -> bool:
    return len(scene.cells) >= 4 * len(scene.speeds)


@pytest.mark.parametrize("speeds", [(1.0,), (1.0, 1.5, 2.0)], ids=["equal", "unequal"])
def test_any_run_takes_little_more_and_loads_nothing_twice_on_a_server(speeds: tuple[float, ...]) -> None:
    """Of servers that are as fast as each other; how fast another one is nobody knows before it has answered."""
    random = Random(5)
    for scene in (drawn(random, speeds) for _ in range(40)):
        ran = run(scene)
        times = (1.05 if of_many(scene) else 1.1) if len(speeds) == 1 else 1.3
        assert ran.seconds <= times * scene.bound + scene.whole + 1e-6, scene
        assert ran.most == 1, scene
