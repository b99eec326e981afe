"""Where in the page an event belongs that comes without a place."""

from __future__ import annotations

import pytest

from pytest_llm.browsers.events import EventLog

PAGE = '<h1>Hi</h1>\r\n<img src="/a/cat.png">\r<script>\nalert(1); alert(2);\nopen("x")\n</script> open(1) cat.png'
LOCAL = "http://localhost/"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (f"{LOCAL}a/cat.png", (2, 12)),
        (f"{LOCAL}b/cat.png?x=1", (2, 14)),  # the last part of it alone
        (f"{LOCAL}dog.png", (None, None)),
        (LOCAL, (None, None)),
        ("http://10.0.0.1/", (None, None)),
    ],
)
def test_a_request_belongs_where_its_address_stands_first(url: str, place: tuple[int | None, int | None]) -> None:
    log = EventLog(PAGE)
    log.add_request(url, "Image", "is not there", (None, None))
    (event,) = log.events
    assert (event.line, event.column) == place


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("dialog", (4, 1)),  # two calls in one line
        ("popup", (None, None)),  # two in different lines
        ("download", (None, None)),  # none
        ("console", (None, None)),  # the browser tells its place, or nobody does
    ],
)
def test_a_call_belongs_where_it_alone_can_be_meant(kind: str, place: tuple[int | None, int | None]) -> None:
    log = EventLog(PAGE)
    log.add(kind, "told")
    (event,) = log.events
    assert (event.line, event.column) == place


def test_finding_a_place_takes_time_in_proportion_to_the_page() -> None:
    """Where an address is made into a pattern, or the page is read for each event, this takes minutes."""
    log = EventLog("<p>\n" * 200_000)
    for number in range(300):
        log.add_request(f"{LOCAL}{'x' * 1_000_000}{number}", "Image", "is not there", (None, None))
    for _ in range(3000):
        log.add("dialog", "told")
    assert {event.kind for event in log.events} == {"request", "dialog"}
