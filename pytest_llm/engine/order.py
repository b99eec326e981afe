"""What is asked together: requests of one group are answered by one loaded model."""

from __future__ import annotations

from typing import Any

from pytest_llm.cases.request import ChatRequest
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import LEAST_TO_SEE, LOAD_OPTIONS, ModelInfo, Resident, load_options

_LOADED = (*LOAD_OPTIONS, "shift")
Group = tuple[str, str, str]
ModelKey = tuple[str, str, str]


def key(model: ModelRef) -> ModelKey:
    """Two names of one model in one engine are one."""
    return model.engine, model.name, model.fingerprint


def group(info: ModelInfo, request: ChatRequest) -> Group:
    """What must be loaded to answer a request: (server, blob, load-time options).

    Of the options, the request's come before the Modelfile's, and these before what the server's own model says.
    `shift`, whether a context that is full goes on without its beginning, is loaded too (Ollama from 0.30 on).
    """
    return info.server, info.blob, str(list(_loaded(info, request).values()))


def is_there(resident: Resident, info: ModelInfo, request: ChatRequest) -> bool:
    """Whether a loaded model is what a request needs, as far as a server tells: by its files and its context."""
    wanted = _loaded(info, request)["num_ctx"]
    if isinstance(wanted, int) and "vision" in (info.capabilities or ()):
        wanted = max(wanted, LEAST_TO_SEE)
    return resident.blob == info.blob and (wanted is None or resident.context in (wanted, None))


def _loaded(info: ModelInfo, request: ChatRequest) -> dict[str, Any]:
    spec = request.model.spec
    said = (info.parameters, spec.whole.parameters if spec else {}, load_options(request))
    load = {name: value for options in said for name, value in options.items() if value is not None}
    return {name: _effective(info, name, load.get(name)) for name in _LOADED}


def _effective(info: ModelInfo, name: str, value: Any) -> Any:
    """No model is loaded with a longer context than it was trained for."""
    longest = info.trained if name == "num_ctx" else None
    return min(value, longest) if longest and isinstance(value, int) else value
