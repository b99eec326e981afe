"""pytest-xdist in each of its ways: cells run in the order of what is loaded, other tests as ever."""

from __future__ import annotations

from functools import partial

import pytest

from tests.acceptance.conftest import Bench
from tests.fake_ollama import Ask, FakeOllama, Script
from tests.fake_ollama.runners import Limits

WAYS = ("load", "worksteal", "loadfile", "loadscope", "loadgroup")


LATE = """
    import os
    import time
    import pytest

    def is_first(folder):
        try:
            os.mkdir(folder / "late")
        except FileExistsError:
            return False
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(item):
        if os.environ.get("PYTEST_XDIST_WORKER") and item.name[0] == "a" and is_first(item.config.rootpath):
            time.sleep(2)
            if os.environ.get("DIES"):
                os._exit(3)
        return (yield)
    """


@pytest.fixture
def models(bench: Bench) -> Bench:
    """Four files that each ask two models in turn, and a worker that is late at the first of them."""
    bench.file("conftest.py", LATE)
    bench.server.add_model("n")
    for name in "abcd":
        case = "prompt: hi {{ n }}\nparametrize: [{n: 1}, {n: 2}]\nchecks: [contains: hello]"
        bench.case(f"models: [m, n]\n{case}", name)
    bench.file("test_a.py", "import pytest\n\n@pytest.mark.parametrize('n', range(5))\ndef test_a(n): pass\n")
    return bench


@pytest.mark.parametrize("way", WAYS)
def test_each_model_is_loaded_once(models: Bench, way: str) -> None:
    result = models.process("-n2", f"--dist={way}")
    result.assert_outcomes(passed=16 + 5)
    assert len(models.server.loads) == 2


@pytest.mark.parametrize("way", ["worksteal", "loadscope", "each"])
def test_runs_without_cells_are_as_ever(bench: Bench, way: str) -> None:
    bench.file("test_a.py", "import pytest\n\n@pytest.mark.parametrize('n', range(9))\ndef test_a(n): pass\n")
    bench.process("-n2", f"--dist={way}").assert_outcomes(passed=18 if way == "each" else 9)


def test_each_is_refused_for_cells(models: Bench) -> None:
    result = models.process("-n2", "--dist=each")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --dist each would ask every cell once a worker: use --dist load"])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


@pytest.fixture
def late(bench: Bench) -> Bench:
    """Six cells, the last three of another model; the worker that is to begin with the first is late."""
    bench.server.scheduler.limits = Limits(max_loaded=1)
    bench.server.add_model("n")
    bench.file("conftest.py", LATE)
    for name, model in zip("abcdef", "mmmnnn", strict=True):
        bench.case(f"models: {model}\nprompt: hi\nchecks: [contains: hello]", name)
    return bench


def test_a_cell_that_is_asked_again_costs_no_load(late: Bench) -> None:
    """The answer of its first stage is judged while the next model is wanted."""
    late.case("models: m\nstages: [{name: x, prompt: hi}, {name: y, prompt: ho}]\nchecks: [contains: hello]", "a")
    for mode in [], ["-n2"]:
        late.server.loads.clear()
        late.process(*mode).assert_outcomes(passed=6)
        assert len(late.server.loads) <= 2


@pytest.mark.parametrize("way", ["load", "worksteal"])
def test_a_worker_that_dies_keeps_nobody_waiting(late: Bench, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Its cells go to one that waits for them already, or to the worker that takes its place."""
    monkeypatch.setenv("DIES", "1")
    late.process("-n2", f"--dist={way}").assert_outcomes(passed=5, failed=1)


def test_an_order_that_is_kept_is_kept_by_all_workers(late: Bench) -> None:
    """Models in turn: each change is a load, and no more."""
    late.file("pytest.ini", "[pytest]\naddopts = -p no:hypothesispytest\n")
    for name, model in zip("abcdef", "mnmnmn", strict=True):
        late.case(f"models: {model}\nprompt: hi\nchecks: [contains: hello]", name)
    late.process("-n2", "--nf").assert_outcomes(passed=6)
    assert len(late.server.loads) == 6


def test_the_last_failure_that_is_borne_ends_the_waiting(late: Bench) -> None:
    late.case("prompt: hi\nchecks: [contains: zzz]", "b")
    assert late.process("-n2", "-x").parseoutcomes()["failed"] == 1


@pytest.mark.parametrize("way", ["load", "worksteal", "loadscope"])
def test_two_workers_keep_all_slots_of_two_servers_busy(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.delenv("OLLAMA_HOST")
    rows = ", ".join(f"{{n: {n}}}" for n in range(24))
    bench.case(f"prompt: hi {{{{ n }}}}\nparametrize: [{rows}]\nchecks: [contains: hello]")
    with FakeOllama(slots=4) as one, FakeOllama(slots=4) as two:
        beside: dict[str, list[int]] = {}
        for server in (one, two):
            server.add_model("m")
            seen = beside[server.url] = []
            server.answer("", partial(counted, server, seen))
        hosts = [f"--llm-host={url}" for url in beside]
        bench.process("-n2", f"--dist={way}", "--llm-slots=4", *hosts).assert_outcomes(passed=24)
        assert [max(seen) for seen in beside.values()] == [4, 4]


def counted(server: FakeOllama, seen: list[int], ask: Ask) -> Script:
    seen.append(server.answering.now)
    return Script(("hello",), seconds=0.4)
