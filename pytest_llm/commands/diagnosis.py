"""One line of what `pytest-llm doctor` says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Literal

from pytest_llm.reports.plain import one_line
from pytest_llm.reports.table import columns

State = Literal["ok", "optional", "warning", "problem"]


@dataclass(frozen=True)
class Line:
    """state: optional where it is not there, and only those who name it want it. found: where it is, or what is
    wrong. remedy: a command or what else mends it; "" where there is none, or nothing to mend."""

    part: str
    state: State
    name: str
    found: str = ""
    purpose: str = ""
    version: str = ""
    remedy: str = ""


def as_text(lines: Iterable[Line], remedies: Iterable[str]) -> str:
    """The lines in columns, a heading before each part; what mends them last."""
    said: list[str] = []
    for part, of_part in groupby(lines, key=lambda line: line.part):
        rows = [
            list(map(_flat, (line.state, line.name, line.purpose, line.version, line.found))) for line in of_part
        ]
        said += [part, *(f"  {row}" for row in columns(rows, left=5)), ""]
    return "\n".join([*said, *(f"to mend: {one_line(remedy)}" for remedy in remedies)]).rstrip()


def _flat(text: str) -> str:
    return one_line(" ".join(text.split()))


def as_data(lines: Iterable[Line]) -> list[dict[str, Any]]:
    return [asdict(line) for line in lines]


def code(lines: Iterable[Line]) -> int:
    """1 where there is a problem."""
    return int(any(line.state == "problem" for line in lines))
