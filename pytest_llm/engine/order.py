"""What is asked together: requests of one group are answered by one loaded model."""

from __future__ import annotations

from typing import Any

from pytest_llm.cases.request import ChatRequest
from pytest_llm.providers.base import LOAD_OPTIONS, ModelInfo, load_options

_LOADED = (*LOAD_OPTIONS, "shift")
Group = tuple[str, str, str]


def group(info: ModelInfo, request: ChatRequest) -> Group:
    """What must be loaded to answer a request: (server, blob, load-time options).

    Of the options, the request's come before the Modelfile's, and these before what the server's own model says.
    `shift`, whether a context that is full goes on without its beginning, is loaded too (Ollama from 0.30 on).
    """
    spec = request.model.spec
    said = (info.parameters, spec.whole.parameters if spec else {}, load_options(request))
    load = {name: value for options in said for name, value in options.items() if value is not None}
    return info.server, info.blob, str([_effective(info, name, load.get(name)) for name in _LOADED])


def _effective(info: ModelInfo, name: str, value: Any) -> Any:
    """No model is loaded with a longer context than it was trained for."""
    longest = info.trained if name == "num_ctx" else None
    return min(value, longest) if longest and isinstance(value, int) else value
