"""The files that a run writes where options say: a place that cannot be is told before anything is asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_llm.plugin.option_table import TABLE
from pytest_llm.plugin.outputs import NAMES
from tests.acceptance.conftest import Bench

FLAGS = [option.flag for option in TABLE if option.name in NAMES]


def test_every_option_that_names_a_file_to_write_is_looked_at() -> None:
    assert set(NAMES) == {
        option.name for option in TABLE if "this file" in option.help or "HTML file" in option.help
    }


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (".", "it is a folder; give the name of a file"),
        ("plain/r.x", "*plain is no folder"),
        ("plain/deeper/r.x", "*plain is no folder"),
        ("locked/r.x", "*locked may not be written to"),
        ("locked/deeper/r.x", "*locked may not be written to"),
        ("fixed", "*fixed may not be written to"),
        ("n" * 300, "File name too long"),
        ("round/r.x", "*ymlink*"),
    ],
)
def test_no_file_can_be_there(bench: Bench, monkeypatch: pytest.MonkeyPatch, place: str, why: str) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.file("plain", "")
    bench.file("fixed", "")
    (bench.path / "locked").mkdir()
    (bench.path / "round").symlink_to("round")
    real = os.access  # root may write everywhere
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path).name not in ("locked", "fixed") and real(path, mode)
    )
    for flag in FLAGS:
        result = bench.run(flag, place)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"ERROR: {flag}: no file can be written at {place}: {why}"])
    assert bench.server.asked() == []


def test_folders_that_are_not_there_are_made(bench: Bench) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.run(*(word for flag in FLAGS if flag != "--llm-cells" for word in (flag, f"new/{flag}/out")))
    bench.run("--llm-cells", "new/--llm-cells/out")
    assert {file.parent.name for file in bench.path.glob("new/*/out")} == set(FLAGS)


def test_what_is_put_in_place_whole_needs_the_folder(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.file("locked/r.x", "of the run before")
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked" and real(path, mode))
    for flag in FLAGS:
        result = bench.run(flag, "locked/r.x", "--collect-only")
        refused = flag != "--llm-jsonl"
        assert (result.ret == pytest.ExitCode.USAGE_ERROR) is refused
        assert ("locked may not be written to" in result.stderr.str()) is refused
    os.mkfifo(bench.path / "locked/pipe")  # nothing is put beside one
    for flag in FLAGS:
        if flag != "--llm-cells":  # it would be written
            assert bench.run(flag, "locked/pipe", "--collect-only").ret == pytest.ExitCode.OK


FULL = """
    import os

    from pytest_llm.store import runs, whole

    def full(*_):
        raise OSError(28, os.strerror(28))

    def add(copy, line, real=runs.Copy.add):
        (full if copy._size else real)(copy, line)

    whole.os.replace = full
    runs.Copy.add = add
"""


LACKING = {
    "--llm-jsonl": "the rest of --llm-jsonl cannot be written: No space*; the whole of it is in */cells.jsonl",
    "--llm-write-baseline": "the baseline *out: cannot be written: No space left on device",
    "--llm-markdown": "the summary cannot be written to --llm-markdown: No space left on device",
    "--llm-report": "the report cannot be written to */out: *; `pytest-llm report */cells.jsonl -o FILE`*",
}


@pytest.mark.parametrize("given", [*([flag] for flag in LACKING), [*LACKING, "-n2"]], ids=" ".join)
def test_a_file_that_was_asked_for_and_is_not_there_is_no_green_run(bench: Bench, given: list[str]) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.file("conftest.py", FULL)
    result = bench.process(*(f"{flag}={flag}/out" if flag in LACKING else flag for flag in given))
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"pytest-llm: {LACKING[flag]}" for flag in given if flag in LACKING])
    assert result.stdout.str().count("No space left") == len(LACKING.keys() & given)
    assert [file.parent.name for file in bench.path.glob("*/out")] == ["--llm-jsonl"] * ("--llm-jsonl" in given)
