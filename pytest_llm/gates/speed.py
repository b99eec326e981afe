"""Whether a model became slower: token rate and first token, paired by cell.

Two things are asked. Do the cells of this run agree that it is slower by more than the tolerance? And is the run as
a whole outside of what runs of the baseline differ among themselves? The cells of a run share their machine's day:
they alone would call every warm afternoon a regression.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from math import exp, isfinite, log
from statistics import fmean

from pytest_llm.gates.types import CellRow, Measured, Quantity, Settings, SpeedResult
from pytest_llm.statistics.exact import holm
from pytest_llm.statistics.student import interval, mean_below, outside

LEAST_RUNS = 3  # of a baseline, to know how runs differ
_SHARE = 0.5  # of the cells that baseline runs must have measured alike to speak for their days
_SIGN: dict[Quantity, int] = {"rate": 1, "first_token": -1}  # which way is fast


def speed_results(
    rows: Sequence[CellRow], settings: Settings, left_out: Collection[str] = ()
) -> tuple[SpeedResult, ...]:
    """Each model that is not left out, by the two quantities, where both sides measured a cell of it."""
    tests = [
        _tested(model, quantity, measured, settings)
        for model in dict.fromkeys(row.model for row in rows if row.model not in left_out)
        for quantity in _SIGN
        if (measured := _measured((row for row in rows if row.model == model), quantity))
    ]
    agreed = holm([result.p for result, _ in tests])
    strange = holm([max(result.p, outlying) for result, outlying in tests])
    return tuple(
        _judged(result, adjusted, both, settings)
        for (result, _), adjusted, both in zip(tests, agreed, strange, strict=True)
    )


def _measured(rows: Iterable[CellRow], quantity: Quantity) -> list[tuple[float, dict[str, float]]]:
    """Of each cell that both sides measured: the logarithm of the number now, and in each run of the baseline."""
    found = [(_log(said.now), _logs(said)) for said in (getattr(row, quantity) for row in rows)]
    return [(now, before) for now, before in found if now is not None and before]


def _log(number: float | None) -> float | None:
    return log(number) if number is not None and number > 0 and isfinite(number) else None


def _logs(measured: Measured) -> dict[str, float]:
    logs = ((run, _log(number)) for run, number in measured.before.items())
    return {run: number for run, number in logs if number is not None}


def _tested(
    model: str, quantity: Quantity, cells: Sequence[tuple[float, dict[str, float]]], settings: Settings
) -> tuple[SpeedResult, float]:
    """The result so far, and the p of the run as a whole beside the runs of the baseline."""
    shifts = [now - fmean(before.values()) for now, before in cells]
    today, days = _days(cells)
    sign, bound = _SIGN[quantity], log(max(sys.float_info.min, 1 - settings.speed_tolerance))
    others = [sign * day for day in days]
    held = interval(shifts)
    result = SpeedResult(
        model=model,
        quantity=quantity,
        cells=len(cells),
        runs=max(len(days), *(len(before) for _, before in cells)),
        ratio=exp(fmean(shifts)),
        interval=(exp(held[0]), exp(held[1])) if held else None,
        spread=(exp(min(days)), exp(max(days))) if len(days) > 1 else None,
        p=_beyond([sign * shift for shift in shifts], others, bound),
        adjusted=1.0,
        slower=sign * fmean(shifts) < bound,
        blocks=False,
    )
    return result, outside(sign * today, others) if len(others) >= LEAST_RUNS else 1.0


def _days(cells: Sequence[tuple[float, dict[str, float]]]) -> tuple[float, list[float]]:
    """How far this run and each of the baseline's is from the mean of those, over cells that all of them measured.

    Cells that only some measured would hide what runs differ by. The runs with the most cells come first; one that
    shares too few with those before is left out.
    """
    by_run: defaultdict[str, set[int]] = defaultdict(set)
    for place, (_, before) in enumerate(cells):
        for run in before:
            by_run[run].add(place)
    shared, runs = set(range(len(cells))), []
    for run, places in sorted(by_run.items(), key=lambda item: -len(item[1])):
        if len(shared & places) >= _SHARE * len(cells):
            shared &= places
            runs.append(run)
    days = [fmean(cells[place][1][run] for place in shared) for run in runs]
    mean = fmean(days or [0])
    return fmean(cells[place][0] for place in shared) - mean, [day - mean for day in days]


def _beyond(shifts: Sequence[float], days: Sequence[float], bound: float) -> float:
    """One-sided p for a fall beyond the bound: by the cells, or where there is one alone, by the runs."""
    return mean_below(shifts, bound) if len(shifts) > 1 else outside(shifts[0] - bound, days)


def _judged(result: SpeedResult, adjusted: float, both: float, settings: Settings) -> SpeedResult:
    """A single cell beside a single run cannot be tested: what it shows beyond the tolerance is shown."""
    untested = result.cells == 1 and result.runs < 2
    slower = result.slower and (untested or adjusted <= settings.level)
    return replace(result, adjusted=adjusted, slower=slower, blocks=slower and both <= settings.level)
