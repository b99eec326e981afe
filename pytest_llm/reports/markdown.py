"""A run in Markdown, for the summary that a CI system shows of a job.

Names come from files of the repository and answers from models: they stand in code, where no markup, no link and no
mention works.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from pytest_llm.reports.plain import one_line, plain
from pytest_llm.store.record import CellLine

EXCERPT = 300  # characters of an answer
MOST = 50  # lines of a list: a summary is cut off by GitHub at a megabyte
_WORDS = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")


def summary(cells: Mapping[str, CellLine], others: Mapping[str, Sequence[str]], decision: str = "") -> str:
    """What became of the cells of a run, by model, and why those failed that did.

    cells: by node id. others: what else is wrong, a list of lines under each heading. decision: that of a gate, in
    Markdown, with its own heading; it comes first.
    """
    counts = Counter(line.reported for line in cells.values())
    told = ", ".join(f"{counts[word]} {word}" for word in _words(counts)) or "no cell was run"
    failed = [f"{code(line.nodeid)} {code(line.reason)}" for line in cells.values() if line.reported == "failed"]
    lists = {"Failed": failed, "Errors": list(_errors(cells)), **{k: list(map(code, v)) for k, v in others.items()}}
    parts = [
        decision.rstrip() or f"## pytest-llm: {told}",
        "### Cells" if decision and cells else "",
        "\n".join(_table(cells)),
        *(f"### {title}\n\n" + "\n".join(_capped(lines)) for title, lines in lists.items() if lines),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


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


def _table(cells: Mapping[str, CellLine]) -> Iterator[str]:
    """A row a model, and one for all where there are several."""
    if not cells:
        return
    words = _words(Counter(line.reported for line in cells.values()))
    yield from table_head(("model", "cells", *words, "tokens/s"))
    models = sorted({line.model for line in cells.values()})
    for model in models:
        yield table_row((model or "?", *_numbers([line for line in cells.values() if line.model == model], words)))
    if len(models) > 1:
        yield table_row(("all", *_numbers(list(cells.values()), words)))


def _numbers(lines: Sequence[CellLine], words: Sequence[str]) -> list[str]:
    counts = Counter(line.reported for line in lines)
    rates = [rate for line in lines for rate in _rates(line)]
    return [str(len(lines)), *(str(counts[word]) for word in words), f"{median(rates):.1f}" if rates else ""]


def _rates(line: CellLine) -> Iterator[float]:
    """Of the answers that were made in this run: a stored one's number is of another day."""
    for answer in line.answers:
        rate = answer.get("numbers", {}).get("rate")
        if rate and not answer.get("stored"):
            yield rate


def _errors(cells: Mapping[str, CellLine]) -> Iterator[str]:
    """Each error once, with the number of cells that met it, the most common first."""
    reasons = Counter(line.reason for line in cells.values() if line.reported == "error")
    for reason, count in reasons.most_common():
        yield f"{count} {'cell' if count == 1 else 'cells'}: {code(reason)}"


def _capped(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"- {line}" for line in lines[:MOST])
    if len(lines) > MOST:
        yield f"- … and {len(lines) - MOST} more"
