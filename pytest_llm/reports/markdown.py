"""A run in Markdown, for the summary that a CI system shows of a job.

Names come from files of the repository and answers from models: they stand in code, where no markup, no link and no
mention works.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from pytest_llm.reports.plain import one_line, plain
from pytest_llm.store.line import CellLine

EXCERPT = 300  # characters of an answer
MOST = 50  # lines of a list: a summary is cut off by GitHub at a megabyte
_WORDS = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")


def summary(cells: Iterable[CellLine], others: Mapping[str, Sequence[str]], decision: str = "") -> str:
    """What became of the cells of a run, by model, and why those failed that did.

    cells: in the run's order, each is looked at once. others: what else is wrong, a list of lines under each
    heading. decision: that of a gate, in Markdown, with its own heading; it comes first.
    """
    models, failed, errors = _told(cells)
    counts = sum((one.counts for one in models.values()), Counter[str]())
    told = ", ".join(f"{counts[word]} {word}" for word in _words(counts)) or "no cell was run"
    lists = {"Failed": list(_capped(failed, counts["failed"])), "Errors": list(_errors(errors))}
    lists |= {name: list(_capped(list(map(code, lines)), len(lines))) for name, lines in others.items()}
    parts = [
        decision.rstrip() or f"## pytest-llm: {told}",
        "### Cells" if decision and counts else "",
        "\n".join(_table(models)),
        *(f"### {title}\n\n" + "\n".join(lines) for title, lines in lists.items() if lines),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


@dataclass(frozen=True)
class _Model:
    """What became of a model's cells; the tokens a second of their answers."""

    counts: Counter[str] = field(default_factory=Counter)
    rates: list[float] = field(default_factory=list)


def _told(cells: Iterable[CellLine]) -> tuple[dict[str, _Model], list[str], Counter[str]]:
    """By model what became of its cells; why the first failed; how many met each error."""
    models: dict[str, _Model] = {}
    failed: list[str] = []
    errors = Counter[str]()
    for line in cells:
        one = models.setdefault(line.model, _Model())
        one.counts[line.reported] += 1
        one.rates.extend(_rates(line))
        if line.reported == "failed" and len(failed) < MOST:
            failed.append(f"{code(line.nodeid)} {code(line.reason)}")
        if line.reported == "error":
            errors[line.reason] += 1
    return models, failed, errors


def table_head(headings: Sequence[str]) -> list[str]:
    """The first two rows of a table, the first column to the left, the others to the right."""
    return [f"| {' | '.join(headings)} |", f"| {' | '.join(['---', *['---:'] * (len(headings) - 1)])} |"]


def table_row(cells: Sequence[str]) -> str:
    """A row of a table, its first cell a name."""
    first, *rest = cells
    return f"| {' | '.join([code(first).replace('|', chr(92) + '|'), *rest])} |"


def code(text: str, width: int = 240) -> str:
    """One line in a span of code, whatever backticks it holds."""
    line = one_line(text, width)
    fence = "`" * (_longest_fence(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def block(text: str) -> str:
    """An excerpt in a fenced block within an item of a list."""
    short = plain(text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…")
    fence = "`" * max(3, _longest_fence(short) + 1)
    return "\n".join(f"  {line}" for line in (fence, *short.split("\n"), fence))


def _longest_fence(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _words(counts: Mapping[str, int]) -> list[str]:
    """The outcomes that there are, the common ones in their order."""
    return [word for word in dict.fromkeys((*_WORDS, *sorted(counts))) if counts[word]]


def _table(models: Mapping[str, _Model]) -> Iterator[str]:
    """A row a model, and one for all where there are several."""
    if not models:
        return
    every = _Model(
        sum((one.counts for one in models.values()), Counter[str]()),
        [rate for one in models.values() for rate in one.rates],
    )
    words = _words(every.counts)
    yield from table_head(("model", "cells", *words, "tokens/s"))
    for model in sorted(models):
        yield table_row((model or "?", *_numbers(models[model], words)))
    if len(models) > 1:
        yield table_row(("all", *_numbers(every, words)))


def _numbers(of: _Model, words: Sequence[str]) -> list[str]:
    counted = (str(of.counts[word]) for word in words)
    return [str(of.counts.total()), *counted, f"{median(of.rates):.1f}" if of.rates else ""]


def _rates(line: CellLine) -> Iterator[float]:
    """Of the answers that were made in this run: a stored one's number is of another day."""
    for answer in line.answers:
        rate = answer.get("numbers", {}).get("rate")
        if rate and not answer.get("stored"):
            yield rate


def _errors(reasons: Counter[str]) -> Iterator[str]:
    """Each error once, with the number of cells that met it, the most common first."""
    said = reasons.most_common(MOST)
    lines = [f"{count} {'cell' if count == 1 else 'cells'}: {code(reason)}" for reason, count in said]
    return _capped(lines, len(reasons))


def _capped(lines: Sequence[str], number: int) -> Iterator[str]:
    """The items of a list. number: of all that there are, of which the lines are the first."""
    yield from (f"- {line}" for line in lines[:MOST])
    if number > MOST:
        yield f"- … and {number - MOST} more"
