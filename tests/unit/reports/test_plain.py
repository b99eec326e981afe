from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llm.reports.plain import one_line, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nwith lines", "plain\ttext\nwith lines"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\rb\r\nc", "a\\x0db\nc"),
        ("::error::boo", ":\u200b:error::boo"),
        ("ok\n  ::set-env name=X::y", "ok\n  :\u200b:set-env name=X::y"),
        ("x ##[command]rm", "x ##\u200b[command]rm"),
        ("std::vector a::b", "std::vector a::b"),
        ("\n\n ::x", "\n\n :\u200b:x"),
        ("a\n##vso[task.setvariable variable=x]y", "a\n##\u200bvso[task.setvariable variable=x]y"),
        ("see ##VSO[x]", "see ##\u200bVSO[x]"),
        ("###vso[x]", "###\u200bvso[x]"),
        ("  ##teamcity[testFailed name='x']", "  ##\u200bteamcity[testFailed name='x']"),
        ("## Heading\n### vso [x]", "## Heading\n### vso [x]"),
        (
            "--- title\n+++ open\n~~~ quiet\n^^^ +++",
            "---\u200b title\n+++\u200b open\n~~~\u200b quiet\n^^^\u200b +++",
        ),
        ("---\n~~~js\na --- b\n-----", "---\n~~~js\na --- b\n-----"),
        ("travis_fold:start:a travis_time:end:b", "travis_\u200bfold:start:a travis_\u200btime:end:b"),
        ("section_start:1:a\nsection_end:1:a", "section_\u200bstart:1:a\nsection_\u200bend:1:a"),
        ("my_section_start = 1", "my_section_start = 1"),
        ("\u202eevil", "\\x202eevil"),
        ("\x9b31m", "\\x9b31m"),
        ("\x00\x07", "\\x00\\x07"),
    ],
)
def test_nothing_is_obeyed(text: str, shown: str) -> None:
    assert plain(text) == shown


COMMAND = re.compile(
    r"^\s*::|##(vso|teamcity)?\[|^\s*(---|\+\+\+|~~~|\^\^\^) |(travis_(fold|time)|section_(start|end)):",
    re.M | re.I,
)
PIECES = [
    "##",
    "vso[",
    "teamcity[",
    "[",
    "::",
    ":",
    "\n",
    " ",
    "--- ",
    "+++ ",
    "travis_",
    "fold:",
    "section_",
    "end:",
    "\r",
]


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_no_control_and_no_command_is_left(text: str) -> None:
    shown = plain(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", shown)
    assert not COMMAND.search(shown)
    shown.encode()


def test_one_line_is_cut() -> None:
    assert one_line("first\nsecond") == "first"
    assert one_line("x" * 20, width=10) == "x" * 9 + "…"
    assert one_line("") == ""


UNITS = ["\n", " \n", "\t", " ", "\x0b\n", "\r\n", "\r", "\x85\n", ":\n", " :\n", "::", "#", "##[", "\x1b"]


def seconds(text: str) -> float:
    """The least processor time of three."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        plain(text)
        taken.append(time.process_time() - start)
    return min(taken)


@pytest.mark.parametrize("unit", UNITS)
def test_the_work_is_linear_in_the_text(unit: str) -> None:
    """Eight times the text is eight times the work; a quadratic pattern would do sixty-four times as much."""
    assert seconds(unit * 16_000) < 32 * max(seconds(unit * 2_000), 1e-4)
