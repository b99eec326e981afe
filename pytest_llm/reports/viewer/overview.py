"""What the report shows at first: totals, the gate's word, columns and cells of the matrix, failures, changes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from pytest_llm.gates.past import Past
from pytest_llm.gates.rows import rows as gate_rows
from pytest_llm.gates.types import Decision
from pytest_llm.reports import gate as words
from pytest_llm.reports.viewer.brief import VALUE, brief
from pytest_llm.reports.viewer.columns import answered, columns, measured, rate_of
from pytest_llm.reports.viewer.grouping import SHOWN, checks_of, grouped
from pytest_llm.reports.viewer.timeline import timeline
from pytest_llm.store.record import CellLine, RunRecord

FORMAT = 1
_CHANGES = {"newly failing": "regressed", "fixed": "fixed", "new": "new", "missing": "missing", "gone": "gone"}
_NOT_RUN = ("missing", "gone")
_ACTING = frozenset({"skip", "skipif", "xfail"})  # marks that say what becomes of a cell
Key = tuple[str, ...]


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
    lines = list(record.cells.values())
    states = _states(story)
    return {
        "format": FORMAT,
        **_head(story),
        "facts": list(_facts(record, lines)),
        **matrix(lines, states),
        "gone": [[id_, state] for id_, state in states.items() if state in _NOT_RUN],
        "timeline": timeline(lines),
        "trend": [_point(one) for one in story.trend if one.header.run != record.header.run] + [_point(record)],
    }


def matrix(lines: Sequence[CellLine], states: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """Its columns, rows and cells, and what failed for one reason. states: what changed, by node id."""
    across = columns(lines)
    columns_at = {column: number for number, column in enumerate(across)}
    keys = list(_keys(lines))
    first = dict(zip(reversed(keys), reversed(lines), strict=True))
    rows_at = {key: number for number, key in enumerate(_in_groups({key: first[key] for key in keys}))}
    cells = []
    for line, id_, key in zip(lines, _ids(lines), keys, strict=True):
        place = {"id": id_, "row": rows_at[key], "column": columns_at.get((line.model, line.think), -1)}
        cells.append({**place, **_cell(line, states.get(line.nodeid, ""))})
    return {
        "columns": [measured(column, lines) for column in across],
        "rows": _rows(first, rows_at),
        "cells": cells,
        "groups": [asdict(group) for group in grouped(lines)],
    }


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
        "seconds": sum(line.seconds for line in cells.values()),
    }


def _states(story: Story) -> dict[str, str]:
    """What changed, by node id; nothing where there is nothing to compare with."""
    if not story.past.cells:
        return {}
    found = story.decision.rows if story.decision else gate_rows(story.past, story.record)
    return {row.nodeid: _CHANGES[row.state] for row in found if row.state in _CHANGES}


def _ids(lines: Sequence[CellLine]) -> Iterator[str]:
    """Names by which a link finds a cell in the next report too: the item's, or the whole where it is not alone."""
    short = [line.nodeid.rpartition("::")[2] for line in lines]
    times = Counter(short)
    yield from (_id(name if times[name] == 1 else line.nodeid) for name, line in zip(short, lines, strict=True))


def _id(name: str) -> str:
    return name if len(name) <= VALUE else hashlib.sha256(name.encode(errors="replace")).hexdigest()[:16]


def _cell(line: CellLine, change: str) -> dict[str, Any]:
    own = answered(line)
    return {
        "nodeid": brief(line.nodeid, VALUE),
        "outcome": brief(line.outcome),
        "reported": brief(line.reported),
        "reason": brief(line.reason, SHOWN),
        "rate": rate_of(line),
        "alone": line.exclusive,
        "passed": line.outcomes.count("passed"),
        "samples": line.samples,
        "need": line.min_pass,
        "escalated": line.escalated,
        "stored": any(answer.get("stored") for answer in line.answers),
        "tokens": sum(int(one["answer_tokens"] or 0) for one in own),
        "seconds": line.seconds,
        "change": change,
        "checks": checks_of(line),
    }


def _keys(lines: Sequence[CellLine]) -> Iterator[Key]:
    """Each cell's row of the matrix: one for each row and axis of a case, another where that place is taken."""
    taken: Counter[Key] = Counter()
    for line in lines:
        key = (line.file, line.case, line.row, *map(str, line.axes.values()))
        place = (*key, line.model, line.think)
        yield (*key, str(taken[place]))
        taken[place] += 1


def _in_groups(first: Mapping[Key, CellLine]) -> list[Key]:
    """The rows in the order of their files, those of a group together, where its first one stands.

    The rows of a case stand as they were asked, which within a model is their order in the file.
    """
    rows = sorted(first, key=lambda key: (first[key].file, first[key].line))
    ranks = {group: rank for rank, group in enumerate(dict.fromkeys(_group(first[key]) for key in rows))}
    return sorted(rows, key=lambda key: ranks[_group(first[key])])


def _group(line: CellLine) -> str:
    """What its row stands under: its first marker that says what it is about, else its folder."""
    about = (marker for marker in line.markers if marker not in _ACTING)
    return brief(next(about, line.file.rpartition("/")[0]))


def _rows(first: Mapping[Key, CellLine], order: Iterable[Key]) -> list[dict[str, Any]]:
    """The rows, as the first cell of each says."""
    return [_row(first[key]) for key in order]


def _row(line: CellLine) -> dict[str, Any]:
    markers = [brief(marker) for marker in line.markers]
    return {
        "case": brief(line.case or line.nodeid),
        "label": brief(" · ".join(filter(None, [line.row, *map(str, line.axes.values())]))),
        "file": brief(line.file),
        "group": _group(line),
        "markers": markers,
    }


def _facts(record: RunRecord, lines: Sequence[CellLine]) -> Iterator[list[str]]:
    """(name, value): what the run was made with, where all of it is known of its answers."""
    prints = [answer.get("fingerprint") or {} for line in lines for answer in line.answers]
    versions = [[brief(name), brief(version)] for name, version in record.header.versions.items()]
    for name, parts in (("server", ("server", "version")), ("quantisation", ("quantisation",))):
        yield from ([name, said] for said in _distinct(prints, "answers", parts))
    for name in ("machine", "gpu", "slots"):
        yield from ([name, said] for said in _distinct(prints, "speed", (name,)))
    yield from versions


def _distinct(prints: Sequence[Mapping[str, Any]], part: str, names: Sequence[str]) -> list[str]:
    said = (" ".join(str(one.get(part, {}).get(name, "")) for name in names).strip() for one in prints)
    return [brief(text) for text in dict.fromkeys(said) if text][:20]


def _point(record: RunRecord) -> dict[str, Any]:
    """A run in the trend."""
    cells = list(record.cells.values())
    return {
        "run": record.header.run,
        "started": record.header.started,
        "commit": record.header.commit[:12],
        "asked": len(cells),
        "counts": dict(Counter(line.outcome for line in cells)),
    }
