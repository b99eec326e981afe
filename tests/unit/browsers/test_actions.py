"""What a visitor does, as the page sees it; and what is said where it cannot be done."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_llm.browsers.chromium.hand import ChromiumHand
from pytest_llm.browsers.find import find
from pytest_llm.browsers.pool import Pool
from pytest_llm.browsers.report import PageOptions
from pytest_llm.errors import Unsupported
from tests.helpers.visits import PAGE, VISITS, Actions

try:
    BROWSER = find()
except Unsupported as missing:
    pytest.skip(str(missing), allow_module_level=True)


def test_what_the_page_tells() -> None:
    pool = Pool(BROWSER, "block", 2)
    try:
        with ThreadPoolExecutor(2) as threads:
            found = dict(zip(VISITS, threads.map(lambda row: told(pool, row[0]), VISITS.values()), strict=True))
    finally:
        pool.close()
    assert {name: words for name, words in found.items() if not agrees(words, VISITS[name][1])} == {}


def told(pool: Pool, actions: Actions) -> list[str]:
    report = pool.judge(PAGE, PageOptions(duration=0.3, samples=0, actions=tuple(actions)))
    return [event.message for event in report.events for _ in range(event.times)]


def agrees(found: list[str], expected: list[str]) -> bool:
    return len(found) == len(expected) and all(any(words in message for message in found) for words in expected)


class Dragged:
    """A page's session that tells after so many moves, or frames since, that what is dragged is to be carried."""

    def __init__(self, moves: int, frames: int) -> None:
        self.moves, self.frames = moves, frames
        self.got: list[str] = []

    def on(self, event: str, handler: Any) -> None:
        self.take = handler

    def send(self, method: str, **params: Any) -> asyncio.Future[dict[str, Any]]:
        future = asyncio.get_running_loop().create_future()
        future.set_result({})
        if kind := params.get("type", ""):
            self.got.append(kind)
        self.tell()
        return future

    def tell(self) -> None:
        if self.moves and self.got.count("mouseMoved") > self.moves:
            self.frames -= 1
            if self.frames < 0:
                self.moves = 0
                self.take({"data": {"items": []}})

    async def idle(self) -> None:
        self.tell()


@pytest.mark.parametrize("moves", range(1, 9))
@pytest.mark.parametrize("frames", range(3))
def test_what_is_dragged_enters_the_page_before_it_is_carried_on(moves: int, frames: int) -> None:
    """A browser says that there is something to carry when it comes to it: on a busy machine, later."""
    session = Dragged(moves, frames)

    async def drag() -> None:
        hand = ChromiumHand(session, SimpleNamespace(idle=session.idle))  # type: ignore[arg-type]
        await hand.drag([(0.0, 0.0), (80.0, 0.0)])

    asyncio.run(drag())
    carried = [kind for kind in session.got if kind.startswith("d")]
    over = ["dragOver"] * (len(carried) - 2)
    assert carried == ["dragEnter", *over, "drop"]
    assert session.got.count("mouseReleased") == 0
