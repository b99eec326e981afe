"""What a visitor does, as the page sees it; and what is said where it cannot be done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_llm.browsers.find import find
from pytest_llm.browsers.pool import Pool
from pytest_llm.browsers.report import PageOptions
from pytest_llm.errors import Unsupported
from tests.helpers.visits import PAGE, VISITS

try:
    BROWSER = find()
except Unsupported as missing:
    pytest.skip(str(missing), allow_module_level=True)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool(BROWSER, "block", 1)
    yield pool
    pool.close()


@pytest.mark.parametrize("name", VISITS)
def test_what_the_page_tells(pool: Pool, name: str) -> None:
    actions, expected = VISITS[name]
    report = pool.judge(PAGE, PageOptions(duration=0.3, samples=0, actions=tuple(actions)))
    found = [event.message for event in report.events for _ in range(event.times)]
    assert len(found) == len(expected), found
    assert all(any(words in message for message in found) for words in expected), found
