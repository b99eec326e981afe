"""What the tests of checks share: a context, and a check run on a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_llm.answers.extract import extract
from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.checks.base import CheckContext, Finding
from pytest_llm.checks.registry import Registry
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Response

HERE = Path(__file__).parent


def context(response: Response, folder: Path = HERE, *, asked_format: Any = None) -> CheckContext:
    """A context whose request asked for a `format`, or for none."""
    model = ModelRef("m", "scripted", "m")
    request = ChatRequest(model, (Message("user", "hi"),), format=asked_format)
    return CheckContext(response, folder, folder, folder / "artifacts", request=request)


def findings(
    entry: Any, text: str, *, folder: Path = HERE, response: Response | None = None, asked_format: Any = None
) -> list[Finding]:
    """What the check that `entry` of a case file stands for says of an answer."""
    response = response or Response(text)
    check = Registry().parse(entry, folder=folder, root=folder)
    return list(check.run(extract(text, response.thinking), context(response, folder, asked_format=asked_format)))


def messages(entry: Any, text: str, **more: Any) -> list[str]:
    return [finding.message for finding in findings(entry, text, **more)]
