"""Rows of words and numbers as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def columns(table: Sequence[Sequence[str]], left: int = 1) -> Iterator[str]:
    """A line a row, the first `left` columns to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = zip(row, widths, strict=True)
        yield "  ".join(
            cell.ljust(width) if place < left else cell.rjust(width) for place, (cell, width) in enumerate(cells)
        ).rstrip()
