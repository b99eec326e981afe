"""What the gate is told of two runs, and what it says of them: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Word = Literal["PASS", "WARN", "BLOCK", "INCONCLUSIVE"]
State = Literal["passing", "newly failing", "known failing", "fixed", "new", "missing", "gone", "error"]
Quantity = Literal["rate", "first_token"]

COMPARED: frozenset[State] = frozenset({"passing", "newly failing", "known failing", "fixed"})
FLIPPED: frozenset[State] = frozenset({"newly failing", "fixed"})
KINDS_OF_TEST = 3  # groups, cells, speed: each has an equal part of alpha


@dataclass(frozen=True)
class Tally:
    """Answers: how many passed of how many."""

    passed: int = 0
    asked: int = 0

    @property
    def rate(self) -> float:
        """0 where nothing was asked."""
        return self.passed / self.asked if self.asked else 0.0


@dataclass(frozen=True)
class Measured:
    """A cell's number now and in each run of the baseline, by the run's name; None and {} where not measured.

    Tokens a second, or seconds; of several samples the median. A stored answer is no measurement.
    """

    now: float | None = None
    before: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CellRow:
    """One cell in baseline and run.

    state: of its verdicts. "missing": in the baseline with a verdict, selected now, without one now; "error": an
    ERROR now; "gone": its file was collected whole, and it is not in it. What was not selected has no row.
    failed: whether its verdict now is FAILED (for "new" too); where it has none now, False.
    baseline, run: answers that count, each once (one a seed where a seed was sent or the temperature is 0).
    repeats: those that were asked to confirm a new failure; none of them is among `run`.
    fixed_answers: at temperature 0 (in force) the same request gives the same answer; False where the baseline's
    own answers to it disagree. inputs_differ: of `inputs` in baseline and run.
    reason: why it failed; answers: what was answered before and now, "" where it is not known.
    """

    nodeid: str
    state: State
    failed: bool = False
    baseline: Tally = Tally()
    run: Tally = Tally()
    repeats: Tally = Tally()
    model: str = ""
    think: str = ""
    markers: tuple[str, ...] = ()
    must_pass: bool = False
    fixed_answers: bool = False
    inputs_differ: bool = False
    rate: Measured = Measured()
    first_token: Measured = Measured()
    reason: str = ""
    answers: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Settings:
    """Of the gate. alpha: the share of equal runs that its tests may block. Shares are 0 to 1.

    effect, power: the drop that the groups' test must have found so often, or new failures are INCONCLUSIVE.
    confirm: how often a newly failing cell is asked again; 0 where that is not possible (`--llm-replay`).
    """

    alpha: float = 0.05
    effect: float = 0.20
    power: float = 0.80
    confirm: int = 12
    speed_tolerance: float = 0.10
    errors: float = 0.0

    @property
    def level(self) -> float:
        """What one kind of test has of alpha."""
        return self.alpha / KINDS_OF_TEST


@dataclass(frozen=True)
class Bar:
    """An absolute rule of the owner's, tried on the run: as it was written, whether it is met, and the number.

    met: None where its cells ran and nothing could be told of them.
    """

    text: str
    met: bool | None
    said: str = ""


@dataclass(frozen=True)
class Difference:
    """A fingerprint of a model that is not what it was. said: what changed ("server 0.12.1, was 0.11")."""

    model: str
    kind: Literal["answers", "speed"]
    said: str = ""


@dataclass(frozen=True)
class GroupResult:
    """The test of the cells that one or several names stand for (the same cells are tested once).

    baseline, run: mean pass rates of its cells; difference and interval (95%): of their means, below 0 a drop.
    p, adjusted: of the one-sided test, and by Holm over the groups. smallest: the smallest drop of all its cells
    that the test finds with the power that is set, None where it would find none.
    """

    names: tuple[str, ...]
    cells: int
    baseline: float
    run: float
    difference: float
    interval: tuple[float, float]
    p: float
    adjusted: float
    dropped: bool
    smallest: float | None
    models: frozenset[str] = frozenset()
    testable: bool = True


@dataclass(frozen=True)
class CellResult:
    """A cell that newly fails. p, adjusted: of the repeats against the baseline, by Holm over all that failed.

    outcome: "confirmed"; "noise": not confirmed, though it could have been, or nothing differs at temperature 0;
    "open": more repeats were needed; "unconfirmable": all repeats together could not have shown it.
    """

    row: CellRow
    outcome: Literal["confirmed", "noise", "open", "unconfirmable"]
    p: float
    adjusted: float


@dataclass(frozen=True)
class SpeedResult:
    """A model's token rate or first token, paired by cell. ratio, interval (95%): of run to baseline, now / before.

    slower: significantly, by more than the tolerance. blocks: and the baseline has runs enough to say that it is
    outside their spread. runs: of the baseline. spread: lowest and highest ratio of its runs to their mean.
    """

    model: str
    quantity: Quantity
    cells: int
    runs: int
    ratio: float
    interval: tuple[float, float] | None
    spread: tuple[float, float] | None
    p: float
    adjusted: float
    slower: bool
    blocks: bool


@dataclass(frozen=True)
class Decision:
    """The word, its reason in one line, and all that it rests on.

    remarks: what must be known beside it, a line each. differences: to be said before anything else. counts: of
    cells, by state.
    """

    word: Word
    reason: str
    rows: tuple[CellRow, ...] = ()
    groups: tuple[GroupResult, ...] = ()
    cells: tuple[CellResult, ...] = ()
    speed: tuple[SpeedResult, ...] = ()
    bars: tuple[Bar, ...] = ()
    differences: tuple[Difference, ...] = ()
    remarks: tuple[str, ...] = ()
    counts: Mapping[State, int] = field(default_factory=dict)
    baseline: str = ""
