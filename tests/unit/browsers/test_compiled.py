"""Where in its source a compiled script is."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from pytest_llm.browsers.compiled import original
from pytest_llm.browsers.events import EventLog

SOURCE = "\nlet a;\n  b();"
MAP: dict[str, Any] = {"sourcesContent": [SOURCE], "mappings": "AACA;AACE,EAAC;;gBADD"}

BROKEN: list[Any] = [
    None,
    1,
    [],
    {},
    {**MAP, "mappings": "§"},
    {**MAP, "mappings": "A,DADD"},
    {**MAP, "mappings": f"AAA{'g' * 99}A"},
]


def address(found: Any, kind: str = "data:application/json;charset=utf-8;base64") -> str:
    text = json.dumps(found)
    return f"{kind},{base64.b64encode(text.encode()).decode() if kind.endswith('base64') else quote(text)}"


@pytest.mark.parametrize(
    ("line", "column", "place"),
    [
        (0, 9, (1, 0)),
        (1, 0, (2, 2)),
        (1, 1, (2, 2)),
        (1, 2, (2, 3)),
        (2, 0, None),  # nothing of it is of the source
        (3, 0, (1, 2)),  # before its first segment
        (3, 16, (1, 2)),
        (9, 0, None),
    ],
)
def test_a_place_is_that_of_the_segment_before(line: int, column: int, place: tuple[int, int] | None) -> None:
    found = original(address(MAP), line, column)
    assert found == (place and (SOURCE, *place))
    assert original(address(MAP, "data:application/json"), line, column) == found


@pytest.mark.parametrize(
    "url",
    [
        "",
        "app.js.map",
        "data:text/plain,{}",
        "data:application/json;base64,?",
        "data:application/json,[[[",
        *map(address, BROKEN),
        address({**MAP, "sourcesContent": ["a", "b"]}),
        "data:application/json," + "[" * 100_000,
    ],
)
def test_a_map_that_is_none_tells_nothing(url: str) -> None:
    assert original(url, 0, 0) is None


BABEL = "<p>\n<script type='text/babel'>\nlet a;\n</script><script type=text/babel>\n let b = <div>;</script>"


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ("", (3, 3)),
        (" (2)", (5, 3)),
        (" (3)", (None, None)),
        (" (0)", (None, None)),  # the page may say any number
        (f" ({2**64})", (None, None)),
        (f" ({'9' * 5000})", (None, None)),
    ],
)
def test_what_babel_cannot_read_is_in_its_script(told: str, place: tuple[int | None, int | None]) -> None:
    log = EventLog(BABEL)
    log.add("exception", f"SyntaxError: /Inline Babel script{told}: Unterminated JSX contents. (2:2)\n\n  1 |")
    (event,) = log.events
    assert (event.line, event.column) == place


@pytest.mark.parametrize("place", ["0:1", "99:1", f"{2**64}:1", f"{'9' * 5000}:1", f"1:{'9' * 5000}"])
def test_a_number_that_a_page_writes_and_none_can_be_is_no_place(place: str) -> None:
    log = EventLog(BABEL)
    log.add("console", f"/Inline Babel script: that is it ({place})")
    (event,) = log.events
    assert event.line is None or place.startswith("1:")
    assert log.places.written(f"f@about:srcdoc:{place}") == (None, None)
