"""The models that an Ollama server has: what it tells of them, and how one gets there and away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pytest_llm.errors import ModelUnavailable, PytestLlmError, ServerBusy
from pytest_llm.models.modelfile import ModelSpec
from pytest_llm.providers.base import MAX_WORD
from pytest_llm.providers.wire.complaint import Asked
from pytest_llm.providers.wire.faults import fault, unwrap
from pytest_llm.providers.wire.http import BadStatus, Http
from pytest_llm.providers.wire.patience import Patience
from pytest_llm.providers.wire.stream import NotJson, count, mapping, objects, parse_object, quoted

NAMESPACE = "pytest-llm"
JUST_NOW = 1.0  # seconds that a list of models is good for while a run finds the models it asks
_NAMES = 8  # as many models are listed where none is near
COMPARED = 5_000  # names, of which the nearest is looked for: a millisecond for each hundred
_TOP = 64 * 2**10  # characters of what is shown of a model: that which we look for stands at the top
_STEPS = 10_000  # told of one pull: a percent of each of its files is one
_LINES = 10_000_000  # of one pull: at one every 60 ms, a week
_BLOB = re.compile(r"sha256[-:]([0-9a-f]{64})")


def full_name(name: str) -> str:
    """A model's name as the server lists it, in lower case: names differ by case nowhere."""
    short = name.removeprefix("https://").lower().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return short if ":" in short.rpartition("/")[2] else f"{short}:latest"


@dataclass(frozen=True)
class Shown:
    """What `/api/show` says of a model. blob: the files that a runner of it loads, one name for all of them.

    parameters: its own, numbers and switches only. trained: the longest context it was trained with, in tokens.
    quantisation: of its weights, in the server's word; "" where it tells none.
    """

    blob: str
    capabilities: frozenset[str] | None = None
    parameters: Mapping[str, int | bool] = field(default_factory=dict)
    trained: int | None = None
    quantisation: str = ""


def read_show(data: Mapping[str, Any]) -> Shown:
    info = mapping(data, "model_info")
    caps = data.get("capabilities")
    return Shown(
        blob="+".join(_blobs(str(data.get("modelfile") or "")[:_TOP])),
        capabilities=frozenset(map(str, caps)) if isinstance(caps, list) else None,
        parameters=dict(_parameters(str(data.get("parameters") or "")[:_TOP])),
        trained=count(info, f"{info.get('general.architecture')}.context_length"),
        quantisation=word(mapping(data, "details").get("quantization_level")),
    )


def word(value: Any) -> str:
    """A word of the server's; "" where it says none."""
    return value[:MAX_WORD] if isinstance(value, str) and value != "unknown" else ""


def _parameters(shown: str) -> Iterator[tuple[str, int | bool]]:
    """The whole numbers and switches of these lines, each a name, blanks and a value; the later of two counts."""
    for name, value in re.findall(r"^(\w+)\s+(-?\d{1,18}|true|false)\s*$", shown, re.MULTILINE):
        yield name, value == "true" if value in ("true", "false") else int(value)


def _blobs(modelfile: str) -> Iterator[str]:
    """The files named at the top of a generated Modelfile; what follows is the model's own text."""
    for line in modelfile.splitlines():
        word, _, value = line.partition(" ")
        if word in ("FROM", "ADAPTER", "DRAFT"):
            digest = _BLOB.search(value)
            yield digest[1] if digest else value.strip()
        elif line.strip() and not line.startswith("#"):
            return


class NotThere(ModelUnavailable):
    """The server has no model of this name."""


_INNER = re.compile(r"\blayer\b|^writing manifest")  # what a server does at the end, within a moment


class StatusSink:
    """Collects the lines of a pull or a create: progress, an error, and in the end `success`."""

    def __init__(self, asked: Asked, doing: str, progress: Callable[[str], None]) -> None:
        self._asked, self._doing, self._progress = asked, doing, progress
        self._said, self._steps, self._lines = "", 0, 0
        self.text = self.thinking = ""
        self.done = False

    def take(self, line: bytes, *, cut: bool = False) -> bool:
        if not line.strip():
            return False
        try:
            data = parse_object(line)
        except NotJson as error:
            raise ModelUnavailable(f"{self._doing} failed: {self._asked.url} sent {error}") from None
        if said := data.get("error"):
            raise _failed(self._doing, self._asked, str(said))
        self.done = data.get("status") == "success"
        self._tell(str(data.get("status") or ""), count(data, "completed"), count(data, "total"))
        return True

    def _tell(self, status: str, completed: int | None, total: int | None) -> None:
        """Progress in steps of a percent: the server sends a line every 60 ms."""
        said = f"{self._doing}: {quoted(status)}" + (f" {100 * (completed or 0) // total} %" if total else "")
        self._lines += 1
        if said != self._said:
            self._said, self._steps = said, self._steps + 1
            if not _INNER.search(status):
                self._progress(said)
        if self._steps > _STEPS or self._lines > _LINES:
            raise ModelUnavailable(
                f"{self._doing} was given up: {self._asked.url} tells of ever more steps",
                hint="see the server's log",
            )

    def end(self) -> None:
        if not self.done:
            raise ModelUnavailable(f"{self._doing} ended without `success`", hint="see the server's log")


def _failed(doing: str, asked: Asked, text: str) -> PytestLlmError:
    error = fault(asked, None, text)
    if isinstance(error, ModelUnavailable):
        return error
    return ModelUnavailable(
        f"{doing} failed: {asked.url} said: {unwrap(None, text).summary}",
        hint="see the Modelfile, the name and the server's log",
    )


class Models:
    """The models of one server. progress: told one line at a time what is going on."""

    def __init__(self, http: Http, progress: Callable[[str], None], modelfiles: Sequence[str] = ()) -> None:
        self._http, self.progress, self._modelfiles = http, progress, modelfiles
        self._listed: dict[str, str] = {}
        self._listed_at = 0.0

    async def ask(self, method: str, path: str, body: Any = None, model: str = "") -> dict[str, Any]:
        """A small exchange. Raises what the server's complaint means; model: whom that concerns."""
        try:
            return await self._http.json(method, path, body)
        except BadStatus as bad:
            raise bad.fault(Asked(f"{self._http.url}{path}", model, cloud=True)) from None

    async def digests(self) -> dict[str, str]:
        """The digest of each model that is there, by its full name."""
        models = objects(await self.ask("GET", "/api/tags"), "models")
        digests = {full_name(str(m.get("name", ""))): str(m.get("digest", ""))[:MAX_WORD] for m in models}
        self._listed, self._listed_at = digests, asyncio.get_running_loop().time()
        return digests

    async def just_listed(self, name: str) -> dict[str, str]:
        """The digests as they were told a moment ago, where this model is among them: a run begins with many."""
        fresh = full_name(name) in self._listed and asyncio.get_running_loop().time() - self._listed_at < JUST_NOW
        return self._listed if fresh else await self.digests()

    async def show(self, name: str) -> Shown:
        return read_show(await self.ask("POST", "/api/show", {"model": name}, name))

    async def version(self) -> str:
        return str((await self.ask("GET", "/api/version")).get("version", ""))[:MAX_WORD]

    async def missing(self, name: str, built: ModelSpec | None = None) -> NotThere:
        """The error for a model that is not there: it names what is.

        built: the Modelfile that wants it as its base. That is no answer to what the base may be, nor is another.
        """
        there = sorted(await self.digests())
        where = f"{built.path.name}:{built.line('FROM')}: " if built else ""
        hint = _nearest(name, there, self._modelfiles, built.path.name.removesuffix(".Modelfile") if built else "")
        pull = f"\n`ollama pull {name}` or --llm-pull fetches it"
        ours = name.startswith(f"{NAMESPACE}/")
        return NotThere(
            f"{where}the model {name!r} is not on {self._http.url}",
            hint="it was built and is gone again: something else deletes it there" if ours else hint + pull,
        )

    async def pull(self, name: str) -> None:
        asked = Asked(f"{self._http.url}/api/pull", name, cloud=True)
        await self.follow("/api/pull", {"model": name}, StatusSink(asked, f"pulling {name}", self.progress), asked)

    async def delete(self, name: str) -> None:
        """Delete a model; one that is gone already is no error."""
        self._listed = {}
        try:
            await self._http.delete("/api/delete", {"model": name})
        except BadStatus as bad:
            asked = Asked(f"{self._http.url}/api/delete", name, cloud=True)
            raise bad.fault(asked) from None

    async def upload(self, digest: str, path: Path) -> None:
        """Bring a file there under its digest. Asked for first: a post of one that is there is reset."""
        asked, doing = Asked(f"{self._http.url}/api/blobs", path.name, cloud=True), f"uploading {path.name}"
        try:
            if await self._http.head(f"/api/blobs/{digest}") == 404:
                self.progress(doing)
                await self._http.upload(f"/api/blobs/{digest}", path)
        except BadStatus as bad:
            error = bad.fault(asked)
            if not isinstance(error, ServerBusy):
                error = _failed(doing, asked, bad.body or f"status {bad.status}")
            raise error from None

    async def follow(self, path: str, body: Any, sink: StatusSink, asked: Asked) -> None:
        """Ask for what tells of its progress. Hashing writes no line for minutes: the patience of a load is its."""
        limit = self._http.limits.first_byte
        self._listed = {}
        try:
            await self._http.stream(path, body, sink, Patience(limit, limit))
        except BadStatus as bad:
            raise bad.fault(asked) from None


def _nearest(name: str, there: list[str], modelfiles: Sequence[str], built: str) -> str:
    own = f"{NAMESPACE}/"
    names = [n.removesuffix(":latest") for n in there if not n.startswith(own)]
    if built:
        names, modelfiles = [n for n in names if n != built], ()
    close = get_close_matches(name.lower(), names[:COMPARED], n=4, cutoff=0.5)
    files = get_close_matches(name, modelfiles, n=2, cutoff=0.5)
    told = (
        [f"nearest there: {', '.join(map(quoted, close))}"]
        if close
        else []
        if names
        else ["it has no models at all"]
    )
    told += [f"nearest Modelfile: {', '.join(files)}"] if files else []
    more = " …" if len(names) > _NAMES else ""
    return "; ".join(told) or f"it has: {', '.join(map(quoted, names[:_NAMES]))}{more}"
