"""What the record has of a run and of its cells, put together by the process that runs them."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

import pytest_llm
from pytest_llm.plugin.asking import asks
from pytest_llm.plugin.carried import reported
from pytest_llm.plugin.nodes import PromptItem, collected
from pytest_llm.plugin.session import LlmSession, session
from pytest_llm.reports.terminal import headline
from pytest_llm.store import runs
from pytest_llm.store.line import CellLine, Header
from pytest_llm.store.revision import revision
from pytest_llm.verdicts.verdict import Verdict


def line_of(item: PromptItem, report: pytest.TestReport) -> CellLine:
    """What the record has of a cell."""
    state, cell = session(item.config), item.plan.cell
    verdict = item.verdict
    plain: dict[str, Any] = verdict.to_plain(state.folder) if verdict else {}
    return CellLine(
        nodeid=item.nodeid,
        outcome=plain.get("outcome", "skipped" if report.skipped else "error"),
        reported=reported(item.config, report),
        reason=_reason(verdict, report),
        file=_within(cell.loaded.path, state.settings.root),
        line=cell.loaded.line(),
        markers=tuple(dict.fromkeys(mark.name for mark in item.iter_markers())),
        started=runs.stamp(item.started or report.start),
        seconds=round(report.stop - (item.started or report.start), 3),
        outcomes=tuple(plain.get("outcomes", ())),
        stopped=plain.get("stopped", False),
        escalated=plain.get("escalated", False),
        answers=tuple(plain.get("answers", ())),
        confirmations=item.confirmations,
        **item.identity,
    )


@lru_cache(maxsize=64)
def _within(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _reason(verdict: Verdict | None, report: pytest.TestReport) -> str:
    if verdict and verdict.reasons:
        return headline(verdict)
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return report.longreprtext.strip().partition("\n")[0] if report.longrepr else ""


def header(state: LlmSession, items: Sequence[pytest.Item]) -> Header:
    """What the process knows that settles the order. items: in the order in which they will run, cells or not."""
    cells = [item for item in items if isinstance(item, PromptItem)]
    selected = [item.nodeid for item in items if isinstance(item, PromptItem) or asks(item)]
    root = state.settings.root
    tested = revision(root, os.environ)
    known = frozenset(selected)
    whole: dict[str, Sequence[pytest.Item]] = {**collected(state.config), **_modules(state)}
    all_of_them = (item.nodeid for items in whole.values() for item in items)
    every = json.dumps(sorted({*selected, *state.deselected})).encode()
    return Header(
        run=state.run_id,
        started=runs.now(),
        commit=tested.commit,
        branch=tested.branch,
        collection=hashlib.sha256(every).hexdigest()[:16],
        cells=tuple(selected),
        deselected=len(state.deselected),
        files=tuple(sorted(whole)),
        left_out=tuple(id_ for id_ in all_of_them if id_ not in known),
        must_pass=tuple(item.nodeid for item in cells if item.plan.must_pass),
        versions={
            "pytest-llm-cases": pytest_llm.__version__,
            "pytest": pytest.__version__,
            "python": platform.python_version(),
            "platform": f"{platform.system()}-{platform.release()}-{platform.machine()}",  # starts no process
        },
    )


def _modules(state: LlmSession) -> dict[str, list[pytest.Item]]:
    """The tests that ask, of each module of which the command line does not name a part."""
    invoked = state.config.invocation_params.dir
    parts = {(invoked / arg.partition("::")[0]).resolve() for arg in state.config.args if "::" in arg}
    found: dict[str, list[pytest.Item]] = {}
    for item in state.tests:
        if item.path not in parts:
            found.setdefault(item.nodeid.partition("::")[0], []).append(item)
    return found
