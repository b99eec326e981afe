"""The way of a cell: what is asked, and made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llm.verdicts import pipeline, plan
from pytest_llm.verdicts.judge import Place
from tests.fake_ollama import FakeOllama
from tests.helpers.asking import desk

CHAIN = """\
models: m
stages:
- {name: draw, prompt: draw}
- {name: mend, prompt: 'mend {{ previous.text }}'}
checks: [{contains: This}]
"""


@pytest.mark.parametrize(
    ("text", "first", "asked"),
    [
        ("models: m\nprompt: hi\nchecks: [{contains: This}]\n", 1, 1),
        ("models: m\nprompt: hi\nsamples: 3\nchecks: [{contains: This}]\n", 3, 3),
        ("models: m\nprompt: hi\nthink: 'off'\nescalate: {think: 'on'}\nchecks: [{contains: never}]\n", 1, 2),
        (CHAIN, 1, 2),
    ],
)
def test_a_first_question_that_was_made_is_not_made_anew(
    tmp_path: Path, fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch, text: str, first: int, asked: int
) -> None:
    """Those of later stages and attempts are, and what is asked is the same."""
    fake_ollama.add_model("m", capabilities=["completion", "thinking"])
    built = []
    build = plan.build  # type: ignore[attr-defined]
    monkeypatch.setattr(plan, "build", lambda *given, **named: built.append(named) or build(*given, **named))
    with desk(tmp_path, fake_ollama.url) as asking:
        (cell,) = asking.plans(text)
        jobs = pipeline.first_jobs(cell, "c")
        place = Place(tmp_path, tmp_path / "files")
        made = pipeline.verdict(cell, "c", asking.engine, place, jobs)
        assert (len(jobs), len(built)) == (first, asked)
        anew = pipeline.verdict(cell, "c", asking.engine, place)
    assert [one.request for one in made.asked] == [one.request for one in anew.asked]
    assert len(made.asked) == asked
