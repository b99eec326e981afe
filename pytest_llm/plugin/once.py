"""What many cells met is told once, after all else: of an error, each cell keeps its line in the short summary.

Registered as a plugin of its own, for pytest calls one implementation of a hook to hide and another to show again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
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


def remarks(reporter: pytest.TerminalReporter) -> None:
    """What passing cells met too, a line each: checks without walls, stored answers, a budget that was spent."""
    unwalled, stored, unasked = (f"llm.{name}" for name in ("unwalled", "stored", "unasked"))
    met = _met(reporter, (unwalled, stored, unasked))
    for reason in dict.fromkeys(met[unwalled].values()):
        reporter.write_line(f"pytest-llm: {reason}", yellow=True)
    if days := met[stored]:
        first, last = min(days.values()), max(days.values())
        when = first if first == last else f"{first} to {last}"
        reporter.write_line(f"pytest-llm: {_cells(len(days))} judged by stored answers, of {when}")
    if reasons := met[unasked]:
        reason = next(iter(reasons.values()))
        reporter.write_line(f"pytest-llm: {reason}: {_cells(len(reasons))} not asked", yellow=True)


def _met(reporter: pytest.TerminalReporter, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Of each of these properties its value, by node id."""
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for report in chain.from_iterable(reporter.stats.values()):
        for name, value in getattr(report, "user_properties", ()):
            if name in found:
                found[name][report.nodeid] = str(value)
    return found


def _cells(count: int) -> str:
    return f"{count} cells were" if count > 1 else "1 cell was"


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Between pytest's errors and its short summary."""
    if HIDDEN in terminalreporter.config.stash:
        terminalreporter.stats["error"] = terminalreporter.config.stash[HIDDEN]


def _shared(reports: Sequence[object]) -> Iterator[tuple[str, str]]:
    found = (vars(report).get(SHARED) for report in reports if isinstance(report, pytest.TestReport))
    yield from (tuple(one) for one in found if one)
