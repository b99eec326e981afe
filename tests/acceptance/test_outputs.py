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
    ],
)
def test_no_file_can_be_there(bench: Bench, monkeypatch: pytest.MonkeyPatch, place: str, why: str) -> None:
    bench.case("prompt: hi\nchecks: [{contains: hello}]")
    bench.file("plain", "")
    bench.file("fixed", "")
    (bench.path / "locked").mkdir()
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
