"""How often a cell is asked, and how many of its samples must pass: `samples`, `min_pass`, `escalate`."""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictInt, WithJsonSchema

from pytest_llm.cases.fields import Strict, mode

MOST = 1000  # samples of a cell: at a second an answer a quarter of an hour

_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%", re.ASCII)
_MORE = ("on", "low", "medium", "high", "max")


def _min_pass(value: Any) -> int | str:
    share = _SHARE.fullmatch(value.strip()) if isinstance(value, str) else None
    if value == "all" or (share and 0 < Fraction(share[1]) <= 100):
        return str(value).strip()
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise ValueError(f"must be a count from 1 (3), a share (80%) or all, not {value!r}")


_SHARES = r"^\s*(100(\.0+)?|[1-9]\d?(\.\d+)?|0\.0*[1-9]\d*)\s*%\s*$"
_SCHEMA = {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "all"}, {"type": "string", "pattern": _SHARES}]}

Samples = Annotated[StrictInt, Field(ge=1, le=MOST)]
MinPass = Annotated[int | str, BeforeValidator(_min_pass), WithJsonSchema(_SCHEMA)]


class Escalation(Strict):
    """How a cell that failed is asked once more."""

    think: Annotated[
        Literal["on", "low", "medium", "high", "max"],
        BeforeValidator(mode),
        WithJsonSchema({"enum": [*_MORE, True]}),
    ]


def passes(min_pass: int | str, samples: int) -> int:
    """How many of so many samples must pass: a share is rounded up. A count may be more than there are samples."""
    if isinstance(min_pass, int):
        return min_pass
    share = _SHARE.fullmatch(min_pass)
    return ceil(Fraction(share[1]) * samples / 100) if share else samples
