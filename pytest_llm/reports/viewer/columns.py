"""The columns of the matrix, a model in a think mode each, and what was measured of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pytest_llm.gates.tally import MIN_TOKENS, middle
from pytest_llm.providers.plain import response_from
from pytest_llm.reports.numbers import measures
from pytest_llm.reports.viewer.brief import brief
from pytest_llm.store.line import CellLine

Column = tuple[str, str]
Numbers = Sequence[Mapping[str, float | int | None]]  # of the answers of a cell
_SLIM: Mapping[str, Any] = {"text": "", "thinking": "", "tool_calls": ()}  # what a store's line leaves out
_NUMBERS = re.compile(r"(\d{1,18})")
_MODES = ("off", "default", "low", "medium", "high", "max", "on")


def in_order(columns: Iterable[Column]) -> list[Column]:
    """(model, think mode): models by name, the modes of each from none to much.

    Not as they come: which model is asked first is another one from run to run, and runs are looked at beside
    each other.
    """
    return sorted(columns, key=lambda column: (_natural(column[0]), _mode(column[1])))


def think_name(think: Any, columns: Sequence[Mapping[str, Any]]) -> str:
    """What stands below a model's name; "" in a run of which no column has a mode of its own."""
    return f"think {think}" if any(column["think"] != "default" for column in columns) else ""


def _natural(name: str) -> tuple[list[Any], str]:
    """By which numbers within names come in their order: m-2 before m-10."""
    parts = _NUMBERS.split(name)
    return [int(part) if at % 2 else part for at, part in enumerate(parts)], name


def _mode(think: str) -> int:
    return _MODES.index(think) if think in _MODES else len(_MODES)


def answered(line: CellLine) -> Numbers:
    """The numbers of each answer that came, the second attempts' left out: by their name in `measures`."""
    first = (answer for answer in line.answers if answer.get("attempt", 1) == 1 and "numbers" in answer)
    return [measures(response_from({**_SLIM, **answer})) for answer in first]


def rate_of(numbers: Numbers) -> float | None:
    """Tokens a second of a cell, the median of its answers that are long enough to be a measurement."""
    long = (one for one in numbers if (one["answer_tokens"] or 0) >= MIN_TOKENS)
    return middle(one["tokens_per_second"] for one in long)


class Counted:
    """What the cells of a column did, one told after the other. of_cases: whether any of them is a case's; the
    others are known by name alone.
    """

    def __init__(self) -> None:
        self.of_cases = False
        self._outcomes = Counter[str]()
        self._rates: list[float | None] = []
        self._firsts: list[float | None] = []
        self._tokens: float = 0
        self._thinking: float = 0
        self._load: float = 0
        self._floor: float = 0

    def add(self, line: CellLine, numbers: Numbers) -> None:
        """numbers: of the cell's answers."""
        self.of_cases |= bool(line.case)
        self._outcomes[line.outcome] += 1
        self._rates.append(rate_of(numbers))
        self._firsts += [one["first_token_seconds"] for one in numbers]
        self._tokens += sum(one["answer_tokens"] or 0 for one in numbers)
        self._thinking += sum(one["thinking_tokens"] or 0 for one in numbers)
        self._load = max(self._load, *(one["load_seconds"] or 0 for one in numbers), 0)
        self._floor = max(self._floor, *_floors(line), 0)

    def plain(self, column: Column) -> dict[str, Any]:
        """Counts; medians of rate and first token; the longest load; thinking's share; the highest rate that a
        check asks for. None for what was not measured.
        """
        told = self._outcomes
        return {
            "model": brief(column[0]),
            "think": brief(column[1]),
            "asked": told.total(),
            "passed": told["passed"],
            "judged": told["passed"] + told["failed"],
            "rate": middle(self._rates),
            "floor": self._floor or None,
            "first": middle(self._firsts),
            "load": self._load or None,
            "thinking": self._thinking / self._tokens if self._tokens else None,
            "tokens": self._tokens,
        }


def _floors(line: CellLine) -> Iterator[float]:
    checks = (check for check in line.checks if check.get("name") == "token_rate")
    wanted = (check["arguments"].get("min") for check in checks)
    return (float(least) for least in wanted if isinstance(least, int | float))
