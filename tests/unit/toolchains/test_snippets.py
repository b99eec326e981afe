"""Snippets as models write them get the verdict that the compiler would give them with the obvious scaffold."""

from __future__ import annotations

import pytest

from tests.helpers.snippets import DATA, disagreements, tries

pytestmark = pytest.mark.usefixtures("csharp_by_mono")


@pytest.mark.parametrize("language", sorted(path.stem for path in (DATA / "snippets").glob("*.txt")))
def test_snippets(language: str) -> None:
    rows = list(tries(language))
    assert sum(row.line is None for row in rows) >= 40
    assert sum(row.line is not None for row in rows) >= 40
    assert disagreements(language) == []


def test_markup_in_javascript() -> None:
    assert disagreements("jsx", "markup") == []
