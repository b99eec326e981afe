"""How far ahead cells are begun: what is under way, and what is held until its turn."""

from __future__ import annotations

from pytest_llm.engine.window import Window


def window(most: int, held: int, cells: str, servers: str = "a", kept: str = "") -> Window:
    """Of cells with names of one letter, whose servers take turns. kept: those of them that are asked apart."""
    ranks = {cell: rank for rank, cell in enumerate(cells)}
    own = set(cells) - set(kept)
    return Window(most, held, own, kept, lambda: ranks, lambda cell: servers[ranks[cell] % len(servers)])


def fresh(of: Window) -> str:
    return "".join(of.fresh())


def test_what_is_judged_makes_room_before_its_turn() -> None:
    ahead = window(2, 9, "0123456789")
    assert fresh(ahead) == "01"
    assert fresh(ahead) == ""
    ahead.judge("1")
    assert fresh(ahead) == "2"
    ahead.over("0")
    assert fresh(ahead) == "3"


def test_no_more_are_held_than_that() -> None:
    ahead = window(2, 4, "0123456789")
    begun = fresh(ahead)
    for _ in range(9):
        for cell in begun[1:]:  # the first takes long
            ahead.judge(cell)
        begun += fresh(ahead)
    assert begun == "0123"
    ahead.over("0")
    ahead.over("1")
    assert fresh(ahead) == "45"


def test_what_is_large_is_held_as_several() -> None:
    ahead = window(2, 6, "0123456789")
    fresh(ahead)
    ahead.judge("1", 5)
    assert fresh(ahead) == ""
    ahead.over("1")
    assert fresh(ahead) == "2"


def test_the_next_is_begun_whatever_is_held() -> None:
    ahead = window(1, 1, "012")
    assert fresh(ahead) == "0"
    ahead.judge("0", 50)
    assert "".join(ahead.fresh(["1"])) == "1"


def test_each_server_has_its_own_under_way() -> None:
    ahead = window(2, 4, "0123456789", servers="ab")
    assert sorted(fresh(ahead)) == ["0", "1", "2", "3"]
    ahead.judge("0")
    ahead.judge("2")
    assert fresh(ahead) == "46"
    assert list(ahead.judged) == ["0", "2"]


def test_what_is_over_is_neither_begun_nor_judged() -> None:
    ahead = window(1, 3, "012")
    ahead.over("0")
    ahead.judge("0")
    assert not ahead.judged
    assert fresh(ahead) == "1"


def test_what_is_kept_is_begun_before_what_comes_after_it() -> None:
    """However little room there is: else what waits for it on its server would wait for ever."""
    ahead = window(1, 1, "0k1l2", kept="kl")
    assert "".join(ahead.fresh(["0"])) == "0k"
    ahead.judge("0")
    assert fresh(ahead) == ""
    ahead.over("0")
    assert sorted(ahead.fresh(["1"])) == ["1", "l"]


def test_what_has_come_from_another_server_takes_no_room() -> None:
    cells, at = "0123456789", dict.fromkeys("0123456789", "a") | {"4": "b", "5": "b"}
    ranks = {cell: rank for rank, cell in enumerate(cells)}
    ahead = Window(2, 2, cells, "", lambda: ranks, at.__getitem__)
    assert sorted(fresh(ahead)) == ["0", "1", "4", "5"]
    at |= {"0": "b", "1": "b"}  # the first cannot do them
    assert fresh(ahead) == "23"
