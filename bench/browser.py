"""How fast pages are judged: by waiting for them one after the other, and frame by frame in 1, 2 and N lanes.

    python bench/browser.py [--pages FOLDER] [--runs N] [--lanes 1,2,3] [--skip-waiting]

Each page has 2 s of its own time. The verdict is the set of findings (kind and line); it must be the same in every
mode and in every run.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pytest_llm.browsers.find import find
from pytest_llm.browsers.pool import Pool
from pytest_llm.browsers.report import PageOptions, PageReport
from tests.helpers.pages import FOLDER, Sample, read_folder

OPTIONS = PageOptions(duration=2.0)
Verdict = tuple[tuple[str, int | None], ...]


def verdict(report: PageReport) -> Verdict:
    findings = {(event.kind, event.line) for event in report.events if event.kind != "warning"}
    if report.blank:
        findings.add(("blank", None))
    if report.changes < 2 and report.blank is not None:
        findings.add(("static", None))
    return tuple(sorted(findings, key=str))


def show(pages: list[Sample], lanes: int, *, stepping: bool) -> tuple[float, dict[str, Verdict]]:
    """Seconds for all pages, and the verdict of each. The lanes are warm: a run has many more pages than lanes."""
    browser = find()
    if not stepping:
        browser = type(browser)(browser.path, stepping=False)
    pool = Pool(browser, "block", lanes)

    def one(page: Sample) -> Verdict:
        return verdict(pool.judge(page.html, OPTIONS))

    try:
        with ThreadPoolExecutor(lanes) as threads:
            list(threads.map(one, pages[:1] * lanes))
            began = time.perf_counter()
            verdicts = list(threads.map(one, pages))
            seconds = time.perf_counter() - began
    finally:
        pool.close()
    return seconds, {page.name: found for page, found in zip(pages, verdicts, strict=True)}


def row(label: str, seconds: float, pages: int, reference: float | None, differ: list[str]) -> None:
    ratio = f"{reference / seconds:6.1f} x" if reference else "       -"
    agree = f"{pages - len(differ)} of {pages}" + (f" ({', '.join(differ[:4])})" if differ else "")
    print(
        f"{label:34} {seconds:7.1f} s {seconds / pages:7.2f} s/page {pages / seconds:6.2f} pages/s {ratio}  {agree}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=Path, default=FOLDER, help="a folder of *.html (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=1, help="how often each stepped mode is run")
    parser.add_argument("--lanes", default=f"1,2,{len(os.sched_getaffinity(0)) + 1}", help="default: %(default)s")
    parser.add_argument("--skip-waiting", action="store_true", help="do not wait in real time for comparison")
    parser.add_argument("--without", default="", help="leave out pages whose name holds one of these, by commas")
    given = parser.parse_args()
    left_out = [part for part in given.without.split(",") if part]
    pages = [page for page in read_folder(given.pages) if not any(part in page.name for part in left_out)]
    print(f"{len(pages)} pages, {OPTIONS.duration:g} s each, {os.cpu_count()} cores")
    reference, expected, worst = None, None, 0
    if not given.skip_waiting:
        reference, expected = show(pages, 1, stepping=False)
        row("waiting, one after the other", reference, len(pages), None, [])
    for lanes in dict.fromkeys(int(number) for number in given.lanes.split(",")):
        for _ in range(given.runs):
            seconds, found = show(pages, lanes, stepping=True)
            expected = expected or found
            differ = [name for name in found if found[name] != expected[name]]
            worst = max(worst, len(differ))
            row(f"stepped, {lanes} lane{'s' * (lanes > 1)}", seconds, len(pages), reference, differ)
            for name in differ:
                print(f"    {name}: {expected[name]} became {found[name]}")
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main())
