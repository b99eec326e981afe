"""Bars: how they are written, which cells they cover, what they find."""

from __future__ import annotations

import pytest

from pytest_llm.errors import InputError
from pytest_llm.gates.bars import Barred, parse, reach


@pytest.mark.parametrize(
    ("text", "marker", "model", "least", "is_rate"),
    [
        (">=80%", "", "", 0.8, False),
        ("visual>=80%", "visual", "", 0.8, False),
        ("@qwen3:8b>=99.5%", "", "qwen3:8b", 0.995, False),
        ("visual@hf.co/org/repo:Q4>=0%", "visual", "hf.co/org/repo:Q4", 0, False),
        (" visual @ m >=100% ", "visual", "m", 1, False),
        ("@openai:a@b>=50%", "", "openai:a@b", 0.5, False),
        ("rate@m>=40", "", "m", 40, True),
        ("rate>=0.5", "", "", 0.5, True),
        ("rate@m>=80%", "rate", "m", 0.8, False),
    ],
)
def test_a_bar(text: str, marker: str, model: str, least: float, is_rate: bool) -> None:
    bar = parse(text)
    assert (bar.marker, bar.model, bar.least, bar.is_rate) == (marker, model, pytest.approx(least), is_rate)
    assert bar.text == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "visual",
        "visual>80%",
        "visual>=",
        "visual>=80",
        "@m>=40",
        "x>=101%",
        "x>=-1%",
        ">=80%%",
        "rate=>4",
        "x<=8%",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(InputError, match="is no bar"):
        parse(text)


CELLS = (
    Barred("m", ("visual",), True, (50.0, 10.0, 40.0)),
    Barred("m", ("visual", "slow"), False, (30.0,)),
    Barred("n", ("visual",), True),
    Barred("n", ("other",), None, (5.0,)),
)


@pytest.mark.parametrize(
    ("text", "found", "cells", "missed"),
    [
        (">=60%", 2 / 3, 3, False),
        (">=67%", 2 / 3, 3, True),
        ("visual@m>=50%", 0.5, 2, False),
        ("slow>=1%", 0.0, 1, True),
        ("slow>=0%", 0.0, 1, False),
        ("other>=80%", None, 0, False),
        ("rate>=30", 30, 3, False),
        ("rate@m>=35.1", 35, 2, True),
        ("rate@n>=5", 5, 1, False),
    ],
)
def test_what_it_finds(text: str, found: float | None, cells: int, missed: bool) -> None:
    got = reach(parse(text), CELLS)
    assert (got.found, got.cells, got.missed) == (found if found is None else pytest.approx(found), cells, missed)
    assert text in got.story


def test_what_it_says() -> None:
    assert reach(parse(">=67%"), CELLS).story == ">=67%: 66.7% over 3 cells"
    assert reach(parse("rate@n>=5"), CELLS).story == "rate@n>=5: 5.0 tokens a second over 1 cell"
    assert reach(parse("other>=80%"), CELLS).story == "other>=80%: no cell of it was judged"
