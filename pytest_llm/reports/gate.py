"""A decision of the gate in words: for the terminal, as Markdown, as JSON.

Names come from files of the repository and answers from models: in the terminal they obey nothing, in Markdown they
stand in code, where no markup, link or mention works.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from pytest_llm.gates.decide import QUANTITIES, number
from pytest_llm.gates.types import CellResult, CellRow, Decision, GroupResult, SpeedResult, Tally
from pytest_llm.reports.markdown import block, code, table_head, table_row
from pytest_llm.reports.plain import one_line
from pytest_llm.reports.table import columns

FORMAT = 1  # of the JSON
MOST = 20  # groups and flips that the terminal shows
MOST_MARKDOWN = 50
_OUTCOME = {
    "confirmed": "confirmed",
    "noise": "within noise",
    "open": "not settled",
    "unconfirmable": "could not be confirmed",
}
_HEADINGS = ("cells", "number", "before", "now", "difference", "95% interval", "p (Holm)")


def terminal(decision: Decision) -> list[str]:
    """The lines below the heading of the terminal's section; the last one is the word and its reason."""
    return [
        *(one_line(said) for said in _differences(decision)),
        *columns(_table(decision, MOST)),
        *(one_line(_speed(result)) for result in decision.speed),
        *(one_line(said) for said in _bars(decision)),
        *_capped(list(_flips(decision)), MOST, "pytest-llm compare shows all"),
        *(one_line(remark) for remark in decision.remarks),
        one_line(f"{decision.word}: {decision.reason}", 1000),
    ]


def markdown(decision: Decision) -> str:
    """The same for a summary of a CI system and a comment on a pull request."""
    table = _table(decision, MOST_MARKDOWN)
    rows = [*table_head(_HEADINGS), *map(table_row, table[1:])] if table else []
    flips = list(_markdown_flips(decision))
    said = [*_differences(decision), *map(_speed, decision.speed), *_bars(decision), *decision.remarks]
    parts = [
        f"## pytest-llm: {decision.word}",
        code(decision.reason, 1000),
        "\n".join(rows),
        "\n".join(f"- {code(line)}" for line in said),
        "### Flips" if flips else "",
        "\n".join(_capped(flips, MOST_MARKDOWN, "`pytest-llm compare` shows all")),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def as_json(decision: Decision) -> str:
    """Every number of it, for programs: docs/gates.md."""
    return json.dumps({"format": FORMAT, **asdict(decision)}, default=sorted, indent=2) + "\n"


def _differences(decision: Decision) -> Iterator[str]:
    for one in decision.differences:
        yield f"{one.kind} fingerprint of {one.model} differs" + (f": {one.said}" if one.said else "")


def _table(decision: Decision, most: int) -> list[tuple[str, ...]]:
    """The heading, the whole, and the groups that pass less often than they did, the least likely first."""
    if not decision.groups:
        return []
    whole, *others = decision.groups
    fallen = sorted((group for group in others if group.difference < 0), key=lambda group: group.p)
    return [_HEADINGS, *map(_group, [whole, *fallen[: most - 1]])]


def _group(group: GroupResult) -> tuple[str, ...]:
    low, high = group.interval
    return (
        one_line(", ".join(group.names), 80),
        str(group.cells),
        f"{group.baseline:.1%}",
        f"{group.run:.1%}",
        f"{100 * group.difference:+.1f} points",
        f"{100 * low:+.0f} to {100 * high:+.0f}",
        f"{_p(group.adjusted)}{' drop' if group.dropped else ''}" if group.testable else "too few answers",
    )


def _speed(result: SpeedResult) -> str:
    low_high = f" ({result.interval[0]:.2f} to {result.interval[1]:.2f})" if result.interval else ""
    spread = f", runs {result.spread[0]:.2f} to {result.spread[1]:.2f}" if result.spread else ""
    judged = ": slower, beyond what its runs differ by" if result.blocks else ": slower" if result.slower else ""
    return (
        f"{QUANTITIES[result.quantity]} of {result.model}: {result.ratio:.2f} times{low_high} what it was, "
        f"{number(result.cells, 'cell')} beside {number(result.runs, 'run')}{spread}{judged}"
    )


def _bars(decision: Decision) -> Iterator[str]:
    for bar in decision.bars:
        became = {True: "reached", False: "missed", None: "not tried"}[bar.met]
        yield f"bar {bar.text}: {became}" + (f", {bar.said}" if bar.said else "")


def _flips(decision: Decision) -> Iterator[str]:
    for row, what in _flipped(decision):
        reason = f"\n    {one_line(row.reason)}" if row.reason else ""
        answers = [f"\n    {when}: {one_line(text)}" for when, text in _answers(row)]
        yield f"{one_line(row.nodeid)}  {what}{reason}{''.join(answers)}"


def _markdown_flips(decision: Decision) -> Iterator[str]:
    for row, what in _flipped(decision):
        reason = f"\n  {code(row.reason)}" if row.reason else ""
        answers = [f"\n\n  {when}:\n\n{block(text)}" for when, text in _answers(row)]
        yield f"- {code(row.nodeid)} {what}{reason}{''.join(answers)}"


def _flipped(decision: Decision) -> Iterator[tuple[CellRow, str]]:
    """The cells whose state changed, and how, those first that weigh most."""
    order = list(_OUTCOME)
    for cell in sorted(decision.cells, key=lambda cell: order.index(cell.outcome)):
        yield cell.row, f"newly failing, {_OUTCOME[cell.outcome]}: {_counted(cell)}"
    for row in decision.rows:
        if row.state == "fixed":
            yield row, f"fixed: {_of(row.baseline)} before, {_of(row.run)} now"
        elif row.state == "new" and row.failed and decision.baseline:
            yield row, f"new and failing: {_of(row.run)}"


def _counted(cell: CellResult) -> str:
    row = cell.row
    again = f", {_of(row.repeats)} when asked again" if row.repeats.asked else ""
    level = f", p {_p(cell.adjusted)}" if row.repeats.asked and not row.fixed_answers else ""
    return f"{_of(row.baseline)} before, {_of(row.run)} now{again}{level}"


def _of(tally: Tally) -> str:
    return f"{tally.passed} of {tally.asked}"


def _answers(row: CellRow) -> list[tuple[str, str]]:
    return [(when, text) for when, text in zip(("before", "now"), row.answers, strict=True) if text]


def _p(level: float) -> str:
    return "<0.0001" if level < 0.0001 else f"{level:.2g}"


def _capped(items: Sequence[str], most: int, where: str) -> Iterator[str]:
    for item in items[:most]:
        yield from item.split("\n")
    if len(items) > most:
        yield f"… and {len(items) - most} more: {where}"
