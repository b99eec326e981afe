"""How long a server wants to be left alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

MAX_WAIT = 60.0  # seconds: a server that wants to be left alone for longer is asked again all the same
_TIME = r"(\d{1,6}(?:\.\d{1,6})?) ?(ms|milliseconds?|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)(?![a-z])"
_TOLD = re.compile(rf"(?:try(?:ing)? again|retry(?:ing)?) (?:in|after) ?((?:{_TIME}[, ]*)+)", re.IGNORECASE)


def told_wait(text: str) -> float | None:
    """The seconds that a complaint asks for in words ("try again in 1m2.5s"), up to MAX_WAIT."""
    if not (said := _TOLD.search(text)):
        return None
    times = re.findall(_TIME, said[1], re.IGNORECASE)
    return min(sum(float(number) * _unit(unit.lower()) for number, unit in times), MAX_WAIT)


def _unit(word: str) -> float:
    """Seconds."""
    return 0.001 if word.startswith(("ms", "milli")) else {"s": 1.0, "m": 60.0, "h": 3600.0}[word[0]]


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that a Retry-After header asks for, in seconds or as a date (RFC 9110), up to MAX_WAIT.

    A date is measured by the server's own clock where it tells it. now: seconds since the epoch.
    """
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdecimal():
        return float(min(int(said[:9]), MAX_WAIT))
    until, sent = _moment(said), _moment(headers.get("date", ""))
    if until is None:
        return None
    return min(max(until - (now if sent is None else sent), 0.0), MAX_WAIT)


def _moment(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
