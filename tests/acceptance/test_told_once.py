"""An error that many cells meet: a short line for each of them, the story once and last."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Bench

CELLS = 8
STORY = "ollama serve"


@pytest.fixture
def down(bench: Bench) -> Bench:
    """Eight cells, of them two in stages, for a server that is not there; one that is alone with its error."""
    bench.server.fault("refused", times=None)
    for name in "abc":
        bench.case("prompt: hi {{ n }}\nparametrize: [{n: 1}, {n: 2}]\nchecks: [contains: hello]", name)
    stages = "stages:\n  - {name: one, prompt: hi}\n  - {name: two, prompt: ho, checks: [contains: hello]}\n"
    bench.case(f"{stages}think: [off, default]", "d")
    bench.case("models: scripted:gone.yaml\nprompt: hi\nchecks: [contains: hello]", "e")
    return bench


@pytest.mark.parametrize("mode", [[], ["-n2"], ["-q"], ["-v", "--tb=short"], ["--tb=line"]])
def test_the_story_comes_once_and_last(down: Bench, mode: list[str]) -> None:
    result = (down.process if "-n2" in mode else down.run)(*mode)
    result.assert_outcomes(errors=CELLS + 1)
    text = result.stdout.str()
    assert text.count(STORY) == text.count("--llm-engine embedded") == 1
    summary, last = text.partition("short test summary info")[2].split("errors that several cells met")
    assert sum(line.startswith("ERROR ") for line in summary.splitlines()) == CELLS + 1
    assert last.splitlines()[1].startswith(f"{CELLS} cells: nothing listens at {down.server.url}")
    assert STORY in last
    assert text.count("ERROR at setup of") == 1, "the one that is alone with its error"
    assert "gone.yaml" in text.partition("short test summary info")[0]
    assert len(text.splitlines()) < 3 * (CELLS + 1) + 22


@pytest.mark.parametrize(("mode", "told"), [(["--tb=no"], 0), (["-k", "c and row1"], 1), (["-x"], 1)])
def test_where_there_is_nothing_to_gather(down: Bench, mode: list[str], told: int) -> None:
    text = down.run(*mode).stdout.str()
    assert text.count(STORY) == text.count("ERROR at setup of") == told
    assert "several cells" not in text


def test_two_errors_are_two_stories(bench: Bench) -> None:
    bench.case("models: [gone, lost]\nprompt: hi\nthink: [off, default]\nchecks: [contains: hello]")
    bench.case("prompt: hi\nchecks: [contains: hello, contains: zzz]", "u")
    result = bench.run()
    result.assert_outcomes(errors=4, failed=1)
    told = result.stdout.str().rpartition("errors that several cells met")[2]
    assert [told.count(f"2 cells: the model '{name}'") for name in ("gone", "lost")] == [1, 1]
    assert [told.count(f"ollama pull {name}") for name in ("gone", "lost")] == [1, 1]
