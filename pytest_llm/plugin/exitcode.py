"""Exit codes are pytest's, but for one: a CI run that tested nothing must not look green."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llm.plugin.gating import Gate


def finish(pytest_session: pytest.Session, gate: Gate | None = None) -> None:
    """What the gate makes of pytest's; then, where CI is set, 5 when cells were there and none was tested."""
    if gate:
        pytest_session.exitstatus = gate.exit_status(int(pytest_session.exitstatus), pytest_session)
    reporter = pytest_session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or reporter is None or pytest_session.exitstatus != pytest.ExitCode.OK:
        return
    stats = {key: reports for key, reports in reporter.stats.items() if key and key != "warnings" and reports}
    cells = any(".prompt.yaml::" in getattr(r, "nodeid", "") for reports in stats.values() for r in reports)
    if cells and set(stats) <= {"skipped", "deselected"}:
        pytest_session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
