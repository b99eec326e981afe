"""What a run says of its walls."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_llm.sandbox import walls
from tests.acceptance.conftest import Bench

SAID = "pytest-llm: compiled without walls around it: bubblewrap is not installed"


@pytest.mark.parametrize("mode", [["-n0"], ["-n2"]])
def test_passing_cells_without_walls_are_told_once(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: list[str]
) -> None:
    bash = shutil.which("bash")
    assert bash
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "bash").symlink_to(bash)
    bench.server.answer("", "```sh\necho hi\n```")
    for name in ("a", "b"):
        bench.case("prompt: hi\nchecks: [compile: shell]", name)
    if not walls.missing():
        result = bench.process(*mode)
        result.assert_outcomes(passed=2)
        assert SAID not in result.stdout.str()
    (bench.path / "conftest.py").write_text(f"import os\nos.environ['PATH'] = '{tmp_path}/bare'\n")
    result = bench.process(*mode)
    result.assert_outcomes(passed=2)
    assert result.stdout.str().count(SAID) == 1
