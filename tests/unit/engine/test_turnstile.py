from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llm.engine.turnstile import Turnstile


def test_shared_together_exclusive_alone_in_order_of_arrival() -> None:
    async def scene() -> list[str]:
        turnstile, log, door = Turnstile(), list[str](), asyncio.Event()

        async def visit(name: str, alone: bool) -> None:
            async with turnstile.exclusive() if alone else turnstile.shared():
                log.append(f"+{name}")
                await door.wait()
                log.append(f"-{name}")

        tasks = []
        for name, alone in [("a", False), ("b", False), ("X", True), ("c", False)]:
            tasks.append(asyncio.create_task(visit(name, alone)))
            await asyncio.sleep(0)
        assert log == ["+a", "+b"]
        door.set()
        await asyncio.gather(*tasks)
        return log

    assert asyncio.run(scene()) == ["+a", "+b", "-a", "-b", "+X", "-X", "+c", "-c"]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 3)), max_size=12))
def test_cancelling_anybody_leaves_the_gate_open(visits: list[tuple[bool, bool, int]]) -> None:
    """(alone, cancelled, turns of the loop before the next arrives)"""

    async def scene() -> None:
        turnstile = Turnstile()
        inside: list[bool] = []

        @asynccontextmanager
        async def counted(alone: bool) -> AsyncIterator[None]:
            assert not (alone and inside)
            assert True not in inside
            inside.append(alone)
            try:
                yield
            finally:
                inside.remove(alone)

        async def visit(alone: bool) -> None:
            async with turnstile.exclusive() if alone else turnstile.shared(), counted(alone):
                await asyncio.sleep(0)

        tasks = []
        for alone, cancelled, turns in visits:
            task = asyncio.create_task(visit(alone))
            tasks.append(task)
            for _ in range(turns):
                await asyncio.sleep(0)
            if cancelled:
                task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [r for r in results if isinstance(r, AssertionError)]
        async with asyncio.timeout(5), turnstile.exclusive():
            assert not inside

    asyncio.run(scene())


def test_those_of_another_kind_wait_until_these_have_left() -> None:
    async def main() -> list[str]:
        turnstile, seen = Turnstile(), list[str]()

        async def pass_(kind: str) -> None:
            async with turnstile.shared(kind):
                seen.append(f"{kind} in")
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                seen.append(f"{kind} out")

        await asyncio.gather(*(pass_(kind) for kind in "aaba"))
        return seen

    assert asyncio.run(main()) == ["a in", "a in", "a out", "a out", "b in", "b out", "a in", "a out"]
