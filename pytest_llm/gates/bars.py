"""Bars: what a run must reach whatever it was before. `visual@qwen3:8b>=80%`, `rate@qwen3:8b>=40`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from pytest_llm.errors import InputError

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
        return self.marker in ("", *cell.markers) and self.model in ("", cell.model)


@dataclass(frozen=True)
class Barred:
    """What a bar sees of a cell. passed: None where nothing was judged, or a failure is expected; rates: tokens a
    second of each measured answer.
    """

    model: str
    markers: tuple[str, ...] = ()
    passed: bool | None = None
    rates: tuple[float, ...] = ()


@dataclass(frozen=True)
class Reached:
    """A bar held against a run. found: a share or a rate, None where no cell of it was judged or measured."""

    bar: Spec
    found: float | None
    cells: int

    @property
    def missed(self) -> bool:
        return self.found is not None and self.found < self.bar.least

    @property
    def story(self) -> str:
        """What it found, in words."""
        if self.found is None:
            return f"{self.bar.text}: no cell of it was {'measured' if self.bar.is_rate else 'judged'}"
        found = f"{self.found:.1f} tokens a second" if self.bar.is_rate else f"{self.found:.1%}"
        return f"{self.bar.text}: {found} over {self.cells} {'cell' if self.cells == 1 else 'cells'}"


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


def reach(bar: Spec, cells: Iterable[Barred]) -> Reached:
    """What the cells of a run make of a bar."""
    own = [cell for cell in cells if bar.covers(cell)]
    if bar.is_rate:
        rates = [median(cell.rates) for cell in own if cell.rates]
        return Reached(bar, median(rates) if rates else None, len(rates))
    judged = [cell.passed for cell in own if cell.passed is not None]
    return Reached(bar, sum(judged) / len(judged) if judged else None, len(judged))
