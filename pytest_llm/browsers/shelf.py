"""What a page without a network gets all the same: the libraries that its case allows."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

from pytest_llm.browsers import libraries
from pytest_llm.browsers.events import EventLog
from pytest_llm.browsers.libraries import Asked, Served

VARIABLE = "PYTEST_LLM_LIBRARIES"  # tells a lane where they are
_INTEGRITY = re.compile(r"(?<=\s)integrity(?=\s*=\s*[\"']?sha\d)", re.IGNORECASE)


class Shelf:
    """The libraries for one page; what was served, and what was not there, is noted in its log.

    allowed: their names, None for all.
    """

    def __init__(self, allowed: Collection[str] | None, log: EventLog) -> None:
        self._allowed, self._log = allowed, log
        self._where = Path(os.environ.get(VARIABLE, ""))

    def open(self, html: str) -> str:
        """The page, which takes another version of what it asks for: no character is elsewhere than before."""
        return html if self._allowed is not None and not self._allowed else _INTEGRITY.sub("x-tegrity", html)

    def serve(self, url: str) -> Served | None:
        """What is sent for a URL; None where it is blocked."""
        wanted = self._wanted(url)
        if wanted is None:
            return None
        served = libraries.serve(wanted, self._where)
        if served is not None and served.note:
            self._log.notes[served.note] = None
        if served is None and (wanted.module or not libraries.has(wanted, self._where)):
            self._log.missing = self._log.missing or f"the page asks for {url}, and that is not installed here"
        return served

    def refused(self, url: str) -> str:
        """Why a URL is blocked, if it is one of a library."""
        if self._wanted(url) is not None:
            return f"{url} is not there: the installed package has no such file"
        if libraries.asked(url) is not None:
            return f"{url} was blocked: a page has no network (`libraries` allows for it, `network: allow` for all)"
        return ""

    def _wanted(self, url: str) -> Asked | None:
        wanted = libraries.asked(url)
        allowed = wanted is not None and (self._allowed is None or wanted.library in self._allowed)
        return wanted if allowed else None
