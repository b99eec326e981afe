"""The arguments of the browser check, as a case file gives them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pytest_llm.answers.extract import CodeBlock, extract
from pytest_llm.browsers.report import PageEvent, PageReport
from pytest_llm.checks.base import CheckContext
from pytest_llm.checks.browser import Browser, _left_out
from pytest_llm.providers.base import Response

HTML = "<!DOCTYPE html>\n<html><h1>Hi</h1></html>"


FENCED = "<textarea>\n```js\nx\n```\n</textarea>"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"duration": "2 parsecs"}, "is no duration"),
        ({"duration": "10m"}, "less than or equal to 120"),
        ({"errors": {"allow": ["("]}}, "is no regular expression"),
        ({"errors": {"allowed": "x"}}, "Extra inputs"),
        ({"network": "maybe"}, "'block' or 'allow'"),
        ({"wait_for": " "}, "a JavaScript expression, not nothing"),
        ({"actions": [{}]}, "found none"),
        ({"actions": [{"klick": "#a"}]}, "no action is called 'klick'; there are click, double_click"),
        ({"actions": [{"fill": {}}]}, "at least 1 item"),
        ({"actions": [{"drag": [[1, 2]]}]}, "actions.0.drag"),
        ({"actions": [{"click": {"words": "Start"}}]}, "text"),
        ({"actions": [{"click": "#a", "press": "a"}]}, "found click and press"),
        ({"actions": [{"press": "Jump"}]}, "unknown key 'Jump'"),
        ({"actions": [{"click": "#a", "for": "1s"}]}, "it goes with 'press'"),
        ({"width": 2}, "greater than or equal to 16"),
        ({"colour": "red"}, "Extra inputs"),
        ({"hang": "soon"}, "is no duration"),
        ({"date": "yesterday"}, "valid datetime"),
        ({"not_blank": "canvases"}, "'canvas'"),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Browser(**given)


def test_actions_as_the_lane_gets_them() -> None:
    check = Browser.model_validate(
        {"actions": [{"press": "ArrowLeft", "for": "500ms"}, {"click": [3, 4]}, {"wait": "1s"}]}
    )
    assert [action.plain() for action in check.actions] == [
        {"press": "ArrowLeft", "for": 0.5},
        {"click": [3.0, 4.0]},
        {"wait": 1.0},
    ]


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("2024-02-29", "2024-02-29T12:00:00+00:00"),
        ("2024-02-29T18:30", "2024-02-29T18:30:00+00:00"),
        ("2024-02-29T18:30+02:00", "2024-02-29T16:30:00+00:00"),
        ("1969-12-31", "1969-12-31T12:00:00+00:00"),
    ],
)
def test_the_pages_date(date: str, moment: str) -> None:
    assert Browser.model_validate({"date": date})._options().date == datetime.fromisoformat(moment).timestamp()


@pytest.mark.parametrize(
    ("options", "report", "kinds"),
    [
        ({}, PageReport(blank=True), ["blank"]),
        ({}, PageReport(blank=True, whole=False), []),  # who knows what it would have shown
        ({"animated": True}, PageReport(moments=3, changes=0), ["static"]),
        ({"animated": True}, PageReport(moments=3, changes=0, whole=False), []),
        ({"not_blank": False}, PageReport(blank=True), []),
    ],
)
def test_what_the_pictures_say(options: dict[str, Any], report: PageReport, kinds: list[str]) -> None:
    assert [finding.kind for finding in Browser(**options)._pictures(report)] == kinds


@pytest.mark.parametrize(
    ("answer", "notes"),
    [
        (f"```html\n{HTML}\n```\n", []),
        (
            f"```html\n{HTML}\n```\n```css\nh1 {{}}\n```\n```sh\nls\n```\n",
            ["line 2 was shown; the answer also has css in line 6"],
        ),
        (
            f"```js\nlet x;\n```\n```html\n{HTML}\n```\n",
            ["line 5 was shown; the answer also has javascript in line 2"],
        ),
        (
            f"```html\n{HTML}\n```\nOr:\n```html\n{HTML}\n<p>2\n```\n",
            ["line 7 was shown; the answer also has html in line 2"],
        ),
        (f"Page:\n{HTML.replace('<h1>', FENCED)}\n", []),
    ],
)
def test_what_was_not_judged_is_said(answer: str, notes: list[str]) -> None:
    artifact = extract(answer)
    page = artifact.page()
    assert page is not None
    assert [note.partition("the page in ")[2] for note in _left_out(page, artifact)] == notes


def test_a_mistake_of_the_cases_own_is_never_the_models() -> None:
    page = CodeBlock("<p>x</p>", "html")
    report = PageReport(
        (PageEvent("author", "wait_for is no JavaScript expression: '('"), PageEvent("dialog", "hi"))
    )
    found = Browser.model_validate({"errors": {"allow": [".*"]}, "wait_for": "("})._events(page, report)
    assert [finding.severity for finding in found] == ["error"]


def test_pictures_that_cannot_be_kept_are_no_verdict(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, where the folder should be")
    context = CheckContext(Response(""), tmp_path, tmp_path, tmp_path / "taken/cell")
    Browser()._keep(CodeBlock("<p>", "html"), PageReport(), context)
    assert context.attachments == []
