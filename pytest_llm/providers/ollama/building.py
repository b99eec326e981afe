"""How a Modelfile becomes a model on an Ollama server, under a name of our own: `pytest-llm/NAME:HASH`."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_llm.errors import ModelUnavailable, ProviderError
from pytest_llm.models.files import file_digest, named_file
from pytest_llm.models.modelfile import ModelSpec, content_digest, missing_file
from pytest_llm.providers.ollama.models import NAMESPACE, Models, StatusSink, full_name
from pytest_llm.providers.wire.complaint import Asked
from pytest_llm.providers.wire.http import Http

_FILES = {"files": "FROM", "adapters": "ADAPTER", "draft_files": "DRAFT"}
_BLOB_GONE = re.compile(r"\b(open|rename|stat) \S*: no such file or directory")


class Builder:
    """Builds on one server, one model at a time. pull: fetch a base that is missing."""

    def __init__(self, http: Http, models: Models, *, pull: bool) -> None:
        self._http, self._models, self._pull = http, models, pull
        self._lock = asyncio.Lock()

    async def build(self, spec: ModelSpec) -> str:
        """Build the model where it is not there, first the Modelfile that its FROM names; its name there."""
        async with self._lock:
            return await self._build(spec)

    async def _build(self, spec: ModelSpec) -> str:
        if command := missing_file(spec):
            raise ModelUnavailable(
                f"{spec.path.name}:{command.line}: {command.name} {command.value}: there is no such file",
                hint="mend the path, build the file, or download it",
            )
        base = await self._base(spec)
        there = await self._models.digests()
        name = await asyncio.to_thread(built_name, spec, there.get(full_name(base), "") if base else "")
        if full_name(name) not in there:
            await self._make(name, spec, base)
        return name

    async def _base(self, spec: ModelSpec) -> str:
        """The name there of the model that it is made from; "" where that is a file."""
        if spec.gguf:
            return ""
        if spec.parent:
            return await self._build(spec.parent)
        if full_name(spec.base) not in await self._models.digests():
            if not self._pull:
                raise await self._models.missing(spec.base, spec)
            await self._models.pull(spec.base)
        return spec.base

    async def _make(self, name: str, spec: ModelSpec, base: str) -> None:
        """Asked twice where a blob is gone: another create, or the server's own sweep, took it in between."""
        try:
            await self._create(name, spec, base)
        except ProviderError as error:
            if not _BLOB_GONE.search(error.message):
                raise
            await self._create(name, spec, base)

    async def _create(self, name: str, spec: ModelSpec, base: str) -> None:
        body = create_body(name, spec, base)
        for key, command in _FILES.items():
            if paths := list(_local_files(spec, command)):
                body[key] = {path.name: await self._upload(path) for path in paths}
        asked = Asked(f"{self._http.url}/api/create", name, cloud=True)
        doing = f"building {name} from {spec.path.name}"
        await self._models.follow("/api/create", body, StatusSink(asked, doing, self._models.progress), asked)

    async def _upload(self, path: Path) -> str:
        """Bring a file there; its digest as `sha256:…`. Asked for first: a post of one that is there is reset."""
        digest = f"sha256:{await asyncio.to_thread(file_digest, path)}"
        await self._models.upload(digest, path)
        return digest


def built_name(spec: ModelSpec, base: str) -> str:
    """The name of a Modelfile's model: it changes with the file, the files it names and the digest of its FROM.

    Reads those files. Raises ModelUnavailable where one is not there.
    """
    content = hashlib.sha256(f"{content_digest(spec)} {base}".encode()).hexdigest()
    return f"{NAMESPACE}/{stem(spec.path)}:{content[:16]}"


def stem(modelfile: Path) -> str:
    """What the name of a Modelfile's model begins with, whatever is in it."""
    name = modelfile.name.removesuffix(".Modelfile").lower()
    return (re.sub(r"[^a-z0-9.-]+", "-", name).strip("-.") or "model")[:60]


def create_body(name: str, spec: ModelSpec, base: str) -> dict[str, Any]:
    """The body of `/api/create`, local files aside."""
    fields = {
        "from": base or None,
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


def _local_files(spec: ModelSpec, command: str) -> Iterator[Path]:
    """The local files that these lines name. Where a FROM names a model, the server ignores those of the others."""
    if command == "FROM" and spec.gguf is None:
        return
    for line in spec.commands:
        if line.name == command and (path := named_file(line, spec.path)):
            yield path
