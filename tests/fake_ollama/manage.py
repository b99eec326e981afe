"""Models and blobs over HTTP: tags, show, ps, create, copy, delete, pull."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.fake_ollama import gguf, gojson, library
from tests.fake_ollama.clock import utc
from tests.fake_ollama.errors import ApiError
from tests.fake_ollama.gguf import Gguf
from tests.fake_ollama.http import Reply, Request
from tests.fake_ollama.library import Model, sha256
from tests.fake_ollama.names import ModelName, parse

if TYPE_CHECKING:
    from tests.fake_ollama.server import FakeOllama

_DIGEST = re.compile(r"sha256[:-][0-9a-fA-F]{64}")
_TEMPLATE_ERRORS = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"\{\{-?\s*(if|range|with)\s*-?\}\}", "missing value for {}"),
        (r"\{\{(?:(?!\}\}).)*(\n|\Z)", "unclosed action"),
        (r"\{\{-?\s*(?!else|end|break|continue|json)([a-z]\w*)\s*-?\}\}", 'function "{}" not defined'),
    )
)
_OLD_HIDDEN = ("general.name", "tokenizer.chat_template")
BLOBS = "/models/blobs/sha256-"


def _lookup(struct: gojson.Struct, request: Request) -> tuple[dict[str, Any], str]:
    data = gojson.loads(request.body, struct)
    return data, str(data.get("model") or data.get("name") or "")


class Manager:
    """The endpoints that do not ask a model anything."""

    def __init__(self, server: FakeOllama) -> None:
        self.server, self.profile, self.library = server, server.profile, server.library

    # What there is

    def details(self, model: Model, *, parent: str = "", lengths: bool = False) -> dict[str, Any]:
        family = model.gguf.architecture
        count = model.gguf.parameters
        size = f"{count / 1e9:.1f}B" if count >= 1e9 else f"{count / 1e6:.2f}M"
        found: dict[str, Any] = {
            "parent_model": parent,
            "format": "gguf",
            "family": family,
            "families": [family],
            "parameter_size": size,
            "quantization_level": model.gguf.quantization,
        }
        if lengths and self.profile.llama_server:
            found["context_length"] = model.gguf.context_length
            found["embedding_length"] = model.gguf.embedding_length
        return found

    def tags(self) -> dict[str, Any]:
        return {"models": [self._tag(model) for model in self.library.listed()]}

    def _tag(self, model: Model) -> dict[str, Any]:
        new = self.profile.llama_server
        item: dict[str, Any] = {
            **self._identity(model),
            "modified_at": utc(model.modified),
            "size": model.total_size,
            "digest": model.digest,
            "details": self.details(model, parent=model.parent if new else "", lengths=True),
        }
        if new:
            item["capabilities"] = list(model.declared or library.template_capabilities(model.template))
        return item

    def _identity(self, model: Model) -> dict[str, Any]:
        return {"name": model.name.short, "model": model.name.short}

    def ps(self) -> dict[str, Any]:
        return {"models": [self._running(runner) for runner in self.server.scheduler.resident()]}

    def _running(self, runner: Any) -> dict[str, Any]:
        return {
            **self._identity(runner.model),
            "size": runner.size,
            "digest": runner.model.digest,
            "details": self.details(runner.model),
            "expires_at": utc(runner.expires),
            "size_vram": int(runner.size * self.server.gpu),
            "context_length": runner.context,
        }

    def show(self, request: Request) -> dict[str, Any]:
        data, typed = _lookup(gojson.SHOW, request)
        if not typed:
            raise ApiError(400, "model is required")
        name = parse(typed)
        if name is None:
            raise ApiError(
                400, "invalid model name" if self.profile.since(0, 18, 0) else f"model '{typed}' not found"
            )
        model = self.library.find(typed)
        if model is None:
            shown = name.short if self.profile.llama_server else typed
            raise ApiError(404, f"model '{shown}' not found")
        parent = model.parent or ("" if self.profile.llama_server else f"{BLOBS}{model.blob}")
        shown_template = model.template or "{{ .Prompt }}"
        if library.is_native(model, self.profile):
            shown_template = model.gguf.chat_template
        fields: dict[str, Any] = {
            "license": "\n".join(model.license),
            "modelfile": modelfile(model),
            "parameters": "\n".join(_parameter_lines(model.parameters)),
            "template": shown_template,
            "system": model.system,
            "details": self.details(model, parent=parent),
            "messages": [{key: item[key] for key in ("role", "content")} for item in model.messages],
            "requires": model.requires,
        }
        kept = {name: value for name, value in fields.items() if value}
        return {
            **kept,
            "model_info": self._model_info(model.gguf, verbose=bool(data.get("verbose"))),
            "tensors": [
                {"name": t.name, "type": t.type, "shape": list(t.shape)} for t in self._tensors(model.gguf)
            ],
            "capabilities": library.capabilities(model, self.profile),
            "modified_at": utc(model.modified),
        }

    def _tensors(self, file: Gguf) -> list[gguf.Tensor]:
        if not self.profile.llama_server:
            return list(file.tensors)
        return sorted(file.tensors, key=lambda tensor: (tensor.name.startswith("blk."), tensor.name))

    def _model_info(self, file: Gguf, *, verbose: bool) -> dict[str, Any]:
        found = {"general.parameter_count": file.parameters, **file.metadata}
        if self.profile.llama_server:
            found.setdefault("general.quantization_version", 2)
        shown = {key: _shorten(value, verbose) for key, value in found.items() if key not in _OLD_HIDDEN}
        return dict(sorted(shown.items()))

    # Blobs

    async def blob(self, request: Request, read: Any) -> Reply:
        """HEAD and POST of one blob; a POST of one that is there is answered before its body is read."""
        digest = request.path.rpartition("/")[2]
        if not _DIGEST.fullmatch(digest):
            raise ApiError(400, "invalid digest format")
        found = digest[7:] in self.library.blobs
        if request.method == "HEAD":
            if not found:
                path = f"/models/blobs/{digest.replace(':', '-')}"
                raise ApiError(404, f"open {path}: no such file or directory")
            return Reply()
        if found:
            return Reply(close=True)
        if armed := self.server.faults.take("disk", request.path):  # answered in the midst of the upload
            full = armed.fault.error(self.profile, "")
            return Reply(full.status, gojson.dumps({"error": full.text}), "application/json", close=True)
        body = await read()
        true = f"sha256:{sha256(body)}"
        self.library.blobs[true[7:]] = body
        if true != digest or self.server.faults.take("blob", request.path):
            if true == digest:  # as if a byte had changed on the way
                true = f"sha256:{sha256(body + b'!')}"
            raise ApiError(400, f'digest mismatch, expected "{digest}", got "{true}"')
        return Reply(201)

    # Create, copy, delete, pull

    def create(self, request: Request) -> tuple[AsyncIterator[dict[str, Any]], bool]:
        """The lines of progress, and whether they are streamed."""
        data, typed = _lookup(gojson.CREATE, request)
        name = parse(typed)
        if name is None:
            raise ApiError(400, "invalid model name")
        for file in data.get("files", {}):
            if not file or file.startswith("/") or ".." in file.split("/"):
                raise ApiError(400, "file path must be relative")
        armed = self.server.faults.take("progress", request.path, typed)
        error = armed.fault.error(self.profile, typed) if armed else None
        return self._creating(name, data, error), bool(data.get("stream", True))

    async def _creating(
        self, name: ModelName, data: Mapping[str, Any], error: ApiError | None
    ) -> AsyncIterator[dict[str, Any]]:
        if data.get("from"):
            async for line in self._ensure(str(data["from"])):
                yield line
            base = self.library.find(str(data["from"]))
            assert base is not None
            model = replace(base, parent=base.name.short)
        elif data.get("files"):
            yield {"status": "parsing GGUF"}
            model = await self._from_file(name, str(next(iter(data["files"].values()))))
            if self.profile.llama_server:
                yield {"status": "verifying conversion"}
        else:
            raise ApiError(400, "neither 'from' or 'files' was specified")
        model = replace(self._merged(model, data), name=name, modified=self.server.clock.now())
        for digest in (model.blob, *(sha256(layer) for layer in model.layers)):
            word = "using existing" if digest in self.library.layers else "creating new"
            self.library.layers.add(digest)
            yield {"status": f"{word} layer sha256:{digest}"}
        if error:
            raise error
        self.library.put(model)
        yield {"status": "writing manifest"}
        yield {"status": "success"}

    async def _from_file(self, name: ModelName, digest: str) -> Model:
        if not _DIGEST.fullmatch(digest):
            raise ApiError(400, "invalid digest format")
        data = self.library.blobs.get(digest[7:])
        if data is None:
            raise ApiError(500, f"open {BLOBS}{digest[7:]}: no such file or directory")
        if not self.profile.llama_server and gguf.negative_length(data):
            await self.server.restart(0.3)  # the program dies of it, and is started again
        file = gguf.read(data)
        blob = digest[7:]
        if self.profile.llama_server:  # such a file is rewritten, its digest is another
            blob = sha256(b"rewritten " + blob.encode())
        else:
            self.library.layers.add(blob)
        return Model(name, blob, file, len(data), 0.0)

    def _merged(self, base: Model, data: Mapping[str, Any]) -> Model:
        template = str(data.get("template", ""))
        if wrong := _template_error(template):
            raise ApiError(400, f"template error: template: {wrong}")
        licenses = data.get("license") or ()
        return replace(
            base,
            template=template or base.template,
            system=data.get("system") or base.system,
            parameters={**base.parameters, **data.get("parameters", {})},
            messages=tuple(data.get("messages") or base.messages),
            license=(*base.license, *([licenses] if isinstance(licenses, str) else licenses)),
            renderer=data.get("renderer") or base.renderer,
            parser=data.get("parser") or base.parser,
            requires=data.get("requires") or base.requires,
        )

    async def _ensure(self, typed: str) -> AsyncIterator[dict[str, Any]]:
        """Pull a model that is not there; the lines of that."""
        name = parse(typed)
        if name is None:
            raise ApiError(400, "invalid model name")
        if self.library.find(typed) is None:
            async for line in self._pulling(name):
                if line["status"] != "success":
                    yield line

    async def _pulling(self, name: ModelName) -> AsyncIterator[dict[str, Any]]:
        yield {"status": "pulling manifest"}
        registry = self.library.registry
        if registry is None:
            url = f"https://{name.host}/v2/{name.namespace}/{name.model}/manifests/{name.tag}"
            text = f'pull model manifest: Get "{url}": dial tcp: lookup {name.host}: no such host'
            raise ApiError(500, text)
        if name.key not in registry:
            raise ApiError(500, "pull model manifest: file does not exist")
        model = self.server.model_from(name.short, **registry[name.key])
        digest = f"sha256:{model.blob}"
        layer = {"status": f"pulling {model.blob[:12]}", "digest": digest, "total": model.size}
        yield layer
        yield {**layer, "completed": model.size // 2}
        yield {**layer, "completed": model.size}
        yield {"status": "verifying sha256 digest"}
        yield {"status": "writing manifest"}
        self.library.put(model)
        yield {"status": "success"}

    def pull(self, request: Request) -> tuple[AsyncIterator[dict[str, Any]], bool]:
        data, typed = _lookup(gojson.PULL, request)
        name = parse(typed)
        if name is None:
            raise ApiError(400, "invalid model name")
        armed = self.server.faults.take("progress", request.path, typed)
        error = armed.fault.error(self.profile, typed) if armed else None
        return self._spoiled(self._pulling(name), error), bool(data.get("stream", True))

    async def _spoiled(
        self, lines: AsyncIterator[dict[str, Any]], error: ApiError | None
    ) -> AsyncIterator[dict[str, Any]]:
        async for line in lines:
            yield line
            if error:
                raise error

    def copy(self, request: Request) -> Reply:
        data = gojson.loads(request.body, gojson.COPY)
        names = {}
        for part in ("source", "destination"):
            typed = str(data.get(part, ""))
            if (name := parse(typed)) is None:
                raise ApiError(400, f'{part} "{typed}" is invalid')
            names[part] = name
        model = self.library.find(str(data["source"]))
        if model is None:
            raise ApiError(404, f'model "{data["source"]}" not found')
        self.library.put(replace(model, name=names["destination"], modified=self.server.clock.now()))
        return Reply()

    def delete(self, request: Request) -> Reply:
        _, typed = _lookup(gojson.DELETE, request)
        if not typed:
            raise ApiError(400, "model is required")
        name = parse(typed)
        if name is None:
            raise ApiError(400, f'name "{typed}" is invalid')
        if self.library.models.pop(name.key, None) is None:
            raise ApiError(404, f"model '{typed}' not found")
        return Reply()


def _template_error(template: str) -> str:
    """What the server's template language says of a text that it cannot parse; "" of one that it can."""
    for pattern, words in _TEMPLATE_ERRORS:
        if found := pattern.search(template):
            line = template[: found.start()].count("\n") + 1
            return f":{line}: {words.format(found[1])}"
    return ""


def modelfile(model: Model) -> str:
    """As `show` prints it."""
    head = '# Modelfile generated by "ollama show"\n# To build a new Modelfile based on this, replace FROM with:\n'
    lines = [f"FROM {BLOBS}{model.blob}", f"TEMPLATE {_quoted(model.template or '{{ .Prompt }}')}"]
    lines += [f"SYSTEM {_quoted(model.system)}"] if model.system else []
    for key, value in sorted(model.parameters.items()):
        lines += [f"PARAMETER {key} {item}" for item in (value if isinstance(value, list) else [value])]
    lines += [f'LICENSE """{text}"""' for text in model.license]
    lines += [f"MESSAGE {message['role']} {_quoted(str(message['content']))}" for message in model.messages]
    return f"{head}# FROM {model.name.short}\n\n" + "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return f'"""{text}"""' if "\n" in text or '"' in text else text


def _parameter_lines(parameters: Mapping[str, Any]) -> list[str]:
    return [
        f"{key:<30} {json.dumps(item, ensure_ascii=False) if isinstance(item, str) else item}"
        for key, value in parameters.items()
        for item in (value if isinstance(value, list) else [value])
    ]


def _shorten(value: Any, verbose: bool) -> Any:
    return None if isinstance(value, list) and len(value) > 5 and not verbose else value
