"""Durations in case files."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm.cases.durations import parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("500ms", 0.5),
        ("2s", 2.0),
        ("5m", 300.0),
        ("1h", 3600.0),
        ("1.5 s", 1.5),
        (" 2s ", 2.0),
        ("30", 30.0),
        (3, 3.0),
        (0.25, 0.25),
    ],
)
def test_durations(written: Any, seconds: float) -> None:
    assert parse_duration(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "written",
    ["", "s", "2 seconds", "-1s", -1, True, None, 0, "0s", "1m 30", float("nan"), float("inf"), [2], "2s,"],
)
def test_what_is_no_duration_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(written)
