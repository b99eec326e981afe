"""Exit codes are pytest's, but for the gate's, and for a CI run that tested nothing: it must not look green."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest

from pytest_llm.plugin import outputs
from pytest_llm.plugin.options import SETTINGS

if TYPE_CHECKING:
    from pytest_llm.plugin.changed import Changed
    from pytest_llm.plugin.gating import Gate
    from pytest_llm.plugin.recording import Recorder

ACCEPT = "--llm-allow-skipped"


def finish(pytest_session: pytest.Session, gate: Gate | None = None) -> None:
    """What the gate makes of pytest's; after it, and as the run's last line, that nothing was tested."""
    if gate:
        pytest_session.exitstatus = gate.exit_status(int(pytest_session.exitstatus), pytest_session)
    outputs.settle(pytest_session)
    config, status = pytest_session.config, int(pytest_session.exitstatus)
    if hasattr(config, "workerinput") or config.option.collectonly or status not in QUIET:
        return
    if said := untested(config):
        pytest_session.exitstatus = _exit_status(config, status)
        hint = f" ({ACCEPT} accepts that)" if pytest_session.exitstatus and os.environ.get("CI") else ""
        _last_line(config, f"nothing was tested: {said}{hint}")
    elif (changed := _changed(config)) and changed.unchanged:
        pytest_session.exitstatus = pytest.ExitCode.OK


QUIET = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


def _exit_status(config: pytest.Config, status: int) -> int:
    """Of a run that tested no cell."""
    if config.stash[SETTINGS].allow_skipped:
        return pytest.ExitCode.OK
    return pytest.ExitCode.NO_TESTS_COLLECTED if os.environ.get("CI") and not _others(config) else status


def _others(config: pytest.Config) -> bool:
    """Whether tests that are none of ours ran."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    stats = reporter.stats if reporter else {}
    ran = (report.nodeid for outcome in ("passed", "xfailed", "xpassed") for report in stats.get(outcome, ()))
    return any(PurePath(id_.partition("::")[0]).suffix == ".py" for id_ in ran)


def untested(config: pytest.Config) -> str:
    """Why no cell was tested of those that there were to test; "" where one was, or there was none."""
    if (changed := _changed(config)) and changed.untested:
        return changed.why_untested
    recorder: Recorder | None = config.pluginmanager.get_plugin("llm_record")
    if recorder and (count := recorder.skipped):
        return "the one selected cell was skipped" if count == 1 else f"all {count} selected cells were skipped"
    return ""


def _changed(config: pytest.Config) -> Changed | None:
    found: Changed | None = config.pluginmanager.get_plugin("llm_changed")
    return found


def _last_line(config: pytest.Config, text: str) -> None:
    if reporter := config.pluginmanager.get_plugin("terminalreporter"):
        reporter.write_line(f"pytest-llm: {text}", yellow=True)
