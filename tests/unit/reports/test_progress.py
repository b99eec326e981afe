"""How far a run is, in one line."""

from __future__ import annotations

import pytest

from pytest_llm.engine.events import Event, Stream
from pytest_llm.providers.base import Response, Usage, on_piece
from pytest_llm.reports.progress import Progress, cut


def event(kind: str, cell: str = "a", at: float = 0.0, **more: object) -> Event:
    job = "" if kind == "judged" else f"{cell}#0.1.0"
    return Event(kind, f"t.prompt.yaml::{cell}[m]", job, "http://here", "m", at, **more)  # type: ignore[arg-type]


LOADING = [event("loading", at=1), event("asked", at=1)]
WRITING = [*LOADING, event("loaded", at=5), event("first token", at=5), *[event("piece", at=6)] * 20]
DONE = [*WRITING, event("answered", at=8), event("judged", at=9)]


@pytest.mark.parametrize(
    ("events", "now", "line"),
    [
        ([], 1, "0/4 cells"),
        (LOADING, 3, "0/4 cells, loading m for 2 s"),
        ([event("asked", at=1)], 3, "0/4 cells, asking a[m] for 2 s"),
        (WRITING, 7, "0/4 cells, asking a[m] for 6 s, 10 tokens/s"),
        ([*WRITING, event("asked", "b", at=6)], 7, "0/4 cells, asking a[m] and 1 more for 6 s, 10 tokens/s"),
        (DONE, 10, "1/4 cells, 30 s left"),
        ([*DONE, event("judged", at=10)], 10, "1/4 cells, 30 s left"),
        ([*DONE, *[event("judged", cell) for cell in "bcd"]], 40, "4/4 cells"),
        ([*DONE, event("answered", "b", stored=True)], 10, "1/4 cells, 30 s left"),
        ([event("piece"), event("first token")], 1, "0/4 cells"),
        ([event("said", text="pulling m: 3%\nmore")], 1, "0/4 cells, pulling m: 3%"),
        ([event("said", text="pulling"), event("answered")], 1, "0/4 cells"),
        ([event("asked", "\x1b[2J" * 90, at=0)], 1, None),
    ],
)
def test_the_line(events: list[Event], now: float, line: str | None) -> None:
    progress = Progress(4, 0.0)
    for one in events:
        progress = progress.after(one)
    said = progress.line(now)
    assert line is None or said == line
    assert said.isprintable()


@pytest.mark.parametrize(
    ("text", "width", "shown"), [("hello", 9, "hello"), ("hello", 3, "hel"), ("漢字", 3, "漢"), ("", 3, "")]
)
def test_what_fits(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown


@pytest.mark.parametrize("loads", [True, False])
def test_a_question_is_told_from_its_loading_to_its_answer(loads: bool) -> None:
    heard: list[Event] = []
    stream = Stream(lambda: 7.0)
    stream.listeners.append(heard.append)
    with stream.question(Event("asked", "c", "j"), loads=loads) as told:
        for text in ("x", "", "y"):
            on_piece(text)
        told(Response("xy", usage=Usage(answer_tokens=2)))
    on_piece("nobody hears it")
    kinds = ["loading", "asked", "loaded", "first token", "piece", "piece", "answered"]
    assert [one.kind for one in heard] == [kind for kind in kinds if loads or not kind.startswith("load")]
    assert [one.text for one in heard if one.kind == "piece"] == ["x", "y"]
    assert (heard[-1].tokens, {one.at for one in heard}) == (2, {7.0})


def test_a_question_that_breaks_is_over_too() -> None:
    heard: list[Event] = []
    stream = Stream()
    stream.listeners.append(heard.append)
    with pytest.raises(ZeroDivisionError), stream.question(Event("asked"), loads=False):
        raise ZeroDivisionError
    assert [one.kind for one in heard] == ["asked", "answered"]
