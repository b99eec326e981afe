"""`--llm-report FILE`: the run as one HTML file, written when its record has ended."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from pytest_llm.errors import InputError
from pytest_llm.plugin import outputs, recording
from pytest_llm.plugin.gating import gate
from pytest_llm.plugin.options import HAS_CELLS, runs_cells
from pytest_llm.plugin.session import session
from pytest_llm.reports.plain import one_line


class Report:
    """Registered in the process that keeps the record."""

    def __init__(self, config: pytest.Config, file: Path) -> None:
        self._config, self._file = config, file

    def pytest_unconfigure(self) -> None:
        """After the last line of the record. Where the report cannot be written, that is said."""
        config = self._config
        if HAS_CELLS not in config.stash or not runs_cells(config):
            return
        if not config.pluginmanager.hasplugin(recording.NAME):
            self._say(f"no cell was run: {self._file.name} is not written")
            return
        try:
            self._write()
            self._say(f"the report: {self._file.as_uri()}")
        except (InputError, OSError) as error:
            again = shlex.join(["pytest-llm", "report", str(session(config).record), "-o", "FILE"])
            outputs.lack(
                config, f"the report cannot be written to {self._file}", error, hint=f"`{again}` writes it"
            )

    def _write(self) -> None:
        from pytest_llm.reports.viewer import before, document
        from pytest_llm.store.record import read

        record = read(session(self._config).record)
        judged = gate(self._config)
        past = judged.past if judged and judged.past.cells else None
        told = before.story(record, list(before.kept(record)), past, judged.decision if judged else None)
        document.write_file(self._file, *told)

    def _say(self, text: str) -> None:
        if reporter := self._config.pluginmanager.get_plugin("terminalreporter"):
            reporter.write_line(f"pytest-llm: {one_line(text, 1000)}")
