"""Where in the page an event belongs that comes without a place."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from pytest_llm.browsers.chromium import witness
from pytest_llm.browsers.events import EventLog, listen

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
    ("page", "url", "line"),
    [
        ('<p>send\n<form action="/send"><input name=a>', f"{LOCAL}send?a=1", 2),
        ("<p>\n<a href='https://example.com/b'>", "https://example.com/b", 2),
        ("<p>\n<script>location = where</script>", f"{LOCAL}none", 2),  # the only call that there is
        ("<p>\n<a href=b>\n<p>", f"{LOCAL}c", None),
        ("<p>page.html\n<script>location.reload()</script>", f"{LOCAL}page.html", 2),
    ],
)
def test_a_page_leaves_where_it_names_the_address(page: str, url: str, line: int | None) -> None:
    log = EventLog(page)
    log.leaves(url)
    assert [event.line for event in log.events] == [line]


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


@pytest.mark.parametrize(
    ("kind", "line", "line_of_none"),
    [
        ("download", '<a download="data.csv" href="data:,1">', "<p>Download: your download begins"),
        ("download", "a.download = name", "a.click() // begins a download="),
        ("download", "a.setAttribute('download', '')", "<!-- a download= of nothing"),
        ("download", "<a href=# download>", "/* download= */"),
        ("navigation", "location.href = where", "<p>Your location, please submit it"),
        ("navigation", "window.location = where", " * location = of a map"),
        ("navigation", "form.requestSubmit()", "// form.submit()"),
        ("dialog", "alert('Hi')", "/* alert( */"),
        ("dialog", "const url = 'http://a'; alert(url)", "<!-- alert( -->"),
        ("popup", "open('a')", "  // open( a window"),
    ],
)
def test_words_and_comments_are_no_calls(kind: str, line: str, line_of_none: str) -> None:
    log = EventLog(f"{line_of_none}\n{line}\n{line_of_none}")
    log.add(kind, "told")
    assert [event.line for event in log.events] == [2]


FRAME = "<p>\n<iframe srcdoc='<script>\nlost()</script>'></iframe>"


@pytest.mark.parametrize(
    ("page", "stack", "place"),
    [
        (FRAME, "lost@about:srcdoc:2:1\n", (3, 1)),  # Firefox
        (FRAME, "ReferenceError: lost\n    at about:srcdoc:1:9", (2, 25)),
        (FRAME, "ReferenceError: lost\n    at f (http://localhost/page.html:1:3)\n    at about:srcdoc:2:1", (1, 3)),
        (FRAME, "at https://unpkg.com/a.js:9:9\n    at http://localhost/page.html:1:3", (1, 3)),
        (FRAME * 2, "at about:srcdoc:2:1", (None, None)),  # of which of them?
        (FRAME * 2, "at about:srcdoc:2:1\n    at http://localhost/page.html:1:3", (1, 3)),
        (FRAME, "a word", (None, None)),
    ],
)
def test_a_stack_belongs_to_its_innermost_frame_in_the_page(
    page: str, stack: str, place: tuple[int | None, int | None]
) -> None:
    assert EventLog(page).places.written(stack) == place


CALLS = """<script>
navigator.mediaDevices.getUserMedia({});
canvas.requestPointerLock();
audio.play();
import { a } from "three/addons/a.js";
navigator.clipboard.writeText("x");
</script>"""


@pytest.mark.parametrize(
    ("kind", "message", "line"),
    [
        ("rejection", "NotFoundError: Requested device not found", 2),
        ("rejection", "NotAllowedError: Permission denied", 2),
        ("rejection", "NotAllowedError: A user gesture is required to request Pointer Lock.", 3),
        ("rejection", "NotAllowedError: play() failed because the user didn't interact", 4),
        ("exception", 'TypeError: Failed to resolve module specifier "three/addons/a.js". Relative', 5),
        ("exception", "TypeError: The specifier “three/addons/a.js” was a bare specifier, but was not remapped", 5),
        ("rejection", "NotAllowedError: Failed to execute 'writeText' on 'Clipboard': Write", 6),
        ("rejection", "NotAllowedError: Failed to execute 'readText' on 'Clipboard': Read", None),
        ("rejection", "TypeError: a is undefined", None),
        ("console", "Failed to execute 'writeText' on 'Clipboard'", None),
    ],
)
def test_an_error_without_a_place_belongs_where_its_call_is(kind: str, message: str, line: int | None) -> None:
    log = EventLog(CALLS)
    log.add(kind, message)
    assert [event.line for event in log.events] == [line]


def test_finding_a_place_takes_time_in_proportion_to_the_page() -> None:
    """Where an address is made into a pattern, or the page is read for each event, this takes minutes."""
    log = EventLog("<p>\n" * 100_000)
    for number in range(100):
        log.add_request(f"{LOCAL}{'x' * 1_000_000}{number}", "Image", "is not there", (None, None))
    for number in range(3000):
        log.add("dialog", "told")
        log.add("rejection", f"Failed to execute 'f{number}' on {'x' * 1000}")
        log.add("exception", f"Failed to resolve module specifier 'm{number}'")
    assert {event.kind for event in log.events} == {"request", "dialog", "rejection", "exception"}


@pytest.mark.parametrize(
    ("page", "message", "noted"),
    [
        ("gpu.requestAdapter()", "TypeError: Cannot read properties of null (reading 'requestDevice')", True),
        ("gpu.requestAdapter()", "TypeError: Cannot read properties of null (reading 'value')", False),
        ("lost()", "TypeError: Cannot read properties of null (reading 'requestDevice')", False),
    ],
)
def test_a_page_that_fails_for_want_of_an_adapter_is_told_so_and_fails(
    page: str, message: str, noted: bool
) -> None:
    log = EventLog(page)
    log.add("rejection", message)
    assert (len(log.events), any("WebGPU" in note for note in log.notes)) == (1, noted)


class Heard:
    """A session whose events the test sends."""

    def __init__(self) -> None:
        self.handlers: dict[str, Any] = {}
        self.on = self.handlers.__setitem__

    def says(self, *words: str) -> None:
        self.handlers["Runtime.bindingCalled"]({"name": witness.BINDING, "payload": "\0".join(words)})


MADE = ("at http://localhost/page.html:2:1", f"blob:{LOCAL}1")


@pytest.mark.parametrize(
    ("news", "told"),
    [
        (("made", "attached", "gone"), [("worker", 2)]),
        (("made", "attached", "gone", "unloaded"), [("worker", 2)]),
        (("made", "attached", "begun", "gone"), []),
        (("made of a frame", "attached", "gone"), []),
        (("made of a frame", "attached", "gone", "fails"), [("exception", 2)]),
    ],
)
def test_news_of_a_shared_worker_may_come_in_any_order(news: tuple[str, ...], told: list[tuple[str, int]]) -> None:
    """They come from three processes. Only what a worker says itself comes after it was attached."""
    for order in permutations(news):
        if "begun" not in order or order.index("attached") < order.index("begun"):
            log = _heard(order)
            assert (log.sharing, log.beginning) == (True, set()), order
            assert [(event.kind, event.line) for event in log.events] == told, order


def _heard(news: tuple[str, ...]) -> EventLog:
    log, page, worker = EventLog("<p>\n<script>"), Heard(), Heard()
    listen(page, log)  # type: ignore[arg-type]
    stack, url = MADE
    happens = {
        "made": lambda: page.says("shared", "true", url, "", "", stack),
        "made of a frame": lambda: page.says("shared", "false", url, "", "", stack),
        "attached": lambda: listen(worker, log, worker=url),  # type: ignore[arg-type]
        "gone": lambda: log.vanished(url),
        "unloaded": lambda: page.says("unloaded", "", "", "", "", stack),
        "begun": lambda: worker.says("begun"),
        "fails": lambda: page.says("exception", "nope", f"{LOCAL}page.html", "2", "1", stack),
    }
    for one in news:
        happens[one]()
    return log


def test_a_shared_worker_is_waited_for_from_when_it_is_made() -> None:
    log = EventLog("<p>\n<script>")
    log.shares(MADE[1], (2, 1), own=True)
    assert log.beginning == {MADE[1]}
    log.unloaded.append((2, 1))
    assert log.beginning == set()
