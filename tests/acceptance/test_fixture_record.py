"""Python tests that ask by the `llm` fixture are cells of the run: its record, table, report, gate."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llm.store import runs
from pytest_llm.store.line import CellLine
from pytest_llm.store.record import RunRecord, read, values
from tests.acceptance.conftest import Bench

TESTS = """
    import pytest

    def test_passes(llm):
        llm("greet", options={"seed": 7, "temperature": 0}).check("contains", "hello").check("length", lines=1)

    @pytest.mark.quick
    @pytest.mark.parametrize("word", ["bye", "farewell"])
    def test_asserts(llm, word):
        assert word in llm("greet").text

    def test_check_fails(llm):
        llm("greet").check("contains", "goodbye")

    def test_asks_twice(llm):
        first = llm("greet")
        second = llm("code", system="be kind")
        assert first.verdict("contains", "goodbye").outcome == "failed"
        second.check("contains", "x = 1").code("python")

    def test_a_failure_that_is_wanted(llm):
        with pytest.raises(AssertionError):
            llm("greet").check("contains", "goodbye")

    @pytest.mark.xfail(reason="known")
    def test_xfails(llm):
        llm("greet").check("contains", "goodbye")

    @pytest.mark.skip(reason="not today")
    def test_skipped(llm):
        llm("greet")

    def test_skips_itself(llm):
        llm("greet")
        pytest.skip("enough")

    def test_gone(llm):
        llm("greet", model="gone")

    def test_asks_nothing(llm):
        pass

    @pytest.fixture
    def broken():
        raise ValueError("no such thing")

    def test_broken_fixture(llm, broken):
        pass

    class TestMore:
        def test_in_a_class(self, llm):
            llm("greet")

    def test_plain():
        pass
"""

REPORTED = {
    "test_passes": ("passed", "passed"),
    "test_asserts": ("failed", "failed"),
    "test_check_fails": ("failed", "failed"),
    "test_asks_twice": ("passed", "passed"),
    "test_a_failure_that_is_wanted": ("passed", "passed"),
    "test_xfails": ("failed", "xfailed"),
    "test_skipped": ("skipped", "skipped"),
    "test_skips_itself": ("skipped", "skipped"),
    "test_gone": ("error", "error"),
    "test_asks_nothing": ("passed", "passed"),
    "test_broken_fixture": ("error", "error"),
    "TestMore::test_in_a_class": ("passed", "passed"),
}
CONFTEST = """
    def pytest_llm_verdict(nodeid, verdict):
        print("VERDICT", nodeid, verdict.outcome)
"""


def record(bench: Bench) -> RunRecord:
    return read(runs.found(runs.home(bench.path))[0] / runs.FILE)


def by_case(bench: Bench) -> dict[str, CellLine]:
    return {line.case: line for line in record(bench).cells.values()}


@pytest.fixture
def tests(bench: Bench) -> Bench:
    bench.file("test_it.py", TESTS)
    bench.file("pytest.ini", "[pytest]\naddopts = -p no:cacheprovider -p no:hypothesispytest\nmarkers = quick\n")
    bench.server.answer("code", "```python\nx = 1\n```")
    return bench


@pytest.mark.parametrize("mode", [[], ["-n2"]], ids=" ".join)
def test_a_line_each_with_what_was_asked(tests: Bench, mode: list[str]) -> None:
    tests.file("conftest.py", CONFTEST)
    run = tests.process if mode else tests.run
    result = run("test_it.py", "--llm-model=m", "--llm-jsonl=run.jsonl", "-s", *mode)
    result.assert_outcomes(passed=6, failed=3, xfailed=1, skipped=2, errors=2)
    found = record(tests)
    lines = by_case(tests)
    assert {case: (line.outcome, line.reported) for case, line in lines.items()} == REPORTED
    assert (
        sum(isinstance(value, CellLine) for value in values(found.path))
        == len(found.header.cells)
        == len(REPORTED) + 1
    )
    assert found.end
    assert found.end.complete
    assert set(found.header.cells) == set(found.cells)
    assert all(line.outcomes in ((), (line.outcome,)) for line in found.cells.values())
    assert read(tests.path / "run.jsonl").cells == found.cells
    for line in found.cells.values():
        result.stdout.fnmatch_lines([f"*VERDICT {line.nodeid.replace('[', '[[]')} {line.outcome}*"])
        assert line.answers == () or CellOutcome(line).of_answers == line.outcome


class CellOutcome:
    """What the answers of a line come to, whatever the line says."""

    def __init__(self, line: CellLine) -> None:
        words = [answer["outcome"] for answer in line.answers]
        self.of_answers = next((word for word in ("failed", "error", "skipped") if word in words), "passed")


def test_what_stands_in_a_line(tests: Bench) -> None:
    tests.run("test_it.py", "--llm-model=m", "--llm-think=default")
    lines = by_case(tests)
    passes = lines["test_passes"]
    assert (passes.file, passes.line, passes.model, passes.engine) == ("test_it.py", 4, "m", "ollama")
    assert (passes.think, passes.row, passes.seed, passes.temperature) == ("default", "", 7, 0)
    assert [check["label"] for check in passes.checks] == ["contains: hello", "length: {lines: {max: 1}}"]
    (answer,) = passes.answers
    assert (answer["stage"], answer["text"], answer["findings"]) == ("", "hello world", [])
    began, seconds = answer["checked"]
    assert began >= answer["began"]
    assert seconds >= 0
    asserts = lines["test_asserts"]
    assert "checked" not in asserts.answers[0]
    assert (asserts.row, asserts.markers) == ("farewell", ("quick",))
    assert asserts.reason.startswith("assert 'farewell' in 'hello world'")
    (finding,) = asserts.answers[0]["findings"]
    assert (finding["check"], finding["severity"]) == ("test", "failure")
    assert "assert word in llm" in finding["details"]
    (finding,) = lines["test_check_fails"].answers[0]["findings"]
    assert finding["check"] == "contains"
    first, second = lines["test_asks_twice"].answers
    assert (first["stage"], second["stage"]) == ("question 1", "question 2")
    assert [one["severity"] for one in first["findings"]] == ["note"]
    assert second["request"]["messages"][0] == {"role": "system", "content": "be kind"}
    assert lines["test_skipped"].reason == "not today"
    assert lines["test_broken_fixture"].reason == "ValueError: no such thing"
    assert passes.inputs != asserts.inputs
    again = {case: line.inputs for case, line in lines.items()}
    tests.run("test_it.py", "--llm-model=m", "--llm-think=default")
    assert {case: line.inputs for case, line in by_case(tests).items()} == again


def test_table_report_and_what_is_shown(tests: Bench) -> None:
    tests.case("prompt: greet\nchecks: [contains: hello]")
    result = tests.run("--llm-model=m", "--llm-report=report.html", "--llm-markdown=run.md")
    result.stdout.fnmatch_lines(["*llm cells*", "*test_asks_twice*"])
    result.stdout.fnmatch_lines_random(["E *whole: pytest-llm show * 'test_it.py::test_check_fails[[]m[]]'"])
    assert (tests.path / "report.html").exists()
    assert "test_it.py::test_check_fails" in (tests.path / "run.md").read_text("utf-8")


def test_what_is_deselected_is_left_out_of_the_record(tests: Bench) -> None:
    tests.run("test_it.py", "--llm-model=m", "-k", "passes or twice")
    found = record(tests).header
    assert found.cells == ("test_it.py::test_passes[m]", "test_it.py::test_asks_twice[m]")
    assert (found.files, len(found.left_out), found.deselected) == (("test_it.py",), 11, 11)
    tests.run("test_it.py::TestMore", "--llm-model=m")
    assert record(tests).header.files == ()


def test_a_dry_run_asks_nothing(tests: Bench) -> None:
    result = tests.run("test_it.py", "--llm-model=m", "--llm-dry-run")
    assert tests.server.asked() == []
    result.stdout.fnmatch_lines(["13 Python tests ask when they run: what, is not known before"])


GATED = """
    def test_a(llm):
        llm("one").check("contains", "hello")

    def test_b(llm):
        llm("two").check("contains", "hello")
"""


def test_the_gate_holds_them_against_a_baseline(bench: Bench) -> None:
    bench.file("test_it.py", GATED)
    bench.server.answer("two", "good bye")
    run = ("test_it.py", "--llm-model=m")
    assert bench.run(*run, "--llm-write-baseline=b.json").ret == 1
    cells: dict[str, Any] = json.loads((bench.path / "b.json").read_text("utf-8"))["cells"]
    assert {id_: cell["passed"] for id_, cell in cells.items()} == {
        "test_it.py::test_a[m]": 1,
        "test_it.py::test_b[m]": 0,
    }
    assert bench.run(*run, "--llm-baseline=b.json").ret == 0  # what is known to fail blocks nothing
    bench.server.answer("one", "good bye")
    result = bench.run(*run, "--llm-baseline=b.json")
    result.stdout.fnmatch_lines(["*test_it.py::test_a*"])
    assert result.ret == 1  # it cannot be asked again, so nothing takes its sting
    assert bench.run(*run, "--llm-gate=@m>=50%").ret == 1
    assert bench.run(*run, "--llm-gate=@other>=50%").ret == 4


def test_a_worker_that_dies_leaves_an_error(bench: Bench) -> None:
    bench.file("test_it.py", "import os\n\ndef test_dies(llm):\n    llm('greet')\n    os._exit(3)\n")
    bench.process("test_it.py", "--llm-model=m", "-n1", "--max-worker-restart=0")
    (line,) = record(bench).cells.values()
    assert (line.nodeid, line.outcome) == ("test_it.py::test_dies[m]", "error")
