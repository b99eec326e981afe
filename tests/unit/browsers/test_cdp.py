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
    ("method", "open_"),
    [
        ("Runtime.evaluate", True),
        ("Page.createIsolatedWorld", True),
        ("Page.captureScreenshot", True),
        ("Fetch.failRequest", False),
        ("Fetch.fulfillRequest", False),
        ("Input.dispatchKeyEvent", False),
        ("Page.handleJavaScriptDialog", False),
        ("Page.navigate", False),
        ("Target.setAutoAttach", False),
    ],
)
def test_what_the_browser_answers_itself_is_over(method: str, open_: bool) -> None:
    """It may be the only one of its kind."""

    async def scene() -> None:
        session = await asked(method)
        session.held = True
        session.answer({"id": 1})
        session.held = False
        assert oldest(session) == (1 if open_ else None)

    asyncio.run(scene())


def test_the_answer_itself_comes_at_once() -> None:
    async def scene() -> None:
        session = await asked()
        answer = session.send("Runtime.evaluate")
        session.held = True
        session.answer({"id": 1, "result": {"value": 1}})
        assert await answer == {"value": 1}

    asyncio.run(scene())
