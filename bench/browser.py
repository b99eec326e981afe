"""How fast pages are judged: by waiting for them one after the other, and frame by frame in 1, 2 and N lanes.

    python bench/browser.py [--pages FOLDER] [--runs N] [--lanes 1,2,3] [--skip-waiting] [--busy N] [--minutes N]
    python bench/browser.py --whole 4 [--pages FOLDER] [--runs N]

As many threads ask as there are lanes. Each page has 2 s of its own time; what a page says of its options (actions,
libraries) holds here as well. The verdict is the set of findings (kind and line); it must be the one that the page
says, in every mode and in every run, with `frames: few` too. --busy: with so many busy processes beside it.

Within eight minutes on two cores, each mode as often as there is time for:
`--pages bench/pages --lanes 1,3 --runs 10 --minutes 6`, and the same with `--skip-waiting --busy 2`.

--whole: runs of pytest instead, plain and with -n2, on so many copies of each page as scripted answers; starts are
in their seconds, and the outcomes must be the same.

bench/pages are the ones that people use: WebGL, libraries, heavy ones. tests/data/pages are the light ones.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pytest_llm.browsers.find import find
from pytest_llm.browsers.pool import Pool
from pytest_llm.browsers.report import PageReport
from pytest_llm.checks.browser import Browser
from tests.helpers.pages import FOLDER, Sample, read_folder

BUSY = "while True: pass"
Verdict = tuple[tuple[str, int | None], ...]


def verdict(check: Browser, report: PageReport) -> Verdict:
    findings = {(event.kind, event.line) for event in report.events if event.kind != "warning"}
    findings |= {(finding.kind, None) for finding in check._pictures(report)}
    return tuple(sorted(findings, key=str))


def checked(page: Sample, few: bool) -> Browser:
    return Browser(**{**page.options, **({"frames": "few"} if few else {})})


def right(page: Sample, found: Verdict) -> bool:
    """Whether the verdict is the one that the page says; pages of others say none."""
    if page.kind in ("pass", "author", "unknown"):
        return page.kind == "unknown" or {kind for kind, _ in found} <= {"author"}
    return (page.kind, page.line or None) in found


def show(
    pages: list[Sample], lanes: int, *, stepping: bool, few: bool = False
) -> tuple[float, dict[str, Verdict], dict[str, float]]:
    """Seconds for all pages, verdict and seconds of each. The lanes are warm: a run has more pages than lanes."""
    browser = find()
    if not stepping:
        browser = type(browser)(browser.path, stepping=False)
    pool = Pool(browser, "block", lanes)

    def one(page: Sample) -> tuple[Verdict, float]:
        check = checked(page, few)
        report = pool.judge(page.html, check._options())
        return verdict(check, report), report.wall

    try:
        with ThreadPoolExecutor(lanes) as threads:
            list(threads.map(one, pages[:1] * lanes))
            began = time.perf_counter()
            verdicts = list(threads.map(one, pages))
            seconds = time.perf_counter() - began
    finally:
        pool.close()
    named = list(zip((page.name for page in pages), verdicts, strict=True))
    return seconds, {name: found for name, (found, _) in named}, {name: wall for name, (_, wall) in named}


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
    parser.add_argument("--minutes", type=float, default=math.inf, help="after which no run is begun any more")
    parser.add_argument("--busy", type=int, default=0, help="so many busy processes beside it")
    parser.add_argument("--whole", type=int, default=0, help="whole runs of pytest, on so many copies of each page")
    given = parser.parse_args()
    left_out = [part for part in given.without.split(",") if part]
    pages = [page for page in read_folder(given.pages) if not any(part in page.name for part in left_out)]
    print(f"{len(pages)} pages, {os.cpu_count()} cores, {given.busy} busy processes beside them")
    neighbours = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(given.busy)]
    try:
        return whole(pages * given.whole, given.runs) if given.whole else compare(pages, given)
    finally:
        for neighbour in neighbours:
            neighbour.kill()


def whole(pages: list[Sample], runs: int) -> int:
    """Print the seconds of each run of pytest, plain and with -n2 in turn; 1 where their outcomes differ."""
    outcomes: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        root, answers = Path(folder), list[dict[str, str]]()
        (root / "pytest.ini").write_text("[pytest]\n")
        for number, page in enumerate(pages):
            asked = f"page {number}!"
            answers.append({"match": asked, "text": f"````html\n{page.html}\n````"})
            checks = [{"browser": page.options or {}}]
            case = {"models": ["scripted:answers.yaml"], "prompt": asked, "checks": checks}
            (root / f"page{number}.prompt.yaml").write_text(json.dumps(case))
        (root / "answers.yaml").write_text(json.dumps(answers))
        for way in [["-p", "no:xdist"], ["-n2"]] * runs:
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", "-rN", *way]
            began = time.perf_counter()
            said = subprocess.run(command, cwd=root, capture_output=True, text=True).stdout.splitlines()[-1]
            seconds = time.perf_counter() - began
            outcome = said.partition(" in ")[0]
            print(f"{way[-1]:8} {seconds:7.1f} s {seconds / len(pages):7.2f} s/page  {outcome}", flush=True)
            outcomes.add(outcome)
    return int(len(outcomes) > 1)


def compare(pages: list[Sample], given: argparse.Namespace) -> int:
    """Print a row for each mode; 1 where a verdict was wrong in any of them."""
    began, seen = time.monotonic(), dict[str, set[Verdict]]()
    reference, waited, wrong = None, dict[str, float](), 0
    if not given.skip_waiting:
        reference, found, waited = show(pages, 1, stepping=False)
        wrong = tell("waiting, one after the other", reference, pages, None, found)
    modes = list(itertools.product(dict.fromkeys(int(number) for number in given.lanes.split(",")), (False, True)))
    for lanes, few in [mode for _ in range(given.runs) for mode in modes]:
        if time.monotonic() - began > 60 * given.minutes:
            break
        seconds, found, walls = show(pages, lanes, stepping=True, few=few)
        wrong += tell(
            f"stepped, {lanes} lane{'s' * (lanes > 1)}{', few frames' * few}", seconds, pages, reference, found
        )
        for name, found_here in found.items():
            seen.setdefault(name, set()).add(found_here)
        for name in (name for name in waited if lanes == 1 and walls[name] > 1.1 * waited[name]):
            print(f"    {name}: slower than real time, {walls[name]:.1f} s for {waited[name]:.1f} s")
    varied = {name: verdicts for name, verdicts in seen.items() if len(verdicts) > 1}
    print(f"verdicts that differ between runs: {varied or 'none'}", flush=True)
    return 1 if wrong or varied else 0


def tell(
    label: str, seconds: float, pages: list[Sample], reference: float | None, found: dict[str, Verdict]
) -> int:
    """Print a row; how many verdicts are wrong."""
    wrong = [page.name for page in pages if not right(page, found[page.name])]
    row(label, seconds, len(pages), reference, wrong)
    for name in wrong:
        print(f"    {name}: {found[name]}")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
