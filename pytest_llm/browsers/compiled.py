"""Scripts that a page compiles itself (JSX by Babel, say): where in their source something is, by their source map.

https://tc39.es/ecma426/: `mappings` has a group for each line of the script, divided by `;`, of segments divided by
`,`, each of differences from the one before in base 64 (VLQ): column, source, its line, its column.
"""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

_DIGITS = {sign: number for number, sign in enumerate(string.ascii_letters[26:] + string.ascii_letters[:26])}
_DIGITS |= {sign: number for number, sign in enumerate(f"{string.digits}+/", 52)}
_LONGEST = 500_000  # characters of an address that holds a map: 60 ms
_MORE, _BITS = 32, 31
_WIDEST = 60  # bits of a number


def original(url: str, line: int, column: int) -> tuple[str, int, int] | None:
    """The source of a script, and the line and column in it; all counted from 0. url: a data: URL that holds its
    map, by the page, which may have written anything. None where it does not tell."""
    try:
        source, mappings = _read(url)
        found = _find(mappings, line, column)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None
    return (source, *found) if found and min(found) >= 0 else None


def _read(url: str) -> tuple[str, str]:
    head, _, body = url[:_LONGEST].partition(",")
    if not head.startswith("data:application/json"):
        raise ValueError("not in the address")
    data = json.loads(base64.b64decode(body) if head.endswith(";base64") else unquote_to_bytes(body))
    (source,) = data["sourcesContent"]
    return str(source), str(data["mappings"])


def _find(mappings: str, line: int, column: int) -> tuple[int, int] | None:
    """Of the last segment that begins before the column, or else the line's first."""
    row = begins = 0
    found = None
    for number, group in enumerate(mappings.split(";")[: line + 1]):
        at = 0
        for moves in (list(_numbers(segment)) for segment in group.split(",") if segment):
            at += moves[0]
            if len(moves) >= 4:
                row, begins = row + moves[2], begins + moves[3]
                if number == line and (found is None or at <= column):
                    found = row, begins
    return found


def _numbers(segment: str) -> Iterator[int]:
    value = shift = 0
    for sign in segment:
        digit = _DIGITS[sign]
        if shift > _WIDEST:
            raise ValueError("no place is that far")
        value, shift = value | (digit & _BITS) << shift, shift + 5
        if not digit & _MORE:
            yield -(value >> 1) if value & 1 else value >> 1
            value = shift = 0
