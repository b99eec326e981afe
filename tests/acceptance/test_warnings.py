"""What does not fail a cell and is to be seen all the same stands in pytest's summary of warnings."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Bench

SAID = "LlmWarning: contains: the answer does not contain 'zzz'"


@pytest.fixture
def warned(bench: Bench) -> Bench:
    """Cells that pass and fail with a warning each; a Modelfile with a mistake that does not matter."""
    bench.file("modelfiles/mine.Modelfile", "FROM m\nPARAMETER tempratur 1\n")
    bench.case("prompt: hi\nchecks: [warn: {contains: zzz}, contains: hello]", "passes")
    bench.case("models: mine\nprompt: hi\nchecks: [contains: hello]", "lint")
    bench.case("prompt: hi\nchecks: [warn: {contains: zzz}, contains: yyy]", "fails")
    return bench


@pytest.mark.parametrize(
    "mode",
    [
        [],
        ["-n2"],
        ["-q"],
        ["-qq"],
        ["-v"],
        ["-p", "no:warnings"],
        ["-W", "error"],
        ["-W", "ignore", "-n2"],
        ["--tb=no"],
    ],
)
def test_every_mode(warned: Bench, mode: list[str]) -> None:
    result = (warned.process if "-n2" in mode else warned.run)(*mode)
    text = result.stdout.str()
    if "-qq" not in mode:
        result.assert_outcomes(passed=2, failed=1, warnings=2)
    head, _, told = text.partition("warnings summary")
    assert "passes.prompt.yaml::passes[m]" in told.partition("short test summary")[0]
    assert f"passes.prompt.yaml:1: {SAID}" in told
    assert "has no effect, did you mean 'temperature'?" in told
    assert "fails.prompt.yaml:1: LlmWarning" not in text, "a failure's story tells its warnings"
    assert ("warning: contains" in head) == ("--tb=no" not in mode)


def test_they_are_left_out_where_warnings_are(warned: Bench) -> None:
    assert SAID not in warned.run("--disable-warnings").stdout.str()
    warned.file("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    warned.run().assert_outcomes(passed=2, failed=1, warnings=2)


def test_many_cells_with_one_warning_share_its_line(bench: Bench) -> None:
    bench.case("prompt: hi {{ n }}\nparametrize: [{n: 1}, {n: 2}]\nchecks: [warn: {contains: zzz}]")
    result = bench.run()
    result.assert_outcomes(passed=2, warnings=2)
    result.stdout.fnmatch_lines(
        ["t.prompt.yaml::t[[]m-row1]", "t.prompt.yaml::t[[]m-row2]", f"  t.prompt.yaml:*: {SAID}"]
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[pytest]\nllm_modelfiles =\n    gone\n    modelfiles\n", "gone is not there: name a folder of NAME"),
        ("[pytest]\n", ""),
    ],
)
def test_a_folder_of_modelfiles_that_is_not_there(bench: Bench, settings: str, said: str) -> None:
    bench.file("pytest.ini", settings)
    bench.file("modelfiles/mine.Modelfile", "FROM m")
    bench.case("prompt: hi\nmodels: m\nchecks: [{contains: hello}]")
    for result in (bench.run(), bench.process("-n2")):
        result.assert_outcomes(passed=1, warnings=1 if said else 0)
        assert said in result.stdout.str()


@pytest.mark.parametrize("mode", [[], ["-n2"]])
def test_a_file_whose_name_is_nearly_that_of_a_case_file(bench: Bench, mode: list[str]) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]").rename(bench.path / "t.prompt.yml")
    result = (bench.process if mode else bench.run)(*mode)
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.assert_outcomes(warnings=1)
    result.stdout.fnmatch_lines(["*t.prompt.yml:1: LlmWarning: *not collected: *called NAME.prompt.yaml"])


def test_what_a_worker_died_before_telling_is_told_by_another(bench: Bench) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.file("t.prompt.yml", "")
    bench.file(
        "conftest.py",
        """
        import os

        def pytest_collect_file(file_path):
            if os.environ.get("PYTEST_XDIST_WORKER") == "gw0" and file_path.suffix == ".yaml":
                os._exit(3)
        """,
    )
    result = bench.process("-n2")
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*t.prompt.yml:1: LlmWarning: *not collected: *"])
