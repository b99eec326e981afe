"""Bars: how they are written, which cells they cover, what they find."""

from __future__ import annotations

import pytest

from pytest_llm.errors import InputError
from pytest_llm.gates.bars import Barred, of_line, parse, reach
from pytest_llm.gates.types import Bar
from pytest_llm.store.line import CellLine


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
    Barred("m", ("visual",), True, 40.0),
    Barred("m", ("visual", "slow"), False, 30.0),
    Barred("n", ("visual",), True),
    Barred("n", ("other",), None, 5.0),
    Barred("unmeasured", ("other",), measures=False),
)


@pytest.mark.parametrize(
    ("text", "met", "said"),
    [
        (">=60%", True, "66.7% over 3 cells"),
        (">=67%", False, "66.7% over 3 cells"),
        ("visual@m>=50%", True, "50.0% over 2 cells"),
        ("slow>=1%", False, "0.0% over 1 cell"),
        ("slow>=0%", True, "0.0% over 1 cell"),
        ("other>=80%", None, "no cell of it was judged"),
        ("rate>=30", True, "30.0 tokens a second over 3 cells"),
        ("rate@m>=35.1", False, "35.0 tokens a second over 2 cells"),
        ("rate@n>=5", True, "5.0 tokens a second over 1 cell"),
        ("rate@none>=5", True, "none of its cells ran"),
        ("nothing>=5%", True, "none of its cells ran"),
    ],
)
def test_what_it_finds(text: str, met: bool | None, said: str) -> None:
    assert reach(parse(text), CELLS) == Bar(text, met, said)


@pytest.mark.parametrize(
    ("reported", "passed"),
    [("passed", True), ("failed", False), ("xfailed", None), ("xpassed", None), ("error", None), ("skipped", None)],
)
def test_which_cells_are_judged(reported: str, passed: bool | None) -> None:
    line = CellLine("a", "failed", reported, model="m", markers=("x",))
    assert of_line(line) == Barred("m", ("x",), passed, measures=False)
