"""What many cells leave behind, and what they ask of the server beside their questions."""

from __future__ import annotations

from collections import Counter

from tests.acceptance.conftest import Bench

CONFTEST = """
import gc
from pytest_llm.providers.base import Response

def kept():
    gc.collect()
    return sum(isinstance(thing, Response) for thing in gc.get_objects())

def pytest_itemcollected(item):
    item.user_properties.append(("own", "of a plugin"))

before = kept()

def pytest_sessionfinish(session):
    print("answers kept:", kept() - before)
    print("properties kept:", *{pair for item in session.items for pair in item.user_properties})
    print("requests kept:", sum(bool(item._jobs) for item in session.items))
"""


def test_no_answer_is_kept_and_the_server_is_asked_once_what_it_has(bench: Bench) -> None:
    bench.file("conftest.py", CONFTEST)
    rows = ", ".join(f"{{id: r{number}, what: thing {number}}}" for number in range(30))
    checks = "checks: [contains: hello]"
    bench.case(f"parametrize: [{rows}]\nprompt: 'Say {{{{ what }}}}.'\n{checks}\n", "many")
    bench.case("prompt: hi\nchecks: [contains: absent]\n", "failing")
    bench.case(f"prompt: hi\nmarks: [xfail]\nsamples: 3\n{checks}\n", "sampled")
    result = bench.run()
    result.assert_outcomes(passed=30, failed=1, xpassed=1)
    result.stdout.fnmatch_lines(
        ["*answers kept: 0*", "properties kept: ('own', 'of a plugin')", "requests kept: 0"]
    )
    asked = Counter(request.path for request in bench.server.requests)
    assert asked["/api/chat"] == 34
    assert asked["/api/ps"] == 2  # what is there before the run, and what became of the load
    assert asked["/api/generate"] == 1  # the load


SECTIONS = """
def pytest_runtest_logreport(report):
    if report.when == "call":
        print("sections of", report.nodeid, len(report.sections))
"""


def test_no_prompt_and_no_answer_of_a_passing_cell_is_kept_for_nobody(bench: Bench) -> None:
    bench.file("conftest.py", SECTIONS)
    bench.case("prompt: hi\nchecks: [contains: hello]\n", "passing")
    bench.case("prompt: hi\nchecks: [contains: absent]\n", "failing")
    result = bench.run("-rN", "-s")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*sections of passing.prompt.yaml* 0"])
    result.stdout.fnmatch_lines(["*sections of failing.prompt.yaml* 2"])
