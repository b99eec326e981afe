"""Durations in case files."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llm.cases.durations import in_words, parse_budget, parse_duration, parse_size


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


@pytest.mark.parametrize(
    ("written", "size"),
    [
        (5, 5),
        ("5", 5),
        ("5B", 5),
        ("2 kB", 2048),
        ("2KiB", 2048),
        ("64MB", 64 << 20),
        ("64m", 64 << 20),
        ("1GiB", 1 << 30),
        ("1.5 GiB", 3 << 29),
        ("11.5g", 23 << 29),
    ],
)
def test_sizes(written: object, size: int) -> None:
    assert parse_size(written) == size


@pytest.mark.parametrize(
    "written", ["", "MB", "-1", "0", "0MB", "1.GB", ".5GB", "0.1B", "1TB", True, None, "1" * 30, "1 0"]
)
def test_what_is_no_size(written: object) -> None:
    with pytest.raises(ValueError, match="size"):
        parse_size(written)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "1 s"),
        (0.4, "1 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (61.2, "1 min 1 s"),
        (3599.6, "1 h"),
        (7500, "2 h 5 min"),
    ],
)
def test_in_words(seconds: float, said: str) -> None:
    assert in_words(seconds) == said


@pytest.mark.parametrize(
    ("written", "budget"),
    [
        ("30m", (1800.0, 0)),
        ("1.5h", (5400.0, 0)),
        (" 90s ", (90.0, 0)),
        ("200k", (0.0, 200_000)),
        ("0.5k", (0.0, 500)),
    ],
)
def test_a_budget(written: str, budget: tuple[float, int]) -> None:
    assert parse_budget(written) == budget


@pytest.mark.parametrize("written", ["", "30", "k", "0k", "0m", "200K tokens", "2M", "1e3k", "m", "9" * 99 + "k"])
def test_no_budget(written: str) -> None:
    with pytest.raises(ValueError, match=r"no budget|no duration|above 0"):
        parse_budget(written)
