"""What is said of the samples of a cell, and which of them are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_llm.checks.base import Finding, Severity
from pytest_llm.providers.base import Response, Usage
from pytest_llm.reports import samples, terminal
from pytest_llm.reports.html import extras
from pytest_llm.reports.numbers import properties, typical
from pytest_llm.verdicts.estimate import estimate
from pytest_llm.verdicts.verdict import Asked, Verdict

SEVERITY: dict[str, Severity] = {"f": "failure", "e": "error", "s": "skip"}
IDENTITY: dict[str, Any] = {"case": "c", "row": "", "seed": None, "axes": {}, "options": {}, "must_pass": True}


def asked(letter: str, number: int, attempt: int = 1, think: object = None, tokens: int = 100) -> Asked:
    found = (Finding("c", f"no {number + 1}", SEVERITY[letter]),) if letter in SEVERITY else ()
    request = {
        "model": "m",
        "think": think,
        "options": {"seed": number + 1},
        "messages": [{"role": "user", "content": "q"}],
    }
    return Asked(
        request,
        Response("a", usage=Usage(answer_tokens=tokens, answer_seconds=2.0)),
        "",
        found,
        (),
        number,
        attempt,
    )


def verdict(letters: str, wanted: int, min_pass: int) -> Verdict:
    return Verdict(tuple(asked(one, number) for number, one in enumerate(letters)), wanted, min_pass)


@pytest.mark.parametrize(
    ("letters", "wanted", "min_pass", "lines"),
    [
        ("p", 1, 1, []),
        ("f", 1, 1, []),
        (
            "ppfpf",
            5,
            3,
            [
                "3 of 5 samples passed, min_pass is 3",
                "pass rate 60%, 95% interval 23.1% to 88.2%",
                "pass@1 60%, pass@2 90%, pass^1 60%, pass^2 30%",
            ],
        ),
        (
            "pp",
            2,
            2,
            [
                "2 of 2 samples passed, min_pass is 2",
                "pass rate 100%, 95% interval 34.2% to 100%",
                "pass@1 100%, pass^1 100%",
            ],
        ),
        (
            "pesf",
            4,
            2,
            [
                "1 of 4 samples passed, min_pass is 2; 1 was an ERROR; 1 was SKIPPED",
                "pass rate 50%, 95% interval 9.45% to 90.5%",
                "pass@1 50%, pass^1 50%",
            ],
        ),
        ("ee", 2, 1, ["0 of 2 samples passed, min_pass is 1; 2 were an ERROR"]),
        ("pf", 4, 4, ["1 of the 2 samples asked passed, min_pass is 4 of 4", "ended early: no interval"]),
    ],
)
def test_how_many_passed_and_what_that_says(letters: str, wanted: int, min_pass: int, lines: list[str]) -> None:
    assert samples.tally(verdict(letters, wanted, min_pass)) == lines


@pytest.mark.parametrize(
    ("again", "think", "words", "outcome", "told"),
    [
        ("p", True, "asked again with think on, passed only so", "passed", True),
        ("f", "high", "asked again with think high, failed again", "failed", False),
        ("e", True, "asked again with think on, could not be judged", "failed", False),
        ("s", True, "asked again with think on, could not be judged", "failed", False),
    ],
)
def test_escalation_in_words(again: str, think: object, words: str, outcome: str, told: bool) -> None:
    found = Verdict((asked("f", 0), asked(again, 0, 2, think)))
    assert (found.outcome, found.escalated, found.outcomes) == (outcome, told, (outcome,))
    assert samples.tally(found) == [f"escalated: {words}"]
    assert list(samples.warnings(found)) == ([f"escalated: {words}; before: no 1"] if told else [])
    assert [samples.title(found, one) for one in found.tries] == ["asked first", words.split(",")[0]]
    assert Verdict.from_plain(found.to_plain()) == found


def test_a_model_that_cannot_think_was_not_asked_again() -> None:
    unable = replace(asked("s", 0, 2, True), response=None)
    found = Verdict((asked("f", 0), unable))
    assert samples.tally(found) == ["not asked again with think on: no 1"]
    assert [samples.title(found, one) for one in found.tries] == ["asked first", "not asked again with think on"]


def test_a_pass_tells_what_was_not_judged_and_others_do_not() -> None:
    assert list(samples.warnings(verdict("pep", 3, 2))) == ["1 of 3 samples could not be judged: no 2"]
    assert list(samples.warnings(verdict("pef", 3, 3))) == []
    assert list(samples.warnings(verdict("ppf", 3, 2))) == []


@pytest.mark.parametrize(
    ("letters", "min_pass", "most", "numbers"),
    [
        ("ppppp", 5, 3, [1, 2, 3]),
        ("ppfpf", 5, 3, [1, 3, 5]),
        ("ppfpf", 3, 1, [3]),
        ("pefep", 5, 2, [2, 3]),
        ("pepep", 5, 3, [1, 2, 4]),
        ("ppfpf", 5, None, [1, 2, 3, 4, 5]),
    ],
)
def test_those_that_decided_are_shown_first(
    letters: str, min_pass: int, most: int | None, numbers: list[int]
) -> None:
    found = samples.shown(verdict(letters, len(letters), min_pass), most)
    assert [one.sample + 1 for one in found] == numbers


def test_the_reasons_are_those_of_the_samples_that_decided() -> None:
    found = verdict("pefe", 4, 3)
    assert found.outcome == "error"
    assert [finding.message for finding in found.reasons] == ["no 2", "no 4"]
    assert terminal.headline(found) == "1 of 4 samples passed, min_pass is 3: no 2 (and 1 more)"
    assert verdict("ppf", 3, 2).reasons == ()


def test_numbers_are_medians() -> None:
    found = Verdict(tuple(asked("p", number, tokens=tokens) for number, tokens in enumerate((100, 400, 300))), 3, 3)
    said = dict(properties(found, IDENTITY))
    assert (said["llm.answer_tokens"], said["llm.tokens_per_second"], said["llm.finish"]) == (300, 150.0, "stop")
    assert said["llm.must_pass"] == "true"
    assert typical(found).startswith("medians: 300 tokens, 150.0 tokens/s")
    assert typical(verdict("p", 1, 1)) == ""
    assert "llm.samples" not in dict(properties(verdict("p", 1, 1), IDENTITY))


def test_properties_that_many_cells_have_are_kept_once() -> None:
    """pytest keeps three lists of them for each cell until the run ends."""
    one, other = (properties(verdict("p", 1, 1), IDENTITY) for _ in range(2))
    assert one == other
    assert all(mine is theirs for mine, theirs in zip(one, other, strict=True))
    count = dict(properties(verdict("pp", 2, 1), IDENTITY))["llm.min_pass"]
    assert type(count) is int


def test_the_page_shows_fifty_with_the_failures_among_them() -> None:
    page = next(extras(verdict("p" * 60 + "f", 61, 61)))["content"]
    assert page.count("<summary>sample ") == 50
    assert "<details open><summary>sample 61, seed 61: failed" in page
    assert "and 11 more: " in page


def test_what_ended_early_gives_no_estimate() -> None:
    found = estimate(verdict("pf", 4, 4))
    assert (found.passed, found.judged, found.asked, found.rate, found.interval) == (1, 2, 2, None, None)
    assert (found.pass_at, found.pass_all) == ({}, {})
