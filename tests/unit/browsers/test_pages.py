"""Real classes of bugs, each in a page of its own, shown in a real browser."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_llm.answers.extract import extract
from pytest_llm.browsers.find import find
from pytest_llm.checks.browser import Browser
from pytest_llm.errors import Unsupported
from tests.helpers.pages import FOLDER, Sample, context, read_pages, run, samples

try:
    find()
except Unsupported as missing:
    pytest.skip(str(missing), allow_module_level=True)

SAMPLES = {sample.name: sample for sample in samples()}
INTERFACES = {sample.name: sample for sample in read_pages(FOLDER.parent / "interfaces.html")}


@pytest.mark.parametrize("table", [SAMPLES, INTERFACES], ids=["samples", "interfaces"])
def test_each_page_gets_its_verdict(table: dict[str, Sample], tmp_path: Path) -> None:
    """All at the same time in a few lanes: none disturbs another, or the next one of its lane."""
    with ThreadPoolExecutor(4) as threads:
        found = dict(zip(table, threads.map(lambda sample: run(sample, tmp_path), table.values()), strict=True))
    assert {name: told for name, told in found.items() if not table[name].agrees(told)} == {}


def test_every_run_sees_the_same_frames(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        strips = set(
            threads.map(lambda number: _filmstrip(SAMPLES["ok-particles"], tmp_path / str(number)), range(4))
        )
    assert len(strips) == 1


def _filmstrip(sample: Sample, artifacts: Path) -> str:
    run(sample, artifacts)
    return hashlib.sha256((artifacts / "filmstrip.png").read_bytes()).hexdigest()


def test_a_page_of_five_megabytes(tmp_path: Path) -> None:
    data = ",".join(["1234567"] * 600_000)
    html = f"<!DOCTYPE html><html><p>Big</p><script>\nconst data = [{data}];\nnope(data);\n</script></html>"
    findings = run(Sample("big", html, "exception", 3, "nope is not defined", {}), tmp_path)
    assert [(f.kind, f.line) for f in findings if f.severity == "failure"] == [("exception", 3)]


def test_the_line_is_the_answers_and_the_code_line_is_shown(tmp_path: Path) -> None:
    answer = (
        "Here is the page.\n\n```html\n<html><body><p>Hi</p>\n<script>\n  lost();\n</script>\n</body></html>\n```\n"
    )
    (finding,) = Browser().run(extract(answer), context(tmp_path))
    assert (finding.line, finding.column, finding.source) == (6, 3, "lost();")
    assert finding.message == "uncaught exception: ReferenceError: lost is not defined"


def test_what_is_kept_for_people(tmp_path: Path) -> None:
    where = context(tmp_path / "cell")
    list(Browser().run(extract(SAMPLES["ok-ball"].html), where))
    list(Browser(screenshot=False).run(extract(SAMPLES["ok-table"].html), where))
    assert [label for label, _ in where.attachments] == ["page", "screenshot", "filmstrip", "page-2"]
    assert where.attachments[1][1].read_bytes().startswith(b"\x89PNG")


def test_an_answer_without_a_page_fails(tmp_path: Path) -> None:
    (finding,) = Browser().run(extract("I cannot write HTML."), context(tmp_path))
    assert finding.message == "no HTML page in the answer"


def test_an_error_that_is_allowed_does_not_count(tmp_path: Path) -> None:
    sample = SAMPLES["bad-console-error"]
    assert not run(sample, tmp_path, errors={"allow": ["level could not"]})


def test_warnings_count_only_if_asked_for(tmp_path: Path) -> None:
    (finding,) = run(SAMPLES["ok-handled-errors"], tmp_path, warnings="error")
    assert (finding.kind, finding.line) == ("warning", 10)


def test_a_page_with_network_reaches_no_private_address(tmp_path: Path) -> None:
    html = (
        "<!DOCTYPE html><html><p>Hi</p>\n<img src='http://127.0.0.1:80/a.png'>\n<img src='http://10.0.0.1/b.png'>"
    )
    html += "\n<script>new WebSocket('ws://10.0.0.1/c')</script></html>"
    findings = run(Sample("net", html, "request", 2, "a.png", {}), tmp_path, network="allow")
    assert {(f.kind, f.line) for f in findings} == {("request", 2), ("request", 3), ("request", 4)}
    assert len(findings) == 3
    for finding in findings:  # answered in any order
        assert ("WebSocket" if finding.line == 4 else "answered 403") in finding.message
