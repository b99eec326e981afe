"""Failures as annotations: GitHub, Gitea and Forgejo read them from the log and show them in a pull request's diff.

Their form is `::error file=FILE,line=N,title=TITLE::TEXT`, percent-encoded (docs.github.com, workflow commands).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_llm.plugin.options import MARK, MODELFILES, SUFFIX
from pytest_llm.plugin.summary import headline
from pytest_llm.reports.plain import visible

MOST = 10  # as many errors of one step are shown
WORKSPACE_ENV = "GITHUB_WORKSPACE"  # the checkout, which files are named relative to
_TEXT = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _TEXT | str.maketrans({":": "%3A", ",": "%2C"})


class Annotations:
    """Keeps what failed of cells, case files and Modelfiles; registered in the process that has the terminal."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._lines: list[tuple[str, str]] = []  # what each is said of

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        file = report.nodeid
        if report.failed and file.endswith((SUFFIX, *MODELFILES)):
            said = headline(report)
            place = re.match(re.escape(file) + r":(\d+): ", said)
            self._add(file, int(place[1]) if place else 1, file, said[place.end() :] if place else said)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file, line, _ = report.location
        if report.failed and (MARK in report.nodeid or file.endswith(MODELFILES)):
            self._add(file, (line or 0) + 1, report.nodeid, headline(report))

    def show(self, reporter: pytest.TerminalReporter) -> None:
        reporter.ensure_newline()
        for line in self._told():
            reporter.write_line(line)

    def _told(self) -> Iterator[str]:
        lines = self._in_order()
        if len(lines) <= MOST:
            yield from lines
            return
        yield from lines[: MOST - 1]
        yield f"::error title=pytest-llm::and {len(lines) - MOST + 1} more, in the log"

    def _in_order(self) -> list[str]:
        """Files that cannot be collected, Modelfiles, then cells in the run's order: whoever was faster."""
        recorder = self._config.pluginmanager.get_plugin("llm_record")
        order = recorder.order if recorder else {}
        told = sorted(self._lines, key=lambda line: (order.get(line[0], -1), "::" in line[0], line[0]))
        return [line for _, line in told]

    def _add(self, file: str, line: int, title: str, text: str) -> None:
        path = Path(os.path.abspath(self._config.rootpath / file))
        checkout = os.environ.get(WORKSPACE_ENV, "")
        if checkout and path.is_relative_to(checkout):
            file = path.relative_to(checkout).as_posix()
        place = ",".join(
            f"{key}={visible(str(value)).translate(_PROPERTY)}"
            for key, value in (("file", file), ("line", line), ("title", title))
        )
        self._lines.append((title, f"::error {place}::{visible(text).translate(_TEXT)}"))
