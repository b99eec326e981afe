"""A baseline and a run become rows: a cell each, with its state and what the gate's tests need to know of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_llm.gates.baseline import Baseline
from pytest_llm.gates.pairing import gone, paired, row_hash
from pytest_llm.gates.tally import Sample, counting, likelier, middle, samples, tally
from pytest_llm.gates.types import CellRow, Measured, State, Tally
from pytest_llm.store.record import CellLine, RunRecord

Ended = Literal["passed", "failed", "escalated", "xfailed", "xpassed", "error", "none"]
Numbers = Mapping[str, float]


@dataclass(frozen=True)
class Before:
    """A cell in the baseline. rates, first_tokens: by the run's name. answer: one that it gave, "" if not known."""

    row: str
    inputs: str
    fingerprint: str
    tally: Tally
    rates: Numbers = field(default_factory=dict)
    first_tokens: Numbers = field(default_factory=dict)
    answer: str = ""


@dataclass(frozen=True)
class Past:
    """What a run is compared with. name: for people. fingerprints: of its models, by the names in its cells."""

    name: str
    cells: Mapping[str, Before] = field(default_factory=dict)
    fingerprints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def of_file(name: str, baseline: Baseline) -> Past:
    """A baseline's file as a past of one run."""
    cells = {
        id_: Before(
            cell.row,
            cell.inputs,
            cell.fingerprint,
            Tally(cell.passed, cell.asked),
            {} if cell.rate is None else {name: cell.rate},
            {} if cell.first_token is None else {name: cell.first_token},
        )
        for id_, cell in baseline.cells.items()
    }
    return Past(name, cells, baseline.fingerprints)


def rows(past: Past, record: RunRecord) -> list[CellRow]:
    """The rows of a run, in the order of its cells, then those of cells that are gone.

    What was not selected has none. A cell without a verdict has one where the baseline has a verdict
    of it, or where it must pass.
    """
    lines, header = record.cells, record.header
    before = {id_: cell.row for id_, cell in past.cells.items()}
    now = {id_: row_hash(lines[id_].row, lines[id_].values) if id_ in lines else "" for id_ in header.cells}
    pairs = paired(before, now)
    earlier = {now_id: past.cells[id_] for id_, now_id in pairs.items()}
    found = [_row(id_, earlier.get(id_), lines.get(id_), id_ in header.must_pass) for id_ in header.cells]
    lost = sorted(gone(before.keys() - pairs.keys(), header.files, header.left_out))
    missing = [CellRow(id_, "gone", baseline=past.cells[id_].tally) for id_ in lost]
    return [row for row in found if row] + missing


def _row(id_: str, before: Before | None, line: CellLine | None, must_pass: bool) -> CellRow | None:
    ended = how_it_ended(line)
    word = state(None if before is None else _likely(before, line), ended)
    if word is None and must_pass:
        word = "missing"
    if word is None:
        return None
    if line is None:
        return CellRow(id_, word, baseline=before.tally if before else Tally(), must_pass=must_pass)
    own = list(counting(samples(line)))
    tested = ended in ("passed", "failed", "escalated")  # what is expected to fail says nothing of a change
    return CellRow(
        nodeid=id_,
        state=word,
        failed=ended == "failed",
        baseline=before.tally if before else Tally(),
        run=tally(own) if tested else Tally(),
        repeats=tally(counting(samples(line, line.confirmations))),
        model=line.model,
        think=line.think,
        markers=line.markers,
        must_pass=must_pass,
        fixed_answers=bool(own) and all(sample.cold for sample in own),
        inputs_differ=before is not None and before.inputs != line.inputs,
        rate=Measured(middle(s.rate for s in own), before.rates if before else {}),
        first_token=Measured(middle(s.first_token for s in own), before.first_tokens if before else {}),
        reason=line.reason,
        answers=(before.answer if before else "", _telling(own, ended)),
    )


def _likely(before: Before, line: CellLine | None) -> bool:
    """Whether the baseline passed, by the samples of today."""
    of = len(samples(line)) if line else 0
    return likelier(before.tally, of or 1, of or 1)


def _telling(own: Iterable[Sample], ended: Ended) -> str:
    """An answer that shows how the cell ended."""
    wanted = "failed" if ended == "failed" else "passed"
    return next((sample.text for sample in own if sample.outcome == wanted), "")


def how_it_ended(line: CellLine | None) -> Ended:
    """What became of a cell: its verdict, with what was expected of it."""
    if line is None or not line.case:  # its worker died
        return "none"
    if line.reported == "xfailed":
        return "xfailed"
    if line.reported == "xpassed" or (line.outcome == "passed" and line.reported == "failed"):  # a strict one
        return "xpassed"
    if line.outcome == "passed":
        return "escalated" if any(sample.escalated for sample in samples(line)) else "passed"
    return _ENDED.get(line.outcome, "none")


_ENDED: Mapping[str, Ended] = {"failed": "failed", "error": "error"}
_STATES: Mapping[Ended, tuple[State, State]] = {  # where the baseline failed, where it passed
    "passed": ("fixed", "passing"),
    "escalated": ("known failing", "passing"),
    "failed": ("known failing", "newly failing"),
    "xfailed": ("known failing", "known failing"),
    "xpassed": ("fixed", "fixed"),
    "error": ("error", "error"),
    "none": ("missing", "missing"),
}


def state(before: bool | None, ended: Ended) -> State | None:
    """The state of a cell. before: whether it passed in the baseline, None where it is not in it."""
    if before is not None:
        return _STATES[ended][before]
    return {"none": None, "error": "error"}.get(ended, "new")
