"""Regular expressions that an author brings, over texts that a model wrote: as Python means them, within a limit.

Most are searched by RE2, in time linear in the text; what RE2 lacks (look-around, back references) is searched by
Python in the process of `bounded`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pytest_llm.errors import CheckCrashed
from pytest_llm.sandbox.bounded import LimitReached, call

SECONDS = 10.0
"""How long a pattern may search in one text."""

_FOUND = f"{__name__}:found"
_SIGNS = frozenset(r".^$*+?{}[]\|()")  # that mean more than themselves
_STEPS = 200_000_000  # of RE2's slowest engine, one for each instruction and character: about a second


@lru_cache(maxsize=1024)
def compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern as Python reads it. Raises ValueError where it is none."""
    try:
        return re.compile(pattern, flags)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


def search(pattern: str, text: str, flags: int = 0) -> bool:
    """Whether the pattern is somewhere in the text. A CheckCrashed, where that takes too long."""
    if not flags and _SIGNS.isdisjoint(pattern):
        return pattern in text
    answer = linear(pattern, text, flags)
    return _python(pattern, text, flags) if answer is None else answer


def found(pattern: str, text: str, flags: int) -> bool:
    """Python's own search, which may take for ever."""
    return re.search(pattern, text, flags) is not None


def _python(pattern: str, text: str, flags: int) -> bool:
    try:
        return bool(call(_FOUND, pattern, text, int(flags), seconds=SECONDS))
    except LimitReached:
        raise CheckCrashed(
            f"the pattern /{pattern}/ was not done with this answer after {SECONDS:g} s",
            hint="it repeats a repetition, such as (a+)+: write it so that each text matches in one way only",
        ) from None
    except CheckCrashed as error:
        raise CheckCrashed(f"the pattern /{pattern}/ could not be searched: {error.message}") from None


def linear(pattern: str, text: str, flags: int) -> bool | None:
    """RE2's answer; None where it has none that is sure to be Python's."""
    import re2

    from pytest_llm.sandbox.re2_translation import translated

    pair = translated(pattern, flags, text)
    if pair is None:
        return None
    try:
        ready = re2.compile(pair[0], _options())
    except re2.error:  # too large for it
        return None
    if ready.programsize * len(text) > _STEPS:
        return None
    return ready.search(pair[1]) is not None


@lru_cache(maxsize=1)
def _options() -> object:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    return options
