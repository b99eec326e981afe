"""The models a case can name, and what each name means."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_llm.modelfile import ModelSpec


@dataclass(frozen=True)
class ModelRef:
    """A model as named in a case, and where it is to be asked.

    engine: "ollama", "openai", "embedded", "scripted", or one that a plugin added.
    name: what that engine calls it: an Ollama tag, a served model's name, a path to a GGUF file.
    spec: the Modelfile, where there is one.
    """

    written: str
    engine: str
    name: str
    spec: ModelSpec | None = None

    @property
    def fingerprint(self) -> str:
        return self.spec.digest if self.spec else ""
