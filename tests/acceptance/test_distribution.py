"""pytest-xdist in each of its ways: cells run in the order of what is loaded, other tests as ever."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Bench

WAYS = ("load", "worksteal", "loadfile", "loadscope", "loadgroup")


@pytest.fixture
def models(bench: Bench) -> Bench:
    """Four files that each ask two models in turn; the server holds one of them at a time."""
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
