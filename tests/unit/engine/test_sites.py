"""Which servers have the same model."""

from __future__ import annotations

import asyncio

import pytest

from pytest_llm.cases.request import ChatRequest
from pytest_llm.engine import sites as module
from pytest_llm.engine.dispatch import Dispatch
from pytest_llm.engine.places import Placed
from pytest_llm.engine.servers import Server
from pytest_llm.engine.sites import Site, Sites, agreeing, distinct
from pytest_llm.errors import ModelUnavailable, ServerDown
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Fingerprint, ModelInfo
from tests.unit.engine.test_engine import Desk

MODEL = ModelRef("m", "desk", "m")


def site(server: str, digest: str = "", *, listed: bool = True, version: str = "", blob: str = "") -> Site:
    known = Fingerprint({"digest": blob} if blob else {})
    return Site(Desk(), ModelInfo(server, "b", digest, version=version, fingerprint=known, listed=listed))


@pytest.mark.parametrize(
    ("sites", "same", "differs"),
    [
        ([site("A", "1")], "A", ""),
        ([site("A", "1"), site("B", "1")], "AB", ""),
        ([site("A", "1"), site("B", "2"), site("C", "1")], "AC", "B"),
        ([site("A"), site("B")], "AB", ""),  # nobody tells a digest
        ([site("A", "1"), site("B")], "AB", ""),
        ([site("A", blob="1"), site("B", blob="2")], "A", "B"),
        ([site("A", listed=False), site("B")], "B", ""),
        ([site("A", listed=False), site("B", listed=False)], "AB", ""),  # they may have it under another name
    ],
)
def test_who_has_the_same_model(sites: list[Site], same: str, differs: str) -> None:
    found, said = agreeing(MODEL, sites)
    assert "".join(site.info.server for site in found) == same
    assert said.partition(" is another one at ")[2].partition(" ")[0] == differs


def test_stored_answers_are_looked_for_once_of_each_kind() -> None:
    sites = [site("A", "1"), site("B", "1"), site("C", "1", version="2"), site("D"), site("E")]
    assert [site.info.server for site in distinct(sites)] == ["A", "C", "D", "E"]


class Late(Desk):
    """Tells what it knows of a model when it may: a digest, or an error."""

    def __init__(self, server: str, told: str | Exception, *, late: bool = True, listed: bool = True) -> None:
        super().__init__()
        self.server, self.told, self.there, self.listed = server, told, asyncio.Event(), listed
        if not late:
            self.there.set()

    async def prepare(self, model: ModelRef) -> ModelInfo:
        await self.there.wait()
        if isinstance(self.told, Exception):
            raise self.told
        return ModelInfo(self.server, "b", self.told, listed=self.listed)


@pytest.mark.parametrize(
    ("late", "joined", "said"),
    [
        ("1", ["L"], []),
        ("", ["L"], []),  # it tells no digest
        ("2", [], ["the model 'm' is another one at L (its digest differs), so it is asked at A only"]),
        (ModelUnavailable("it lacks it"), [], []),
        (ServerDown("it is down"), [], ["a server cannot be asked, the others do its work: it is down"]),
        (OSError("it is odd"), [], ["a server cannot be asked, the others do its work: it is odd"]),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_server_that_is_not_there_at_once_comes_late(
    monkeypatch: pytest.MonkeyPatch, late: str | Exception, joined: list[str], said: list[str], first: bool
) -> None:
    monkeypatch.setattr(module, "LATE", 0.001)
    came, told = list[str](), list[str]()

    async def run() -> str:
        here, later = Late("A", "1", late=False), Late("L", late)
        servers = [later, here] if first else [here, later]
        sites = Sites(lambda _: servers, lambda _: Server(), told.append, came.append)
        before = await sites.groups(ChatRequest(MODEL, ()))
        assert [group[0] for group in before] == ["A"]
        later.there.set()
        for _ in range(10):
            await asyncio.sleep(0)
        after = await sites.groups(ChatRequest(MODEL, ()))
        assert sites.wider.get(before, before) == after
        return "".join(group[0] for group in after)

    assert (asyncio.run(run()), came, told) == ("A" + "".join(joined), joined, said)


@pytest.mark.parametrize(
    ("here", "late", "found", "told"),
    [
        (("", False), ("1", True), "L", 0),
        (("", False), ("", False), "AL", 0),
        (("", False), (ServerDown("it is down"), False), "A", 1),
        ((ModelUnavailable("it lacks it"), True), ("1", True), "L", 0),
        ((ServerDown("it is down"), True), ("1", False), "L", 1),
    ],
)
def test_who_may_not_have_the_model_is_not_asked_before_the_late_one_is_there(
    monkeypatch: pytest.MonkeyPatch,
    here: tuple[str | Exception, bool],
    late: tuple[str | Exception, bool],
    found: str,
    told: int,
) -> None:
    monkeypatch.setattr(module, "LATE", 0.001)
    said = list[str]()

    async def run() -> str:
        first, later = Late("A", here[0], late=False, listed=here[1]), Late("L", late[0], listed=late[1])
        sites = Sites(lambda _: [first, later], lambda _: Server(), said.append, said.append)
        groups = asyncio.create_task(sites.groups(ChatRequest(MODEL, ())))
        await asyncio.sleep(0.01)
        assert not groups.done()
        later.there.set()
        return "".join(group[0] for group in await groups)

    assert (asyncio.run(run()), len(said)) == (found, told)


@pytest.mark.parametrize("when", ["before the order is settled", "after it"])
def test_who_comes_late_has_its_part_at_once(monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """And not only when the first question is answered, which may take a load of minutes."""
    monkeypatch.setattr(module, "LATE", 0.001)

    async def run() -> set[str]:
        here, later = Late("A", "1", late=False), Late("L", "1")
        dispatch = Dispatch(lambda _: [here, later])
        requests = [
            ChatRequest(ModelRef(name, "desk", name), (), options={"num_ctx": n}) for n, name in enumerate("mn")
        ]
        groups = await dispatch.groups(requests)
        cells = [Placed(f"{n}", of[0], 1, of) for n, of in enumerate(groups)]
        if when == "after it":
            dispatch.turns.arrange(cells)
        later.there.set()
        for _ in range(20):
            await asyncio.sleep(0)
        if when != "after it":
            dispatch.turns.arrange(cells)
        return {dispatch.turns.phases.server(cell.id) for cell in cells}

    assert asyncio.run(run()) == {"A", "L"}
