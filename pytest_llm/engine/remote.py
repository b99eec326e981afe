"""Reaching the one engine of a run from the worker processes of pytest-xdist.

A service on loopback with a random key: workers send plain requests and get plain answers. Nothing heavy is
imported here: the engine is made when the first worker wants it.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.managers import BaseManager
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pytest_llm.cases.request import ChatRequest
    from pytest_llm.engine.engine import Engine
    from pytest_llm.engine.jobs import Job
    from pytest_llm.engine.order import Group
    from pytest_llm.engine.phases import Placed
    from pytest_llm.providers.base import Response

Address = tuple[str, int, str]


class _Server(BaseManager):
    """Where calls over a socket arrive."""


class _Client(BaseManager):
    """Where they come from; a class of its own, since each knows by itself what can be called."""


_Client.register("desk")


class Desk:
    """What workers can ask for: the engine, and once a run the order of the cells."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._make, self._lock = engine, threading.Lock()
        self._engine: Engine | None = None
        self._claimed = False
        self.settled = False
        self._held: defaultdict[str, dict[str, None]] = defaultdict(dict)  # cells by owner, in that order
        self.header: Any = None
        self.complaint = ""
        self.past: Any = None

    def _get(self) -> Engine:
        with self._lock:
            self._engine = self._engine or self._make()
            return self._engine

    def prefetch(self, jobs: list[Job], cells: list[str], owner: str) -> list[str]:
        """An owner wants what these cells ask, of which these jobs are new; the cells that it has after them."""
        held = [id_ for id_ in list(self._held[owner]) if id_ not in cells]
        self._get().prefetch(jobs, owner, {*cells, *held})
        return held

    def begin(self, jobs: list[Job], owner: str) -> None:
        self._get().begin(jobs, owner)

    def ask(self, job: Job) -> Response:
        return self._get().ask(job)

    def groups(self, requests: list[ChatRequest]) -> list[tuple[Group, ...]]:
        return self._get().groups(requests)

    def resident(self, requests: list[ChatRequest]) -> set[Group]:
        return self._get().resident(requests)

    def check_begins(self, owner: str) -> None:
        self._get().check_begins(owner)

    def check_ends(self, owner: str) -> None:
        self._get().check_ends(owner)

    def claim_order(self) -> bool:
        """Whether the caller is the first: it then settles the order for all."""
        with self._lock:
            claimed, self._claimed = self._claimed, True
            return not claimed

    def settle_order(self, cells: list[Placed], header: Any, complaint: str = "") -> None:
        """header: what the worker that settles it knows of the run. complaint: why it cannot begin."""
        if cells:
            self._get().arrange(cells)
        self.header, self.complaint = header, complaint  # before what tells that the order is settled
        self.settled = True

    @property
    def ranks(self) -> Mapping[str, int]:
        """The places of the cells in the order, as things are now; none before it is settled."""
        return self._engine.ranks if self.settled and self._engine else {}

    @property
    def room(self) -> int:
        """How many questions can be asked at a time."""
        return self._engine.room if self.settled and self._engine else 0

    def given(self, ids: list[str], owner: str) -> None:
        self._held[owner].update(dict.fromkeys(id_ for id_ in ids if id_ in self.ranks))
        if self._engine:
            with self._engine.at_once():
                self._engine.given(ids, owner)
                self._engine.reached(ids)

    def taken(self, ids: list[str], owner: str) -> None:
        for id_ in ids:
            self._held[owner].pop(id_, None)
        if self._engine:
            self._engine.taken(ids, owner)

    def done(self, id_: str) -> None:
        for held in list(self._held.values()):
            held.pop(id_, None)
        if self._engine:
            self._engine.done(id_)

    def baseline(self) -> Any:
        """What the run is compared with, as the controller has read it."""
        return self.past

    def forget(self, owner: str) -> None:
        self._held.pop(owner, None)
        if self._engine:
            self._engine.forget(owner)

    def stop(self) -> None:
        """Nothing more is asked, also where nothing was asked yet."""
        if self.ranks:
            self._get().close()

    def close(self) -> None:
        if self._engine:
            self._engine.close()


def serve(desk: Desk) -> Address:
    """Offer a desk on a free loopback port: (host, port, key in hex)."""
    key = os.urandom(16)
    _Server.register("desk", callable=lambda: desk)
    server = _Server(address=("127.0.0.1", 0), authkey=key).get_server()
    threading.Thread(target=server.serve_forever, daemon=True, name="pytest-llm-desk").start()
    host, port = cast("tuple[str, int]", server.address)
    return host, port, key.hex()


class RemoteEngine:
    """The engine as a worker sees it; `owner` is the worker's name.

    measures: whether a cell of the run is measured alone. Where none is, nobody waits for checks to end, and the
    controller is not told of any.
    """

    measures = True

    def __init__(self, address: Address, owner: str) -> None:
        host, port, key = address
        manager = _Client(address=(host, port), authkey=bytes.fromhex(key))
        manager.connect()
        self.desk: Any = manager.desk()  # type: ignore[attr-defined]
        self._owner = owner

    def prefetch(self, jobs: Sequence[Job], cells: Sequence[str] = ()) -> list[str]:
        """As the engine's; the cells that are this worker's to do after those."""
        held: list[str] = self.desk.prefetch(list(jobs), list(cells), self._owner)
        return held

    def begin(self, jobs: Sequence[Job]) -> None:
        self.desk.begin(list(jobs), self._owner)

    def ask(self, job: Job) -> Response:
        response: Response = self.desk.ask(job)
        return response

    def groups(self, requests: Sequence[ChatRequest]) -> list[tuple[Group, ...]]:
        groups: list[tuple[Group, ...]] = self.desk.groups(list(requests))
        return groups

    def resident(self, requests: Sequence[ChatRequest]) -> set[Group]:
        there: set[Group] = self.desk.resident(list(requests))
        return there

    def check_begins(self) -> None:
        if self.measures:
            self.desk.check_begins(self._owner)

    def check_ends(self) -> None:
        if self.measures:
            self.desk.check_ends(self._owner)

    def close(self) -> None:
        """Nothing to close here: the engine lives in the controller."""
