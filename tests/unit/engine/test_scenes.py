"""Whole runs on several servers, by a clock that never waits: how long they take beside what any order needs."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from pytest_llm.errors import ServerBusy
from tests.helpers.scenes import Refusal, Scene, run


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


@pytest.mark.parametrize("workers", [2, 3, 8])
@pytest.mark.parametrize(
    ("scene", "most"),
    [
        (Scene((120,), (1,) * 3, slots=4), 1.0),
        (Scene((101,), (1,) * 4, slots=2), 1.05),
        (Scene((100,), (1, 4)), 1.1),  # a worker that waits for the slow one keeps the quick one from nothing
        (Scene((150,), (1, 4), slots=2), 1.1),
        (Scene((200,), (1, 2, 4), slots=4), 1.1),
        (Scene((60,), (1, 20), answer=0.02), 1.1),
        (Scene((30,) * 4, (1, 3), slots=2), 1.2),
        (Scene((25,) * 8, (1, 1)), 1.0),
        (Scene((10, 40, 3, 20, 20, 10, 40, 10), (1, 1), slots=4, load=20), 1.2),  # who waits for a load is one
        (Scene((100,), (1, 4), check=0.1), 1.1),
    ],
)
def test_workers_are_handed_out_what_each_server_lacks(scene: Scene, most: float, workers: int) -> None:
    scene = replace(scene, workers=workers)
    ran = run(scene)
    judging = scene.load + sum(scene.cells) * scene.check / workers
    assert ran.seconds <= most * max(scene.bound, judging) + scene.whole + 1e-6
    assert ran.most == 1


@pytest.mark.parametrize("speeds", [(1.0,), (1.0, 1.5, 2.0)], ids=["equal", "unequal"])
def test_any_run_of_workers_loads_nothing_twice_on_a_server(speeds: tuple[float, ...]) -> None:
    random = Random(5)
    for scene in (drawn(random, speeds) for _ in range(40)):
        ran = run(replace(scene, workers=2))
        assert ran.seconds <= (1.2 if len(speeds) == 1 else 1.4) * scene.bound + scene.whole + 1e-6, scene
        assert ran.most == 1, scene


@pytest.mark.parametrize("slots", [1, 4])
@pytest.mark.parametrize(
    ("cells", "begin", "end", "most"),
    [
        ((100,), 5, 65, 1.0),  # seconds over what the servers need that are there
        ((25,) * 8, 5, 65, 3.0),
        ((100,), 0, 65, 1.0),  # it does not even load
        ((100,), 5, 7, 0.5),
        ((4, 4), 0, 65, 1.0),
    ],
)
def test_while_a_server_wants_to_be_left_alone_the_other_does_its_work(
    slots: int, cells: tuple[int, ...], begin: float, end: float, most: float
) -> None:
    scene = Scene(cells, (1, 1), slots, refusals={1: Refusal(begin, end)})
    ran = run(scene)  # asserts that it is not asked before
    alone = Scene(cells, (1,), slots).bound
    together = scene.bound
    share = begin / together if begin < together else 1.0
    needed = together if end - begin < 5 else begin + (1 - share) * alone
    assert ran.seconds <= needed + (end - begin if end - begin < 5 else 0) + most
    assert ran.most == 1
    assert (ran.troubles, bool(ran.refused[1])) == ([], begin < together)


@pytest.mark.parametrize("workers", [2, 3, 8])
@pytest.mark.parametrize(("cells", "begin"), [((30, 30), 0), ((30, 30), 5), ((8, 8), 0), ((25,) * 4, 0)])
def test_no_worker_waits_for_a_server_that_wants_to_be_left_alone(
    cells: tuple[int, ...], begin: float, workers: int
) -> None:
    """What it holds is asked at once at the other one, though that one loads a model for it."""
    ran = run(Scene(cells, (1, 1), workers=workers, refusals={1: Refusal(begin, begin + 60)}))
    assert ran.seconds <= Scene(cells).bound + 5
    assert ran.most <= 3


@pytest.mark.parametrize("slots", [1, 4])
@pytest.mark.parametrize("begin", [0.0, 3.0])
def test_what_a_server_is_too_busy_for_goes_to_the_other(slots: int, begin: float) -> None:
    ran = run(Scene((40,), (1, 1), slots, answer=1.0, refusals={1: Refusal(begin, 1e9, says=False)}))
    assert ran.seconds <= 45 / slots + 5
    assert ran.loads[0] == {"m0": 1}


@pytest.mark.parametrize(
    "scene",
    [
        Scene((10, 20, 20, 1), (1, 1.5), load=0.2, guess=1, workers=2, check=1),  # both would hand on the last cell
        Scene((10, 20, 20, 1), (1, 1), load=0.2, workers=2, check=1),
        Scene((20, 20), (1, 1), load=0.2, workers=3),
    ],
)
def test_a_server_that_is_too_busy_for_all_is_waited_for_once(scene: Scene) -> None:
    ran = run(replace(scene, refusals={0: Refusal(1, 1e9, says=False)}))
    judging = sum(scene.cells) * scene.check / scene.workers
    assert ran.seconds <= 31 + max(replace(scene, speeds=(1.5,)).bound, judging) + 5
    assert (ran.refused[0] <= 16, ran.most <= 2) == (True, True)
    assert ran.troubles == ["s0 is asked no more, the other servers do its work: busy"]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_server_that_is_at_long_answers_is_not_too_busy_for_all(workers: int) -> None:
    scene = Scene((12,), (1, 1), slots=2, answer=60, workers=workers)
    ran = run(replace(scene, takes={1: 1}))
    assert (ran.troubles, ran.refused[0], ran.refused[1] > 6) == ([], 0, True)
    assert ran.seconds <= scene.load + 5 * 60 + 31


def test_what_all_servers_are_too_busy_for_is_told() -> None:
    busy = Refusal(0, 1e9, says=False)
    with pytest.raises(ServerBusy, match="asked 6 times"):
        run(Scene((1,), (1, 1), refusals={0: busy, 1: busy}))


def test_one_server_is_asked_when_its_time_has_come() -> None:
    ran = run(Scene((10, 10), slots=4, refusals={0: Refusal(2.0, 50.0)}))
    assert ran.seconds < 55
    assert ran.loads == [{"m0": 1, "m1": 1}]


@pytest.mark.parametrize("slots", [1, 4])
def test_a_model_that_one_server_cannot_load_is_asked_at_the_other(slots: int) -> None:
    ran = run(Scene((20,) * 4, (1, 1), slots, refusals={1: Refusal(0, 1e9, load="m1")}))
    assert (ran.loads[1]["m1"], ran.refused[1]) == (0, 1)
    assert ran.most == 1
    assert ran.troubles == ["the model 'm1' is, at s1, asked no more, the other servers do its work: out of memory"]


@pytest.mark.parametrize("workers", [0, 2, 3])
def test_what_one_server_cannot_load_is_not_handed_back_to_it(workers: int) -> None:
    """Of what workers hold already, some is asked at once: what was loaded is loaded again after that."""
    scene = Scene((40, 1, 20, 40, 10), (1, 4), 2, load=5, answer=0.05, workers=workers)
    ran = run(replace(scene, refusals={0: Refusal(1, 1e9, load="m2")}))
    assert ran.most <= (2 if workers else 1)
    assert ran.refused[0] == 1


@pytest.mark.parametrize("slots", [1, 4])
@pytest.mark.parametrize("workers", [0, 2, 3])
@pytest.mark.parametrize("late", [{0: 5}, {1: 5}])
def test_no_model_is_loaded_twice_because_a_server_joins(slots: int, workers: int, late: dict[int, int]) -> None:
    """Who waits for a turn goes to the one that came, and to no other."""
    for cells in ((20, 20, 1, 20, 3, 10, 20, 3), (2, 2, 10, 20, 20, 3)):
        assert run(Scene(cells, (2, 1, 1.5), slots, answer=1.0, late=late, workers=workers)).most == 1


@pytest.mark.parametrize("slots", [1, 4])
@pytest.mark.parametrize(
    ("cells", "late", "servers"),
    [
        ((100,), {1: 20}, 2),
        ((100,), {0: 20}, 2),
        ((100,), {0: 20}, 3),
        ((25,) * 4, {1: 20}, 2),
        ((25,) * 4, {1: 1000}, 2),  # it never comes
    ],
)
def test_a_server_that_is_busy_when_the_run_begins_joins_later(
    slots: int, cells: tuple[int, ...], late: dict[int, int], servers: int
) -> None:
    """Until then the others do not wait for it."""
    ran = run(Scene(cells, (1,) * servers, slots, answer=1.0, late=late))
    ((number, answers),) = late.items()
    before = min(answers, sum(cells))
    alone, together = before / (servers - 1), (sum(cells) - before) / servers
    assert ran.seconds <= (alone + together) / slots + len(cells) + 5
    assert ran.most == 1
    assert (ran.troubles, bool(ran.loads[number])) == ([], answers < sum(cells))
