"""A baseline and a run become rows: a cell each, with its state and what the gate's tests need to know of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from pytest_llm.gates.fingerprints import differences
from pytest_llm.gates.pairing import gone, paired, row_hash
from pytest_llm.gates.past import Before, Fingerprint, Past, fingerprint_of
from pytest_llm.gates.tally import Sample, counting, likelier, middle, samples, tally
from pytest_llm.gates.types import CellRow, Difference, Measured, State, Tally
from pytest_llm.store.line import CellLine
from pytest_llm.store.record import RunRecord

Ended = Literal["passed", "failed", "escalated", "xfailed", "xpassed", "error", "none"]


def rows(past: Past, record: RunRecord) -> list[CellRow]:
    """The rows of a run, in the order of its cells, then those of cells that are gone.

    What was not selected has none. A cell without a verdict has one where the baseline has a verdict
    of it, or where it must pass.
    """
    lines, header, known = record.cells, record.header, _known(record)
    called = _called(past, record, known)
    earlier, must_pass = _pairs(past, called, known), frozenset(header.must_pass)
    found = [row(id_, earlier.get(id_), lines.get(id_), id_ in must_pass) for id_ in header.cells]
    no_more = [CellRow(id_, "gone", baseline=past.of(id_, {}).tally) for id_ in sorted(_lost(past, record, called))]
    return [one for one in found if one] + no_more


def lost(past: Past, record: RunRecord) -> set[str]:
    """The baseline's cells that are no more."""
    return _lost(past, record, _called(past, record, _known(record)))


def differing(past: Past, record: RunRecord) -> tuple[Difference, ...]:
    """Where the fingerprints of the cells that are compared are not what they were."""
    known = _known(record)
    pairs = _pairs(past, _called(past, record, known), known)
    compared = [(known[id_], before) for id_, before in pairs.items() if id_ in known]
    return differences((now.model, before.fingerprint, now.fingerprint) for now, before in compared)


class _Now(NamedTuple):
    """What pairs a cell of a run with one of the baseline. row: a hash of its row's values."""

    row: str
    model: str
    fingerprint: Fingerprint


def _known(record: RunRecord) -> dict[str, _Now]:
    """By node id; of thousands of cells, whose lines may be on disk, as little as can be."""
    return {
        id_: _Now(row_hash(line.row, line.values), line.model, fingerprint_of(line))
        for id_, line in record.cells.items()
    }


def _called(past: Past, record: RunRecord, known: Mapping[str, _Now]) -> dict[str, str]:
    """The name in the run of each cell of the baseline."""
    return paired(past.rows, {id_: known[id_].row if id_ in known else "" for id_ in record.header.cells})


def _lost(past: Past, record: RunRecord, called: Mapping[str, str]) -> set[str]:
    return gone(past.cells.keys() - called.keys(), record.header.files, record.header.left_out)


def _pairs(past: Past, called: Mapping[str, str], known: Mapping[str, _Now]) -> dict[str, Before]:
    """What each cell of a run was before, by its node id in the run."""
    return {now: past.of(id_, known[now].fingerprint if now in known else {}) for id_, now in called.items()}


def row(id_: str, before: Before | None, line: CellLine | None, must_pass: bool) -> CellRow | None:
    """The row of a cell of a run; None where nothing is to be said of it."""
    ended = how_it_ended(line)
    word = state(None if before is None else _likely(before, line), ended)
    if word is None and must_pass:
        word = "missing"
    if word is None:
        return None
    if line is None:
        return CellRow(id_, word, baseline=before.tally if before else Tally(), must_pass=must_pass)
    own = list(counting(samples(line)))
    tested = ended in TESTED and not line.stopped
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
        answers=(before.text if before else "", _telling(own, ended)),
    )


def _likely(before: Before, line: CellLine | None) -> bool:
    """Whether the baseline passed, by the samples of today."""
    return likelier(before.tally, line.min_pass, line.samples) if line else likelier(before.tally, 1, 1)


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
        return "escalated" if line.escalated else "passed"
    return _ENDED.get(line.outcome, "none")


TESTED = ("passed", "failed", "escalated")  # what is expected to fail says nothing of a change
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
