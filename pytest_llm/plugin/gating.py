"""The gate of a run: it takes the record's lines, and says a word in the end. Under xdist the controller has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm.errors import InputError, StoreError
from pytest_llm.gates import bars as barring
from pytest_llm.gates import baseline as files
from pytest_llm.gates import past as pasts
from pytest_llm.gates.decide import decide
from pytest_llm.gates.past import Past
from pytest_llm.gates.rows import differing, lost, rows
from pytest_llm.gates.types import Bar, CellResult, CellRow, Decision
from pytest_llm.plugin import outputs, storing
from pytest_llm.plugin.asking import model_of
from pytest_llm.plugin.confirming import settings_of
from pytest_llm.plugin.gate_settings import STORED
from pytest_llm.plugin.options import MARK, SETTINGS
from pytest_llm.plugin.session import LlmSession, session
from pytest_llm.reports import gate as words
from pytest_llm.reports.plain import one_line
from pytest_llm.store.line import CellLine, Header
from pytest_llm.store.record import RunRecord

if TYPE_CHECKING:
    from pytest_llm.plugin.changed import Changed

NAME = "llm_gate"
FLIPS = 50  # of which the earlier answer is looked for
_COLOURS: Mapping[str, dict[str, bool]] = {
    "PASS": {"green": True},
    "WARN": {"yellow": True},
    "INCONCLUSIVE": {"yellow": True, "bold": True},
    "BLOCK": {"red": True, "bold": True},
}


class Gate:
    """What is red, what became of each cell, and what that means. decision: None before the end, or without."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._settings = config.stash[SETTINGS].gate
        self._lines: list[CellLine] = []
        self._header: Header | None = None
        self.red: list[tuple[str, str]] = []
        self.past = Past()
        self.decision: Decision | None = None
        self.told: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.red.append((report.nodeid, "collect"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.red.append((report.nodeid, str(report.when)))

    def read(self) -> None:
        """Before anything is asked. Raises pytest.UsageError where a baseline cannot be read."""
        try:
            self.past = _past(session(self._config), self._settings.baseline)
            if self._settings.baseline.startswith(STORED) and not self.past.cells:
                branch = self._settings.baseline.removeprefix(STORED)
                self.told.append(f"the store has no complete run of the branch {branch!r} to compare with")
            if self._settings.write_baseline:
                _old(Path(self._settings.write_baseline))
        except InputError as error:
            raise pytest.UsageError(str(error)) from None

    def begin(self, header: Header) -> None:
        """Before the first cell."""
        self._header = header

    def add(self, line: CellLine) -> None:
        """A cell's line; of what was asked only what the counting needs is kept."""
        self._lines.append(replace(line, answers=_slim(line.answers), confirmations=_slim(line.confirmations)))

    def end(self, status: int) -> None:
        """After the last cell, before reports are written. status: pytest's exit code so far."""
        if self._header is None:
            changed: Changed | None = self._config.pluginmanager.get_plugin("llm_changed")
            if (
                changed
                and self._settings.judges
                and status in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
            ):
                self.decision = _of_nothing(changed)
            return
        record = RunRecord.of(Path(), self._header, self._lines)
        if self._settings.judges:
            self.decision = self._decide(record)
            _into_junit(self._config, self.decision)
        if self._settings.write_baseline:
            self._write(record)

    def _decide(self, record: RunRecord) -> Decision:
        whole = self._with_deleted(record, self.past)
        found_rows = self._with_answers(rows(self.past, whole))
        changed = self._config.pluginmanager.get_plugin("llm_changed")
        found = decide(
            found_rows,
            settings_of(self._config),
            bars=_tried(self._settings.bars + self._settings.default_bars, record),
            differences=differing(self.past, record),
            baseline=self.past.name,
        )
        weaker = changed.weakened() if changed else ()
        return replace(found, remarks=(*weaker, *found.remarks))

    def _with_answers(self, found: list[CellRow]) -> list[CellRow]:
        """Those that flipped with what they answered before, where the store has it."""
        flipped = {"newly failing": "passed", "fixed": "failed"}
        wanted = {row.nodeid: flipped[row.state] for row in found if row.state in flipped and not row.answers[0]}
        texts = storing.earlier(session(self._config), dict(list(wanted.items())[:FLIPS]))
        return [replace(row, answers=(texts.get(row.nodeid, row.answers[0]), row.answers[1])) for row in found]

    def _with_deleted(self, record: RunRecord, past: Past) -> RunRecord:
        """As if the baseline's files that are no more had been collected, where this run would have done so."""
        root, invoked = self._config.rootpath, self._config.invocation_params.dir
        folders = [(invoked / argument).resolve() for argument in self._config.args if "::" not in argument]
        found = {id_.partition("::")[0] for id_ in past.cells}
        deleted = {
            file
            for file in found
            if not (root / file).exists() and any((root / file).is_relative_to(folder) for folder in folders)
        }
        return replace(record, header=replace(record.header, files=(*record.header.files, *sorted(deleted))))

    def _write(self, record: RunRecord) -> None:
        file = Path(self._settings.write_baseline)
        try:
            old = _old(file)
            newer = pasts.to_file(record)
            before = pasts.of_file("", old)
            gone = lost(before, self._with_deleted(record, before))
            files.write(file, old.updated(newer, gone))
        except InputError as error:
            outputs.lack(self._config, f"the baseline {error}")
            return
        kept = len(old.cells.keys() - newer.cells.keys() - gone)
        parts = [f"{len(newer.cells)} written"] + [f"{kept} kept"] * bool(kept) + [f"{len(gone)} gone"] * bool(gone)
        self.told.append(f"the baseline {file.name}: {', '.join(parts)}")

    def exit_status(self, now: int, pytest_session: pytest.Session) -> int:
        """1 for what blocks, 0 where all that is red is accounted for; what is neither 0 nor 1 is left alone."""
        wanted = now
        if self.decision:
            stops = self.decision.word == "BLOCK"
            stops |= self.decision.word == "INCONCLUSIVE" and self._settings.fail_inconclusive
            wanted = 1 if stops else 0
        if now == pytest.ExitCode.OK:
            return wanted
        if now == pytest.ExitCode.TESTS_FAILED and not wanted and self._forgives(pytest_session):
            return int(pytest.ExitCode.OK)
        return now

    def _forgives(self, pytest_session: pytest.Session) -> bool:
        """Whether every red item is a cell of which the baseline takes the sting."""
        if self.decision is None or pytest_session.shouldfail or pytest_session.shouldstop:
            return False
        most = self._config.getoption("maxfail", 0)
        if most and len(self.red) >= most:
            return False
        return all(one in _forgiven(self.decision, self._settings.errors) for one in self.red)

    def show(self, reporter: pytest.TerminalReporter) -> None:
        """The word, its reason, the flips."""
        if self.decision:
            colour = _COLOURS[self.decision.word]
            name = self.past.name or _named(self._settings.baseline)
            reporter.section(f"llm gate: {name}" if name else "llm gate", sep="=", **colour)
            *lines, word = words.terminal(self.decision)
            for line in lines:
                reporter.write_line(line)
            reporter.write_line(word, **colour)
        for line in self.told:
            reporter.write_line(f"pytest-llm: {one_line(line)}")


def gate(config: pytest.Config) -> Gate | None:
    """The gate of this run, None where there is none, and in a worker."""
    found: Gate | None = config.pluginmanager.get_plugin(NAME)
    return found


def unmatched(state: LlmSession) -> str:
    """What is wrong with the bars: a complaint about the first that stands for no cell that was collected, or "".

    A bar of the ini file is for runs of everything: where paths are given, it may have no cell.
    """
    from pytest_llm.plugin.nodes import collected  # a controller that has no cells does without what reads them

    settings, config = state.settings.gate, state.config
    part = config.args_source is pytest.Config.ArgsSource.ARGS
    cells = [
        *(
            _barred(i, i.plan.model.written, i.plan.exclusive)
            for items in collected(config).values()
            for i in items
        ),
        *(_barred(item, model_of(item)) for item in state.tests),
    ]
    for said_by, written in (("--llm-gate", settings.bars), ("llm_gate", () if part else settings.default_bars)):
        for bar in map(barring.parse, written):
            if not any(bar.covers(cell) for cell in cells):
                more = ": a rate is measured where a cell is exclusive" if bar.is_rate else ""
                return f"{said_by}: no cell is meant by {bar.text!r}{more}; {_known(cells)}"
    return ""


def _barred(item: pytest.Item, model: str, measures: bool = False) -> barring.Barred:
    return barring.Barred(model, tuple(mark.name for mark in item.iter_markers()), measures=measures)


def _known(cells: Iterable[barring.Barred]) -> str:
    cells = list(cells)
    models = ", ".join(sorted({cell.model for cell in cells}))
    markers = ", ".join(sorted({name for cell in cells for name in cell.markers})) or "none"
    return f"the markers are {markers}, the models {models}"


def _of_nothing(changed: Changed) -> Decision | None:
    """Where `--llm-changed` left no cell; None where there was none."""
    if changed.unchanged:
        return Decision("PASS", f"nothing was to be asked: no input of {changed.counted} differs")
    if changed.untested:
        return Decision("INCONCLUSIVE", f"nothing was tested: {changed.why_untested}")
    return None


def _named(baseline: str) -> str:
    return baseline if baseline.startswith(STORED) else Path(baseline).name


def _past(state: LlmSession, written: str) -> Past:
    if not written:
        return Past()
    if not written.startswith(STORED):
        file = Path(written)
        return pasts.of_file(file.name, files.read(file))
    try:
        return pasts.of_runs(written, storing.runs_of(state, written.removeprefix(STORED), pasts.LOOKED_AT))
    except (InputError, StoreError) as error:
        raise InputError(f"{written}: {error.message}", hint=error.hint) from None


def _old(file: Path) -> files.Baseline:
    """The baseline that is there already. Raises InputError where something else is."""
    return files.read(file) if file.exists() else files.Baseline()


def _slim(answers: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {**answer, "request": {"options": answer.get("request", {}).get("options", {})}} for answer in answers
    )


def _tried(written: Iterable[str], record: RunRecord) -> list[Bar]:
    cells = [barring.of_line(line) for line in record.cells.values()]
    return [barring.reach(bar, cells) for bar in map(barring.parse, written)]


def _forgiven(decision: Decision, errors: float) -> set[tuple[str, str]]:
    """The reds that keep no code: (node id, phase). A Python test that newly fails was not asked again."""
    confirmed = {cell.row.nodeid for cell in decision.cells if cell.outcome == "confirmed" or not _asks_again(cell)}
    failed = {row.nodeid for row in decision.rows if row.failed and row.nodeid not in confirmed}
    wrong = [row.nodeid for row in decision.rows if row.state == "error"]
    selected = [row for row in decision.rows if row.state != "gone"]
    few = wrong if selected and len(wrong) / len(selected) <= errors else []
    return {(id_, "call") for id_ in (*failed, *few)} | {(id_, "setup") for id_ in few}


def _asks_again(cell: CellResult) -> bool:
    return MARK in cell.row.nodeid


def _into_junit(config: pytest.Config, decision: Decision) -> None:
    """The word as a property of the suite: JUnit keeps pytest's truth of the cells."""
    for plugin in config.pluginmanager.get_plugins():
        if callable(add := getattr(plugin, "add_global_property", None)):
            add("llm.gate", decision.word)
            add("llm.gate.reason", one_line(decision.reason))
