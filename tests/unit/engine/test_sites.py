"""Which servers have the same model."""

from __future__ import annotations

import pytest

from pytest_llm.engine.sites import Site, agreeing, distinct
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
