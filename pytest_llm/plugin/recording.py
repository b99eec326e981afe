"""The record of a run, written by one process as reports arrive: the controller's under pytest-xdist."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llm.engine.events import Event
from pytest_llm.errors import InputError
from pytest_llm.plugin import outputs, progress, storing
from pytest_llm.plugin.carried import reported, taken
from pytest_llm.plugin.rows import rows
from pytest_llm.plugin.session import LlmSession, session
from pytest_llm.plugin.telling import warn
from pytest_llm.providers.plain import shallow
from pytest_llm.store import runs
from pytest_llm.store.line import CellLine, End, Header, from_line, to_line

if TYPE_CHECKING:
    from pytest_llm.checks.base import Severity
    from pytest_llm.verdicts.verdict import Verdict

PHASES = ("setup", "call", "teardown")
NAME = "llm_record"
_SEVERITIES: Mapping[str, Severity] = {"failed": "failure", "error": "error", "skipped": "skip"}


def begin(config: pytest.Config, header: Header) -> None:
    """Begin the record; once a run, before the first cell.

    Raises pytest.UsageError where `.pytest_llm` leads out of the rootdir.
    """
    if not config.pluginmanager.hasplugin(NAME):
        if gate := config.pluginmanager.get_plugin("llm_gate"):
            gate.begin(header)
        recorder = Recorder(session(config), header)
        config.pluginmanager.register(recorder, NAME)
        if shows := progress.shown(config, len(header.cells)):
            config.pluginmanager.register(shows, progress.NAME)
        config.add_cleanup(recorder.close)


class Recorder:
    """Writes each cell's line when its report comes. Where it cannot, it warns once and the run goes on.

    order: the place of each selected cell in the run, by node id.
    """

    def __init__(self, state: LlmSession, header: Header) -> None:
        self._state = state
        self.order = {nodeid: index for index, nodeid in enumerate(header.cells)}
        self._counts: Counter[str] = Counter()
        self._seen: set[str] = set()
        self._skipped: set[str] = set()
        self._warned = False
        self._header = header
        self._open = ExitStack()  # also what is written to no more
        self._writer: runs.Writer | None = None
        self._spare: runs.Copy | None = None
        if copy := _copy(state.config, header):
            self._open.callback(copy.close)
        self._copy = copy
        self._hook = state.config.hook.pytest_llm_verdict
        self._rows = rows(state)
        self._gate = state.config.pluginmanager.get_plugin("llm_gate")
        try:
            self._writer = runs.Writer(state.settings.root, header)
            self._open.callback(self._writer.close)
            runs.sweep(self._writer.folder.parent, state.settings.keep_runs)
        except InputError as error:
            raise pytest.UsageError(str(error)) from None
        except OSError as error:
            self._trouble(error)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the line that the report carries."""
        line = taken(report)
        if line is None and report.nodeid in self.order and report.when not in PHASES:  # its worker has died
            word = reported(self._state.config, report)
            line = to_line(CellLine(report.nodeid, "error", word, report.longreprtext.strip()))
        if line is None:
            return
        self._write(line)
        self._state.events.tell(Event("judged", report.nodeid, outcome=report.outcome))
        cell = from_line(line) if self._gate or self._hook.get_hookimpls() else None
        if self._gate:
            self._gate.add(cell)
        if isinstance(cell, CellLine) and self._hook.get_hookimpls():
            told = _verdict(cell, self._state.folder)
            self._hook(nodeid=report.nodeid, verdict=told, config=self._state.config)
        if self._rows:
            self._rows.show(report, json.loads(line))
        self._seen.add(report.nodeid)
        unjudged = report.skipped and (report.when == "setup" or not hasattr(report, "wasxfail"))
        (self._skipped.add if unjudged else self._skipped.discard)(report.nodeid)
        self._counts[reported(self._state.config, report)] += 1

    @property
    def skipped(self) -> int:
        """How many cells there were, where all of them were skipped; else 0."""
        return len(self.order) if self.order.keys() <= self._skipped else 0

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        result = yield
        complete = self.order.keys() <= self._seen
        said = self._gate.decision if self._gate else None
        word, because = (said.word, said.reason) if said else ("", "")
        self._write(to_line(End(complete, int(session.exitstatus), dict(self._counts), runs.now(), word, because)))
        self.close()
        storing.finish(self._state)
        return result

    def close(self) -> None:
        self._open.close()
        self._writer = self._copy = self._spare = None

    def _write(self, line: str) -> None:
        try:
            if self._writer:
                self._writer.add(line)
        except OSError as error:
            self._trouble(error)
        try:
            if self._spare:
                self._spare.add(line)
        except OSError:
            self._spare = None
        try:
            if self._copy:
                self._copy.add(line)
        except OSError as error:
            self._copy = None
            outputs.lack(
                self._state.config,
                "the rest of --llm-jsonl cannot be written",
                error,
                f"the whole of it is in {self._state.record}",
            )

    def _trouble(self, error: OSError) -> None:
        if self._warned:
            return
        self._warned = True
        folder = self._state.folder
        text = f"the record of this run cannot be written to {folder}: {error.strerror or error}; the run goes on"
        warn(self._state.config, text, f"{folder / runs.FILE}")
        with suppress(OSError):
            self._spare = self._elsewhere()

    def _elsewhere(self) -> runs.Copy:
        """The record in a temporary folder, with what was written so far: this run's reports are made of it.

        Raises OSError.
        """
        folder = Path(tempfile.mkdtemp(prefix="pytest-llm-"))
        self._state.config.add_cleanup(partial(self._forget, folder))
        spare = runs.Copy(folder / runs.FILE, self._header)
        self._open.callback(spare.close)
        if self._writer:
            with self._state.record.open(encoding="ascii") as kept:
                for line in islice(kept, 1, None):
                    spare.add(line)
        self._state.record = folder / runs.FILE
        return spare

    def _forget(self, folder: Path) -> None:
        """Unless a file that was to be made of it is not there."""
        if not outputs.lacking(self._state.config):
            shutil.rmtree(folder, ignore_errors=True)


def _copy(config: pytest.Config, header: Header) -> runs.Copy | None:
    """Where `--llm-jsonl` wants the record too. Raises pytest.UsageError."""
    if not (file := config.getoption("llm_jsonl", None)):
        return None
    try:
        return runs.Copy(config.invocation_params.dir / file, header)
    except OSError as error:
        raise pytest.UsageError(f"--llm-jsonl: {file} cannot be written: {error.strerror or error}") from None


def _verdict(line: CellLine, folder: Path) -> Verdict:
    """What the line says; of a cell that was asked nothing (a mark skips it, its worker died) the reason alone."""
    from pytest_llm.checks.base import Finding
    from pytest_llm.verdicts.verdict import Asked, Verdict

    found = Verdict.from_plain(shallow(line), folder)
    severity = _SEVERITIES.get(line.outcome)
    if found.asked or severity is None:
        return found
    return Verdict((Asked({}, findings=(Finding("run", line.reason, severity),)),))
