"""Whoever stops a run stops the model too: the connection is closed, and the server sees it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.acceptance.conftest import Bench
from tests.fake_ollama import FakeOllama, Script
from tests.fake_ollama.runners import Limits
from tests.helpers.forking import Forked
from tests.helpers.waiting import until

ENDLESS = Script(("tick tock ",) * 20 + tuple(f"{number} tick tock " for number in range(100_000)), seconds=3600)
CASE = "prompt: endless\nchecks: [{contains: zzz}]"


@pytest.fixture
def endless(bench: Bench) -> Bench:
    bench.server.answer("endless", ENDLESS)
    bench.case(CASE, "b")
    return bench


@contextmanager
def running(bench: Bench, *arguments: str) -> Iterator[Forked]:
    """A run of pytest's whose model has begun to write."""
    with bench.running(*arguments) as run:
        bench.server.wait_for(lambda: bench.server.answering.now == 1, seconds=60)
        yield run


def seen(server: FakeOllama) -> list[str]:
    """The phases in which clients left, once the server generates no more."""
    server.wait_for(lambda: server.cancelled and not server.answering.now, seconds=60)
    return [cancelled.phase for cancelled in server.cancelled]


@pytest.mark.parametrize("mode", [[], ["-n2"]])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_stopped(endless: Bench, how: signal.Signals, mode: list[str]) -> None:
    with running(endless, *mode) as run:
        os.kill(run.pid, how)
        assert seen(endless.server) == ["answer"]


@pytest.mark.parametrize(
    ("how", "mode"), [(signal.SIGINT, []), (signal.SIGTERM, ["-n2"])], ids=["SIGINT-plain", "SIGTERM-n2"]
)
def test_a_run_on_two_servers_that_is_stopped(endless: Bench, how: signal.Signals, mode: list[str]) -> None:
    with FakeOllama() as other:
        other.add_model("m")
        other.answer("endless", ENDLESS)
        for name in "cdef":
            endless.case(CASE, name)
        hosts = [f"--llm-host={server.url}" for server in (endless.server, other)]
        with running(endless, *hosts, *mode) as run:
            other.wait_for(lambda: other.answering.now == 1, seconds=60)
            os.kill(run.pid, how)
            assert seen(endless.server) == seen(other) == ["answer"]


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_a_server_that_is_busy_from_the_start_is_told_and_the_run_can_be_stopped(
    bench: Bench, mode: list[str]
) -> None:
    bench.case(CASE, "b")
    bench.server.fault("html-429", times=None, retry_after="60")
    with bench.running("-q", *mode) as run:
        bench.server.wait_for(lambda: bool(bench.server.faults.seen), seconds=60)
        until(lambda: "429" in bench.output())
        os.kill(run.pid, signal.SIGINT)
        assert run.wait(30) == pytest.ExitCode.INTERRUPTED
    told = [line for line in bench.output().splitlines() if "429" in line and "it is asked again in 60 s" in line]
    assert len(told) == 1


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_a_cells_own_timeout(endless: Bench, mode: list[str]) -> None:
    endless.case(f"timeout: 1s\n{CASE}", "b")
    endless.process(*mode).assert_outcomes(failed=1)
    assert seen(endless.server) == ["answer"]


@pytest.mark.parametrize("mode", [["-p", "no:xdist"], ["-n2"]], ids=["plain", "n2"])
def test_a_time_limit_of_the_item_leaves_the_server_to_the_next(endless: Bench, mode: list[str]) -> None:
    """The server has one slot. A worker's next item may be waiting for it already, and has a limit too."""
    endless.case("prompt: hi\nchecks: [{contains: hello}]", "c")
    outcomes = endless.process(*mode, "--timeout=4").parseoutcomes()
    assert outcomes["errors"] == (2 - outcomes.get("passed", 0))
    left = seen(endless.server)
    if mode == ["-n2"]:  # the next one's limit may end while it waits for the slot, or right after
        assert "answer" in left
        assert len(left) <= 2
    else:
        assert outcomes["passed"] == 1
        assert left == ["answer"]


WAITS = """
    import time
    from pathlib import Path

    from pytest_llm import check

    @check("waits")
    def waits(artifact, value=None):
        while not Path("go on").exists():
            time.sleep(0.05)
        return False
    """


@pytest.mark.parametrize("mode", [[], ["-n2"]])
@pytest.mark.parametrize(("borne", "failures"), [("-x", 1), ("--maxfail=2", 2)])
def test_the_last_failure_that_is_borne_stops_what_was_asked_ahead(
    endless: Bench, borne: str, failures: int, mode: list[str]
) -> None:
    """The next answer is on its way while the cells before it are judged."""
    endless.file("conftest.py", WAITS)
    rows, slots = ", ".join(f"{{n: {n}}}" for n in range(failures)), failures + 1
    endless.case(f"prompt: hi {{{{ n }}}}\nparametrize: [{rows}]\nchecks: [{{waits: 0}}]", "a")
    endless.server.scheduler.limits = Limits(slots=slots)  # of two workers either may come first
    with running(endless, borne, f"--llm-slots={slots}", *mode) as run:
        endless.server.wait_for(lambda: endless.server.answering.order == ["m:latest"] * slots, seconds=60)
        (endless.path / "go on").touch()
        assert seen(endless.server) == ["answer"]
        run.wait(60)
    assert ("1 failed, 1 error" if mode and failures == 1 else f"{failures} failed") in endless.output()


@pytest.mark.parametrize("how", ["-x", "--maxfail=1", "--timeout=3 -x"])
def test_what_ends_a_run_leaves_no_question_at_either_of_two_servers(endless: Bench, how: str) -> None:
    """One cell fails, or outlives its time and ends the run by `-x`, while both servers answer others."""
    endless.file("conftest.py", WAITS)
    endless.case("prompt: hi\nchecks: [{waits: 0}]", "a")
    for name in "cdefg":
        endless.case(CASE, name)
    with FakeOllama() as other:
        other.add_model("m")
        other.answer("endless", ENDLESS)
        servers = (endless.server, other)
        hosts = [f"--llm-host={server.url}" for server in servers]
        with running(endless, *hosts, *how.split()) as run:
            for server in servers:
                server.wait_for(lambda server=server: "endless" in str(server.asked()), seconds=60)  # type: ignore[misc]
            if "timeout" not in how:
                (endless.path / "go on").touch()
            for server in servers:
                assert seen(server)
            run.wait(60)
            assert not any(server.answering.now for server in servers)
