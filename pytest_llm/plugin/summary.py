"""The run in Markdown: in the file that --llm-markdown names, and in that of a CI system's summary of a job."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from pytest_llm.errors import InputError
from pytest_llm.plugin import outputs
from pytest_llm.plugin.options import HAS_CELLS, SUMMARIES, SUMMARY_ENV, runs_cells
from pytest_llm.plugin.session import session
from pytest_llm.store.whole import whole

if TYPE_CHECKING:
    from pytest_llm.plugin.gating import Gate
    from pytest_llm.store.line import CellLine

_MODELFILE, _COLLECTION = "Modelfiles", "Not collected"


class Summary:
    """Writes `file` when the run has ended; registered in the process that keeps the record.

    said: what named the file. added: the summary of a job is added to what other steps have written.
    """

    def __init__(self, config: pytest.Config, file: Path, said: str, *, added: bool = False) -> None:
        self._config, self._file, self._said, self._added = config, file, said, added
        self._others: dict[str, list[str]] = {_MODELFILE: [], _COLLECTION: []}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and report.nodeid.endswith(".prompt.yaml"):
            self._others[_COLLECTION].append(headline(report))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid.partition("::")[0].endswith("Modelfile"):
            self._others[_MODELFILE].append(headline(report))

    def write(self, gate: Gate | None) -> None:
        """After the gate has spoken, of a run that ran its cells. Where it cannot be written that is said."""
        if not runs_cells(self._config):
            return
        from pytest_llm.reports.gate import markdown as decided
        from pytest_llm.reports.markdown import summary

        cells = _cells(self._config)
        decision = decided(gate.decision) if gate and gate.decision else ""
        if self._added and not (cells or decision or any(self._others.values())):
            return
        others = {group: sorted(told) for group, told in self._others.items()}  # in any order of workers
        try:
            text = summary(cells.values(), others, decision)
            with self._opened() as file:
                file.write(text + "\n")
        except (InputError, OSError) as error:
            outputs.lack(
                self._config, f"the summary cannot be written to {self._said}", error, asked=not self._added
            )

    def _opened(self) -> AbstractContextManager[IO[str]]:
        if self._added:
            return self._file.open("a", encoding="utf-8", errors="replace")
        return whole(self._file, errors="replace")


def register(config: pytest.Config) -> None:
    """The files that this run is to write, each by a plugin of its own."""
    if file := config.getoption("llm_markdown", None):
        config.pluginmanager.register(
            Summary(config, config.invocation_params.dir / file, "--llm-markdown"), SUMMARIES[0]
        )
    if file := os.environ.get(SUMMARY_ENV):
        config.pluginmanager.register(Summary(config, Path(file), f"${SUMMARY_ENV}", added=True), SUMMARIES[1])


def _cells(config: pytest.Config) -> Mapping[str, CellLine]:
    """The cells of this run, as its record has them."""
    from pytest_llm.store.record import read

    if HAS_CELLS not in config.stash:
        return {}
    try:
        return read(session(config).record).cells
    except InputError:
        return {}


def headline(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The first line of what is wrong; under pytest-xdist the text begins with the worker's name."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else report.longreprtext
    return next((line for line in text.splitlines() if line.strip()), report.nodeid)
