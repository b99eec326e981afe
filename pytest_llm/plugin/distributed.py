"""pytest-xdist: one engine in the controller, and the cells handed out in its order."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler.load import LoadScheduling

from pytest_llm.engine.remote import Desk, serve
from pytest_llm.plugin.options import MARK
from pytest_llm.plugin.session import ADDRESS, RUN_ID, session

DESK = pytest.StashKey[Desk]()

FAILURES = pytest.StashKey[int]()
SERVED = pytest.StashKey[tuple[str, int, str]]()


def configure_node(node: Any) -> None:
    """Tell a worker where the engine is."""
    config: pytest.Config = node.config
    if SERVED not in config.stash:
        config.stash[DESK] = desk = Desk(session(config).start_engine)
        config.stash[SERVED] = serve(desk)
        config.add_cleanup(desk.close)
    node.workerinput[ADDRESS] = config.stash[SERVED]
    node.workerinput[RUN_ID] = session(config).run_id


def collected(node: Any, ids: list[str]) -> None:
    """A worker knows its items: the first that has cells begins the record."""
    config: pytest.Config = node.config
    if config.option.collectonly:
        return
    from pytest_llm.plugin import recording

    ranks = config.stash[DESK].ranks
    order = sorted((id_ for id_ in ids if MARK in id_), key=lambda id_: ranks.get(id_, 0))
    recording.begin(config, order, config.stash[DESK].deselected)


def node_down(node: Any) -> None:
    """A worker has gone: what it wanted or was checking no longer counts."""
    desk = node.config.stash.get(DESK, None)
    if desk:
        desk.forget(node.workerinput["workerid"])


def failed(config: pytest.Config) -> None:
    """A report of a failure: from the last that is borne on (`-x`), no other worker waits for its answer."""
    config.stash[FAILURES] = config.stash.get(FAILURES, 0) + 1
    desk = config.stash.get(DESK, None)
    if desk and config.stash[FAILURES] == config.getoption("maxfail"):
        desk.stop()


def finish(config: pytest.Config) -> None:
    """Let go of what is still asked for, before xdist waits for workers that wait for it."""
    desk = config.stash.get(DESK, None)
    if desk:
        desk.close()


class CellScheduling(LoadScheduling):  # type: ignore[misc]
    """Hands out the cells in the engine's order, two to a worker: the one it judges and the one it asks ahead."""

    def _send_tests(self, node: Any, num: int) -> None:
        desk = self.config.stash.get(DESK, None)
        if desk and desk.ranks:
            ranks, ids = desk.ranks, self.collection
            self.pending.sort(key=lambda index: ranks.get(ids[index], -1))
            num = min(num, 2)
        super()._send_tests(node, num)
