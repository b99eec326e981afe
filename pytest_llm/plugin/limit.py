"""`--llm-limit N`: the first cells of each case, for trying a matrix before it is paid for."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pytest_llm.plugin.nodes import PromptItem
from pytest_llm.plugin.telling import left_out

LEFT_OUT = "pytest_llm_left_out"


class Limit:
    """Deselects what comes after the first `most` cells of each case, of those that `-k` and `-m` leave."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.left_out = self.all = 0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        seen: Counter[tuple[object, ...]] = Counter()
        kept: list[pytest.Item] = []
        over: list[pytest.Item] = []
        for item in items:
            case = (item.path, item.plan.cell.loaded.name) if isinstance(item, PromptItem) else (item,)
            seen[case] += isinstance(item, PromptItem)
            (over if seen[case] > self.most else kept).append(item)
        self.left_out, self.all = len(over), seen.total()
        if over:
            config.hook.pytest_deselected(items=over)
            items[:] = kept

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workerinput"):
            session.config.workeroutput[LEFT_OUT] = (self.left_out, self.all)  # type: ignore[attr-defined]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        self.left_out, self.all = getattr(node, "workeroutput", {}).get(LEFT_OUT, (self.left_out, self.all))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.left_out:
            left_out(terminalreporter, self.left_out)
            terminalreporter.write_line(
                f"--llm-limit {self.most}: {self.left_out} of {self.all} cells were left out"
            )
