"""Hostile answers, each followed by a good and a bad program of its language: are the later verdicts right?

    python bench/hostile.py [--each 50] [--seconds 5] [LANGUAGE ...]

Prints a line a language: texts, how many later verdicts were wrong, how many raised, the slowest text in seconds.
Exit code 1 where a later verdict was wrong, or a text was answered later than its limit allows.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pytest_llm.errors import PytestLlmError
from pytest_llm.toolchains import toolchain
from pytest_llm.toolchains.base import Options, Snippet
from tests.helpers.hostile import GOOD_AND_BAD, inputs

GRACE = 10.0  # seconds over its limit that a text may take: a compiler is started, stopped, started again


def lines(language: str, text: str, seconds: float) -> list[int | None]:
    found = toolchain(language).examine([Snippet(text)], Options(seconds=seconds))
    return [one.line for one in found if one.severity == "error"]


def judge(language: str, each: int, seconds: float) -> bool:
    """Whether all went well; prints the language's line, and one for each text that did harm."""
    good, bad, line = GOOD_AND_BAD[language]
    wrong, raised, slowest = 0, 0, 0.0
    for seed in range(each):
        began = time.perf_counter()
        try:
            lines(language, inputs(language, seed), seconds)
        except PytestLlmError as error:
            raised += 1
            print(f"  {language} {seed}: {type(error).__name__}: {str(error)[:200]!r}")
        took = time.perf_counter() - began
        slowest = max(slowest, took)
        later = lines(language, good, 60), lines(language, bad, 60)
        if later != ([], [line]):
            wrong += 1
            print(f"  {language} {seed}: afterwards {later}")
    print(f"{language:<12} {each} texts, {wrong} later verdicts wrong, {raised} raised, slowest {slowest:.1f} s")
    return not wrong and slowest <= seconds + GRACE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("languages", nargs="*", default=sorted(GOOD_AND_BAD))
    parser.add_argument("--each", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    went_well = [judge(language, given.each, given.seconds) for language in given.languages]
    return int(not all(went_well))


if __name__ == "__main__":
    sys.exit(main())
