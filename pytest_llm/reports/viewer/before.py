"""The runs before one, as far as they are kept beside it: what a report compares with, and its trend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from pytest_llm.errors import InputError
from pytest_llm.gates.past import Past, of_runs
from pytest_llm.gates.types import Decision
from pytest_llm.reports.viewer.overview import Story
from pytest_llm.store import runs
from pytest_llm.store.record import RunRecord, read

MOST = 20  # runs in the trend


def kept(record: RunRecord) -> Iterator[RunRecord]:
    """The runs in the folder of this one that began before it and asked some of its cells, the newest first."""
    own = frozenset(record.header.cells)
    for folder in runs.found(record.path.parent.parent):
        if folder.name < record.header.run:
            with suppress(InputError):
                other = read(folder / runs.FILE)
                if own & other.cells.keys():
                    yield other


def story(
    record: RunRecord, others: Sequence[RunRecord], past: Past | None = None, decision: Decision | None = None
) -> tuple[Story, RunRecord | None]:
    """The story of a run and the earlier run whose answers stand beside its own.

    others: earlier runs, the newest first. past: what it is compared with, where that is not the newest of these.
    """
    newest = others[0] if others else None
    compared = past or (of_runs(f"run {newest.header.run}", [newest]) if newest else Past())
    return Story(record, compared, list(reversed(others[:MOST])), decision), newest
