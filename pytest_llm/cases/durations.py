"""Lengths of time, sizes of data and shares as people write them."""

from __future__ import annotations

import math
import re
from typing import Any

_SIZES = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(value: Any) -> float:
    """Seconds, from a number of seconds or from `500ms`, `2s`, `5m`, `1h`. Raises ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    else:
        match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*(ms|s|m|h)?\s*", str(value))
        if not match or isinstance(value, bool):
            raise ValueError(f"{value!r} is no duration: give seconds, or 500ms, 2s, 5m")
        seconds = float(match[1]) * _UNITS[match[2] or "s"]
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError(f"must be a duration above 0, not {value!r}")
    return seconds


def parse_budget(value: Any) -> tuple[float, int]:
    """Seconds and tokens, one of them 0, from `30m`, `2h`, or from `200k`. Raises ValueError."""
    if match := re.fullmatch(r"\s*([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*k\s*", str(value)):
        if tokens := round(1000 * float(match[1])):
            return 0.0, tokens
    elif re.search(r"[0-9]\s*m?[msh]\s*$", str(value)):
        return parse_duration(value), 0
    raise ValueError(f"{value!r} is no budget: give a time such as 30m, or thousands of tokens such as 200k")


def in_words(seconds: float) -> str:
    """A length of time as people say it: `45 s`, `4 min 10 s`, `2 h 5 min`."""
    whole = max(1, round(seconds))
    for unit, larger, smaller in ((3600, "h", "min"), (60, "min", "s")):
        if whole >= unit:
            rest = whole % unit * 60 // unit
            return f"{whole // unit} {larger}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


def parse_size(value: Any) -> int:
    """Bytes, from a number of them or from `500kB`, `64MB`, `1.5 GiB`, all powers of 1024. Raises ValueError."""
    match = re.fullmatch(r"\s*([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([kmg]?)(?:i?b)?\s*", str(value), re.IGNORECASE)
    if not match or isinstance(value, bool):
        raise ValueError(f"{value!r} is no size: give bytes, or 500kB, 64MB, 1GB")
    if not (size := int(float(match[1]) * _SIZES[match[2].lower()])):
        raise ValueError(f"must be a size above 0, not {value!r}")
    return size


def parse_share(value: Any) -> float:
    """0 to 1, from such a number or a percentage, `20%`. Raises ValueError."""
    number, percent, _ = str(value).strip().partition("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError(f"must be a share such as 20% or 0.2, not {value!r}")
    return share
