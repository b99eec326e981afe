"""The word: PASS, WARN, BLOCK or INCONCLUSIVE, from the rows of all cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from pytest_llm.gates.confirm import cell_results, unsteady
from pytest_llm.gates.groups import compared, group_results
from pytest_llm.gates.speed import speed_results
from pytest_llm.gates.types import (
    Bar,
    CellResult,
    CellRow,
    Decision,
    Difference,
    GroupResult,
    Quantity,
    Settings,
    SpeedResult,
    State,
    Word,
)

NAMED = 3  # cells and reasons that a line names
QUANTITIES: dict[Quantity, str] = {"rate": "token rate", "first_token": "time to first token"}


@dataclass(frozen=True)
class _Ground:
    """A reason to block. models: on whose cells a test rests; None for an absolute rule."""

    said: str
    models: frozenset[str] | None = None

    def shaken(self, changed: Collection[str]) -> bool:
        return self.models is not None and not self.models.isdisjoint(changed)


def decide(
    rows: Sequence[CellRow],
    settings: Settings | None = None,
    *,
    bars: Sequence[Bar] = (),
    differences: Sequence[Difference] = (),
    baseline: str = "",
) -> Decision:
    """What the run means. baseline: its name, for people; "" where only bars are asked for."""
    settings = settings or Settings()
    groups, cells = group_results(rows, settings), cell_results(rows, settings)
    speed = speed_results(rows, settings, {one.model for one in differences if one.kind == "speed"})
    grounds = [*_absolute(rows, bars), *_tested(groups, cells, speed)]
    answers = {one.model for one in differences if one.kind == "answers"}
    standing = [ground.said for ground in grounds if not ground.shaken(answers)]
    taken = [f"{ground.said}, but the answers fingerprint differs" for ground in grounds if ground.shaken(answers)]
    found: list[tuple[Word, list[str]]] = [
        ("BLOCK", standing),
        ("INCONCLUSIVE", [*taken, *_untried(bars), *_unclear(rows, groups, cells, settings, baseline)]),
        ("WARN", list(_noticed(rows, cells, speed, baseline))),
        ("PASS", [_well(rows, bars, baseline)]),
    ]
    word, reasons = next((word, reasons) for word, reasons in found if reasons)
    return Decision(
        word=word,
        reason=_several(reasons, "; "),
        rows=tuple(rows),
        groups=groups,
        cells=cells,
        speed=speed,
        bars=tuple(bars),
        differences=tuple(differences),
        remarks=tuple(_remarks(rows, groups, cells, differences, settings)),
        counts=dict(_counts(rows)),
        baseline=baseline,
    )


def _absolute(rows: Sequence[CellRow], bars: Sequence[Bar]) -> Iterator[_Ground]:
    for bar in bars:
        if bar.met is False:
            yield _Ground(f"the bar {bar.text} is missed" + (f": {bar.said}" if bar.said else ""))
    for words, names in (
        ("failed", [row.nodeid for row in rows if row.must_pass and row.failed]),
        ("has no verdict", [row.nodeid for row in rows if row.must_pass and row.state in ("missing", "error")]),
    ):
        if names:
            yield _Ground(f"must_pass: {_several(names)} {words}")


def _tested(
    groups: Iterable[GroupResult], cells: Iterable[CellResult], speed: Iterable[SpeedResult]
) -> Iterator[_Ground]:
    for group in groups:
        if group.dropped:
            yield _Ground(f"{group.names[0]} passed {group.run:.0%}, {group.baseline:.0%} before", group.models)
    for cell in cells:
        if cell.outcome == "confirmed":
            yield _Ground(f"{cell.row.nodeid} newly fails and failed again", frozenset({cell.row.model}))
    for result in speed:
        if result.blocks:
            yield _Ground(slower(result), frozenset({result.model}))


def slower(result: SpeedResult) -> str:
    """A speed result in words."""
    return f"{QUANTITIES[result.quantity]} of {result.model} is {result.ratio:.2f} times what it was"


def _unclear(
    rows: Sequence[CellRow],
    groups: Sequence[GroupResult],
    cells: Sequence[CellResult],
    settings: Settings,
    baseline: str,
) -> Iterator[str]:
    if baseline and not compared(rows):
        judged = any(row.run.asked for row in rows) or not rows
        yield f"{baseline} holds none of the cells that were judged" if judged else "no cell was judged"
    counts = _counts(rows)
    if counts["missing"]:
        yield f"{number(counts['missing'], 'cell')} of the baseline had no verdict in this run"
    selected = len(rows) - counts["gone"]
    if selected and counts["error"] / selected > settings.errors:
        yield f"{number(counts['error'], 'error')} in {number(selected, 'cell')}"
    loose = [cell for cell in cells if cell.outcome in ("open", "unconfirmable")]
    if loose and not _would_see(groups, settings):
        yield (
            f"{number(len(loose), 'newly failing cell')} could not be confirmed, and a drop of "
            f"{_points(settings.effect)} in all cells could have gone unseen"
        )


def _untried(bars: Iterable[Bar]) -> Iterator[str]:
    yield from (f"the bar {bar.text} is not tried: {bar.said}" for bar in bars if bar.met is None)


def _would_see(groups: Sequence[GroupResult], settings: Settings) -> bool:
    """Whether the test of the whole finds the drop that it must, with the power that is set."""
    smallest = groups[0].smallest if groups else None
    return smallest is not None and smallest <= settings.effect


def _noticed(
    rows: Sequence[CellRow], cells: Sequence[CellResult], speed: Sequence[SpeedResult], baseline: str
) -> Iterator[str]:
    counts = _counts(rows)
    outcomes = Counter(cell.outcome for cell in cells)
    if noise := outcomes["noise"]:
        yield f"{number(noise, 'newly failing cell')} within noise"
    if loose := outcomes["open"] + outcomes["unconfirmable"]:
        yield f"{number(loose, 'newly failing cell')} that could not be confirmed"
    if known := counts["known failing"]:
        yield number(known, "known failure")
    if new := [row for row in rows if row.state == "new" and row.failed and baseline]:
        yield f"{number(len(new), 'new cell')} failed"
    if gone := counts["gone"]:
        yield f"{number(gone, 'cell')} of the baseline {'is' if gone == 1 else 'are'} gone"
    yield from (f"{slower(result)}, which runs may differ by" for result in speed if result.slower)


def _well(rows: Sequence[CellRow], bars: Sequence[Bar], baseline: str) -> str:
    reached = f"{number(len(bars), 'bar')} reached" if bars else ""
    same = f"no new failure in {number(len(compared(rows)), 'cell')}" if baseline else ""
    return ", ".join(filter(None, (same, reached))) or "nothing to compare with"


def _remarks(
    rows: Sequence[CellRow],
    groups: Sequence[GroupResult],
    cells: Sequence[CellResult],
    differences: Sequence[Difference],
    settings: Settings,
) -> Iterator[str]:
    timed = {row.model for row in rows if row.rate.now is not None or row.first_token.now is not None}
    for one in differences:
        if one.kind == "speed" and one.model in timed:
            yield f"the speed of {one.model} is not compared: {one.said}"
    single = [cell for cell in cells if cell.outcome == "unconfirmable" and cell.row.baseline.asked == 1]
    if single and settings.confirm:
        yield (
            f"{number(len(single), 'cell')} could not be confirmed beside one answer in the baseline: "
            "`--llm-write-baseline FILE --llm-samples 5` writes a better one"
        )
    if unsteady(rows):
        yield "the same request at temperature 0 gave another answer: no cell is confirmed by one more failure"
    for group in groups[:1]:
        power = f"{settings.power:.0%} of the time"
        if group.smallest is None:
            yield f"the test of {group.names[0]} would find no drop, however large, {power}"
        else:
            found = number(ceil(100 * group.smallest), "point")
            yield f"the test of {group.names[0]} finds a drop of {found} {power}"


def _counts(rows: Iterable[CellRow]) -> Counter[State]:
    return Counter(row.state for row in rows)


def number(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _points(share: float) -> str:
    return number(round(100 * share), "point")


def _several(said: Sequence[str], between: str = ", ") -> str:
    more = f"{between}and {len(said) - NAMED} more" if len(said) > NAMED else ""
    return between.join(said[:NAMED]) + more
