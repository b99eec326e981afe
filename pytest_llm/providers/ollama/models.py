"""What an Ollama server has, and how a Modelfile becomes a model there."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pytest_llm.errors import HarnessError, ModelUnavailable, PytestLlmError
from pytest_llm.models.modelfile import ModelSpec, content_digest, file_digest, local_file
from pytest_llm.providers.base import ModelInfo
from pytest_llm.providers.wire.faults import Asked, fault, unwrap
from pytest_llm.providers.wire.http import BadStatus, Http
from pytest_llm.providers.wire.stream import NotJson, Patience, count, mapping, parse_object, quoted

NAMESPACE = "pytest-llm"
_CHUNK = 1 << 20  # bytes read at a time of a file that is uploaded
_NAMES = 8  # as many models are listed where none is near
_FILES = {"files": "FROM", "adapters": "ADAPTER", "draft_files": "DRAFT"}
_BLOB = re.compile(r"sha256[-:]([0-9a-f]{64})")


def full_name(name: str) -> str:
    """A model's name as the server lists it, in lower case: names differ by case nowhere."""
    short = name.removeprefix("https://").lower().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return short if ":" in short.rpartition("/")[2] else f"{short}:latest"


@dataclass(frozen=True)
class Shown:
    """What `/api/show` says of a model. blob: the files that a runner of it loads, one name for all of them.

    parameters: its own, numbers and switches only. trained: the longest context it was trained with, in tokens.
    """

    blob: str
    capabilities: frozenset[str] | None = None
    parameters: Mapping[str, int | bool] = field(default_factory=dict)
    trained: int | None = None


def read_show(data: Mapping[str, Any]) -> Shown:
    info = mapping(data, "model_info")
    caps = data.get("capabilities")
    return Shown(
        blob="+".join(_blobs(str(data.get("modelfile") or ""))),
        capabilities=frozenset(map(str, caps)) if isinstance(caps, list) else None,
        parameters=dict(_parameters(str(data.get("parameters") or ""))),
        trained=count(info, f"{info.get('general.architecture')}.context_length"),
    )


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


class StatusSink:
    """Collects the lines of a pull or a create: progress, an error, and in the end `success`."""

    def __init__(self, asked: Asked, doing: str, progress: Callable[[str], None]) -> None:
        self._asked, self._doing, self._progress = asked, doing, progress
        self._said = ""
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
        if said != self._said:
            self._said = said
            self._progress(said)

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
        self._http, self._progress, self._modelfiles = http, progress, modelfiles

    async def digests(self) -> dict[str, str]:
        """The digest of each model that is there, by its full name."""
        listed = await self._small("GET", "/api/tags", None, "")
        models = [m for m in listed.get("models") or [] if isinstance(m, dict)]
        return {full_name(str(m.get("name", ""))): str(m.get("digest", "")) for m in models}

    async def show(self, name: str) -> Shown:
        return read_show(await self._small("POST", "/api/show", {"model": name}, name))

    async def version(self) -> str:
        return str((await self._small("GET", "/api/version", None, "")).get("version", ""))

    async def context(self, name: str, digest: str) -> int | None:
        """The context that a loaded model runs with. A runner may be listed under the name of its first model."""
        running = await self._small("GET", "/api/ps", None, name)
        models = [m for m in running.get("models") or [] if isinstance(m, dict)]
        own = [
            m for m in models if full_name(str(m.get("name", ""))) == full_name(name) or m.get("digest") == digest
        ]
        found = own or (models if len(models) == 1 else [])
        return count(found[0], "context_length") if found else None

    async def ran_with(self, name: str, info: ModelInfo, num_ctx: Any = None) -> int | None:
        """The context that a model answered with: as asked for, as the model says, else as the server chose."""
        wanted = num_ctx or info.parameters.get("num_ctx")
        if isinstance(wanted, int):
            return min(wanted, info.trained) if info.trained else wanted
        try:
            return await self.context(name, info.digest)
        except HarnessError:  # the answer is whole: that the server went down since is the next request's story
            return None

    async def missing(self, name: str, built: str = "") -> ModelUnavailable:
        """The error for a model that is not there: it names what is.

        built: the Modelfile that wants it as its base. That is no answer to what the base may be, nor is another.
        """
        there = sorted(await self.digests())
        return ModelUnavailable(
            f"the model {name!r} is not on {self._http.url}",
            hint=_nearest(name, there, self._modelfiles, built)
            + f"\n  `ollama pull {name}` or --llm-pull fetches it",
        )

    async def pull(self, name: str) -> None:
        asked = Asked(f"{self._http.url}/api/pull", name, cloud=True)
        await self._long("/api/pull", {"model": name}, StatusSink(asked, f"pulling {name}", self._progress), asked)

    async def build(self, name: str, spec: ModelSpec) -> None:
        """Make the model of a Modelfile; its local files are uploaded where they are not there yet."""
        body = create_body(name, spec)
        for key, command in _FILES.items():
            if paths := list(_local_files(spec, command)):
                body[key] = {path.name: await self._upload(path) for path in paths}
        asked = Asked(f"{self._http.url}/api/create", name, cloud=True)
        doing = f"building {name} from {spec.path.name}"
        await self._long("/api/create", body, StatusSink(asked, doing, self._progress), asked)

    async def _upload(self, path: Path) -> str:
        """Bring a file there; its digest as `sha256:…`. Asked for first: a post of one that is there is reset."""
        if path.is_dir():
            raise ModelUnavailable(f"{path} is a folder: only GGUF files are uploaded", hint="convert it to GGUF")
        digest = f"sha256:{await asyncio.to_thread(file_digest, path)}"
        asked = Asked(f"{self._http.url}/api/blobs", path.name, cloud=True)
        try:
            if await self._http.send("HEAD", f"/api/blobs/{digest}") == 404:
                self._progress(f"uploading {path.name}")
                await self._http.send("POST", f"/api/blobs/{digest}", _chunks(path), path.stat().st_size)
        except BadStatus as bad:
            raise _failed(f"uploading {path.name}", asked, bad.body or f"status {bad.status}") from None
        return digest

    async def _small(self, method: str, path: str, body: Any, model: str) -> dict[str, Any]:
        try:
            return await self._http.json(method, path, body)
        except BadStatus as bad:
            asked = Asked(f"{self._http.url}{path}", model, cloud=True)
            raise fault(asked, bad.status, bad.body, location=bad.location, wait=bad.wait) from None

    async def _long(self, path: str, body: Any, sink: StatusSink, asked: Asked) -> None:
        """Hashing and quantizing write no line for minutes, so the patience of a load is theirs."""
        limit = self._http.limits.first_byte
        try:
            await self._http.stream(path, body, sink, Patience(limit, limit))
        except BadStatus as bad:
            raise fault(asked, bad.status, bad.body, location=bad.location, wait=bad.wait) from None


def built_name(spec: ModelSpec, base: str) -> str:
    """The name of a Modelfile's model: it changes with the file, the files it names and the digest of its FROM.

    Reads those files. Raises ModelUnavailable where one is not there.
    """
    stem = re.sub(r"[^a-z0-9.-]+", "-", spec.path.name.removesuffix(".Modelfile").lower()).strip("-.") or "model"
    return f"{NAMESPACE}/{stem[:60]}:{hashlib.sha256(f'{content_digest(spec)} {base}'.encode()).hexdigest()[:16]}"


def _local_files(spec: ModelSpec, command: str) -> Iterator[Path]:
    """The local files that these lines name. Where a FROM names a model, the server ignores those of the others."""
    if command == "FROM" and spec.gguf is None:
        return
    for line in spec.commands:
        if line.name == command:
            value = line.value
            named = value if command == "FROM" or value.startswith(("/", "~")) else f"./{value}"
            if path := local_file(named, spec.path):
                yield path


def create_body(name: str, spec: ModelSpec) -> dict[str, Any]:
    """The body of `/api/create`, local files aside."""
    fields = {
        "from": None if spec.gguf else spec.base,
        "template": spec.template,
        "system": spec.system,
        "parameters": {k: list(v) if isinstance(v, tuple) else v for k, v in spec.parameters.items()} or None,
        "messages": [{"role": role, "content": text} for role, text in spec.messages] or None,
        "license": list(spec.license) or None,
        "renderer": spec.renderer,
        "parser": spec.parser,
        "requires": spec.requires,
    }
    return {"model": name} | {key: value for key, value in fields.items() if value is not None}


def _nearest(name: str, there: list[str], modelfiles: Sequence[str], built: str) -> str:
    own = f"{NAMESPACE}/"
    names = [n.removesuffix(":latest") for n in there if not n.startswith(own)]
    if built:
        names, modelfiles = [n for n in names if n != built], ()
    if not names and not modelfiles:
        return "it has no models at all"
    close = get_close_matches(name.lower(), names, n=4, cutoff=0.5)
    files = get_close_matches(name, modelfiles, n=2, cutoff=0.5)
    told = [f"nearest there: {', '.join(close)}"] if close else []
    told += [f"nearest Modelfile: {', '.join(files)}"] if files else []
    more = " …" if len(names) > _NAMES else ""
    return "; ".join(told) or f"it has: {', '.join(names[:_NAMES])}{more}"


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk
