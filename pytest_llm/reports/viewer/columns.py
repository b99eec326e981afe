"""The columns of the matrix, a model in a think mode each, and what was measured of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_llm.gates.tally import MIN_TOKENS, middle
from pytest_llm.providers.plain import response_from
from pytest_llm.reports.numbers import measures
from pytest_llm.reports.viewer.brief import brief
from pytest_llm.store.record import CellLine

Column = tuple[str, str]
_SLIM: Mapping[str, Any] = {"text": "", "thinking": "", "tool_calls": ()}  # what a store's line leaves out
_NUMBERS = re.compile(r"(\d{1,18})")
_MODES = ("off", "default", "low", "medium", "high", "max", "on")


def columns(lines: Iterable[CellLine]) -> list[Column]:
    """(model, think mode): models by name, the modes of each from none to much.

    Not as they come: which model is asked first is another one from run to run, and runs are looked at beside
    each other.
    """
    found = dict.fromkeys((line.model, line.think) for line in lines if line.case)
    return sorted(found, key=lambda column: (_natural(column[0]), _mode(column[1])))


def _natural(name: str) -> tuple[list[Any], str]:
    """By which numbers within names come in their order: m-2 before m-10."""
    parts = _NUMBERS.split(name)
    return [int(part) if at % 2 else part for at, part in enumerate(parts)], name


def _mode(think: str) -> int:
    return _MODES.index(think) if think in _MODES else len(_MODES)


def answered(line: CellLine) -> list[dict[str, float | int | None]]:
    """The numbers of each answer that came, the second attempts' left out: by their name in `measures`."""
    first = (answer for answer in line.answers if answer.get("attempt", 1) == 1 and "numbers" in answer)
    return [measures(response_from({**_SLIM, **answer})) for answer in first]


def rate_of(line: CellLine) -> float | None:
    """Tokens a second, the median of its answers that are long enough to be a measurement."""
    long = (one for one in answered(line) if (one["answer_tokens"] or 0) >= MIN_TOKENS)
    return middle(one["tokens_per_second"] for one in long)


def measured(column: Column, lines: Sequence[CellLine]) -> dict[str, Any]:
    """What a column's cells did: counts; medians of rate and first token; the longest load; thinking's share."""
    own = [line for line in lines if (line.model, line.think) == column]
    numbers = [one for line in own for one in answered(line)]
    tokens = sum(one["answer_tokens"] or 0 for one in numbers)
    loads = [one["load_seconds"] for one in numbers if one["load_seconds"]]
    return {
        "model": brief(column[0]),
        "think": brief(column[1]),
        "asked": len(own),
        "passed": sum(line.outcome == "passed" for line in own),
        "judged": sum(line.outcome in ("passed", "failed") for line in own),
        "rate": middle(rate_of(line) for line in own),
        "floor": _floor(own),
        "first": middle(one["first_token_seconds"] for one in numbers),
        "load": max(loads, default=None),
        "thinking": sum(one["thinking_tokens"] or 0 for one in numbers) / tokens if tokens else None,
        "tokens": tokens,
    }


def _floor(lines: Iterable[CellLine]) -> float | None:
    """The highest rate that a check of these cells asks for."""
    checks = (check for line in lines for check in line.checks if check.get("name") == "token_rate")
    wanted = [check["arguments"].get("min") for check in checks]
    return max((float(least) for least in wanted if isinstance(least, int | float)), default=None)
