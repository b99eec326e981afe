"""Bars and min_pass that a change lowered."""

from __future__ import annotations

import pytest

from pytest_llm.gates.weakened import bars, bars_of, cases


@pytest.mark.parametrize(
    ("ini", "bars"),
    [
        ({}, []),
        ({"llm_gate": "a>=1%\n  b>=2%\n"}, ["a>=1%", "b>=2%"]),
        ({"llm_gate": ["a>=1%"], "addopts": ["--llm-gate", "b c>=2%"]}, ["b c>=2%", "a>=1%"]),
        ({"addopts": "-q --llm-gate=a>=1% --llm-gate 'b c>=2%' -x"}, ["a>=1%", "b c>=2%"]),
        ({"addopts": "--llm-gate"}, []),
        ({"addopts": "-o llm_gate=a>=1% --override-ini=llm_gate=b>=2%", "llm_gate": "c>=3%"}, ["b>=2%"]),
        ({"addopts": "-o other=1", "llm_gate": "c>=3%"}, ["c>=3%"]),
        ({"addopts": "--llm-gate 'a>=1%"}, ["'a>=1%"]),
    ],
)
def test_the_bars_of_an_ini_file(ini: dict[str, object], bars: list[str]) -> None:
    assert sorted(bars_of(ini)) == sorted(bars)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ([">=80%"], [">=80%"], []),
        ([">=80%"], [">=70%"], ["this change lowers the bar >=80% to >=70%"]),
        ([">=80%"], [">=90%"], []),
        (["visual@m>=80%"], [">=90%"], ["this change takes out the bar visual@m>=80%"]),
        (
            ["rate@m>=40", "a>=1%"],
            ["rate@m>=39.5"],
            ["this change lowers the bar rate@m>=40 to rate@m>=39.5", "this change takes out the bar a>=1%"],
        ),
        (["rate>=40%"], ["rate>=40"], ["this change takes out the bar rate>=40%"]),
        ([], [">=1%"], []),
        (["broken", " >=5% "], [">=5%"], []),
    ],
)
def test_bars(before: list[str], now: list[str], said: list[str]) -> None:
    assert list(bars(before, now)) == said


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ("samples: 5", "samples: 5", []),
        ("samples: 5", "samples: 5\nmin_pass: 3", ["a.prompt.yaml::a from all of 5 to 3 of 5"]),
        ("samples: 5\nmin_pass: 80%", "samples: 5\nmin_pass: 4", []),
        ("samples: 5\nmin_pass: 3", "samples: 10\nmin_pass: 3", ["a.prompt.yaml::a from 3 of 5 to 3 of 10"]),
        ("samples: 5\nmin_pass: 3", "samples: 5", []),
        ("prompt: x", "samples: 5\nmin_pass: 1", ["a.prompt.yaml::a from all of 1 to 1 of 5"]),
        (
            "id: x\nsamples: 2\n---\nsamples: 4",
            "id: x\nsamples: 2\n---\nsamples: 4\nmin_pass: 50%",
            ["a.prompt.yaml::a-2 from all of 4 to 50% of 4"],
        ),
        ("id: x\nsamples: 2", "id: y\nsamples: 2\nmin_pass: 1", []),
        ("", "samples: 5\nmin_pass: 1", []),
        ("{", "samples: 5\nmin_pass: 1", []),
        ("samples: 5", "samples: many\nmin_pass: 1", []),
        ("samples: 5", "samples: 5\nmin_pass: [1]", []),
        ("samples: 5", "[1, 2]", []),
    ],
)
def test_min_pass(before: str, now: str, said: list[str]) -> None:
    expected = [f"this change lowers min_pass of {one}" for one in said]
    assert list(cases("a.prompt.yaml", before, now)) == expected


def test_defaults() -> None:
    said = list(cases("x/_defaults.yaml", "min_pass: 90%\nsamples: 10", "min_pass: 50%\nsamples: 10"))
    assert said == ["this change lowers min_pass of x/_defaults.yaml from 90% of 10 to 50% of 10"]
