"""Two baselines as files, the one held against the other: no run is there that would say more of its cells."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_llm.gates.baseline import Baseline, BaselineCell
from pytest_llm.gates.fingerprints import differences
from pytest_llm.gates.pairing import paired
from pytest_llm.gates.past import Before, Fingerprint, Past
from pytest_llm.gates.rows import state
from pytest_llm.gates.tally import likelier
from pytest_llm.gates.types import CellRow, Difference, Measured, Tally


def file_rows(past: Past, now: Baseline) -> list[CellRow]:
    """The rows of a file's cells, then those of cells that it has no more.

    A file names no model: cells go by what it says of theirs.
    """
    earlier = _earlier(past, now)
    names = paired(past.rows, {id_: cell.row for id_, cell in now.cells.items()})
    gone = [
        CellRow(id_, "gone", baseline=past.of(id_, {}).tally) for id_ in sorted(past.cells.keys() - names.keys())
    ]
    return [_row(id_, cell, earlier.get(id_), now) for id_, cell in now.cells.items()] + gone


def file_differences(past: Past, now: Baseline) -> tuple[Difference, ...]:
    """Where the fingerprints of its cells are not what they were."""
    return differences(
        (_model(now, now.cells[id_]), before.fingerprint, _fingerprint(now, now.cells[id_]))
        for id_, before in _earlier(past, now).items()
    )


def _earlier(past: Past, now: Baseline) -> dict[str, Before]:
    names = paired(past.rows, {id_: cell.row for id_, cell in now.cells.items()})
    return {here: past.of(id_, _fingerprint(now, now.cells[here])) for id_, here in names.items()}


def _fingerprint(baseline: Baseline, cell: BaselineCell) -> Fingerprint:
    return baseline.fingerprints.get(cell.fingerprint, {})


def _model(baseline: Baseline, cell: BaselineCell) -> str:
    answers = _fingerprint(baseline, cell).get("answers")
    return str(answers.get("base") or "") if isinstance(answers, Mapping) else ""


def _row(id_: str, cell: BaselineCell, before: Before | None, now: Baseline) -> CellRow:
    tally = Tally(cell.passed, cell.asked)
    passed = likelier(tally, 1, 1)
    was = None if before is None else likelier(before.tally, 1, 1)
    return CellRow(
        nodeid=id_,
        state=state(was, "passed" if passed else "failed") or "new",
        failed=not passed,
        baseline=before.tally if before else Tally(),
        run=tally,
        model=_model(now, cell),
        inputs_differ=before is not None and before.inputs != cell.inputs,
        rate=Measured(cell.rate, before.rates if before else {}),
        first_token=Measured(cell.first_token, before.first_tokens if before else {}),
    )
