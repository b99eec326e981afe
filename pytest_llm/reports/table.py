"""Rows of words and numbers as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def columns(table: Sequence[Sequence[str]]) -> Iterator[str]:
    """A line a row, the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for first, *numbers in table:
        rest = (number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True))
        yield "  ".join([first.ljust(widths[0]), *rest]).rstrip()
