"""The pictures of the report in docs/: `python tools/report_pictures.py RUN-FOLDER`, a run of the shipped cases.

The demo model passes them all, so the run is told again as of three models that do not: verdicts, findings and
numbers are made up with a fixed seed; answers, pages and pictures are real.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

from playwright.sync_api import sync_playwright

from pytest_llm.browsers.find import locate
from pytest_llm.gates.past import of_runs
from pytest_llm.reports.viewer.document import write_file
from pytest_llm.reports.viewer.overview import Story
from pytest_llm.store.line import CellLine, End
from pytest_llm.store.record import RunRecord, read
from pytest_llm.store.runs import FILE

MODELS = {"my-coder": (63.4, 0.03, 2.1), "my-coder-q3": (48.7, 0.12, 2.8), "qwen3:8b": (44.2, 0.2, 4.1)}
FLOOR = {"name": "token_rate", "stage": "", "label": "token_rate: 40", "arguments": {"min": 40}}
FINDINGS = {  # by a case's language: the check, the message, what the line that it speaks of begins with
    "go": ("compile", "Go does not compile: declared and not used: size", "\t"),
    "html": ("browser", "page error on frame 51: Assignment to constant variable", "const"),
    "": ("schema", "amount: 'twelve' is not of type number", "{"),
}
PRINT = {
    "answers": {"server": "ollama", "version": "0.33.0", "base": "qwen3:8b", "quantisation": "Q4_K_M"},
    "speed": {"machine": "x86_64, 16 cores, RTX 4070 12 GiB", "gpu": 1, "slots": 2},
}
CUT = ("finish", "cut at num_predict=8192, 7,911 tokens went to thinking", "")
VIEWS = {
    "report": ("", 1280, 1000, "light"),
    "report-dark": ("", 1280, 1000, "dark"),
    "report-phone": ("", 390, 844, "light"),
    "report-cell": ("#cell={cell}", 1280, 900, "light"),
    "report-compare": ("#cell={cell}&with=before", 1280, 900, "dark"),
    "report-matrix": ("", 1280, 1000, "light"),
}


def told(run: RunRecord, name: str, seed: int, more: float) -> RunRecord:
    """The run as three models' own. more: how much oftener than usual they fail."""
    chance, lines = Random(seed), []
    for line in run.cells.values():
        for model, (rate, fails, load) in MODELS.items():
            if not (model == "my-coder" and line.think == "on"):
                lines.append(varied(line, model, rate * chance.uniform(0.96, 1.04), load, chance, fails * more))
    counts = {word: sum(line.outcome == word for line in lines) for word in ("passed", "failed")}
    names = tuple(line.nodeid for line in lines)
    header = replace(run.header, run=name, branch="main", commit=f"{seed:x}f2c1e9a7" + "0" * 31, cells=names)
    end = End(True, 1, counts, run.end.ended if run.end else "", "WARN", "3 cells newly failing, within noise")
    return RunRecord.of(run.path, header, tuple(lines), end)


def varied(line: CellLine, model: str, rate: float, load: float, chance: Random, fails: float) -> CellLine:
    wrong = chance.random() < fails
    answers = [asked(answer, line, model, rate, load, wrong) for answer in line.answers]
    found = next((f["message"] for answer in answers for f in answer["findings"]), "")
    outcome = "failed" if wrong else "passed"
    return replace(
        line,
        model=model,
        engine="ollama",
        outcome=outcome,
        reported=outcome,
        reason=found,
        answers=tuple(answers),
        nodeid=line.nodeid.replace("demo", model),
        checks=(*line.checks, FLOOR),
        exclusive=True,
    )


def asked(answer: Any, line: CellLine, model: str, rate: float, load: float, wrong: bool) -> dict[str, Any]:
    tokens = (answer["numbers"]["answer_tokens"] or 0) * (3 if line.think == "on" else 1)
    seconds = tokens / rate
    numbers = {"answer_tokens": tokens, "answer_seconds": seconds, "rate": rate, "load_seconds": load}
    text = answer["thinking"] * 12
    return {
        **answer,
        "stored": "",
        "model": f"{model}:3f9a1c",
        "server": "http://127.0.0.1:11434",
        "version": "0.33.0",
        "thinking": text,
        "digest": "sha256:9f43ab107c",
        "findings": list(findings(answer["text"], line, wrong)),
        "numbers": {**answer["numbers"], **numbers, "first_token": load + 9 / rate, "wall": load + seconds},
        "fingerprint": PRINT,
    }


def findings(text: str, line: CellLine, wrong: bool) -> Iterator[dict[str, Any]]:
    if not wrong:
        return
    language = next((mark for mark in line.markers if mark in FINDINGS), "")
    check, message, begins = CUT if line.think == "on" and len(text) % 2 else FINDINGS[language]
    lines = text.split("\n")
    at = next(
        (n for n, one in enumerate(lines, 1) if begins and n > 14 and one.lstrip(" ").startswith(begins)), None
    )
    yield {
        "check": check,
        "message": message,
        "severity": "failure",
        "line": at,
        "source": lines[at - 1] if at else "",
    }


def main() -> None:
    run = read(Path(sys.argv[1]) / FILE)
    past = [told(run, f"202611{20 + day}-181502-77ab0{day}", day, 1.6 - day / 8) for day in range(7)]
    now = told(run, "20261128-070640-197c0e", 11, 0.9)
    before = past[-1]
    story = Story(now, of_runs(f"run {before.header.run}", [before]), past)
    passed = {line.nodeid for line in before.cells.values() if line.outcome == "passed"}
    changed = [line for line in now.cells.values() if line.nodeid in passed and "visual" in line.markers]
    chosen = next(line for line in changed if any(f["line"] for f in line.answers[0]["findings"]))
    cell = quote(chosen.nodeid.rpartition("::")[2], safe="")
    before = replace(before, cells={name: earlier(line) for name, line in before.cells.items()})
    out = Path(__file__).parents[1] / "docs" / "pictures"
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "report.html"
        write_file(file, story, before)
        browser = playwright.chromium.launch(executable_path=locate(None), args=["--no-sandbox"])
        for name, (at, width, height, scheme) in VIEWS.items():
            view = {"width": width, "height": height}
            page = browser.new_context(viewport=view, color_scheme=scheme).new_page()  # type: ignore[arg-type]
            page.goto(file.as_uri() + at.format(cell=cell))
            page.wait_for_function("document.documentElement.dataset.ready")
            page.wait_for_timeout(500)
            if name == "report-matrix":
                page.locator(".cells").evaluate("e => e.scrollIntoView()")
            page.screenshot(path=out / f"{name}.png")
        browser.close()


def earlier(line: CellLine) -> CellLine:
    """As it was answered then: the same, but for a line."""
    answers = tuple({**one, "text": one["text"].replace("const ", "let ", 2)} for one in line.answers)
    return replace(line, answers=answers)


if __name__ == "__main__":
    main()
