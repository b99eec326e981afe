"""The hooks that pytest-llm calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_llm.checks.base import Check
    from pytest_llm.providers.base import Provider
    from pytest_llm.settings import Settings
    from pytest_llm.verdicts.verdict import Verdict


@pytest.hookspec
def pytest_llm_checks(config: pytest.Config) -> Sequence[type[Check] | Callable[..., Any]]:
    """More checks: subclasses of Check, or functions marked with `pytest_llm.check`."""
    raise NotImplementedError


@pytest.hookspec(firstresult=True)
def pytest_llm_provider(engine: str, settings: Settings) -> Provider | None:
    """The provider for an engine's name, or None for somebody else's."""
    raise NotImplementedError


@pytest.hookspec
def pytest_llm_verdict(nodeid: str, verdict: Verdict, config: pytest.Config) -> None:
    """A cell was judged. Called once for each report of it, in the process that keeps the run's record: the
    controller's under pytest-xdist. Files of the verdict are kept in the folder of the run."""
