"""Another distribution, called pytest-llm, whose package is called pytest_llm too."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def namesake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site" / "pytest_llm-0.1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: pytest-llm\nVersion: 0.1.0\n")
    (folder / "entry_points.txt").write_text("[pytest11]\npytest_llm = pytest_llm\n")
    monkeypatch.setenv("PYTHONPATH", str(folder.parent))


@pytest.mark.usefixtures("namesake")
def test_is_refused_in_one_line(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_one(): pass")
    result = pytester.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.stderr.lines if line]
    assert line.startswith("ERROR: pytest-llm is installed beside pytest-llm-cases")
    assert "pip uninstall -y pytest-llm" in line


@pytest.mark.usefixtures("namesake")
def test_may_be_blocked_by_name(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_one(): pass")
    pytester.runpytest_subprocess("-p", "no:pytest_llm").assert_outcomes(passed=1)
