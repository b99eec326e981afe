"""The rows of pytest-html: what the record says of a cell, once."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.errors import InputError
from pytest_llm.plugin.options import MARK
from pytest_llm.plugin.session import LlmSession
from pytest_llm.reports.plain import visible
from pytest_llm.store.record import read

COMMANDS = ("  whole: ", "  again: ")
CAPTURED = ("Captured stdout", "Captured stderr", "Captured log")


def rows(state: LlmSession) -> Rows | None:
    """What fills the rows, where a report is written."""
    config = state.config
    path = config.getoption("htmlpath", None)
    if not path or not config.pluginmanager.hasplugin("html"):
        return None
    whole = config.getoption("self_contained_html", False)
    found = Rows(state, None if whole else Path(config.invocation_params.dir, path).resolve())
    config.pluginmanager.register(found, "llm_html_rows")
    return found


class Rows:
    """Gives each row of a cell its page, and leaves out of its log what the page shows."""

    def __init__(self, state: LlmSession, report: Path | None) -> None:
        self._state, self._report = state, report

    def show(self, report: pytest.TestReport, line: Mapping[str, Any]) -> None:
        """Hang the page of a cell on its report."""
        from pytest_llm.reports.html import extras
        from pytest_llm.verdicts.verdict import Verdict

        if line["answers"]:
            page = extras(Verdict.from_plain(line, self._state.folder), self._report)
            report.extras = [*getattr(report, "extras", []), *page]  # type: ignore[attr-defined]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        """The top of the page: our stylesheet, then models and matrix, as the record has them by now."""
        from pytest_llm.reports.html_summary import style, summary

        prefix.append(style())
        with suppress(InputError):  # it could not be written anywhere, which was told
            prefix.append(summary(read(self._state.record)))

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: pytest.TestReport, data: list[str]) -> None:
        if MARK in report.nodeid and report.when != "teardown":
            data[:] = [
                *_said(report),
                *(entry for entry in data if any(title in entry[:100] for title in CAPTURED)),
            ]


def _said(report: pytest.TestReport) -> list[str]:
    """What the cell's page does not say: the reason of a skip without one, a failure's commands, else all."""
    shown = bool(getattr(report, "extras", None))
    if isinstance(report.longrepr, tuple):
        return [] if shown else [escape(visible(str(report.longrepr[2]).removeprefix("Skipped: ")))]
    text = report.longreprtext
    if shown:
        text = "\n".join(line for line in text.splitlines() if line.startswith(COMMANDS))
    return [escape(visible(text)) + "\n"] if text else []
