"""What a run is compared with: a baseline's file, or the latest runs of a branch, pooled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_llm.gates.baseline import Baseline, BaselineCell, digits
from pytest_llm.gates.fingerprints import differences
from pytest_llm.gates.pairing import paired, row_hash
from pytest_llm.gates.tally import JUDGED, counting, middle, samples
from pytest_llm.gates.types import Tally
from pytest_llm.store.line import CellLine
from pytest_llm.store.record import RunRecord

POOLED = 10  # runs of a branch at most
LOOKED_AT = 30  # of the latest, for so many with the same answers fingerprint

Fingerprint = Mapping[str, Any]


@dataclass(frozen=True)
class Before:
    """A cell in the baseline, or in one run of it.

    row: a hash of the row's values, "" where it has an `id`. answers: whether each passed that counts, by what
    makes two of them one; of a file, which tells counts only, none. rates, first_tokens: by the run's name.
    """

    row: str = ""
    inputs: str = ""
    fingerprint: Fingerprint = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    answers: Mapping[Hashable, bool] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    first_tokens: Mapping[str, float] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True)
class Past:
    """name: for people. cells: by node id, each as it was in every run that it has, the newest first."""

    name: str = ""
    cells: Mapping[str, Sequence[Before]] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, str]:
        """For pairing: the hash of each cell's row."""
        return {id_: runs[0].row for id_, runs in self.cells.items()}

    def of(self, id_: str, fingerprint: Fingerprint) -> Before:
        """A cell's answers pooled: of the runs whose answers fingerprint is this one, else the newest's."""
        return pooled(self.cells[id_], fingerprint)


def of_file(name: str, baseline: Baseline) -> Past:
    """A baseline's file, which is one run."""
    cells = {
        id_: Before(
            cell.row,
            cell.inputs,
            baseline.fingerprints.get(cell.fingerprint, {}),
            Tally(cell.passed, cell.asked),
            rates={} if cell.rate is None else {name: cell.rate},
            first_tokens={} if cell.first_token is None else {name: cell.first_token},
        )
        for id_, cell in baseline.cells.items()
    }
    return Past(name, {id_: [cell] for id_, cell in cells.items()})


def of_runs(name: str, records: Iterable[RunRecord]) -> Past:
    """The runs of a branch, the newest first: a cell goes by the name that the newest run that has it gives it."""
    cells: dict[str, list[Before]] = {}
    for record in records:
        found = {id_: cell for id_, line in record.cells.items() if (cell := of_line(record.header.run, line))}
        known = {id_: runs[0].row for id_, runs in cells.items()}
        names = paired({id_: cell.row for id_, cell in found.items()}, known)
        for id_, cell in found.items():
            cells.setdefault(names.get(id_, id_), []).append(cell)
    return Past(name, cells)


def to_file(record: RunRecord) -> Baseline:
    """What a run's cells did, for a baseline's file; a cell that was not judged is not in it."""
    cells, prints = {}, {}
    for id_, line in record.cells.items():
        if cell := of_line("", line):
            name = _named(cell.fingerprint)
            prints[name] = cell.fingerprint
            rate, first_token = (digits(next(iter(n.values()), None)) for n in (cell.rates, cell.first_tokens))
            tally = cell.tally
            cells[id_] = BaselineCell(cell.row, cell.inputs, name, tally.passed, tally.asked, rate, first_token)
    return Baseline(record.header.commit, prints, cells)


def _named(fingerprint: Fingerprint) -> str:
    """A short name that is the same for the same."""
    text = json.dumps(fingerprint, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def of_line(run: str, line: CellLine) -> Before | None:
    """A cell of a run; None where nothing was judged."""
    own = list(counting(samples(line)))
    if not own or line.stopped:  # samples that ended early are no share of anything
        return None
    rate, first_token = middle(s.rate for s in own), middle(s.first_token for s in own)
    answers = {sample.copy_of: JUDGED[sample.outcome] for sample in own}
    return Before(
        row_hash(line.row, line.values),
        line.inputs,
        fingerprint_of(line),
        Tally(sum(answers.values()), len(answers)),
        answers,
        {} if rate is None else {run: rate},
        {} if first_token is None else {run: first_token},
        own[-1].text,
    )


def fingerprint_of(line: CellLine) -> Fingerprint:
    """That of the last answer that has one."""
    found = (answer.get("fingerprint") for answer in reversed(line.answers))
    return next((one for one in found if one), {})


def pooled(runs: Sequence[Before], fingerprint: Fingerprint) -> Before:
    """One of several. An answer counts once, however many runs took it; what was asked otherwise does not count."""
    alike = [one for one in runs if not _differs("answers", one, fingerprint)] or runs
    newest = alike[0]
    same = [
        one for one in alike if one.inputs == newest.inputs and not _differs("answers", one, newest.fingerprint)
    ][:POOLED]
    if len(same) == 1:
        return newest
    answers = {key: passed for one in reversed(same) for key, passed in one.answers.items()}
    timed = [one for one in same if not _differs("speed", one, fingerprint)]
    return replace(
        newest,
        fingerprint=timed[0].fingerprint if timed else newest.fingerprint,
        tally=Tally(sum(answers.values()), len(answers)),
        answers=answers,
        rates=dict(_merged(one.rates for one in timed)),
        first_tokens=dict(_merged(one.first_tokens for one in timed)),
    )


def _merged(of_runs: Iterable[Mapping[str, float]]) -> Iterator[tuple[str, float]]:
    for one in of_runs:
        yield from one.items()


def _differs(kind: str, before: Before, now: Fingerprint) -> bool:
    return any(found.kind == kind for found in differences([("", before.fingerprint, now)]))
