"""The top of pytest-html's page: models and matrix, and nothing in it is markup of a model's."""

from __future__ import annotations

from html.parser import HTMLParser

from pytest_llm.reports.html_summary import style, summary
from tests.helpers.records import answer, cell, finding, record

EVIL = "</style></td><script>alert(1)</script>\" onmouseover='x' \0 \u202e"


class Tags(HTMLParser):
    """The elements, and their text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.said += f"{data} "


def test_models_and_matrix() -> None:
    bad = answer(findings=[finding("bad")])
    lines = [cell("a"), cell("a", think="on", answers=[bad]), cell("b", samples=3, outcomes=("passed",) * 2)]
    said = Tags(summary(record(*lines))).said.split()
    assert " ".join(said).startswith(
        "Models Model Passed Tokens a second First token Load Thinking m, think off 2 of 2"
    )
    assert " ".join(said[said.index("Cells") :]) == (
        "Cells tokens a second, ~ beside others m, think off m, think on a ✓ ~50.0 ✕ ~50.0 b ✓ 2/3 ~50.0"
    )
    expected = cell(think="default", outcome="failed", reported="xfailed", answers=[bad])
    assert Tags(summary(record(expected))).said.split()[-5:] == ["m", "a", "✕", "xfail", "~50.0"]


def test_nothing_in_it_is_markup() -> None:
    asked = answer(findings=[finding(EVIL)])
    names = dict.fromkeys(("nodeid", "case", "file", "row", "model", "think", "outcome", "reported"), EVIL)
    found = Tags(summary(record(cell(answers=[asked], markers=(EVIL,), axes={EVIL: EVIL}, **names))))
    assert set(found.tags) == {"section", "h3", "table", "tr", "th", "td", "span", "i", "b"}
    assert found.names == {"class", "scope", "style", "title"}
    assert "<script>alert(1)</script>" in found.said
    assert "\0" not in found.said


def test_a_run_without_a_verdict() -> None:
    assert summary(record()) == ""
    assert style().count("<") == 2
