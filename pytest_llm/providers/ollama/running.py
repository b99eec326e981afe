"""What an Ollama server has loaded: a runner for each model, and what the server tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pytest_llm.errors import HarnessError
from pytest_llm.providers.base import LEAST_TO_SEE, LOADED, Fingerprint, ModelInfo, Resident, Usage
from pytest_llm.providers.ollama.models import Models, full_name, word
from pytest_llm.providers.wire.stream import count, objects

_LOOKED_AT = 32  # loaded models


@dataclass(frozen=True)
class Running:
    """A loaded model: the context it runs with, in tokens, and the share of it in the GPU's memory, 0 to 1."""

    context: int | None = None
    gpu: float | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint() if self.gpu is None else Fingerprint(speed={"gpu": self.gpu})


def read_running(listed: Mapping[str, Any]) -> Running:
    """What `/api/ps` says of one model."""
    size, share = count(listed, "size"), count(listed, "size_vram")
    gpu = round(min(share / size, 1.0), 2) if size and share is not None else None
    return Running(count(listed, "context_length"), gpu)


class Runners:
    """The loaded models of one server."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._answered: tuple[str, Mapping[str, Any] | None] | None = None  # whose runner was told of last
        self._told = Running()

    async def by_name(self) -> dict[str, Running]:
        """What is told of each, by its name."""
        return {_name(listed): read_running(listed) for listed in await self._list()}

    async def resident(self) -> list[Resident]:
        """Each with the files that it was made of: it is listed under the name of its first model."""
        found = []
        for listed in (await self._list())[:_LOOKED_AT]:
            with suppress(HarnessError):  # it may have been deleted since
                blob = (await self._models.show(str(listed.get("name", "")))).blob
                found.append(Resident(blob or word(listed.get("digest")), read_running(listed).context))
        return found

    async def unload(self, name: str) -> None:
        """Returns at once; it goes when it is idle."""
        await self._models.ask("POST", "/api/generate", {"model": name, "prompt": "", "keep_alive": 0}, name)

    async def answered(
        self, name: str, info: ModelInfo, usage: Usage, load: Mapping[str, Any] | None = None
    ) -> Running:
        """How a model ran that has answered; its context as asked for, as the model says, else as the server chose.

        Some models are given more than was asked for (those that see 2048 tokens at least): what the server says of
        it counts where the tokens that it counted fill the context that was wanted. load: the request's own options
        of it. The server is asked once a load, which its own numbers tell; where they do not, each time.
        """
        warm = usage.load_seconds is not None and usage.load_seconds < LOADED
        if self._answered != (name, load) or not warm:
            self._answered = None
            self._told = await self._find(name, info.digest)
            self._answered = (name, load) if self._told != Running() else None
        return Running(_context(self._told, info, usage, (load or {}).get("num_ctx")), self._told.gpu)

    async def _find(self, name: str, digest: str) -> Running:
        """What is told of a model: under its name or another of its digest; else of the only one there is."""
        try:
            there = await self._list(name)
        except HarnessError:  # the answer is whole: that the server went down since is the next request's story
            return Running()
        own = [listed for listed in there if _name(listed) == full_name(name) or listed.get("digest") == digest]
        found = own or (there if len(there) == 1 else [])
        return read_running(found[0]) if found else Running()

    async def _list(self, name: str = "") -> list[dict[str, Any]]:
        return objects(await self._models.ask("GET", "/api/ps", model=name), "models")


def _name(listed: Mapping[str, Any]) -> str:
    return full_name(str(listed.get("name", "")))


def _context(told: Running, info: ModelInfo, usage: Usage, num_ctx: Any) -> int | None:
    """The context that a model answered within."""
    wanted, given = num_ctx or info.parameters.get("num_ctx"), told.context
    known = min(wanted, info.trained or wanted) if isinstance(wanted, int) else None
    if known and (usage.prompt_tokens or 0) + (usage.answer_tokens or 0) < known:
        return known
    if known and given is None and "vision" in (info.capabilities or ()):
        given = LEAST_TO_SEE
    return max(known or 0, given or 0) or None
