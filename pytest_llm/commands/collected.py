"""Cells and settings for the commands: pytest itself is asked for them, so that there is one collector only."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llm.sandbox import scratch

FORMAT = 1
LIMIT = 120.0  # seconds: a project with tens of thousands of cells takes some ten


class NotCollected(Exception):
    """pytest could not say what it would run; the message says why."""


@dataclass(frozen=True)
class Collected:
    """What `pytest --collect-only --llm-cells FILE` wrote; docs/cells.md has the keys of each."""

    root: Path
    settings: Mapping[str, Any]
    cells: tuple[Mapping[str, Any], ...]
    errors: tuple[Mapping[str, str], ...]


def collected(arguments: Sequence[str] = (), *, limit: float = LIMIT) -> Collected:
    """The cells that pytest collects here with these arguments (paths, options). Raises NotCollected."""
    with scratch.folder() as folder:
        file = folder / "cells.jsonl"
        command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "--llm-cells", str(file), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=limit)
        except subprocess.TimeoutExpired:
            raise NotCollected(f"pytest had not collected the cases after {limit:.0f} s") from None
        if not file.exists():
            raise NotCollected(_last_words(done))
        return _read(file.read_text(encoding="utf-8", errors="surrogatepass"))


def _read(text: str) -> Collected:
    head, *lines = map(json.loads, text.splitlines())
    if head["format"] != FORMAT:
        raise NotCollected(f"pytest wrote its cells in format {head['format']}; this command reads {FORMAT}")
    cells = tuple(line for line in lines if "error" not in line)
    return Collected(Path(head["root"]), head["settings"], cells, tuple(line for line in lines if "error" in line))


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return "\n  ".join(["pytest could not collect the cases:", *said[-5:]])
