"""`--llm-cells FILE`: what a run would ask, for programs. Nothing is asked, and no Python test is collected.

A line of JSON each: first the settings, then one a cell, then one a collection error. docs/cells.md has the format.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.models.reference import ModelRef
from pytest_llm.plugin.nodes import PromptFile, PromptItem
from pytest_llm.plugin.options import SETTINGS
from pytest_llm.store.whole import whole
from pytest_llm.verdicts.identity import identity
from pytest_llm.verdicts.plan import Plan

FORMAT = 1


class CellList:
    """Writes the file when the session ends; registered only where the option is given."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._errors: list[dict[str, str]] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        found = yield
        return [collector for collector in found if isinstance(collector, PromptFile)]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._errors.append({"nodeid": report.nodeid, "error": report.longreprtext})

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR):
            return  # half a list would be taken for a whole one
        lines = "".join(f"{json.dumps(line, ensure_ascii=False, default=str)}\n" for line in self._lines(session))
        try:
            with whole(self._file, errors="surrogatepass") as text:
                text.write(lines)
        except OSError as error:
            raise pytest.UsageError(f"--llm-cells: {self._file} cannot be written: {error.strerror}") from None

    def _lines(self, session: pytest.Session) -> Iterator[dict[str, Any]]:
        settings = {key: _plain(value) for key, value in dataclasses.asdict(session.config.stash[SETTINGS]).items()}
        settings |= {key: list(map(_without_password, settings[key])) for key in ("hosts", "openai_urls")}
        yield {"format": FORMAT, "root": str(session.config.rootpath), "settings": settings}
        for item in session.items:
            if isinstance(item, PromptItem):
                markers = [mark.name for mark in item.iter_markers()]
                yield {"nodeid": item.nodeid, **_cell(item.plan), "markers": markers}
        yield from self._errors


def _cell(plan: Plan) -> dict[str, Any]:
    """By the names of the run's record, with what the model's name stands for beside it."""
    loaded = plan.cell.loaded
    asked = plan.asks.values()
    return {
        "file": str(loaded.path),
        "line": loaded.line(),
        **identity(plan),
        "stages": [stage.name for stage in plan.stages if stage.name],
        "resolved": _resolved(plan.model),
        "asks": [{"model": one.written, "engine": one.engine, "resolved": _resolved(one)} for one in asked],
    }


def _resolved(model: ModelRef) -> dict[str, Any]:
    """What a model's name stands for."""
    origin = model.spec.origin if model.spec else None
    return {
        "name": model.name,
        "modelfile": str(model.spec.path) if model.spec else str(model.fault.path) if model.fault else None,
        "base": origin.base if origin else None,
        "gguf": str(origin.gguf) if origin and origin.gguf else None,
        **({"fault": f"{model.fault.message}\n{model.fault.hint}".strip()} if model.fault else {}),
    }


def _without_password(url: str) -> str:
    scheme, mark, rest = url.rpartition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{mark}{place.rpartition('@')[2]}{slash}{path}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
