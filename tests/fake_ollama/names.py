"""Model names: [scheme://][host/][namespace/]model[:tag]."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}")
_NAMESPACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
REGISTRY = "registry.ollama.ai"


@dataclass(frozen=True)
class ModelName:
    host: str
    namespace: str
    model: str
    tag: str

    @property
    def full(self) -> str:
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def short(self) -> str:
        """The form shown in lists: default host and namespace left out, the tag always there."""
        if self.host != REGISTRY:
            return self.full
        return self.full.removeprefix(f"{REGISTRY}/").removeprefix("library/")

    @property
    def key(self) -> str:
        """Names are compared without regard to case."""
        return self.full.casefold()


def parse(text: str) -> ModelName | None:
    """None where it is no model name."""
    rest = text.split("://", 1)[-1]
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        head, tag = rest, "latest"
    parts = head.split("/")
    if len(parts) > 3:
        return None
    model = parts[-1]
    namespace = parts[-2] if len(parts) > 1 else "library"
    host = parts[0] if len(parts) == 3 else REGISTRY
    good = (
        _PART.fullmatch(model)
        and _PART.fullmatch(tag)
        and _NAMESPACE.fullmatch(namespace)
        and _HOST.fullmatch(host)
    )
    return ModelName(host, namespace, model, tag) if good else None


def is_cloud(text: str) -> bool:
    """Whether the name stands for a model that the vendor hosts."""
    return text.casefold().endswith((":cloud", "-cloud"))
