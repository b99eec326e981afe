"""The order of a run's cells: by what must be loaded, and with several servers by when each would be asked."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine.arranging import Groups, Turn, by_load, shared
from pytest_llm.engine.balance import LOAD
from pytest_llm.engine.jobs import Job, kept_place
from pytest_llm.engine.order import Group
from pytest_llm.engine.places import Placed
from pytest_llm.errors import InputError, StoreError
from pytest_llm.plugin.foreseen import wall
from pytest_llm.plugin.marks import keeps_from_asking
from pytest_llm.plugin.nodes import PromptItem
from pytest_llm.plugin.session import LlmSession
from pytest_llm.store.line import CellLine
from pytest_llm.verdicts.identity import identity
from pytest_llm.verdicts.pipeline import first_jobs, questions

KEPT_ORDER = ("stepwise", "failedfirst", "newfirst")
SECONDS = 10.0  # of an answer, about, where no earlier run tells

Kind = tuple[str, str, str]


@dataclass(frozen=True)
class Entry(Turn):
    """A cell's turn, or what of it is asked long before. kept: these questions."""

    item: PromptItem
    kept: tuple[Job, ...] = ()


def order(cells: Sequence[PromptItem], state: LlmSession) -> list[Placed]:
    """Grouped by what must be loaded to answer, each group once, what is loaded already first, and those that are
    measured last in each; as they are where pytest's own order matters, or is asked for.

    Cells whose checks ask a model have their turns after all others, by that model: it is loaded once. Their
    answers come before, among those of the model that gives them.
    """
    kinds, distinct = _kinds(cells)
    groups, graders = _groups(kinds, distinct, state), _graders(cells, state)
    several = len({group[0] for of in (*groups, *(of for _, of in graders.values())) for group in of}) > 1
    urgent = bool(state.settings.budget[2])
    last = _last(cells, state) if several or urgent else {}
    seconds = _seconds(cells, state, last) if several else [SECONDS] * len(cells)
    entries = [
        entry
        for item, of, took in zip(cells, groups, seconds, strict=True)
        for entry in _entries(item, of, took, *graders.get(item.nodeid, (0, of)))
    ]
    grouped = is_grouped(state)
    there = _resident(distinct, state) if grouped or several else set()
    at = shared(entries, LOAD, there) if several else {entry.id: entry.groups[0] for entry in entries}
    if grouped:
        entries = by_load(entries, at, LOAD, there, _urgent(entries, at, last) if urgent else set())
    return [_placed(entry, at[entry.id], state) for entry in entries]


def is_grouped(state: LlmSession) -> bool:
    """Whether cells run by what must be loaded: not where pytest's own order matters, or is asked for."""
    return state.settings.by_load and not any(state.config.getoption(name, False) for name in KEPT_ORDER)


def nowhere(cells: Sequence[PromptItem]) -> list[Placed]:
    """As they are, where the run ends before any is asked."""
    return [Placed(item.nodeid, ("", "", "")) for item in cells]


def in_turn(cells: Sequence[PromptItem], placed: Sequence[Placed]) -> list[PromptItem]:
    """The cells in the order in which their turns come."""
    by_id = {item.nodeid: item for item in cells}
    return [by_id[place.id] for place in placed if not place.kept]


def _entries(item: PromptItem, groups: Groups, seconds: float, turn: int, judged: Groups) -> Iterator[Entry]:
    if turn and not keeps_from_asking(item):
        jobs = tuple(first_jobs(item.plan, item.nodeid))
        yield Entry(kept_place(item.nodeid), groups, seconds, item.plan.exclusive, 0, item, jobs)
    yield Entry(item.nodeid, judged, seconds, item.plan.exclusive, turn, item)


def _graders(cells: Sequence[PromptItem], state: LlmSession) -> dict[str, tuple[int, Groups]]:
    """Of the cells whose checks ask a model, which in turn, from 1, and its groups; of several models the first."""
    asking = [(item.nodeid, next(iter(item.plan.asks.values()))) for item in cells if item.plan.asks]
    distinct = {model.written: ChatRequest(model, ()) for _, model in asking}
    groups = dict(zip(distinct, state.engine.groups(list(distinct.values())), strict=True)) if distinct else {}
    ranks = {group: rank for rank, group in enumerate(dict.fromkeys(groups.values()), 1)}
    return {id_: (ranks[groups[model.written]], groups[model.written]) for id_, model in asking}


def _groups(kinds: Sequence[Kind], distinct: Mapping[Kind, ChatRequest], state: LlmSession) -> list[Groups]:
    """Of each cell what must be loaded; the engine is asked once for all that have the same."""
    groups = dict(zip(distinct, state.engine.groups(list(distinct.values())), strict=True))
    return [groups[kind] for kind in kinds]


def _resident(distinct: Mapping[Kind, ChatRequest], state: LlmSession) -> set[Group]:
    """Of what must be loaded, what is there already."""
    return state.engine.resident(list(distinct.values()))


def _kinds(cells: Sequence[PromptItem]) -> tuple[list[Kind], dict[Kind, ChatRequest]]:
    """The kind of each cell, and of each kind one request: no more of them is kept."""
    kinds: list[Kind] = []
    distinct: dict[Kind, ChatRequest] = {}
    for item in cells:
        request = item.plan.load
        kinds.append(_kind(request))
        distinct.setdefault(kinds[-1], request)
    return kinds, distinct


def _kind(request: ChatRequest) -> Kind:
    """What says which group a cell is of."""
    options = json.dumps([dict(request.options), request.trim], sort_keys=True)
    return request.model.engine, request.model.name, options


def _last(cells: Sequence[PromptItem], state: LlmSession) -> Mapping[str, CellLine]:
    from pytest_llm.plugin import storing

    try:
        return storing.last_lines(state, [item.nodeid for item in cells])
    except (InputError, StoreError):
        return {}


def _seconds(cells: Sequence[PromptItem], state: LlmSession, last: Mapping[str, CellLine]) -> list[float]:
    """How long a server takes for each, by its last run; without one as the others of its model, or all."""
    known = {item.nodeid: took for item in cells if (line := last.get(item.nodeid)) and (took := wall(line))}
    of_model: defaultdict[str, list[float]] = defaultdict(list)
    for item in cells:
        if item.nodeid in known:
            of_model[item.plan.cell.model].append(known[item.nodeid])
    means = {model: fmean(times) for model, times in of_model.items()}
    usual = fmean(known.values()) if known else SECONDS
    found = [known.get(item.nodeid) or means.get(item.plan.cell.model, usual) for item in cells]
    slots = state.settings.side_by_side
    return [took / (1 if item.plan.exclusive else slots) for item, took in zip(cells, found, strict=True)]


def _urgent(entries: Sequence[Entry], at: Mapping[str, Group], last: Mapping[str, CellLine]) -> set[Group]:
    """Where a budget may end the run: groups in which a cell failed the last time, or is not what it was then."""
    known = {id_: line.inputs for id_, line in last.items() if line.outcome == "passed"}
    return {
        at[entry.id] for entry in entries if known.get(entry.item.nodeid) != identity(entry.item.plan)["inputs"]
    }


def _placed(entry: Entry, group: Group, state: LlmSession) -> Placed:
    """Where the engine has it; with a baseline, any cell may be asked again once it is judged."""
    asks = not keeps_from_asking(entry.item)
    again = not entry.kept and bool(state.settings.gate.baseline and state.settings.gate.confirm)
    count = len(entry.kept) or (0 if again else questions(entry.item.plan))
    return Placed(entry.id, group, count, entry.groups, entry.seconds, asks, entry.kept, entry.alone)
