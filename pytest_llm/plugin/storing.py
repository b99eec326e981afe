"""The store of a run: opened where models are asked, told of the run when it ends."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llm.errors import InputError
from pytest_llm.plugin.opening import address, open_store
from pytest_llm.plugin.session import SESSION, LlmSession
from pytest_llm.plugin.telling import warn
from pytest_llm.reports.plain import one_line
from pytest_llm.store.line import CellLine
from pytest_llm.store.record import RunRecord

if TYPE_CHECKING:
    from pytest_llm.engine.memory import Keeper
    from pytest_llm.store.store import Store


def runs_of(state: LlmSession, branch: str, last: int) -> list[RunRecord]:
    """The latest complete runs of a branch that the store has. Raises InputError, StoreError."""
    where = address(state.settings)
    if where is None:
        raise InputError("there is no store to look for its runs", hint="leave out `--llm-store none`")
    store = open_store(where, state.settings.root, create=True)
    try:
        return store.runs_of(branch, last)
    finally:
        store.close()


def last_lines(state: LlmSession, nodeids: Iterable[str]) -> dict[str, CellLine]:
    """Of these cells what their last run was, where the store has one. Raises InputError, StoreError."""
    where = address(state.settings)
    if where is None:
        return {}
    store = open_store(where, state.settings.root, create=False)
    try:
        found = ((nodeid, store.history(nodeid, 1)) for nodeid in nodeids)
        return {nodeid: lines[0][1] for nodeid, lines in found if lines}
    finally:
        store.close()


def earlier(state: LlmSession, wanted: Mapping[str, str]) -> dict[str, str]:
    """The text of the latest stored answer of each of these cells that ended so; that there is none is no trouble.

    wanted: passed or failed, by node id.
    """
    from pytest_llm.gates.tally import samples

    def look(store: Store) -> dict[str, str]:
        found = {}
        for nodeid, outcome in wanted.items():
            lines = (line for _, line in store.history(nodeid))
            ids = (one.id for line in lines for one in samples(line) if one.outcome == outcome and one.id)
            if answer := store.answer(next(ids, "")):
                found[nodeid] = str(answer.answer.get("text") or answer.answer.get("partial") or "")
        return found

    memory = opened(state)
    return (memory.with_store(look) if wanted and memory else None) or {}


def settle(config: pytest.Config) -> None:
    """Before the summary: nothing more is asked; warn of what is wrong with the store."""
    state = config.stash.get(SESSION, None)
    if state is None or not (memory := opened(state)):
        return
    state.close()
    memory.settle()
    for trouble in memory.troubles:
        warn(config, trouble, str(address(state.settings)))


def finish(state: LlmSession) -> None:
    """After the end of the record: keep the run beyond its folder, unless it asked nothing."""
    if not (memory := opened(state)):
        return
    told = len(memory.troubles)
    state.close()
    memory.settle()
    if not state.settings.replay:
        memory.with_store(lambda store: _add(store, state.record))
    memory.close()
    for trouble in memory.troubles[told:]:
        print(f"pytest-llm: {one_line(trouble)}", file=sys.__stderr__)


def opened(state: LlmSession) -> Keeper | None:
    """The memory, where this run has come to ask it."""
    found: Keeper | None = vars(state).get("memory")
    return found


def _add(store: Store, file: Path) -> None:
    with suppress(InputError):  # the record could not be written, which was told
        store.add_run(file)
