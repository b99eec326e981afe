"""Bars: what a run must reach whatever it was before. `visual@qwen3:8b>=80%`, `rate@qwen3:8b>=40`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, median

from pytest_llm.errors import InputError
from pytest_llm.gates.tally import middle, samples
from pytest_llm.gates.types import Bar
from pytest_llm.store.line import CellLine

RATE = "rate"
_BAR = re.compile(r"(?P<marker>[^@<>=]*)(?:@(?P<model>.+?))?>=(?P<least>\d+(?:\.\d+)?)(?P<percent>%?)")
_HINT = "write '[MARKER][@MODEL]>=80%' for the share of cells that pass, 'rate[@MODEL]>=40' for tokens a second"


@dataclass(frozen=True)
class Spec:
    """Of the cells with this marker and model ("" is any) a share from 0 to 1 passes, or they are that fast.

    least: the share, or tokens a second. text: as it was written.
    """

    text: str
    marker: str
    model: str
    least: float
    is_rate: bool = False

    def covers(self, cell: Barred) -> bool:
        measured = cell.measures or not self.is_rate
        return measured and self.marker in ("", *cell.markers) and self.model in ("", cell.model)


@dataclass(frozen=True)
class Barred:
    """What a bar sees of a cell. passed: None where nothing was judged, or a failure is expected.

    rate: tokens a second, of several samples the median; None where not measured. measures: whether it is to be.
    """

    model: str
    markers: tuple[str, ...] = ()
    passed: bool | None = None
    rate: float | None = None
    measures: bool = True


def parse(text: str) -> Spec:
    """The bar that a text stands for. Raises InputError."""
    found = _BAR.fullmatch(text.strip())
    if not found:
        raise InputError(f"{text!r} is no bar", hint=_HINT)
    marker, model = found["marker"].strip(), (found["model"] or "").strip()
    least, is_rate = float(found["least"]), not found["percent"]
    if is_rate and marker != RATE:
        raise InputError(f"{text!r} is no bar: a share is a percentage", hint=_HINT)
    if not is_rate and least > 100:
        raise InputError(f"{text!r} is no bar: no share is above 100%", hint=_HINT)
    return Spec(text.strip(), "" if is_rate else marker, model, least if is_rate else least / 100, is_rate)


def reach(bar: Spec, cells: Iterable[Barred]) -> Bar:
    """What the cells of a run make of a bar. One of whose cells none was selected is left out, and says so."""
    own = [cell for cell in cells if bar.covers(cell)]
    if bar.is_rate:
        rates = [cell.rate for cell in own if cell.rate is not None]
        found, of, said = median(rates or [0]), len(rates), "{:.1f} tokens a second"
    else:
        judged = [cell.passed for cell in own if cell.passed is not None]
        found, of, said = fmean(judged or [0]), len(judged), "{:.1%}"
    if not own:
        return Bar(bar.text, True, "none of its cells ran")
    if not of:
        return Bar(bar.text, None, f"no cell of it was {'measured' if bar.is_rate else 'judged'}")
    over = f" over {of} {'cell' if of == 1 else 'cells'}"
    return Bar(bar.text, found >= bar.least, said.format(found) + over)


def of_line(line: CellLine) -> Barred:
    """A cell of a run as bars see it."""
    passed = {"passed": True, "failed": False}.get(line.reported)
    return Barred(line.model, line.markers, passed, middle(sample.rate for sample in samples(line)), line.exclusive)
