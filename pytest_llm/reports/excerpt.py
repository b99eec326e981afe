"""The lines of an answer around what a finding speaks of."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_llm.checks.base import Finding
from pytest_llm.reports.plain import plain

AROUND = 2  # lines shown above and below
WIDTH = 160  # characters of a line that are shown
BEFORE = 60  # of these before the column


def excerpt(finding: Finding, answer: str) -> Iterator[str]:
    """The finding's line with its neighbours, numbered and marked; what the finding quotes, where it names no line.

    A line that is too long is cut around the finding's column.
    """
    lines = answer.split("\n")
    if not _stands_there(finding, lines):
        yield from _quoted(finding)
        return
    number = finding.line or 1
    first, last = max(1, number - AROUND), min(len(lines), number + AROUND)
    for at in range(first, last + 1):
        own = at == number
        yield f"  {'>' if own else ' '} {at:>5} | {window(lines[at - 1], finding.column if own else None)}"


def window(line: str, column: int | None) -> str:
    """At most WIDTH characters of a line, around a column (from 1), safe to print."""
    line = line.removesuffix("\r")
    if len(line) <= WIDTH:
        return plain(line)
    start = max(0, min((column or 1) - 1 - BEFORE, len(line) - WIDTH))
    left, right = "…" if start else "", "…" if start + WIDTH < len(line) else ""
    return f"{left}{plain(line[start : start + WIDTH])}{right}"


def _stands_there(finding: Finding, lines: list[str]) -> bool:
    """Whether the answer has that line, and in it what the finding quotes of it."""
    if not finding.line or finding.line > len(lines):
        return False
    quoted = finding.source.split("\n", 1)[0].strip().removesuffix("…").rstrip()
    return quoted in lines[finding.line - 1]


def _quoted(finding: Finding) -> Iterator[str]:
    for offset, line in enumerate(finding.source.splitlines()):
        number = f"{finding.line:>5}" if finding.line and not offset else "     "
        yield f"    {number} | {window(line, finding.column if not offset else None)}"
