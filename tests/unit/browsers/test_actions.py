"""What a visitor does, as the page sees it; and what is said where it cannot be done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_llm.browsers.find import find
from pytest_llm.browsers.pool import Pool
from pytest_llm.browsers.report import PageOptions
from pytest_llm.errors import Unsupported
from tests.helpers.visits import PAGE, VISITS, Actions

try:
    BROWSER = find()
except Unsupported as missing:
    pytest.skip(str(missing), allow_module_level=True)


def test_what_the_page_tells() -> None:
    pool = Pool(BROWSER, "block", 2)
    try:
        with ThreadPoolExecutor(2) as threads:
            found = dict(zip(VISITS, threads.map(lambda row: told(pool, row[0]), VISITS.values()), strict=True))
    finally:
        pool.close()
    assert {name: words for name, words in found.items() if not agrees(words, VISITS[name][1])} == {}


def told(pool: Pool, actions: Actions) -> list[str]:
    report = pool.judge(PAGE, PageOptions(duration=0.3, samples=0, actions=tuple(actions)))
    return [event.message for event in report.events for _ in range(event.times)]


def agrees(found: list[str], expected: list[str]) -> bool:
    return len(found) == len(expected) and all(any(words in message for message in found) for words in expected)
