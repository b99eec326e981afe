"""What a browser's parser leaves out of a page without a word, and what only looks so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_llm.browsers import markup
from pytest_llm.browsers.find import find
from pytest_llm.browsers.markup import Found, Script
from pytest_llm.browsers.pool import Pool
from pytest_llm.browsers.report import PageOptions
from pytest_llm.errors import Unsupported
from tests.helpers.markup import BROKEN, SOUND

_BRIEFLY = PageOptions(duration=0.05, samples=2)
_IN_FIREFOX = (  # a page of each kind of place: it is slow
    *("script", "template", "comment", "noscript", "a quote", "cut within a tag", "a type", "canvas"),
    *("strings", "attributes", "frames", "templates"),
)


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_what_never_becomes_a_part_of_the_page(browser: str) -> None:
    try:
        pool = Pool(find(None if browser == "chromium" else browser), "block", 2)
    except Unsupported as missing:
        pytest.skip(str(missing))

    def told(page: str) -> list[tuple[int | None, str]]:
        events = pool.judge(page, _BRIEFLY).events
        return [(event.line, event.message) for event in events if event.kind == "markup"]

    names = [name for name in (*BROKEN, *SOUND) if browser == "chromium" or name in _IN_FIREFOX]
    with ThreadPoolExecutor(2) as threads:
        pages = [BROKEN[name][0] if name in BROKEN else SOUND[name] for name in names]
        found = dict(zip(names, threads.map(told, pages), strict=True))
    pool.close()
    wrong = {name: seen for name, seen in found.items() if not _agrees(name, seen)}
    assert wrong == {}


def _agrees(name: str, seen: list[tuple[int | None, str]]) -> bool:
    if name in SOUND:
        return not seen
    _, words, line = BROKEN[name]
    return any(line == at and words in message for at, message in seen)


def test_a_browser_that_does_not_tell_says_nothing_of_the_page() -> None:
    assert markup.read(None) == Found()
    assert list(markup.flaws("<p>x", Found())) == []


def test_reading_takes_time_in_proportion_to_the_page() -> None:
    """Where each script is looked for in the whole page or a pattern begins at each tag, this takes minutes."""
    one = "<script type=text/jsx src=/*>src type = import <script </script>"
    page = one * 4000
    scripts = tuple(Script(at, "text/jsx", True, "a", one) for at in range(0, len(page), len(one)))
    assert len(markup.look(page)) > len(page)
    assert len(list(markup.flaws(page, Found(scripts=scripts)))) <= 50
