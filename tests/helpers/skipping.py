"""Tests that are skipped for want of a tool: a failure where every tool is to be there, as in CI."""

from __future__ import annotations

import os
from typing import TypeVar

import pytest

EVERY_TOOL = "PYTEST_LLM_EVERY_TOOL"
# Reasons that `pytest-llm doctor --install` does not mend: those of the kernel, the container, another system, or
# of one that has no such package.
NO_TOOLS = (".NET SDK", "control group", "bubblewrap does not", "its environment has other names")

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def insist(report: Report) -> Report:
    """The report; of a skip that an installation would mend a failure, where EVERY_TOOL is set."""
    if os.environ.get(EVERY_TOOL) and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not any(words in reason for words in NO_TOOLS):
            report.outcome = "failed"
            report.longrepr = f"{EVERY_TOOL} is set, and this was skipped: {reason}"
    return report
