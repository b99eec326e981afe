"""Answers are judged ahead of their items, beside each other, and own checks where the test runs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.acceptance.conftest import Bench
from tests.fake_ollama import Ask, Script

CHECKS = """
    import os
    import threading
    from typing import ClassVar

    import pytest
    from pytest_llm import Check, check

    MEETING = threading.Barrier(2, timeout=60)
    RUNNING, MOST = [], []

    class Meets(Check):
        '''Passes where another is running at the same time.'''

        name: ClassVar[str] = "meets"
        main_thread: ClassVar[bool] = False

        def run(self, artifact, context):
            MEETING.wait()
            return ()

    LATE = threading.Event()

    class Slow(Check):
        '''Passes when another has said that it is there.'''

        name: ClassVar[str] = "slow"
        main_thread: ClassVar[bool] = False

        def run(self, artifact, context):
            assert LATE.wait(60)
            return ()

    class Late(Check):
        name: ClassVar[str] = "late"
        main_thread: ClassVar[bool] = False

        def run(self, artifact, context):
            LATE.set()
            return ()

    class Crowd(Check):
        name: ClassVar[str] = "crowd"
        shorthand: ClassVar[str] = "most"
        main_thread: ClassVar[bool] = False
        most: int

        def run(self, artifact, context):
            RUNNING.append(self)
            MOST.append(len(RUNNING))
            threading.Event().wait(0.02)
            RUNNING.pop()
            assert max(MOST) <= self.most
            return ()

    def pytest_llm_checks(config):
        return [Meets, Slow, Late, Crowd, Own]

    class Own(Check):
        name: ClassVar[str] = "own"

        def run(self, artifact, context):
            assert threading.current_thread() is threading.main_thread()
            return ()

    @check
    def moves(artifact):
        assert threading.current_thread() is threading.main_thread()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WHERE", "here")
            patch.chdir("/")
            print("said in", os.environ["WHERE"], os.getcwd())
            return None
    """


@pytest.fixture
def checked(bench: Bench) -> Bench:
    bench.file("conftest.py", CHECKS)
    return bench


def test_two_cells_are_judged_at_once(checked: Bench) -> None:
    for name in "abcd":
        checked.case("prompt: hi\nchecks: [meets, contains: hello]", name)
    checked.run("--llm-check-slots=2").assert_outcomes(passed=4)


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_at_once_than_there_are_slots(checked: Bench, most: int) -> None:
    rows = ", ".join(f"{{n: {n}}}" for n in range(12))
    checked.case(f"prompt: hi\nparametrize: [{rows}]\nchecks: [{{crowd: {most}}}]")
    checked.run(f"--llm-check-slots={most}", "--llm-ahead=6").assert_outcomes(passed=12)


def test_own_checks_run_where_the_test_runs(checked: Bench) -> None:
    for name in "abc":
        checked.case("prompt: hi\nchecks: [moves, not: {contains: zzz}]", name)
    checked.case("prompt: hi\nchecks: [{any_of: [own, contains: zzz]}]", "d")
    result = checked.run()
    result.assert_outcomes(passed=4)
    assert result.stdout.str().count("said in here /") == 3


def test_no_more_is_asked_than_the_look_ahead_holds(checked: Bench) -> None:
    """The first item's test runs on: of the cells after it so many are under way."""
    checked.file("test_a.py", "def test_a():\n    import time; time.sleep(1)\n")
    rows = ", ".join(f"{{n: {n}}}" for n in range(12))
    checked.case(f"prompt: hi\nparametrize: [{rows}]\nchecks: [contains: zzz]")
    checked.run("-x", "--llm-ahead=3")
    assert len(checked.server.asked()) <= 3


def test_a_slow_check_holds_up_no_others(checked: Bench) -> None:
    """The first cell's check waits for the last one's, with many between them."""
    checked.case("prompt: hi\nchecks: [slow]", "a")
    rows = ", ".join(f"{{n: {n}}}" for n in range(40))
    checked.case(f"prompt: hi {{{{ n }}}}\nparametrize: [{rows}]\nchecks: [contains: hello]", "b")
    checked.case("prompt: hi\nchecks: [late]", "c")
    checked.run("--llm-check-slots=2").assert_outcomes(passed=42)


def test_what_is_begun_while_its_item_comes_is_judged_once(bench: Bench) -> None:
    """A thread that begins a cell is held up, and the items before it are done meanwhile."""
    bench.file(
        "conftest.py",
        """
        import threading
        import time
        from typing import ClassVar
        from pytest_llm import Check
        from pytest_llm.plugin.judging import Judging

        here = lambda: threading.current_thread() is threading.main_thread()
        begin = Judging.begin

        def late(*arguments):
            if not here():
                time.sleep(0.1)
            begin(*arguments)

        Judging.begin = late

        class Beside(Check):
            name: ClassVar[str] = "beside"
            main_thread: ClassVar[bool] = False

            def run(self, artifact, context):
                assert not here()
                return ()

        def pytest_llm_checks(config):
            return [Beside]

        def pytest_unconfigure():
            Judging.begin = begin
        """,
    )
    rows = ", ".join(f"{{n: {n}}}" for n in range(8))
    bench.case(f"prompt: hi {{{{ n }}}}\nparametrize: [{rows}]\nchecks: [beside]")
    bench.run("--llm-check-slots=1").assert_outcomes(passed=8)


def test_a_cell_that_another_plugin_skips_is_not_asked_for_long(checked: Bench) -> None:
    skip = "\n    def pytest_runtest_setup(item):\n        if item.name[0] == 'b': pytest.skip('not today')\n"
    checked.file("conftest.py", f"{CHECKS}{skip}")
    for name in "abcd":
        checked.case("prompt: hi\nchecks: [contains: hello]", name)
    checked.run().assert_outcomes(passed=3, skipped=1)


@pytest.mark.parametrize(
    ("order", "wanted"), [((), "aabb"), (("--llm-order=load",), "aabb"), (("--llm-order=pytest",), "abab")]
)
def test_the_order_of_the_cells(bench: Bench, order: tuple[str, ...], wanted: str) -> None:
    for name, model in zip("tuvw", "abab", strict=True):
        bench.server.add_model(model)
        bench.case(f"models: {model}\nprompt: hi\nchecks: [contains: hello]", name)
    bench.run(*order).assert_outcomes(passed=4)
    assert "".join(body["model"] for body in bench.server.asked()) == wanted


def test_measured_cells_come_last_in_their_group(bench: Bench) -> None:
    for name, checks in {"a": "token_rate: 0.001", "b": "contains: hello", "c": "contains: hello"}.items():
        bench.case(f"prompt: {name}\nchecks: [{checks}]", name)
    bench.run()
    assert [body["messages"][-1]["content"] for body in bench.server.asked()] == ["b", "c", "a"]


def test_an_order_that_is_none(bench: Bench) -> None:
    bench.case("prompt: hi\nchecks: [contains: hello]")
    result = bench.run("--llm-order=random")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--llm-order (llm_order) must be load or pytest, not 'random'*"])


def rates(bench: Bench, *arguments: str) -> dict[str, float]:
    """Tokens a second of each cell of a run, by its row."""
    bench.run("--llm-jsonl=run.jsonl", *arguments)
    lines = [json.loads(line) for line in (bench.path / "run.jsonl").read_text().splitlines()]
    return {line["nodeid"]: line["answers"][0]["numbers"]["rate"] for line in lines if "answers" in line}


def test_a_rate_is_the_same_however_many_slots_the_others_have(bench: Bench) -> None:
    """The server slows down with each answer that it writes at a time."""
    server = bench.server
    server.scheduler.limits = replace(server.scheduler.limits, slots=4)
    words = [f"w{n} " for n in range(40)]
    server.answer("", lambda ask: Script(words, seconds=0.1 * server.answering.now))
    rows = "parametrize: [{n: 1}, {n: 2}, {n: 3}, {n: 4}]"
    bench.case(f"prompt: hi {{{{ n }}}}\n{rows}\nchecks: [{{contains: w1}}]", "beside")
    bench.case(f"prompt: hi {{{{ n }}}}\n{rows}\nchecks: [{{token_rate: 1}}]", "alone")
    one, four = rates(bench, "--llm-slots=1"), rates(bench, "--llm-slots=4")
    measured = [cell for cell in one if cell.startswith("alone")]
    assert len(measured) == 4
    assert {cell: four[cell] for cell in measured} == pytest.approx(
        {cell: one[cell] for cell in measured}, rel=0.03
    )
    assert min(four.values()) < 0.6 * min(one.values())  # those that nobody measures are slower


def test_as_many_questions_at_a_time_as_pay_off(bench: Bench) -> None:
    server, beside = bench.server, list[int]()
    server.scheduler.limits = replace(server.scheduler.limits, slots=3)

    def answer(ask: Ask) -> Script:
        beside.append(server.answering.now)
        return Script(["hello", *(f" w{n}" for n in range(40))], seconds=0.15)

    server.answer("", answer)
    rows = ", ".join(f"{{n: {number}}}" for number in range(70))
    bench.case(f"prompt: hi {{{{ n }}}}\nparametrize: [{rows}]\nchecks: [contains: hello]")
    bench.run("--llm-slots=auto").assert_outcomes(passed=70)
    assert beside[:8] == [1] * 8
    assert 2 <= max(beside) <= 4


@pytest.mark.parametrize("said", ["0", "many", "-1"])
def test_slots_that_are_none(bench: Bench, said: str) -> None:
    bench.case("prompt: hi\nchecks: [contains: hello]")
    result = bench.run(f"--llm-slots={said}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--llm-slots: must be auto or a whole number from 1, not {said!r}*"])
