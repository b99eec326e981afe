"""The models that a server offers to a newcomer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llm.commands.collected import NotCollected, collected
from pytest_llm.commands.servers import ollama
from pytest_llm.errors import InputError, PytestLlmError

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
        found = asyncio.run(_ask(settings, only))
    except NotCollected as error:
        raise InputError(str(error)) from None
    except PytestLlmError as error:
        raise InputError(str(error).partition("\n")[0], hint=NONE) from None
    if not found:
        raise InputError("the Ollama server has no model that can chat", hint="ollama pull qwen3:8b fetches one")
    return found


async def _ask(settings: Mapping[str, Any], only: str) -> list[Offered]:
    from pytest_llm.providers.ollama.models import Models, full_name

    http = ollama(settings)
    models = Models(http, lambda _: None, ())
    names = list(await models.digests())
    if only:
        if full_name(only) not in names:
            raise await models.missing(only)
        names = [full_name(only)]
    shown = [(name, (await models.show(name)).capabilities) for name in names]
    return [Offered(name, "thinking" in (can or ())) for name, can in shown if can is None or "completion" in can]
