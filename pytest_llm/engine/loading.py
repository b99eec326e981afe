"""A group's model is loaded before any of it is asked: once, and its time is nobody's answer's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.order import Group
from pytest_llm.errors import NoAnswer, ProviderError, PytestLlmError, RequestRefused, ServerBusy, Unsupported
from pytest_llm.providers.base import LOADED, Loading, Provider, Resident, Usage

Attempt = Callable[[], Awaitable[float]]


class Loads:
    """What is loaded on one server, by whoever of a group comes first. seen: all that ever was."""

    def __init__(self) -> None:
        self.seen: set[Group] = set()
        self._group: Group | None = None
        self._load: asyncio.Task[float | None] | None = None

    @property
    def under_way(self) -> bool:
        return self._load is not None and not self._load.done()

    async def ready(self, group: Group, load: Callable[[], Coroutine[Any, Any, float | None]]) -> float | None:
        """Wait until a group is loaded; the seconds that took. Raises, for all of it, what the load raised.

        A load goes on though who began it waits no more, until another group comes.
        """
        if self._load is None or self._group != group:
            if self._load:
                self._load.cancel()
            self.seen.add(group)
            self._group, self._load = group, asyncio.get_running_loop().create_task(load())
            self._load.add_done_callback(retrieve)
        try:
            return self._load.result() if self._load.done() else await asyncio.shield(self._load)
        except ProviderError as error:
            raise error.with_traceback(None) from None  # or it would hold the frames of all who were told


async def loading(
    provider: Loading, request: ChatRequest, patiently: Callable[[Attempt], Awaitable[float]]
) -> float | None:
    """Have loaded what a request needs; seconds, None where the server cannot be told to, or is too busy.

    patiently: makes as many attempts as their errors allow. Any other error is one of the whole group.
    """

    async def attempt() -> float:
        try:
            return await provider.load(request)
        except ServerBusy as error:
            error.retry = 0  # whoever asks waits then
            raise
        except ProviderError as error:
            if error.reach == "request" and not isinstance(error, RequestRefused):
                error.reach = "model"
            raise

    try:
        return await patiently(attempt)
    except (ServerBusy, NoAnswer, Unsupported):
        return None
    except RequestRefused as error:
        if error.reach == "request":
            return None
        raise


async def resident(provider: Provider) -> Sequence[Resident]:
    """What is loaded now; nothing where that is not told. What is wrong with a server, the first question tells."""
    if isinstance(provider, Loading):
        with suppress(PytestLlmError):
            return await provider.resident()
    return ()


def with_load(usage: Usage, seconds: float | None) -> Usage:
    """Its numbers with the load of its group, unless the model was gone again and took longer for this answer."""
    own = usage.load_seconds or 0.0
    return usage if seconds is None or own >= max(seconds, LOADED) else replace(usage, load_seconds=seconds)


def retrieve(task: asyncio.Task[Any]) -> None:
    """For a task that nobody may be left to wait for: its error is then no news."""
    if not task.cancelled():
        task.exception()
