"""pytest-llm: prompts as pytest test cases, judged by machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llm.checks.base import Check, CheckContext, Finding, check
    from pytest_llm.extract import Artifact, CodeBlock

__version__ = "0.1.0"
__all__ = ["Artifact", "Check", "CheckContext", "CodeBlock", "Finding", "__version__", "check"]

_HOMES = {
    "Artifact": "pytest_llm.extract",
    "Check": "pytest_llm.checks.base",
    "CheckContext": "pytest_llm.checks.base",
    "CodeBlock": "pytest_llm.extract",
    "Finding": "pytest_llm.checks.base",
    "check": "pytest_llm.checks.base",
}


def __getattr__(name: str) -> Any:
    # Lazy, so that a pytest run without any prompt file does not pay for pydantic and its friends.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
