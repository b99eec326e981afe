"""Hostile answers, each followed by a good and a bad one of its kind: are the later verdicts right?

    python bench/hostile.py [--each 50] [--first 0] [--seconds 5] [--browser firefox] [LANGUAGE|pages ...]

Prints a line a language: answers, how many later verdicts were wrong, how many raised, the slowest one in seconds;
of pages also the most memory that browsers held meanwhile. Exit code 1 where a later verdict was wrong, where one
raised, or where one was answered later than its limit allows.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pytest_llm.browsers.chromium.browser import held
from pytest_llm.browsers.find import find
from pytest_llm.browsers.pool import Pool
from pytest_llm.browsers.report import PageOptions
from pytest_llm.errors import PytestLlmError
from pytest_llm.sandbox import usage
from pytest_llm.toolchains import toolchain
from pytest_llm.toolchains.base import Options, Snippet
from tests.helpers import hostile_pages
from tests.helpers.hostile import GOOD_AND_BAD, inputs
from tests.helpers.hostile_pages import verdict

GRACE = 10.0  # seconds over its limit that a text may take: a compiler is started, stopped, started again
PAGE_LIMIT = 90.0  # seconds for a page: it may hang, be shown again in real time, and lose its browser


@dataclass
class Tally:
    """What became of the answers of a kind so far."""

    name: str
    answers: int = 0
    wrong: int = 0
    raised: int = 0
    slowest: float = 0.0

    def add(self, title: str, hostile: Callable[[], object], afterwards: Callable[[], bool]) -> None:
        """Try one; tells of it where it raised or did harm."""
        self.answers += 1
        began = time.perf_counter()
        try:
            hostile()
        except PytestLlmError as error:
            self.raised += 1
            print(f"  {self.name} {title}: {type(error).__name__}: {str(error)[:200]!r}", flush=True)
        self.slowest = max(self.slowest, time.perf_counter() - began)
        if not afterwards():
            self.wrong += 1
            print(f"  {self.name} {title}: a verdict afterwards was wrong", flush=True)

    def went_well(self, limit: float) -> bool:
        """Whether nothing was wrong, raised, or took more than `limit` seconds."""
        return not (self.wrong or self.raised) and self.slowest <= limit

    def __str__(self) -> str:
        return (
            f"{self.name:<12} {self.answers} answers, {self.wrong} later verdicts wrong, {self.raised} raised, "
            f"slowest {self.slowest:.1f} s"
        )


def lines(language: str, text: str, seconds: float) -> list[int | None]:
    found = toolchain(language).examine([Snippet(text)], Options(seconds=seconds))
    return [one.line for one in found if one.severity == "error"]


def judge_language(language: str, seeds: range, seconds: float) -> bool:
    """Whether all went well; prints the language's line, and one for each text that did harm."""
    good, bad, line = GOOD_AND_BAD[language]
    tally = Tally(language)
    for seed in seeds:
        tally.add(
            str(seed),
            partial(lines, language, inputs(language, seed), seconds),
            lambda: (lines(language, good, 60), lines(language, bad, 60)) == ([], [line]),
        )
    print(tally, flush=True)
    return tally.went_well(seconds + GRACE)


def judge_pages(seeds: range, browser: str | None, verbose: bool) -> bool:
    """Whether all went well, in one lane, so that a page follows the one before it in the same browser."""
    pool = Pool(find(browser), "block", 1)
    tally = Tally("pages")
    options = PageOptions(duration=1.0)

    def show(name: str, html: str) -> None:
        report = pool.judge(html, options)
        if verbose:
            print(f"    {name}: {report.wall:.1f} s, {report.mode}, {verdict(report)[:5]}", flush=True)

    def afterwards() -> bool:
        found = [verdict(pool.judge(text, options)) for text in (hostile_pages.GOOD, hostile_pages.BAD)]
        if found != [[], hostile_pages.BAD_VERDICT]:
            print(f"    {found}")
        return found == [[], hostile_pages.BAD_VERDICT]

    try:
        with _peak() as peak:
            for seed in seeds:
                name, html = hostile_pages.page(seed)
                tally.add(f"{seed} ({name})", partial(show, name, html), afterwards)
    finally:
        pool.close()
    print(f"{tally}, most memory {peak[0] / 1e6:.0f} MB", flush=True)
    return tally.went_well(PAGE_LIMIT)


@contextmanager
def _peak() -> Iterator[list[int]]:
    """The most bytes that this process and all below it held, sampled."""
    seen, over = [0], threading.Event()

    def sample() -> None:
        while not over.wait(0.1):
            seen[0] = max(seen[0], held(usage.family(os.getpid())))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=[*sorted(GOOD_AND_BAD), "pages"])
    parser.add_argument("--each", type=int, default=50, help="answers of each kind")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seconds", type=float, default=5.0, help="that a compiler may take")
    parser.add_argument("--browser", help="firefox, or a path")
    parser.add_argument("--verbose", action="store_true", help="tell what became of each page")
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.each)
    went_well = [
        judge_pages(seeds, given.browser, given.verbose)
        if kind == "pages"
        else judge_language(kind, seeds, given.seconds)
        for kind in given.kinds
    ]
    return int(not all(went_well))


if __name__ == "__main__":
    sys.exit(main())
