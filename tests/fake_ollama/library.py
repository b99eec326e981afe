"""Blobs and models: what is stored on the fake server's disk, and what each version reads out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fake_ollama import gojson
from tests.fake_ollama.gguf import Gguf, read
from tests.fake_ollama.llama_props import CHAT_TEMPLATE
from tests.fake_ollama.names import ModelName, parse
from tests.fake_ollama.profiles import LLAMA_SERVER, Profile

THINKING_TEMPLATE = "{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}"
_TEMPLATE_MARKS = {"tools": ".Tools", "insert": ".Suffix", "thinking": ".Thinking"}
_CHAT_MARKS = {"tools": "tools", "thinking": "enable_thinking"}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Model:
    """A manifest with what its layers say.

    blob: the weights' sha256. parent: the FROM model's short name. modified: seconds since the epoch.
    size: of the weights in bytes. declared: capabilities that override what the templates say.
    """

    name: ModelName
    blob: str
    gguf: Gguf
    size: int
    modified: float
    template: str = ""
    system: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    messages: tuple[Mapping[str, Any], ...] = ()
    license: tuple[str, ...] = ()
    parent: str = ""
    renderer: str = ""
    parser: str = ""
    requires: str = ""
    declared: tuple[str, ...] | None = None

    @property
    def layers(self) -> list[bytes]:
        """The small layers in the order in which they are written."""
        texts = [self.template.encode(), self.system.encode(), *(text.encode() for text in self.license)]
        if self.parameters:
            texts.append(gojson.dumps(dict(sorted(self.parameters.items()))) + b"\n")
        if self.messages:
            texts.append(gojson.dumps(list(self.messages)) + b"\n")
        return [text for text in texts if text]

    @property
    def digest(self) -> str:
        """Of the manifest: the same for the same layers, whatever the name."""
        extra = [self.renderer, self.parser, self.requires, *(self.declared or ())]
        return sha256("\n".join([self.blob, *(sha256(layer) for layer in self.layers), *extra]).encode())

    @property
    def total_size(self) -> int:
        return self.size + sum(len(layer) for layer in self.layers) + 490


def template_capabilities(template: str) -> list[str]:
    found = [name for name, mark in _TEMPLATE_MARKS.items() if mark in template]
    return ["completion", *found]


def _file_capabilities(gguf: Gguf) -> list[str]:
    return [*(name for name, mark in _CHAT_MARKS.items() if mark in gguf.chat_template), "completion"]


def is_native(model: Model, profile: Profile) -> bool:
    """Whether the GGUF's own chat template is used: it offers more than TEMPLATE does, or there is no TEMPLATE."""
    if not profile.llama_server or model.renderer or model.parser:
        return False
    own = model.gguf.chat_template
    if not own:
        return False
    if not model.template:
        return True
    return len(_file_capabilities(model.gguf)) > len(template_capabilities(model.template))


def capabilities(model: Model, profile: Profile) -> list[str]:
    """As `/api/show` lists them."""
    if model.declared is not None:
        return list(model.declared)
    if is_native(model, profile):
        return _file_capabilities(model.gguf)
    return template_capabilities(model.template)


def splits_thinking(model: Model, profile: Profile) -> bool:
    """Whether the server takes the thinking out of the content."""
    if "thinking" not in capabilities(model, profile):
        return False
    return not is_native(model, profile) or "reasoning_content" in model.gguf.chat_template


def model_of(
    name: str,
    profile: Profile,
    modified: float,
    *,
    capabilities: Sequence[str] = ("completion",),
    template: str = "",
    chat_template: str = "",
    system: str = "",
    parameters: Mapping[str, Any] | None = None,
    context_length: int = 32_768,
    size: int = 5_000_000_000,
    blob: str = "",
    file: bytes = b"",
    parent: str = "",
) -> Model:
    """A model as its settings say, or of a GGUF `file`.

    template: Go text; by default one that fits the capabilities. chat_template: the GGUF's own (Jinja), which makes
    the model "native" from 0.30 on. blob: models with the same one share a runner. size: bytes.
    """
    known = parse(name)
    if known is None:
        raise ValueError(f"not a model name: {name!r}")
    if profile.version == LLAMA_SERVER and "thinking" in capabilities and not file:
        chat_template = chat_template or CHAT_TEMPLATE
    if not template and not chat_template:
        template = THINKING_TEMPLATE if "thinking" in capabilities else "{{ .Prompt }}"
    metadata = {"general.architecture": "llama", "llama.context_length": context_length, "general.file_type": 15}
    header = read(file) if file else Gguf(metadata)
    if chat_template:
        header = replace(header, metadata={**header.metadata, "tokenizer.chat_template": chat_template})
    return Model(
        known,
        sha256(file or (blob or name).encode()),
        header,
        len(file) or size,
        modified,
        template=template,
        system=system,
        parameters=parameters or {},
        parent=parent,
        declared=tuple(capabilities),
    )


class Library:
    """Models by name, weights and other layers by digest, and what a pull would find."""

    def __init__(self) -> None:
        self.models: dict[str, Model] = {}
        self.blobs: dict[str, bytes] = {}
        self.layers: set[str] = set()
        self.registry: dict[str, dict[str, Any]] | None = None

    def find(self, text: str) -> Model | None:
        name = parse(text)
        return self.models.get(name.key) if name else None

    def put(self, model: Model) -> None:
        self.models[model.name.key] = model
        self.layers.update(sha256(layer) for layer in model.layers)
        self.layers.add(model.blob)

    def listed(self) -> list[Model]:
        """Newest first, to the second."""
        return sorted(self.models.values(), key=lambda model: -int(model.modified))
