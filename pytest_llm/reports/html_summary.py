"""The top of pytest-html's page: its stylesheet, each model's numbers as bars, the matrix. All of it is text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from pytest_llm.reports.plain import visible
from pytest_llm.reports.viewer.brief import brief
from pytest_llm.reports.viewer.columns import Numbers, rate_of, think_name
from pytest_llm.reports.viewer.grouping import SHOWN
from pytest_llm.reports.viewer.matrix import Matrix, matrix
from pytest_llm.store.line import CellLine
from pytest_llm.store.record import RunRecord

SIGNS = {"passed": "✓", "failed": "✕", "error": "!", "skipped": "–"}
_MEASURES = (
    ("Tokens a second", "rate", "{:.1f}"),
    ("First token", "first", "{:.2f} s"),
    ("Load", "load", "{:.2f} s"),
)
_EXPECTED = {"xfailed": " xfail"}  # what was reported, and how it is marked


def style() -> str:
    """The element with our stylesheet."""
    return f"<style>{(files('pytest_llm.reports') / 'pytest_html.css').read_text('utf-8')}</style>"


def summary(record: RunRecord) -> str:
    """Bars and matrix of a run; "" where no cell has a verdict."""
    made = matrix(record.cells.values(), _tile)
    if not made.columns:
        return ""
    return _card("Models", "llm-models", _models(made.columns)) + _card("Cells", "llm-matrix", _matrix(made))


def _card(title: str, kind: str, rows: Iterable[Sequence[str]]) -> str:
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f"<section class='llm-card'><h3>{title}</h3><table class='{kind}'>{body}</table></section>"


def _models(columns: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    yield [_head(word, "llm-dim") for word in ("Model", "Passed", *(title for title, *_ in _MEASURES), "Thinking")]
    most = {key: max((column[key] or 0 for column in columns), default=0) for _, key, _ in _MEASURES}
    for one in columns:
        measured = [_cell(_bar(one[key], most[key], shape)) for _, key, shape in _MEASURES]
        passed = _bar(one["passed"], one["judged"], f"{one['passed']} of {one['judged']}") if one["judged"] else "–"
        yield [_head(_column(one, columns)), _cell(passed), *measured, _cell(_bar(one["thinking"], 1, "{:.0%}"))]


def _bar(value: float | None, most: float, shape: str) -> str:
    if value is None:
        return "–"
    wide = round(100 * value / most, 1) if most else 0
    return f"<span class='llm-bar'><i style='width:{wide}%'></i></span>{shape.format(value)}"


def _matrix(made: Matrix[str]) -> Iterator[list[str]]:
    unit = "tokens a second, ~ beside others" if any(one["rate"] is not None for one in made.columns) else ""
    yield [_head(unit, "llm-dim"), *(_head(_column(column, made.columns), "llm-dim") for column in made.columns)]
    placed = {(row, column): tile for row, column, tile in made.cells}
    for at, row in enumerate(made.rows):
        name = f"{_text(row.case)} <span class='llm-dim'>{_text(row.label)}</span>"
        tiles = [_cell(placed.get((at, number), "")) for number in range(len(made.columns))]
        yield [f"<th scope='row'>{name}</th>", *tiles]


def _tile(line: CellLine, numbers: Numbers) -> str:
    several = f" {line.outcomes.count('passed')}/{line.samples}" if line.samples > 1 else ""
    measured = rate_of(numbers)
    rate = "" if measured is None else f"{'' if line.exclusive else '~'}{measured:.1f}"
    sign = SIGNS.get(line.outcome, "?")
    word = brief(line.reported if line.reported in _EXPECTED else line.outcome)
    mark = _EXPECTED.get(word, "")
    title = escape(visible(brief(line.reason, SHOWN) or word), quote=True)
    return f'<span class="llm-tile {_text(word)}" title="{title}"><b>{sign}{mark}{several}</b>{rate}</span>'


def _column(column: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(filter(None, [column["model"], think_name(column["think"], columns)]))


def _head(text: str, kind: str = "") -> str:
    return f"<th scope='col' class='{kind}'>{_text(text)}</th>"


def _cell(markup: str) -> str:
    return f"<td>{markup}</td>"


def _text(text: str) -> str:
    return escape(visible(text), quote=True)
