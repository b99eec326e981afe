"""pytest-llm: prompts as pytest test cases, judged by machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llm.answers.extract import Artifact, CodeBlock
    from pytest_llm.cases.request import ChatRequest
    from pytest_llm.checks.base import Check, CheckContext, Finding
    from pytest_llm.checks.function import check
    from pytest_llm.models.reference import ModelRef
    from pytest_llm.providers.base import ModelInfo, Response

__version__ = "0.1.0"
__all__ = [
    "Artifact",
    "ChatRequest",
    "Check",
    "CheckContext",
    "CodeBlock",
    "Finding",
    "ModelInfo",
    "ModelRef",
    "Response",
    "__version__",
    "check",
]

_HOMES = {
    "Artifact": "pytest_llm.answers.extract",
    "ChatRequest": "pytest_llm.cases.request",
    "Check": "pytest_llm.checks.base",
    "CheckContext": "pytest_llm.checks.base",
    "CodeBlock": "pytest_llm.answers.extract",
    "Finding": "pytest_llm.checks.base",
    "ModelInfo": "pytest_llm.providers.base",
    "ModelRef": "pytest_llm.models.reference",
    "Response": "pytest_llm.providers.base",
    "check": "pytest_llm.checks.function",
}


def __getattr__(name: str) -> Any:
    # Lazy, so that a pytest run without any prompt file does not pay for pydantic and its friends.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
