"""What a command asks of pytest is asked of a process that has imported it already."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

import pytest

from tests.helpers.forking import ForkServer


@pytest.fixture(autouse=True)
def quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    started = subprocess.run

    def run(command: Sequence[str], **more: Any) -> subprocess.CompletedProcess[str]:
        if list(command[1:3]) != ["-m", "pytest"]:
            return started(command, **more)
        forks: ForkServer = request.getfixturevalue("forks")
        return forks.run(command, **more)

    monkeypatch.setattr(subprocess, "run", run)
