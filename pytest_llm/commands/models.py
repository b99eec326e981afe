"""Whether the models that the cases here name are where they would be asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llm.commands.collected import Collected
from pytest_llm.commands.servers import ollama
from pytest_llm.errors import PytestLlmError

Model = Mapping[str, Any]  # a cell that asks it


@dataclass(frozen=True)
class State:
    """Where a model is, or why it is not there and how to get it."""

    ok: bool
    where: str
    remedy: str = ""


def examine(collected: Collected) -> dict[str, State]:
    """The state of each model, by its name as written. The Ollama server is asked where a case uses it."""
    models = {cell["model"]: cell for cell in collected.cells}
    server = None
    if any(model["engine"] == "ollama" for model in models.values()):
        server = _Ollama(collected.settings)
    return {name: _state(model, collected.settings, server) for name, model in models.items()}


def counts(collected: Collected) -> Counter[str]:
    """How many cells ask each model."""
    return Counter(cell["model"] for cell in collected.cells)


def _state(model: Model, settings: Mapping[str, Any], server: _Ollama | None) -> State:
    engine, name = model["engine"], model["resolved"]["name"]
    if fault := model["resolved"].get("fault"):
        message, _, hint = fault.partition("\n")
        return State(False, message, hint)
    if engine == "ollama" and server is not None:
        return server.state(model)
    if engine == "openai":
        url = settings["openai_url"]
        return State(True, url) if url else State(False, "no server's URL is given", "export OPENAI_BASE_URL=URL")
    if engine in ("embedded", "scripted"):
        return State(True, name) if Path(name).is_file() else State(False, f"{name} is not there")
    return State(True, f"engine {engine}")


class _Ollama:
    """What one server has, asked once."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._names: dict[str, str] = {}
        self._problem = State(True, "")
        try:
            asyncio.run(self._ask(settings))
        except PytestLlmError as error:
            message, _, hint = str(error).partition("\n")
            self._problem = State(False, message, hint.strip())

    async def _ask(self, settings: Mapping[str, Any]) -> None:
        from pytest_llm.providers.ollama.models import Models

        http = ollama(settings)
        models = Models(http, lambda _: None, ())
        try:
            self._where = f"Ollama {await models.version()} at {http.url}"
            self._names = await models.digests()
        finally:
            await http.close()

    def state(self, model: Model) -> State:
        """Whether it can be asked there; of a Modelfile, whether it can be built."""
        from pytest_llm.providers.ollama.models import full_name

        if not self._problem.ok:
            return self._problem
        resolved = model["resolved"]
        gguf, wanted = resolved["gguf"], resolved["base"] or resolved["name"]
        if gguf:
            there, remedy = Path(gguf).is_file(), ""
        else:
            there, remedy = full_name(wanted) in self._names, f"ollama pull {wanted}"
        missing = f"{gguf or wanted} is not there ({self._where})"
        return State(True, self._where) if there else State(False, missing, remedy)
