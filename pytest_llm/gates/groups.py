"""Whether groups of cells pass less often than they did: the whole run, each marker, model and think mode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean

from pytest_llm.gates.types import COMPARED, CellRow, GroupResult, Settings
from pytest_llm.statistics.difference import interval, rates, smallest
from pytest_llm.statistics.exact import Stratum, drop, holm, least_drop, testable

WHOLE = "all cells"


def compared(rows: Iterable[CellRow]) -> list[CellRow]:
    """The cells that have answers on both sides."""
    return [row for row in rows if row.state in COMPARED and row.baseline.asked and row.run.asked]


def groups(rows: Sequence[CellRow]) -> dict[tuple[str, ...], tuple[CellRow, ...]]:
    """The cells of each group, the whole first. Names that stand for the same cells share one group."""
    by_name: dict[str, list[CellRow]] = {}
    for row in rows:
        for name in _names(row):
            by_name.setdefault(name, []).append(row)
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, cells in sorted(by_name.items(), key=lambda item: (item[0] != WHOLE, item[0])):
        alike.setdefault(tuple(cell.nodeid for cell in cells), []).append(name)
    return {tuple(names): tuple(by_name[names[0]]) for names in alike.values()}


def _names(row: CellRow) -> Iterator[str]:
    yield WHOLE
    yield from (f"marker {marker}" for marker in dict.fromkeys(row.markers))
    if row.model:
        yield f"model {row.model}"
    if row.think:
        yield f"think {row.think}"


def group_results(rows: Sequence[CellRow], settings: Settings) -> tuple[GroupResult, ...]:
    """The test of every group, the whole first. Holm does not count those too small to be significant at all."""
    found = groups(compared(rows))
    strata = {names: [_stratum(row) for row in cells] for names, cells in found.items()}
    counted = testable([least_drop(cells) for cells in strata.values()], settings.level)
    levels = [drop(cells) for cells in strata.values()]
    adjusted = dict(zip(sorted(counted), holm([levels[place] for place in sorted(counted)]), strict=True))
    strictest = settings.level / max(1, len(counted))
    return tuple(
        _result(names, found[names], cells, (levels[place], adjusted.get(place)), strictest, settings)
        for place, (names, cells) in enumerate(strata.items())
    )


def _stratum(row: CellRow) -> Stratum:
    return Stratum(row.baseline.passed, row.baseline.asked, row.run.passed, row.run.asked)


def _result(
    names: tuple[str, ...],
    rows: Sequence[CellRow],
    strata: Sequence[Stratum],
    levels: tuple[float, float | None],
    strictest: float,
    settings: Settings,
) -> GroupResult:
    before, now = (fmean(side) for side in zip(*rates(strata), strict=True))
    return GroupResult(
        names=names,
        cells=len(strata),
        baseline=before,
        run=now,
        difference=now - before,
        interval=interval(strata),
        p=levels[0],
        adjusted=1.0 if levels[1] is None else levels[1],
        dropped=levels[1] is not None and levels[1] <= settings.level,
        smallest=smallest(strata, strictest, settings.power),
        models=frozenset(row.model for row in rows),
        testable=levels[1] is not None,
    )
