"""What kind of error gcc tells, by its words."""

from __future__ import annotations

import re

from pytest_llm.toolchains.base import Kind
from pytest_llm.toolchains.c_names import misspelt

ABSENT = re.compile(r"^(\S+): No such file or directory$")
_KINDS: tuple[tuple[str, Kind], ...] = (
    (r"No such file or directory", "missing-dependency"),
    (r"exceeds maximum", "limit"),
    (
        r"undeclared|not declared|not been declared|does not name a type|unknown type name|has no member",
        "undefined",
    ),
    (r"is not a member of|implicit declaration|no type named|is not a (?:class|template|namespace)", "undefined"),
    (r"^expected|^stray|missing terminating|unterminated|^#|invalid preprocessing|default argument", "syntax"),
    (r"^extraneous|extra qualification|^redeclaration at end|not terminated|^unable to find", "syntax"),
)


def kind_of(message: str) -> Kind:
    absent = ABSENT.match(message)
    if absent and (absent[1].startswith("/") or ".." in absent[1] or misspelt(absent[1])):
        return "undefined"  # no header of a library is named like that
    return next((kind for pattern, kind in _KINDS if re.search(pattern, message)), "type")
