from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_llm.sandbox import scratch

MAKES = "import sys; from pytest_llm.sandbox import scratch; print(scratch.make(), flush=True); sys.stdin.read()"
LATER = 3600.0


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> subprocess.Popen[str]:
    """Another process with a folder below `tmp_path`, which ends with its input."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", MAKES], stdin=pipe, stdout=pipe, text=True)


def made_by(process: subprocess.Popen[str]) -> Path:
    assert process.stdout
    return Path(process.stdout.readline().strip())


def test_a_folder_is_gone_afterwards() -> None:
    with scratch.folder() as folder:
        (folder / "file").write_text("x")
    assert not folder.exists()


def test_an_end_leaves_nothing(other: subprocess.Popen[str], tmp_path: Path) -> None:
    assert made_by(other).is_dir()
    other.communicate()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_swept_by_the_next(other: subprocess.Popen[str], tmp_path: Path) -> None:
    folder = made_by(other)
    (folder / "file").write_text("x")
    strangers = [tmp_path / "pytest-of-ann", tmp_path / "notes"]
    for stranger in strangers:
        stranger.mkdir()
    (tmp_path / "pytest-llm-link").symlink_to(strangers[1])
    scratch.sweep(tmp_path, time.time() + LATER)
    assert folder.is_dir()  # it lives
    other.kill()
    other.communicate()
    scratch.sweep(tmp_path, time.time())
    assert folder.is_dir()  # young
    scratch.sweep(tmp_path, time.time() + LATER)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes", "pytest-llm-link", "pytest-of-ann"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_what_belongs_to_another_stays(tmp_path: Path) -> None:
    theirs = tmp_path / "pytest-llm-theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    scratch.sweep(tmp_path, time.time() + LATER)
    assert theirs.exists()
