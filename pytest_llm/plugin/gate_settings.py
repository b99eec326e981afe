"""What a run is held against, as the command line and the ini file say it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.plugin.values import choice, usage
from pytest_llm.settings import GateSettings

STORED = "store:"  # a baseline that is a branch of the store


def gate_settings(
    config: pytest.Config, cli: Mapping[str, Any], ini: Mapping[str, Any], value: Mapping[str, Any]
) -> GateSettings:
    """Paths of the command line are relative to where pytest was started, those of the ini file to the rootdir."""
    invoked = config.invocation_params.dir
    choice("llm_inconclusive", value["inconclusive"], ("pass", "fail"))
    if not 0 < value["gate_alpha"] < 1:
        raise pytest.UsageError("llm_gate_alpha must be above 0% and below 100%")
    if cli["write_baseline"] and value["stop_early"]:
        raise pytest.UsageError("--llm-write-baseline counts all samples: leave out --llm-stop-early")
    bars, default_bars = tuple(cli["gate"] or ()), tuple(ini["gate"])
    if bars or default_bars:
        from pytest_llm.gates.bars import parse

        for said_by, written in (("--llm-gate", bars), ("llm_gate", default_bars)):
            with usage(said_by):
                list(map(parse, written))
    for said_by, written in (("--llm-baseline", cli["baseline"]), ("llm_baseline", ini["baseline"])):
        if written and written.strip() == STORED:
            raise pytest.UsageError(f"{said_by}: name a branch, as in store:main")
    baseline = _place(cli["baseline"], invoked) or _place(ini["baseline"], config.rootpath)
    return GateSettings(
        baseline=baseline,
        write_baseline=_place(cli["write_baseline"], invoked),
        bars=bars,
        default_bars=default_bars,
        confirm=value["confirm"],
        alpha=value["gate_alpha"],
        effect=value["gate_effect"],
        errors=value["gate_errors"],
        speed_tolerance=value["speed_tolerance"],
        fail_inconclusive=value["inconclusive"] == "fail",
    )


def _place(written: str | None, base: Path) -> str:
    """A file, absolute; a branch of the store as it is written."""
    if not written or written.startswith(STORED):
        return written or ""
    return str(base / written)
