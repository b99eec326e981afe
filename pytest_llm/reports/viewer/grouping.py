"""Failures and skips by what they say: the same stands there once, whatever line or value it names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_llm.reports.viewer.brief import brief
from pytest_llm.store.line import CellLine

BAD = ("failure", "error")
_SKIP = ("skip",)
_SEVERITIES: Mapping[str, tuple[str, ...]] = {"failed": BAD, "error": BAD, "skipped": _SKIP}  # by outcome
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


class Grouping:
    """Why cells did not pass, of one after the other.

    A cell that has no finding at all (its worker died, a mark skips it) stands under its reason.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], tuple[tuple[str, str, str], list[int]]] = {}

    def add(self, number: int, line: CellLine) -> None:
        """number: the cell's place."""
        for finding in _telling(line):
            key = finding["severity"], finding["check"], _likeness(finding["message"])
            if key not in self._found:
                said = (brief(finding["check"]), brief(_words(finding), SHOWN), brief(finding["severity"]))
                self._found[key] = said, []
            _, cells = self._found[key]
            if not cells or cells[-1] != number:
                cells.append(number)

    def groups(self) -> list[Group]:
        """The most frequent first, then why cells were skipped."""
        groups = [Group(*said, tuple(cells)) for said, cells in self._found.values()]
        return sorted(groups, key=lambda group: (group.severity in _SKIP, -len(group.cells)))


def checks_of(line: CellLine) -> list[str]:
    """The names of the checks that found something wrong, each once."""
    return list(dict.fromkeys(brief(finding["check"]) for finding in (_telling(line) or _found(line, BAD))))


def _telling(line: CellLine) -> list[Mapping[str, Any]]:
    """Why it did not pass; nothing of one that did."""
    wanted = _SEVERITIES.get(line.outcome, ())
    found = _found(line, wanted)
    if wanted and not found and line.reason:
        return [{"check": "", "message": line.reason, "severity": "error" if wanted == BAD else "skip"}]
    return found


def _found(line: CellLine, severities: Sequence[str]) -> list[Mapping[str, Any]]:
    every = (finding for answer in line.answers for finding in answer.get("findings", ()))
    return [finding for finding in every if finding.get("severity") in severities]


def _words(finding: Mapping[str, Any]) -> str:
    """The message; of a skip, with what mends it."""
    remedy = finding.get("details") if finding["severity"] in _SKIP else ""
    return f"{finding['message']} ({remedy})" if remedy else str(finding["message"])


def _likeness(message: str) -> str:
    return _VALUE.sub("…", message[:_MOST])
