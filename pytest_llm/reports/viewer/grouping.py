"""Failures by what they say: cells of which the same is wrong stand together, whatever line or value it names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llm.reports.viewer.brief import brief
from pytest_llm.store.record import CellLine

BAD = ("failure", "error")
_VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\d+(?:[.,]\d+)*|0x[0-9a-f]+")
_MOST = 300  # characters by which two messages are told apart
SHOWN = 600  # characters of one that are shown


@dataclass(frozen=True)
class Group:
    """message: of the first cell that has it. cells: places in the run's cells, each once."""

    check: str
    message: str
    severity: str
    cells: tuple[int, ...]


def grouped(lines: Iterable[CellLine]) -> list[Group]:
    """The failures and errors of cells that did not pass, the most frequent first.

    A cell that has no finding at all (its worker died) stands under its reason.
    """
    found: dict[tuple[str, ...], tuple[Mapping[str, Any], list[int]]] = {}
    for number, line in enumerate(lines):
        if line.outcome not in ("failed", "error"):
            continue
        for finding in _bad(line):
            key = finding["severity"], finding["check"], finding.get("kind", ""), _likeness(finding["message"])
            _, cells = found.setdefault(key, (finding, []))
            if not cells or cells[-1] != number:
                cells.append(number)
    groups = [
        Group(brief(f["check"]), brief(f["message"], SHOWN), brief(f["severity"]), tuple(cells))
        for f, cells in found.values()
    ]
    return sorted(groups, key=lambda group: -len(group.cells))


def checks_of(line: CellLine) -> list[str]:
    """The names of the checks that found something wrong, each once."""
    return list(dict.fromkeys(brief(finding["check"]) for finding in _bad(line)))


def _bad(line: CellLine) -> list[Mapping[str, Any]]:
    every = [finding for answer in line.answers for finding in answer.get("findings", ())]
    found = [finding for finding in every if finding.get("severity") in BAD]
    if line.outcome in ("failed", "error") and not found and line.reason:
        return [{"check": "", "message": line.reason, "severity": "error"}]
    return found


def _likeness(message: str) -> str:
    return _VALUE.sub("…", message[:_MOST])
