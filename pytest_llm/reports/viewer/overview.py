"""What the report shows at first: totals, the gate's word, columns and cells of the matrix, failures, changes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pytest_llm.gates.past import Past
from pytest_llm.gates.rows import rows as gate_rows
from pytest_llm.gates.types import Decision
from pytest_llm.reports import gate as words
from pytest_llm.reports.viewer.brief import VALUE, brief
from pytest_llm.reports.viewer.columns import Numbers, rate_of
from pytest_llm.reports.viewer.grouping import SHOWN, checks_of
from pytest_llm.reports.viewer.matrix import Row, matrix
from pytest_llm.reports.viewer.timeline import Timeline
from pytest_llm.store.line import CellLine
from pytest_llm.store.record import RunRecord

FORMAT = 1
_CHANGES = {"newly failing": "regressed", "fixed": "fixed", "new": "new", "missing": "missing", "gone": "gone"}
_NOT_RUN = ("missing", "gone")
_DISTINCT = 20  # values of a fact that are shown
_FACTS: Mapping[str, tuple[str, tuple[str, ...]]] = {  # part of the fingerprint, what stands in it
    "server": ("answers", ("server", "version")),
    "quantisation": ("answers", ("quantisation",)),
    "machine": ("speed", ("machine",)),
    "gpu": ("speed", ("gpu",)),
    "slots": ("speed", ("slots",)),
}


@dataclass(frozen=True)
class Story:
    """A run and what it is held against: a baseline or an earlier run, none by default.

    trend: earlier runs, the oldest first. decision: the gate's, where it has just been made.
    """

    record: RunRecord
    past: Past = field(default_factory=Past)
    trend: Sequence[RunRecord] = ()
    decision: Decision | None = None


def overview(story: Story) -> dict[str, Any]:
    """The first page as plain data. Cells stand in the order of the run, and are named by their place in it."""
    record = story.record
    states, facts, spans = _states(story), Facts(), Timeline()
    ids = dict(zip(record.cells, _ids(record.cells), strict=True))

    def shown(line: CellLine, numbers: Numbers) -> dict[str, Any]:
        return {"id": ids[line.nodeid], **_cell(line, numbers, states.get(line.nodeid, ""))}

    made = matrix(_told(record.cells.values(), facts.add, spans.add), shown)
    cells = [cell for _, _, cell in made.cells]
    for row, column, cell in made.cells:
        cell |= {"row": row, "column": column}
    trend = [_point(one, _counts(one)) for one in story.trend if one.header.run != record.header.run]
    return {
        "format": FORMAT,
        **_head(story),
        "seconds": sum(cell["seconds"] for cell in cells),
        "facts": [*facts.plain(), *_versions(record)],
        "columns": made.columns,
        "rows": [_row(row) for row in made.rows],
        "cells": cells,
        "groups": [asdict(group) for group in made.groups],
        "gone": [[id_, state] for id_, state in states.items() if state in _NOT_RUN],
        "timeline": spans.plain(),
        "trend": [*trend, _point(record, Counter(cell["outcome"] for cell in cells))],
    }


def _told(lines: Iterable[CellLine], *listeners: Callable[[int, CellLine], None]) -> Iterator[CellLine]:
    """The lines, as others hear of them too."""
    for number, line in enumerate(lines):
        for listener in listeners:
            listener(number, line)
        yield line


def _head(story: Story) -> dict[str, Any]:
    header, end, decision = story.record.header, story.record.end, story.decision
    cells = story.record.cells
    return {
        "run": header.run,
        "started": header.started,
        "ended": end.ended if end else "",
        "commit": brief(header.commit, 64),
        "branch": brief(header.branch),
        "missing": len(set(header.cells) - set(cells)),
        "word": decision.word if decision else brief(end.word) if end else "",
        "because": brief(decision.reason if decision else end.because if end else "", VALUE),
        "gate": words.terminal(decision)[:-1] if decision else [],
        "compared": brief(story.past.name),
    }


def _states(story: Story) -> dict[str, str]:
    """What changed, by node id; nothing where there is nothing to compare with."""
    if not story.past.cells:
        return {}
    found = story.decision.rows if story.decision else gate_rows(story.past, story.record)
    return {row.nodeid: _CHANGES[row.state] for row in found if row.state in _CHANGES}


def _ids(nodeids: Collection[str]) -> Iterator[str]:
    """Names by which a link finds a cell in the next report too: the item's, or the whole where it is not alone."""
    times = Counter(map(_short, nodeids))
    yield from (_id(name if times[name := _short(nodeid)] == 1 else nodeid) for nodeid in nodeids)


def _short(nodeid: str) -> str:
    return nodeid.rpartition("::")[2]


def _id(name: str) -> str:
    return name if len(name) <= VALUE else hashlib.sha256(name.encode(errors="replace")).hexdigest()[:16]


def _cell(line: CellLine, numbers: Numbers, change: str) -> dict[str, Any]:
    return {
        "nodeid": brief(line.nodeid, VALUE),
        "outcome": brief(line.outcome),
        "reported": brief(line.reported),
        "reason": brief(line.reason, SHOWN),
        "rate": rate_of(numbers),
        "alone": line.exclusive,
        "passed": line.outcomes.count("passed"),
        "samples": line.samples,
        "need": line.min_pass,
        "escalated": line.escalated,
        "stored": any(answer.get("stored") for answer in line.answers),
        "tokens": sum(int(one["answer_tokens"] or 0) for one in numbers),
        "seconds": line.seconds,
        "change": change,
        "checks": checks_of(line),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "case": row.case,
        "label": row.label,
        "file": row.file,
        "group": row.group,
        "markers": row.markers,
    }


class Facts:
    """What a run was made with, where all of it is known of its answers."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, None]] = {name: {} for name in _FACTS}

    def add(self, number: int, line: CellLine) -> None:
        prints = [answer.get("fingerprint") or {} for answer in line.answers]
        for name, (part, names) in _FACTS.items():
            said = (" ".join(str(one.get(part, {}).get(key, "")) for key in names).strip() for one in prints)
            self._found[name] |= dict.fromkeys(said) if len(self._found[name]) < _DISTINCT else {}

    def plain(self) -> list[list[str]]:
        """(name, value)."""
        shown = {name: [text for text in found if text][:_DISTINCT] for name, found in self._found.items()}
        return [[name, brief(text)] for name, texts in shown.items() for text in texts]


def _versions(record: RunRecord) -> list[list[str]]:
    return [[brief(name), brief(version)] for name, version in record.header.versions.items()]


def _counts(record: RunRecord) -> Mapping[str, int]:
    return Counter(line.outcome for line in record.cells.values())


def _point(record: RunRecord, counts: Mapping[str, int]) -> dict[str, Any]:
    """A run in the trend."""
    return {
        "run": record.header.run,
        "started": record.header.started,
        "commit": record.header.commit[:12],
        "asked": len(record.cells),
        "counts": dict(counts),
    }
