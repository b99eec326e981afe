"""The Modelfile grammar: text -> ModelSpec, and what a linter has to say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ModelSpec:
    """A parsed Modelfile.

    base: the value of FROM as written. gguf: the local file it names, where it names one.
    parameters: typed by the option's name (int, float, bool, str; `stop` a tuple of strings).
    messages: (role, text) pairs. digest: sha256 of the text and of the local files it names, hex.
    """

    path: Path
    base: str
    gguf: Path | None = None
    template: str | None = None
    system: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    messages: tuple[tuple[str, str], ...] = ()
    adapters: tuple[str, ...] = ()
    renderer: str | None = None
    parser: str | None = None
    requires: str | None = None
    license: tuple[str, ...] = ()
    digest: str = ""
