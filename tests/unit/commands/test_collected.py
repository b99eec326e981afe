"""What a command asks of pytest, in a process that is started anew: the other tests here ask a fork."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pytest_llm.commands.collected import collected

STARTED = subprocess.run


def test_cells_are_asked_of_a_new_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", STARTED)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nllm_models = m\n")
    (tmp_path / "a.prompt.yaml").write_text("prompt: hi\nchecks: [{contains: hello}]\n")
    found = collected()
    assert [cell["nodeid"] for cell in found.cells] == ["a.prompt.yaml::a[m]"]
