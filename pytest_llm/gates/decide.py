"""The word: PASS, WARN, BLOCK or INCONCLUSIVE, from the rows of all cells."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llm.gates.types import Bar, CellRow, Decision, Difference, Settings


def decide(
    rows: Sequence[CellRow],
    settings: Settings | None = None,
    *,
    bars: Sequence[Bar] = (),
    differences: Sequence[Difference] = (),
    baseline: str = "",
) -> Decision:
    """What the run means. baseline: its name, for people; "" where only bars are asked for."""
    raise NotImplementedError
