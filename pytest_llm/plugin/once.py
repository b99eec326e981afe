"""What many cells met is told once, after all else: of an error, each cell keeps its line in the short summary.

Registered as a plugin of its own, for pytest calls one implementation of a hook to hide and another to show again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

HIDDEN = pytest.StashKey[list[Any]]()
SHARED = "llm_shared"  # on a report: [headline, details ("" where another cell has them)]


@contextmanager
def told(reporter: pytest.TerminalReporter) -> Iterator[None]:
    """While pytest shows its summary: without the errors that are told at the end of it."""
    errors = reporter.stats.get("error", [])
    counts = Counter(headline for headline, _ in _shared(errors))
    several = {headline: count for headline, count in counts.items() if count > 1}
    if not several:
        yield
        return
    reporter.config.stash[HIDDEN] = errors
    reporter.stats["error"] = [one for one in errors if not several.keys() & {h for h, _ in _shared([one])}]
    yield
    if reporter.config.getoption("tbstyle", "long") != "no":
        reporter.section("errors that several cells met", sep="=", red=True, bold=True)
        details = {headline: text for headline, text in _shared(errors) if text}
        for headline, count in several.items():
            reporter.write_line("\n".join(filter(None, [f"{count} cells: {headline}", details.get(headline)])))


def unwalled(reporter: pytest.TerminalReporter) -> None:
    """That checks ran without walls, and why: passing cells say no more than this."""
    reports = (report for some in reporter.stats.values() for report in some)
    told = (pair for report in reports for pair in getattr(report, "user_properties", ()))
    for reason in dict.fromkeys(str(value) for key, value in told if key == "llm.unwalled"):
        reporter.write_line(f"pytest-llm: {reason}", yellow=True)


def unasked(reporter: pytest.TerminalReporter) -> None:
    """How many cells were not asked because the budget was spent."""
    reports = (report for some in reporter.stats.values() for report in some)
    told = ((report.nodeid, pair) for report in reports for pair in getattr(report, "user_properties", ()))
    reasons = {nodeid: str(value) for nodeid, (key, value) in told if key == "llm.unasked"}
    if reasons:
        cells = f"{len(reasons)} cells were" if len(reasons) > 1 else "1 cell was"
        reporter.write_line(f"pytest-llm: {next(iter(reasons.values()))}: {cells} not asked", yellow=True)


def stored(reporter: pytest.TerminalReporter) -> None:
    """How many cells were judged by stored answers, and of which days these are."""
    reports = (report for some in reporter.stats.values() for report in some)
    told = ((report.nodeid, pair) for report in reports for pair in getattr(report, "user_properties", ()))
    days = {nodeid: str(value) for nodeid, (key, value) in told if key == "llm.stored"}
    if days:
        first, last = min(days.values()), max(days.values())
        when = first if first == last else f"{first} to {last}"
        cells = f"{len(days)} cells were" if len(days) > 1 else "1 cell was"
        reporter.write_line(f"pytest-llm: {cells} judged by stored answers, of {when}")


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Between pytest's errors and its short summary."""
    if HIDDEN in terminalreporter.config.stash:
        terminalreporter.stats["error"] = terminalreporter.config.stash[HIDDEN]


def _shared(reports: Sequence[object]) -> Iterator[tuple[str, str]]:
    found = (vars(report).get(SHARED) for report in reports if isinstance(report, pytest.TestReport))
    yield from (tuple(one) for one in found if one)
