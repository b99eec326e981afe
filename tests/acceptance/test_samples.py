"""Cells that are asked several times: which requests go out with which seeds, and what is said of them."""

from __future__ import annotations

import html
import re
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest

from pytest_llm.store import runs
from pytest_llm.store.line import CellLine
from pytest_llm.store.record import read
from tests.acceptance.conftest import Bench
from tests.fake_ollama import Script


def lines(bench: Bench) -> dict[str, CellLine]:
    """The lines of the latest run, by case."""
    newest = runs.found(runs.home(bench.path))[0]
    return {line.case: line for line in read(newest / runs.FILE).cells.values()}


def seeds(bench: Bench, prompt: str) -> list[Any]:
    """The seeds of the requests with this prompt, in the order in which they were asked."""
    return [
        a.get("options", {}).get("seed") for a in bench.server.asked() if a["messages"][-1]["content"] == prompt
    ]


def by_seed(ask: Any) -> str:
    """Passes `contains: odd` for odd seeds."""
    return "odd" if ask.options.get("seed", 1) % 2 else "even"


@pytest.fixture
def cells(bench: Bench) -> Bench:
    bench.server.answer("", by_seed)
    for name, keys in {
        "plain": "",
        "seeded": "options: {seed: 8}",
        "five": "samples: 5",
        "three-of-five": "samples: 5\nmin_pass: 3",
        "share": "samples: 5\nmin_pass: 61%",
        "from-seven": "samples: 3\noptions: {seed: 7}\nmin_pass: 2",
        "one": "samples: 1",
        "must": "must_pass: true",
    }.items():
        bench.case(f"prompt: {name}\nchecks: [{{contains: odd}}]\n{keys}", name)
    return bench


OUTCOMES = {
    "plain": ("passed", 1, [None]),
    "seeded": ("failed", 1, [8]),
    "five": ("failed", 5, [1, 2, 3, 4, 5]),
    "three-of-five": ("passed", 5, [1, 2, 3, 4, 5]),
    "share": ("failed", 5, [1, 2, 3, 4, 5]),
    "from-seven": ("passed", 3, [7, 8, 9]),
    "one": ("passed", 1, [1]),
    "must": ("passed", 1, [None]),
}


def test_each_sample_is_asked_with_a_seed_of_its_own(cells: Bench) -> None:
    cells.run("--llm-slots", "1").assert_outcomes(passed=5, failed=3)
    found = lines(cells)
    for name, (outcome, samples, asked) in OUTCOMES.items():
        line = found[name]
        assert (line.outcome, line.samples, len(line.outcomes)) == (outcome, samples, samples), name
        assert seeds(cells, name) == asked, name
        assert [answer["sample"] for answer in line.answers] == list(range(samples)), name
        assert [answer["request"]["options"].get("seed") for answer in line.answers] == asked, name
        assert [answer["outcome"] for answer in line.answers] == list(line.outcomes), name
        assert not line.stopped
    assert [found[name].min_pass for name in ("plain", "five", "three-of-five", "share")] == [1, 5, 3, 4]
    assert [name for name, line in found.items() if line.must_pass] == ["must"]


def test_the_command_line_says_how_often(cells: Bench) -> None:
    result = cells.run("--llm-samples", "2", "-k", "plain or seeded or one or three-of-five")
    result.assert_outcomes(failed=4, deselected=4)
    for name, asked in {"plain": [1, 2], "seeded": [8, 9], "one": [1, 2], "three-of-five": [1, 2]}.items():
        assert sorted(seeds(cells, name)) == asked
    assert lines(cells)["three-of-five"].min_pass == 2  # all that there are
    again = re.search(r"again: (pytest .*plain.*)", result.stdout.str())
    assert again
    assert "--llm-samples 2" in again[1]


@pytest.mark.parametrize(
    ("keys", "option", "complaint"),
    [
        ("min_pass: 3", "", "t.prompt.yaml:4: min_pass wants 3 passes of 1 sample: none could pass"),
        ("samples: 2\nmin_pass: 3", "", "t.prompt.yaml:5: min_pass wants 3 passes of 2 samples: none could pass"),
        ("samples: 2\nescalate: {think: on}", "", "t.prompt.yaml:5: `escalate` does not go together with"),
    ],
)
def test_what_cannot_be_is_an_error_at_collection(bench: Bench, keys: str, option: str, complaint: str) -> None:
    bench.case(f"prompt: hi\nchecks: [{{contains: x}}]\n{keys}")
    result = bench.run(*(["--llm-samples", option] if option else []))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{complaint}*"])
    assert bench.server.asked() == []


@pytest.mark.parametrize("said", ["0", "x", "1001", "-1", "1.5"])
def test_a_wrong_number_of_samples_is_a_usage_error(bench: Bench, said: str) -> None:
    result = bench.run(f"--llm-samples={said}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--llm-samples: must be a whole number from 1 to 1000, not '{said}'"])


def test_defaults_are_taken_back(bench: Bench) -> None:
    bench.file("_defaults.yaml", "samples: 4\nmin_pass: 50%\nescalate: null\n")
    bench.file("deeper/_defaults.yaml", "samples: null\nescalate: {think: on}\n")
    bench.case("prompt: four\nchecks: [{contains: hello}]", "four")
    bench.case("prompt: one\nchecks: [{contains: hello}]", "deeper/one")
    bench.run().assert_outcomes(passed=2)
    assert (len(seeds(bench, "four")), seeds(bench, "one")) == (4, [None])


def test_samples_share_the_slots_and_measured_ones_do_not(bench: Bench) -> None:
    bench.server.answer("", Script(f"hello {' '.join(map(str, range(40)))}", seconds=0.3))
    bench.server.scheduler.limits = replace(bench.server.scheduler.limits, slots=3)
    bench.case("samples: 3\nprompt: together\nchecks: [{contains: hello}]")
    bench.run("--llm-slots", "3").assert_outcomes(passed=1)
    assert bench.server.answering.peak == 3
    bench.server.answering.peak = 0
    bench.case("samples: 3\nprompt: alone\nchecks: [{token_rate: 1}]")
    bench.run("--llm-slots", "3").assert_outcomes(passed=1)
    assert bench.server.answering.peak == 1


def test_the_rate_of_a_measured_cell_is_the_median(bench: Bench) -> None:
    """Seeds 1 to 3 take 4, 1 and 2 seconds by the server for 100 tokens."""

    def slow_at_first(ask: Any) -> Script:
        seconds = {1: 4, 2: 1, 3: 2}.get(ask.options["seed"], 9)
        return Script(" ".join(map(str, range(100))), usage={"eval_count": 100, "eval_duration": seconds * 10**9})

    bench.server.answer("", slow_at_first)
    for name, floor in {"above": 49, "below": 51}.items():
        bench.case(f"samples: 3\nprompt: hi\nchecks: [{{token_rate: {floor}}}]", name)
    result = bench.run()
    result.assert_outcomes(passed=1, failed=1)
    found = lines(bench)
    assert found["above"].outcomes == ("passed",) * 3
    assert found["below"].outcomes == ("failed",) * 3
    assert [answer["numbers"]["rate"] for answer in found["above"].answers] == [25, 100, 50]
    result.stdout.fnmatch_lines(["*the median of the samples is 50.0 tokens a second, below 51*"])


def test_one_that_could_not_be_judged_is_no_failure_of_the_model(bench: Bench) -> None:
    bench.file(
        "conftest.py",
        """
        from pytest_llm import check

        @check
        def sound(artifact):
            assert artifact.answer != "even" or 1 / 0
        """,
    )
    bench.server.answer("", by_seed)
    for name, keys in {"all": "3", "enough": "3\nmin_pass: 2", "too-few": "4\nmin_pass: 3"}.items():
        bench.case(f"prompt: hi\nchecks: [sound]\nsamples: {keys}", name)
    result = bench.run()
    result.assert_outcomes(passed=1, errors=2, warnings=1)
    result.stdout.fnmatch_lines(
        [
            "*  2 of 4 samples passed, min_pass is 3; 2 were an ERROR",
            "*1 of 3 samples could not be judged: the check 'sound' broke: ZeroDivisionError*",
        ]
    )
    found = lines(bench)
    assert found["enough"].outcomes == ("passed", "error", "passed")
    assert found["all"].outcome == found["too-few"].outcome == "error"


def test_samples_end_once_nothing_can_change(bench: Bench) -> None:
    bench.server.answer("", by_seed)
    for name, keys in {
        "all": "4",
        "half": "6\nmin_pass: 50%",
        "any": "4\nmin_pass: 1",
        "failing": "4\nmin_pass: 1\noptions: {seed: 2}",
    }.items():
        bench.case(f"prompt: {name}\nchecks: [{{contains: odd}}]\nsamples: {keys}", name)
    bench.run("--llm-stop-early").assert_outcomes(passed=3, failed=1)
    asked = {"all": [1, 2], "half": [1, 2, 3, 4, 5], "any": [1], "failing": [2, 3]}
    assert {name: seeds(bench, name) for name in asked} == asked
    found = lines(bench)
    assert [found[name].stopped for name in asked] == [True] * 4
    assert (found["half"].samples, found["half"].outcomes.count("passed")) == (6, 3)


@pytest.fixture
def thinker(bench: Bench) -> Bench:
    """A model that is right when it thinks, but for the prompt `never`."""
    bench.server.add_model("m", capabilities=["completion", "thinking"])
    bench.server.add_model("dull", capabilities=["completion"])
    bench.server.answer("", lambda ask: Script("right" if ask.think and ask.prompt != "never" else "wrong", "Hm."))
    for name, keys in {
        "helps": "think: off",
        "default": "",
        "never": "think: off",
        "thinks": "think: on",
        "dull": "models: dull\nthink: off",
        "fine": "think: off\nchecks: [{contains: wrong}]",
    }.items():
        checks = "" if "checks" in keys else "checks: [{contains: right}]"
        bench.case(f"prompt: {name}\n{checks}\nescalate: {{think: on}}\n{keys}", name)
    return bench


ESCALATED = {
    "helps": ("passed", True, [False, True]),
    "default": ("passed", True, [None, True]),
    "never": ("failed", False, [False, True]),
    "thinks": ("passed", False, [True]),
    "dull": ("failed", False, [False]),
    "fine": ("passed", False, [False]),
}


def test_a_failed_cell_is_asked_once_more_thinking(thinker: Bench) -> None:
    result = thinker.run("--junitxml=junit.xml", "--html=report.html", "--self-contained-html")
    result.assert_outcomes(passed=4, failed=2, warnings=2)
    found = lines(thinker)
    for name, (outcome, escalated, thinks) in ESCALATED.items():
        line = found[name]
        assert (line.outcome, line.escalated) == (outcome, escalated), name
        assert [asked.get("think") for asked in thinker.server.asked() if _prompt(asked) == name] == thinks, name
    assert [a["attempt"] for a in found["helps"].answers] == [1, 2]
    assert [a["attempt"] for a in found["dull"].answers] == [1, 2]  # the second says why it was not asked
    result.stdout.fnmatch_lines(
        [
            "*escalated: asked again with think on, failed again",
            "*not asked again with think on: the model 'dull' cannot think",
            "*helps.prompt.yaml:*escalated: asked again with think on, passed only so; before: the answer does*",
        ]
    )
    properties = junit(thinker)
    assert properties["helps"]["llm.escalated"] == "true"
    assert "llm.escalated" not in properties["never"] | properties["fine"]
    assert "passed, escalated" in (thinker.path / "report.html").read_text()
    newest = runs.found(runs.home(thinker.path))[0]
    shown = subprocess.run(["pytest-llm", "show", newest.name], cwd=thinker.path, capture_output=True, text=True)
    assert "helps[m]  escalated" in shown.stdout


def test_an_escalating_case_is_left_alone_by_the_option(thinker: Bench) -> None:
    result = thinker.run("--llm-samples=3", "-k", "helps or fine")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*helps.prompt.yaml:*: this case is asked as it says, whatever --llm-samples*"])
    assert [a["attempt"] for a in lines(thinker)["helps"].answers] == [1, 2]


def _prompt(asked: Any) -> str:
    return str(asked["messages"][-1]["content"])


def junit(bench: Bench) -> dict[str, dict[str, str]]:
    """The properties of each case."""
    return {
        str(case.get("name")).partition("[")[0]: {
            str(p.get("name")): str(p.get("value")) for p in case.iter("property")
        }
        for case in ET.parse(bench.path / "junit.xml").iter("testcase")
    }


def test_every_report_says_how_many_passed(cells: Bench) -> None:
    result = cells.run("--junitxml=junit.xml", "--html=report.html", "--self-contained-html", "-k", "five")
    result.assert_outcomes(passed=1, failed=1, deselected=6)
    result.stdout.fnmatch_lines(
        [
            "*3 of 5 samples passed, min_pass is 5: the answer does not contain 'odd' (and 1 more)",
            "*  pass rate 60%, 95% interval 23.1% to 88.2%",
            "*  pass@1 60%, pass@2 90%, pass^1 60%, pass^2 30%",
            "*  sample 2, seed 2: failed",
            "*  sample 4, seed 4: failed",
            "*  and 2 more samples",
        ]
    )
    properties = junit(cells)["five"]
    expected = {
        "llm.samples": "5",
        "llm.min_pass": "5",
        "llm.asked": "5",
        "llm.judged": "5",
        "llm.passed": "3",
        "llm.outcomes": '["passed", "failed", "passed", "failed", "passed"]',
        "llm.pass_rate": "0.6",
        "llm.pass_rate_low": "0.2307",
        "llm.pass_rate_high": "0.8824",
        "llm.pass_at_1": "0.6",
        "llm.pass_at_2": "0.9",
        "llm.pass_all_1": "0.6",
        "llm.pass_all_2": "0.3",
    }
    assert {name: properties.get(name) for name in expected} == expected
    assert "sample 2, seed 2: failure: contains" in properties["llm.findings"]
    page = html.unescape(html.unescape((cells.path / "report.html").read_text()))
    for words in ("3 of 5 samples passed, min_pass is 3", "sample 4, seed 4: failed", "pass rate 60%"):
        assert words in page.replace("\\u0027", "'"), words
    shown = subprocess.run(["pytest-llm", "show", "::five"], cwd=cells.path, capture_output=True, text=True).stdout
    assert "--- answer of sample 5, seed 5 ---" in shown
    assert "pass rate 60%" in shown


CHAIN = """
    samples: 3
    min_pass: 2
    options: {seed: 5}
    stages:
      - {name: one, prompt: Say it., checks: [{contains: odd}]}
      - {name: two, prompt: 'After {{ previous.text }}', options: {seed: 1}, checks: [{contains: odd}]}
    """


def test_of_a_chain_a_sample_is_the_whole(bench: Bench) -> None:
    bench.server.answer("", by_seed)
    bench.case(CHAIN)
    bench.run("--llm-slots", "2").assert_outcomes(passed=1)
    assert sorted(seeds(bench, "Say it.")) == [5, 6, 7]
    assert sorted(seeds(bench, "After odd")) == [1, 3]
    (line,) = lines(bench).values()
    assert line.outcomes == ("passed", "failed", "passed")
    assert [(a["sample"], a["stage"]) for a in line.answers] == [
        (0, "one"),
        (0, "two"),
        (1, "one"),
        (2, "one"),
        (2, "two"),
    ]


def test_under_xdist(cells: Bench) -> None:
    cells.process("-n2", "--llm-slots", "2").assert_outcomes(passed=5, failed=3)
    found = lines(cells)
    for name, (outcome, _, asked) in OUTCOMES.items():
        assert found[name].outcome == outcome
        assert [answer["request"]["options"].get("seed") for answer in found[name].answers] == asked
        assert sorted(seeds(cells, name), key=str) == asked


def test_stored_samples_are_taken_one_by_one(cells: Bench) -> None:
    """More samples of the same cell ask for those that are not there yet."""
    cells.run("--llm-samples", "2", "-k", "must")
    cells.run("--llm-samples", "4", "--llm-reuse", "-k", "must").assert_outcomes(failed=1, deselected=7)
    assert seeds(cells, "must") == [1, 2, 3, 4]
    assert [bool(answer["stored"]) for answer in lines(cells)["must"].answers] == [True, True, False, False]


def test_how_often_it_is_asked_changes_no_inputs(cells: Bench) -> None:
    cells.run("-k", "plain or seeded")
    once = lines(cells)
    cells.run("-k", "plain or seeded", "--llm-samples", "3")
    often = lines(cells)
    assert {name: line.inputs for name, line in once.items()} == {name: line.inputs for name, line in often.items()}


def test_dry_run_says_the_seeds(cells: Bench) -> None:
    result = cells.run("--llm-dry-run", "-k", "from-seven or plain")
    result.stdout.fnmatch_lines(["*3 samples, seeds 7 to 9", "2 requests shown, none asked"])
    assert cells.server.asked() == []
