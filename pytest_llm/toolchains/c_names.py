"""The names of C's and C++'s standard libraries, and the headers that bring them."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from pytest_llm.syntax.outline import Outline

_NAMES = Path(__file__).parent / "names"
_OF_C = re.compile(r"c(?!har|o|hrono)[a-z]+$|.*\.h$")  # <cstdio>, not <chrono>, <charconv>, <complex> …
_LIKE = 0.85  # how near a header's name comes to one of the library that is meant


@cache
def headers_of(language: str) -> dict[str, str]:
    """name -> the header that brings it, by the table that tools/standard_names.py makes from the compiler."""
    rows = (_NAMES / f"{language}.txt").read_text("utf-8").replace("\n  ", " ").splitlines()
    own = {name: header for header, _, names in (row.partition(": ") for row in rows) for name in names.split()}
    return headers_of("c") | own if language == "cpp" else own


def bare(outline: Outline) -> bool:
    """Whether names of `std` stand without it, and none with it; what C has stands outside of it too."""
    if "std" in outline.all("used"):
        return False
    headers, own = headers_of("cpp"), outline.all("defined")
    return any(name in headers and not _OF_C.match(headers[name]) for name in outline.all("used") - own)


def misspelt(header: str) -> bool:
    """Whether one of the library is meant."""
    return bool(get_close_matches(header, set(headers_of("cpp").values()), n=1, cutoff=_LIKE))
