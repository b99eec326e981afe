"""The files that options name for what a run says: looked at before an hour of asking, not after it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

NAMES = ("report", "markdown", "jsonl", "cells", "write_baseline")  # of the options, as `llm_NAME`


def check(config: pytest.Config) -> None:
    """Raises pytest.UsageError where no file can be there; missing folders are made when it is written."""
    for name in NAMES:
        file = config.getoption(f"llm_{name}", None)
        if file and (why := _obstacle(config.invocation_params.dir / file)):
            flag = f"--llm-{name.replace('_', '-')}"
            raise pytest.UsageError(f"{flag}: no file can be written at {file}: {why}")


def _obstacle(file: Path) -> str:
    """What is in the file's way; "" for nothing that can be seen before it is written."""
    if os.path.isdir(file):  # unlike Path's, no error where a folder above may not be entered
        return "it is a folder; give the name of a file"
    there = next(part for part in (file, *file.parents) if os.path.exists(part))
    if there != file and not os.path.isdir(there):
        return f"{there} is no folder"
    return "" if os.access(there, os.W_OK) else f"{there} may not be written to"
