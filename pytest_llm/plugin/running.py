"""A run's cells: shown, ordered, asked ahead, reported."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from pytest_llm.plugin.asking import asks
from pytest_llm.plugin.marks import keeps_from_asking
from pytest_llm.plugin.nodes import PromptItem
from pytest_llm.plugin.once import SHARED
from pytest_llm.plugin.session import LlmSession, session
from pytest_llm.plugin.telling import NotJudged, warn
from pytest_llm.reports import terminal

if TYPE_CHECKING:
    from pytest_llm.plugin.lookahead import LookAhead

_AHEAD: pytest.StashKey[LookAhead] = pytest.StashKey()


def begin(pytest_session: pytest.Session) -> object:
    """Before the first item: show the requests and stop, or settle the order."""
    state = session(pytest_session.config)
    cells = [item for item in pytest_session.items if isinstance(item, PromptItem)]
    tests = any(map(asks, pytest_session.items))
    if state.settings.dry_run:
        from pytest_llm.plugin import foreseen

        foreseen.show(pytest_session.config, cells, sum(map(asks, pytest_session.items)))
        return True
    if (cells or tests) and not state.is_worker and not pytest_session.config.option.collectonly:
        state.keep_stderr()
        _about_gate(state)
        if cells:
            _arrange(state, cells, pytest_session.items)
        from pytest_llm.plugin import lines, recording

        recording.begin(pytest_session.config, lines.header(state, pytest_session.items))
    return None


def _arrange(state: LlmSession, cells: Sequence[PromptItem], items: list[pytest.Item]) -> None:
    """Settle the order of the cells among the items, and what asks them ahead."""
    from pytest_llm.plugin import ordering
    from pytest_llm.plugin.lookahead import LookAhead

    placed = ordering.order(cells, state)
    order = ordering.in_turn(cells, placed)
    state.own_engine.arrange(placed)
    where = [index for index, item in enumerate(items) if isinstance(item, PromptItem)]
    for index, item in zip(where, order, strict=True):
        items[index] = item
    state.config.stash[_AHEAD] = LookAhead(state, placed, order, items)


def _about_gate(state: LlmSession) -> None:
    """Raises pytest.UsageError where the run cannot be held against what it is to be held against."""
    if complaint := _about_bars(state):
        raise pytest.UsageError(complaint)
    if gate := state.config.pluginmanager.get_plugin("llm_gate"):
        gate.read()


def _about_bars(state: LlmSession) -> str:
    if not state.settings.gate.judges:
        return ""
    from pytest_llm.plugin import gating

    return gating.unmatched(state)


def settle_order(pytest_session: pytest.Session) -> None:
    """In a worker: the first to have collected settles the order for all."""
    from pytest_llm.engine.remote import RemoteEngine

    state = session(pytest_session.config)
    cells = [item for item in pytest_session.items if isinstance(item, PromptItem)]
    tests = [item for item in pytest_session.items if asks(item)]
    if not (cells or tests) or not isinstance(state.engine, RemoteEngine):
        return
    asking = {item.nodeid: item for item in cells if not keeps_from_asking(item)}
    state.engine.first = lambda ids: [job for id_ in ids if id_ in asking for job in asking[id_].jobs]
    state.engine.measures = any(item.plan.exclusive for item in cells)
    if state.engine.claim_order():
        from pytest_llm.plugin import lines, ordering

        complaint = _about_bars(state)
        placed = ordering.nowhere(cells) if complaint or not cells else ordering.order(cells, state)
        header = lines.header(state, [*tests, *ordering.in_turn(cells, placed)])
        state.engine.settle_order(placed, header, complaint)


def ahead(item: pytest.Item) -> None:
    """Before an item: its answer is wanted, and those of the next ones."""
    if look := item.config.stash.get(_AHEAD, None):
        look.at(item)


def deselected(items: Sequence[pytest.Item]) -> None:
    """Note which cells are collected and not run."""
    for item in items:
        if isinstance(item, PromptItem) or asks(item):
            session(item.config).deselected.append(item.nodeid)


def report_of_an_error(item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport | None:
    """With the words for an ERROR, for which pytest asks no item: it would write out each frame, in 0.2 s."""
    if not isinstance(item, PromptItem) or not call.excinfo or not isinstance(call.excinfo.value, NotJudged):
        return None
    ended = copy.copy(call)
    ended.excinfo = None
    test_report = pytest.TestReport.from_item_and_call(item, ended)
    test_report.outcome, test_report.longrepr = "failed", item.repr_failure(call.excinfo)
    if item.verdict and (shared := terminal.shared(item.verdict)):
        setattr(test_report, SHARED, shared)
    return test_report


def report(item: pytest.Item, call: pytest.CallInfo[None], test_report: pytest.TestReport) -> None:
    """Tell the warnings of a cell, and give the record the line of one."""
    if isinstance(item, PromptItem):
        _report(item, test_report)
    elif asks(item):
        from pytest_llm.plugin import tested

        tested.report(item, call, test_report)


def _report(item: PromptItem, test_report: pytest.TestReport) -> None:
    if test_report.when == "setup" and item.verdict and item.verdict.outcome != "failed":
        for text in terminal.warnings(item.verdict):
            warn(item.config, text, item.nodeid, item.plan.cell.loaded.line())
    if test_report.when == "call" or (test_report.when == "setup" and not test_report.passed):
        from pytest_llm.plugin import carried, lines

        carried.carry(lines.line_of(item, test_report), test_report)


def done(item: pytest.Item) -> None:
    """After an item: no answer is kept."""
    if isinstance(item, PromptItem):
        item.forget()
        if (state := session(item.config)).is_worker:
            state.engine.abandon(item.nodeid)
