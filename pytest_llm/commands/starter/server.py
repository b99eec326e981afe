"""The models that a server offers to a newcomer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llm.commands.collected import NotCollected, collected
from pytest_llm.commands.servers import ollama
from pytest_llm.errors import InputError, PytestLlmError

if TYPE_CHECKING:
    from pytest_llm.providers.wire.http import Http

NONE = "name one by --model, or begin with `pytest-llm init --demo`, which needs no server"


@dataclass(frozen=True)
class Offered:
    """A model of the server. thinks: it can be asked to think."""

    name: str
    thinks: bool = False


def offered(only: str = "") -> list[Offered]:
    """The models that can chat, the latest first; with `only`, that one. Raises InputError where there is none."""
    try:
        settings = collected(("--ignore-glob=*",)).settings
        found = asyncio.run(_any(settings, only))
    except NotCollected as error:
        raise InputError(str(error)) from None
    except PytestLlmError as error:
        raise InputError(str(error).partition("\n")[0], hint=NONE) from None
    if not found:
        raise InputError("the Ollama server has no model that can chat", hint="ollama pull qwen3:8b fetches one")
    return found


async def _any(settings: Mapping[str, Any], only: str) -> list[Offered]:
    """What the first of the servers that has something offers. Raises what the last one raises."""
    *others, last = ollama(settings)
    for http in others:
        with suppress(PytestLlmError):
            if found := await _ask(http, only):
                return found
    return await _ask(last, only)


async def _ask(http: Http, only: str) -> list[Offered]:
    from pytest_llm.providers.ollama.models import NAMESPACE, Models, full_name

    models = Models(http, lambda _: None, ())
    names = [name for name in await models.digests() if not name.startswith(f"{NAMESPACE}/")]  # those built here
    if only:
        if full_name(only) not in names:
            raise await models.missing(only)
        names = [full_name(only)]
    shown = [(name, (await models.show(name)).capabilities) for name in names]
    return [Offered(name, "thinking" in (can or ())) for name, can in shown if can is None or "completion" in can]
