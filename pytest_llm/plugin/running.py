"""A run's cells: shown, ordered, asked ahead, reported."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.engine import kept_place
from pytest_llm.engine.order import Group
from pytest_llm.engine.phases import Placed
from pytest_llm.errors import InputError, StoreError
from pytest_llm.plugin.marks import keeps_from_asking
from pytest_llm.plugin.nodes import PromptItem
from pytest_llm.plugin.once import SHARED
from pytest_llm.plugin.session import LlmSession, session
from pytest_llm.plugin.telling import NotJudged, warn
from pytest_llm.reports import terminal
from pytest_llm.verdicts.identity import identity
from pytest_llm.verdicts.pipeline import first_jobs, questions

NOWHERE: Group = ("", "", "")
KEPT_ORDER = ("stepwise", "failedfirst", "newfirst")


def begin(pytest_session: pytest.Session) -> object:
    """Before the first item: show the requests and stop, or settle the order."""
    state = session(pytest_session.config)
    cells = [item for item in pytest_session.items if isinstance(item, PromptItem)]
    if state.settings.dry_run:
        from pytest_llm.plugin import foreseen

        foreseen.show(pytest_session.config, cells)
        return True
    if cells and not state.is_worker and not pytest_session.config.option.collectonly:
        state.keep_stderr()
        _about_gate(state)
        placed = _placed(_order(cells, state), state)
        order = _in_turn(cells, placed)
        state.own_engine.arrange(placed)
        state.own_engine.given([item.nodeid for item in order])
        where = [index for index, item in enumerate(pytest_session.items) if isinstance(item, PromptItem)]
        for index, item in zip(where, order, strict=True):
            pytest_session.items[index] = item
        from pytest_llm.plugin import recording

        recording.begin(pytest_session.config, recording.header(state, order))
    return None


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
    from pytest_llm.plugin import recording

    state = session(pytest_session.config)
    cells = [item for item in pytest_session.items if isinstance(item, PromptItem)]
    if cells and isinstance(state.engine, RemoteEngine) and state.engine.desk.claim_order():
        complaint = _about_bars(state)
        placed = (
            [Placed(item.nodeid, NOWHERE) for item in cells] if complaint else _placed(_order(cells, state), state)
        )
        header = recording.header(state, _in_turn(cells, placed))
        state.engine.desk.settle_order(placed, header, complaint)


def _order(cells: list[PromptItem], state: LlmSession) -> list[tuple[PromptItem, Group]]:
    """Grouped by what must be loaded to answer, each group once, what is loaded already first, and those that are
    measured last in each; as they are where pytest's own order matters, or is asked for."""
    requests = [item.plan.job(item.nodeid).request for item in cells]
    kinds = [
        (request.model, json.dumps([dict(request.options), request.trim], sort_keys=True)) for request in requests
    ]
    distinct = {(model.engine, model.name, options): r for (model, options), r in zip(kinds, requests, strict=True)}
    groups = dict(zip(distinct, state.engine.groups(list(distinct.values())), strict=True))
    of = [groups[model.engine, model.name, options] for model, options in kinds]
    ordered = list(zip(cells, of, strict=True))
    if not _by_load(state):
        return ordered
    first = {group: rank for rank, group in reversed(list(enumerate(of)))}
    urgent, there = _urgent(ordered, state), state.engine.resident(list(distinct.values()))

    def rank(pair: tuple[PromptItem, Group]) -> tuple[bool, bool, int, bool]:
        item, group = pair
        return group not in urgent, group not in there, first[group], item.plan.exclusive

    return sorted(ordered, key=rank)


def _by_load(state: LlmSession) -> bool:
    return state.settings.by_load and not any(state.config.getoption(name, False) for name in KEPT_ORDER)


def _in_turn(cells: list[PromptItem], placed: list[Placed]) -> list[PromptItem]:
    """The cells in the order in which their turns come."""
    by_id = {item.nodeid: item for item in cells}
    return [by_id[place.id] for place in placed if not place.kept]


def _urgent(ordered: list[tuple[PromptItem, Group]], state: LlmSession) -> set[Group]:
    """Where a budget may end the run: groups in which a cell failed the last time, or is not what it was then."""
    if not state.settings.budget[2]:
        return set()
    from pytest_llm.plugin import storing

    try:
        last = storing.last_lines(state, [item.nodeid for item, _ in ordered])
    except (InputError, StoreError):
        return set()
    known = {id_: line.inputs for id_, line in last.items() if line.outcome == "passed"}
    return {group for item, group in ordered if known.get(item.nodeid) != identity(item.plan)["inputs"]}


def _placed(ordered: list[tuple[PromptItem, Group]], state: LlmSession) -> list[Placed]:
    """Where the engine has each cell; with a baseline, any may be asked again once it is judged.

    Those whose checks ask a model have their turns after all others, by that model: it is loaded once. Their
    answers come before, among those of the model that gives them.
    """
    again = bool(state.settings.gate.baseline and state.settings.gate.confirm)
    graders = _graders([item for item, _ in ordered], state)
    places: list[tuple[int, Placed]] = []
    for item, group in ordered:
        turn = Placed(item.nodeid, group, 0 if again else questions(item.plan))
        rank, judged = graders.get(item.nodeid, (0, group))
        if rank:
            jobs = () if keeps_from_asking(item) else tuple(first_jobs(item.plan, item.nodeid))
            turn = replace(turn, group=judged)
            places += [(0, Placed(kept_place(item.nodeid), group, len(jobs), jobs))] if jobs else []
        places.append((rank, turn))
    if _by_load(state):
        places.sort(key=lambda pair: pair[0])
    return [place for _, place in places]


def _graders(cells: list[PromptItem], state: LlmSession) -> dict[str, tuple[int, Group]]:
    """Of the cells whose checks ask a model, which in turn, from 1, and its group; of several models the first."""
    asking = [(item.nodeid, next(iter(item.plan.asks.values()))) for item in cells if item.plan.asks]
    distinct = {model.written: ChatRequest(model, ()) for _, model in asking}
    groups = dict(zip(distinct, state.engine.groups(list(distinct.values())), strict=True)) if distinct else {}
    ranks = {group: rank for rank, group in enumerate(dict.fromkeys(groups.values()), 1)}
    return {id_: (ranks[groups[model.written]], groups[model.written]) for id_, model in asking}


def ahead(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Before an item: its answer is wanted, and those of the next ones."""
    state = session(item.config)
    if state.is_worker:
        jobs = [job for cell in _asking([item, nextitem]) for job in first_jobs(cell.plan, cell.nodeid)]
        if jobs:
            state.engine.prefetch(jobs)
        return
    fresh = list(_asking(_entering(item, state)))
    if fresh:
        state.own_engine.reached([cell.nodeid for cell in fresh])
        state.engine.begin([job for cell in fresh for job in first_jobs(cell.plan, cell.nodeid)])
    for cell in fresh:
        state.judging.begin(cell)


def _entering(item: pytest.Item, state: LlmSession) -> Sequence[pytest.Item]:
    """The items that come within the look-ahead with this one; what lies behind is let go."""
    items = item.session.items
    start = state.position
    while start < len(items) and items[start] is not item:
        start += 1
    for over in items[state.position : start]:
        state.own_engine.done(over.nodeid)
        state.judging.drop(over.nodeid)
    state.position, known = start, max(start, state.known)
    state.known = max(known, start + state.settings.window)
    return items[known : state.known]


def _asking(items: Sequence[pytest.Item | None]) -> Iterator[PromptItem]:
    return (one for one in items if isinstance(one, PromptItem) and not keeps_from_asking(one))


def deselected(items: Sequence[pytest.Item]) -> None:
    """Note which cells are collected and not run."""
    for item in items:
        if isinstance(item, PromptItem):
            session(item.config).deselected.append(item.nodeid)


def report(item: pytest.Item, call: pytest.CallInfo[None], test_report: pytest.TestReport) -> None:
    """Give pytest the words for an ERROR, for which it asks no item, and the record its line."""
    if not isinstance(item, PromptItem):
        return
    if call.excinfo and isinstance(call.excinfo.value, NotJudged):
        test_report.longrepr = item.repr_failure(call.excinfo)
        if item.verdict and (shared := terminal.shared(item.verdict)):
            setattr(test_report, SHARED, shared)
    if test_report.when == "setup" and item.verdict and item.verdict.outcome != "failed":
        for text in terminal.warnings(item.verdict):
            warn(item.config, text, item.nodeid, item.plan.cell.loaded.line())
    if test_report.when == "call" or (test_report.when == "setup" and not test_report.passed):
        from pytest_llm.plugin import recording

        recording.carry(item, test_report)


def done(item: pytest.Item) -> None:
    """After an item: no answer is kept."""
    if isinstance(item, PromptItem):
        item.forget()
