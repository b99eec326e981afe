"""Whether the servers and models that the cases here name are where they would be asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llm.commands.collected import Collected
from pytest_llm.commands.diagnosis import Line
from pytest_llm.commands.servers import ollama
from pytest_llm.errors import PytestLlmError

if TYPE_CHECKING:
    from pytest_llm.providers.ollama.models import Shown
    from pytest_llm.providers.ollama.running import Running
    from pytest_llm.providers.wire.http import Http

Model = Mapping[str, Any]  # a cell, or of its `asks` one


@dataclass(frozen=True)
class State:
    """Where a model is, or why it is not there and how to get it."""

    ok: bool
    where: str
    remedy: str = ""


@dataclass
class Server:
    """What an Ollama server has. models: their digests by full name. loaded: how each runs that is loaded.

    shown: what it tells of the models that cases name. problem: why it could not be asked.
    """

    url: str
    version: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    loaded: Mapping[str, Running] = field(default_factory=dict)
    shown: dict[str, Shown] = field(default_factory=dict)
    problem: State | None = None

    @property
    def where(self) -> str:
        return f"Ollama {self.version} at {self.url}"


def lines(collected: Collected) -> Iterator[Line]:
    """The servers, the models of the cases, and what is wrong with the case files; none where there is no case."""
    servers = _asked(collected)
    for server in servers:
        yield from _server(server)
    cells = Counter(cell["model"] for cell in collected.cells)
    asked = Counter(one["model"] for cell in collected.cells for one in cell["asks"])
    for name, state in examine(collected, servers).items():
        purpose = ", ".join(filter(None, (_counted("model of", cells[name]), _counted("judges", asked[name]))))
        if any(state is server.problem for server in servers):
            state = State(False, f"not looked for: the server{'s' * (len(servers) > 1)} cannot be asked")
        yield Line("Models", "ok" if state.ok else "problem", name, state.where, purpose, remedy=state.remedy)
    yield from _contexts(collected, servers)
    for broken in collected.errors:
        yield Line("Cases", "problem", "case file", broken["error"])


def examine(collected: Collected, servers: Sequence[Server] = ()) -> dict[str, State]:
    """The state of each model, by its name as written. servers: as they were asked; else they are asked now."""
    servers = servers or _asked(collected)
    models = {one["model"]: one for one in _uses(collected)}
    return {name: _state(model, collected.settings, servers) for name, model in models.items()}


def _uses(collected: Collected) -> Iterator[Model]:
    """What asks a model: each cell, and its checks."""
    for cell in collected.cells:
        yield cell
        yield from cell["asks"]


def _counted(what: str, cells: int) -> str:
    return f"{what} {cells} cell{'s' * (cells != 1)}" if cells else ""


def _asked(collected: Collected) -> list[Server]:
    """The Ollama servers, where a cell or a check asks one."""
    names = {_name(one) for one in _uses(collected) if one["engine"] == "ollama"}
    return asyncio.run(_all(collected.settings, names - {""})) if names else []


async def _all(settings: Mapping[str, Any], names: set[str]) -> list[Server]:
    try:
        return list(await asyncio.gather(*(_one(http, names) for http in ollama(settings))))
    except PytestLlmError as error:
        return [_broken("", error)]


async def _one(http: Http, names: set[str]) -> Server:
    try:
        return await _ask(http, names)
    except PytestLlmError as error:
        return _broken(http.url, error)


def _broken(url: str, error: PytestLlmError) -> Server:
    message, _, hint = str(error).partition("\n")
    return Server(url, problem=State(False, message, hint.strip()))


def _name(cell: Model) -> str:
    resolved = cell["resolved"]
    return "" if resolved.get("gguf") or resolved.get("fault") else resolved["base"] or resolved["name"]


async def _ask(http: Http, names: set[str]) -> Server:
    from pytest_llm.providers.ollama.models import Models, full_name
    from pytest_llm.providers.ollama.running import Runners

    models = Models(http, lambda _: None, ())
    server = Server(http.url, await models.version(), await models.digests(), await Runners(models).by_name())
    for name in sorted(names):
        if full_name(name) in server.models:
            server.shown[name] = await models.show(name)
    return server


def _server(server: Server) -> Iterator[Line]:
    if server.problem is not None:
        yield Line("Servers", "problem", "ollama", server.problem.where, remedy=server.problem.remedy)
        return
    yield Line("Servers", "ok", "ollama", server.url, "the server of plain model names", server.version)
    for name, running in server.loaded.items():
        share = running.gpu
        shown = "" if share is None else f"{share:.0%} in the GPU's memory"
        said = ", ".join(filter(None, (shown, "" if running.context is None else f"context {running.context}")))
        partly = share is not None and 0 < share < 1
        remedy = f"{name}: a shorter num_ctx or a smaller quantisation fits whole" if partly else ""
        yield Line("Servers", "warning" if partly else "ok", name, said, "is loaded", remedy=remedy)


def _contexts(collected: Collected, servers: Sequence[Server]) -> Iterator[Line]:
    """The models that are asked for a longer context than they were trained with."""
    wanted: dict[str, int] = {}
    for cell in collected.cells:
        context = (cell["options"] or {}).get("num_ctx")
        if cell["engine"] == "ollama" and isinstance(context, int):
            wanted[_name(cell)] = max(context, wanted.get(_name(cell), 0))
    shown = {name: one for server in reversed(servers) for name, one in server.shown.items()}
    for name, context in wanted.items():
        trained = shown[name].trained if name in shown else None
        if trained is not None and context > trained:
            said = f"num_ctx {context} is longer than the {trained} tokens it was trained with"
            yield Line("Models", "warning", name, said, "context", remedy=f"{name}: num_ctx {trained} at most")


def _state(model: Model, settings: Mapping[str, Any], servers: Sequence[Server]) -> State:
    engine, name = model["engine"], model["resolved"]["name"]
    if fault := model["resolved"].get("fault"):
        message, _, hint = fault.partition("\n")
        return State(False, message, hint.strip())
    if engine == "ollama" and servers:
        return _on_any([_on(server, model["resolved"]) for server in servers])
    if engine == "openai":
        urls = ", ".join(settings["openai_urls"])
        return State(True, urls) if urls else State(False, "no server's URL is given", "export OPENAI_BASE_URL=URL")
    if engine == "embedded" and find_spec("xllamacpp") is None:
        return State(False, "the embedded engine is not here", "pip install 'pytest-llm-cases[embedded]'")
    if engine in ("embedded", "scripted"):
        return State(True, name) if Path(name).is_file() else State(False, f"{name} is not there")
    return State(True, f"engine {engine}")


def _on_any(states: Sequence[State]) -> State:
    """One server that has it is enough."""
    there = [state.where for state in states if state.ok]
    return State(True, ", ".join(there)) if there else states[0]


def _on(server: Server, resolved: Mapping[str, Any]) -> State:
    """Whether it can be asked there; of a Modelfile, whether it can be built."""
    from pytest_llm.providers.ollama.models import full_name

    if server.problem is not None:
        return server.problem
    gguf, wanted = resolved["gguf"], resolved["base"] or resolved["name"]
    if gguf:
        there, remedy = Path(gguf).is_file(), ""
    else:
        there, remedy = full_name(wanted) in server.models, f"ollama pull {wanted}"
    missing = f"{gguf or wanted} is not there ({server.where})"
    return State(True, server.where) if there else State(False, missing, remedy)
