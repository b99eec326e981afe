"""`pytest-llm history CELL`: the last runs of a cell, with pass rate and speed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pytest_llm.commands.naming import NotFound, kept, pick, told
from pytest_llm.commands.stored import opened_at, place_of
from pytest_llm.errors import InputError
from pytest_llm.gates.tally import Sample, counting, middle, samples, tally
from pytest_llm.reports.plain import one_line, plain
from pytest_llm.reports.table import columns
from pytest_llm.store import runs
from pytest_llm.store.line import CellLine, Header
from pytest_llm.store.record import RunRecord, read

Past = tuple[Header, CellLine]
_HEADINGS = ("run", "began", "commit", "result", "passed", "tokens/s", "first token")


def history(word: str, here: Path, last: int = 10, store: str = "") -> int:
    """Print a line a run, the newest first. 0 shown, 1 no cell goes by that name, 2 nothing can be read."""
    return told(lambda: "\n".join(_lines(word, here, last, store)) + "\n")


def _lines(word: str, here: Path, last: int, store: str) -> Iterator[str]:
    records = list(_records(_folders(here, store)))
    names = list(dict.fromkeys(name for record in records for name in record.cells))
    try:
        name = pick(word, names, [f"::{word}", f"/{word}"], "cell")
        stored = _stored(name, last, store)
    except NotFound:
        name = word  # the store knows cells by their whole names only
        if not (stored := _stored(name, last, store)):
            raise
    found = {header.run: (header, line) for header, line in stored}
    found |= {one.header.run: (one.header, one.cells[name]) for one in records if name in one.cells}
    newest = sorted(found.values(), key=lambda one: one[0].run, reverse=True)[:last]
    yield one_line(name)
    yield from columns([_HEADINGS, *(_row(header, line) for header, line in newest)])


def _folders(here: Path, store: str) -> list[Path]:
    """Of the runs that are kept; none is needed where a store is named."""
    try:
        return kept(here)
    except InputError:
        if store:
            return []
        raise


def _records(folders: Iterable[Path]) -> Iterator[RunRecord]:
    """Of these runs; one that cannot be read is told, and left out."""
    for folder in folders:
        try:
            yield read(folder / runs.FILE)
        except InputError as error:
            print(plain(str(error)), file=sys.stderr)


def _stored(nodeid: str, last: int, written: str) -> Sequence[Past]:
    """What the store says of a cell. One that is not named may be missing, or be told and left out."""
    try:
        place, root = place_of(written)
        if place is None or (not written and place.path and not place.path.exists()):
            return []
        with opened_at(place, root) as store:
            return store.history(nodeid, last)
    except InputError as error:
        if written:
            raise
        print(plain(str(error)), file=sys.stderr)
        return []


def _row(header: Header, line: CellLine) -> tuple[str, ...]:
    own = list(counting(samples(line)))
    counted, first_token = tally(own), middle(sample.first_token for sample in own)
    return (
        header.run,
        (line.started or header.started)[:16].replace("T", " "),
        header.commit[:12],
        line.reported or line.outcome,
        f"{counted.passed} of {counted.asked}" if counted.asked else "",
        _rate(own, line),
        "" if first_token is None else f"{first_token:.2f} s",
    )


def _rate(own: Iterable[Sample], line: CellLine) -> str:
    """Tokens a second; "~" before one that was not measured with the server alone, or is a stored answer's."""
    measured = middle(sample.rate for sample in own)
    if measured is not None:
        return f"{measured:.1f}"
    said = middle((answer.get("numbers") or {}).get("rate") for answer in line.answers)
    return "" if said is None else f"~{said:.1f}"
