from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pytest_llm.checks.base import Finding, Severity
from pytest_llm.providers.base import Response, ToolCall, Usage
from pytest_llm.verdicts.verdict import Asked, Verdict


def verdict(*severities: Severity) -> Verdict:
    return Verdict((Asked({}, findings=tuple(Finding("c", s, s) for s in severities)),))


@pytest.mark.parametrize(
    ("severities", "outcome"),
    [
        ([], "passed"),
        (["note", "warning"], "passed"),
        (["skip"], "skipped"),
        (["skip", "error"], "error"),
        (["skip", "error", "failure"], "failed"),
        (["warning", "skip"], "skipped"),
    ],
)
def test_failed_before_error_before_skipped(severities: list[Severity], outcome: str) -> None:
    found = verdict(*severities)
    assert found.outcome == outcome
    assert len(found.reasons) == (0 if outcome == "passed" else 1)


def test_to_plain_data_and_back() -> None:
    response = Response("a", "t", "length", Usage(1, 2.0, 3, 4.0), 0.1, 2.0, "m", notes=("n",), retries=("r",))
    response = replace(response, finish_word="stop", tool_calls=(ToolCall("f", "{}"),))
    finding = Finding("compile", "no", "failure", "syntax", 3, 4, "x =", "more")
    whole = Verdict((Asked({"model": "m"}, response, "s", (finding,), (("page", "p.html"),)), Asked({})))
    assert Verdict.from_plain(json.loads(json.dumps(whole.to_plain()))) == whole
    assert whole.response == response


TEXT = "x" * 1000


@pytest.mark.parametrize(
    "asked",
    [
        Asked({"messages": [{"role": "user", "content": TEXT}]}),
        Asked({}, Response(TEXT)),
        Asked({}, Response("", TEXT)),
        Asked({}, Response("", tool_calls=(ToolCall("f", TEXT),))),
        Asked({}, findings=(Finding("c", "no", "failure", details=TEXT),)),
        Asked({}, judged=({"messages": [{"role": "user", "content": TEXT}]},)),
    ],
)
def test_how_large_one_is(asked: Asked) -> None:
    """Whatever of it is held, of every question."""
    assert Verdict().size < 50
    assert 2000 <= Verdict((asked, asked)).size < 2500
