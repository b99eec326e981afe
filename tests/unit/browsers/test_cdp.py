"""Which command a page has been asked for longest, whatever it answers while its script is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from pytest_llm.browsers.chromium.cdp import Connection, Session


class Wire(Connection):
    def write(self, method: str, params: Mapping[str, Any], session: str | None) -> int:
        return next(self._numbers)

    def close(self) -> None: ...


async def asked(*methods: str) -> Session:
    session = Wire().session("page")
    for method in methods:
        session.post(method)
    return session


def oldest(session: Session) -> int | str | None:
    found = session.oldest()
    return found and found[0]


def test_what_is_answered_while_the_script_is_held_counts_as_open() -> None:
    async def scene() -> None:
        session = await asked("Runtime.evaluate")
        session.interrupt("Debugger.pause")
        session.answer({"id": 2})
        session.held = True
        session.answer({"id": 1, "result": {}})
        assert oldest(session) == 1
        session.interrupt("Debugger.resume")
        session.answer({"id": 3})
        session.held = False
        assert oldest(session) == 1
        session.post("Fetch.failRequest")
        session.answer({"id": 4})  # the browser answers this one, the page may spin
        assert oldest(session) == 1
        session.post("Runtime.evaluate")
        assert oldest(session) == 1
        session.answer({"id": 5})
        assert oldest(session) is None

    asyncio.run(scene())


@pytest.mark.parametrize(
    "early",
    [
        "Runtime.evaluate",
        "Page.createIsolatedWorld",
        "Page.captureScreenshot",
        "Fetch.failRequest",
        "Fetch.fulfillRequest",
        "Input.dispatchKeyEvent",
        "Page.handleJavaScriptDialog",
        "Page.navigate",
        "Target.setAutoAttach",
    ],
)
@pytest.mark.parametrize(
    ("late", "open_"),
    [
        ("Runtime.evaluate", None),
        ("Emulation.setVirtualTimePolicy", None),
        ("Input.dispatchKeyEvent", 1),  # it may be the browser that answers these
        ("Page.captureScreenshot", 1),
        ("Fetch.failRequest", 1),
    ],
)
def test_a_page_that_goes_on_is_asked_for_nothing_any_more(early: str, late: str, open_: int | None) -> None:
    """Whatever was answered while its script was held: it need not be asked for the same again."""

    async def scene() -> None:
        session = await asked(early)
        session.held = True
        session.answer({"id": 1})
        session.held = False
        session.post(late)
        session.answer({"id": 2})
        assert oldest(session) == open_

    asyncio.run(scene())


@pytest.mark.parametrize("held", [0, 1, 5])
def test_a_script_yields_where_it_answers_without_being_held(held: int) -> None:
    async def scene() -> None:
        session = await asked()
        waiting = asyncio.ensure_future(session.yields())
        for number in range(1, held + 2):
            await asyncio.sleep(0)
            session.held = number <= held
            assert not waiting.done()
            session.answer({"id": number})
            await asyncio.sleep(0)
        await waiting

    asyncio.run(scene())


def test_the_answer_itself_comes_at_once() -> None:
    async def scene() -> None:
        session = await asked()
        answer = session.send("Runtime.evaluate")
        session.held = True
        session.answer({"id": 1, "result": {"value": 1}})
        assert await answer == {"value": 1}

    asyncio.run(scene())
