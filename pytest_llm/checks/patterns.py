"""Regular expressions of a case file, over what a model wrote."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from pytest_llm.errors import CheckCrashed

SECONDS = 10.0
"""How long a pattern that could take for ever may search in one text."""

_NESTED = re.compile(r"[*+}]\??\)*(?:[^()\\]|\\.)*\)[*+{]")
_CHILD = (
    "import json, re, sys\n"
    "pattern, text, flags = json.load(sys.stdin)\n"
    "print(int(bool(re.search(pattern, text, flags))))\n"
)


def compiled(pattern: str, ignore_case: bool = False) -> re.Pattern[str]:
    """The pattern, `^` and `$` meaning the ends of a line. Raises ValueError where it is none."""
    try:
        return re.compile(pattern, re.MULTILINE | (re.IGNORECASE if ignore_case else 0))
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


def search(pattern: str, text: str, ignore_case: bool = False) -> bool:
    """Whether the pattern is somewhere in the text.

    A repetition inside a repetition can take for ever; such a pattern searches in a process of its own, and is a
    CheckCrashed where its time is over.
    """
    ready = compiled(pattern, ignore_case)
    if len(text) < 20 or not _NESTED.search(pattern):
        return ready.search(text) is not None
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _CHILD],
            input=json.dumps([pattern, text, int(ready.flags & ~re.UNICODE)]),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise CheckCrashed(
            f"the pattern /{pattern}/ was not done with this answer after {SECONDS:g} s",
            hint="it repeats a repetition, such as (a+)+: write it so that each text matches in one way only",
        ) from None
    except (subprocess.CalledProcessError, OSError) as error:
        raise CheckCrashed(f"the pattern /{pattern}/ could not be searched: {error}") from None
    return done.stdout.strip() == "1"
