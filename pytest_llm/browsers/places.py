"""Where in the page something happened: as the browser says, or where its words can only mean one place."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from itertools import islice
from typing import Any

from pytest_llm.browsers import compiled

PAGE_URL = "http://localhost/page.html"  # a secure context, and no mixed content for pages that were files

NEWLINE = re.compile(r"\r\n|\r|\n")  # where a browser, other than str.splitlines, ends a line

Place = tuple[int | None, int | None]
NOWHERE: Place = (None, None)

_NEAR = 300  # characters
_MOST = 100  # different words that are looked for in a page
_TRACED = 20  # different places in compiled scripts that are looked up
_CALLS = {
    "dialog": r"\b(?:alert|confirm|prompt)\s*\(",
    "popup": r"\bopen\s*\(|_blank",
    "download": r"\bdownload\s*=|<a\b[^<>]*\sdownload\b|[\"'`]download[\"'`]",
    "navigation": r"\blocation\s*[.=\[]|\.location\b|\b(?:s|requestS)ubmit\s*\(|=\s*[\"']?submit\b|http-equiv",
}
# Errors that come without a place, by their words, and the call that they speak of. In the order of the table.
_MEANT = tuple(
    (re.compile(words), call)
    for words, call in (
        (r"Failed to execute '(\w+)' on", r"\b{}\s*\("),
        (r"[Ff]ullscreen|Permissions check failed", r"\b(?:request|exit)Fullscreen\s*\("),
        (r"[Pp]ointer ?[Ll]ock|exited the lock", r"\brequestPointerLock\s*\("),
        (r"^EncodingError: Unable to decode|unknown content type", r"\bdecodeAudioData\s*\("),
        (r"^\w+Error: Transition was", r"\bstartViewTransition\s*\("),
        (r"ServiceWorker", r"\bserviceWorker\b[^;\n]{{0,80}}\bregister\s*\("),
        (r"^NotAllowedError: play\(\)|^NotSupportedError: .*(?:source|play)", r"\.play\s*\("),
        (
            r"^NotFoundError: Requested device|^NotAllowedError: Permission denied",
            r"\bget(?:User|Display)Media\s*\(",
        ),
    )
)
_COMMENTED = re.compile(r"(?:^|[\s;{}>])(?://|<!--(?!.*-->)|/\*(?!.*\*/))|^\s*\*")
_SPECIFIER = re.compile(r"module specifier [\"']([^\"'\n]+)|specifier “([^”\n]+)” was a bare specifier")
_SRCDOC = re.compile(r"""\bsrcdoc["']?\s*=\s*["'`]?""")
_SCRIPT = re.compile(r"<script\b|&lt;script\b|\son[a-z]+\s*=", re.I)
_BABEL = re.compile(r"<script\b[^<>]*\stype\s*=\s*[\"']?text/(?:babel|jsx)\b[^<>]*>", re.I)
_NUMBER = r"([1-9]\d{0,8})"  # from 1 on: a page may write any
_IN_BABEL = re.compile(rf"/?Inline Babel script(?: \({_NUMBER}\))?: [^\n]*\({_NUMBER}:(\d{{1,9}})\)")
_BLOCKED = {  # by a policy of the page: the first of all, for none is let through
    "Executing inline event handler violates": r"(?<=\s)on[a-z]+\s*=\s*[\"']",
    "Blocked script execution in 'about:srcdoc'": r"\bsrcdoc\s*=",
}
_FRAME_URL = "about:srcdoc"  # of every frame that has its text in its page
_AT = re.compile(rf"({re.escape(PAGE_URL)}|{_FRAME_URL}):{_NUMBER}:{_NUMBER}(?!\d)")


class Places:
    """The places of one page: lines and columns, counted from 1. page: its text, lines ended by \\n."""

    def __init__(self, page: str) -> None:
        self.page = NEWLINE.sub("\n", page)
        self._known: dict[str, Place] = {}
        self._compiled: dict[str, str] = {}  # scripts by their id, and where their source map is
        self._traced: dict[tuple[str, int, int], Place] = {}

    def first(self, words: str) -> Place:
        """Where the page holds these words first."""
        return self.at(self.page.find(words))

    def target(self, url: str) -> Place:
        """Where the page names an address that it goes to: of a form's, what is sent is no part."""
        path = url.removeprefix(PAGE_URL.removesuffix("page.html")).partition("?")[0]
        found = (self.first(f"{mark}{path}") for mark in "\"'`/=") if path else ()
        return next((place for place in found if place != NOWHERE), NOWHERE)

    def meant(self, kind: str, message: str) -> Place:
        """The place of an event that has none: the first call of its kind, where all of them stand in one line."""
        if kind in _CALLS:
            called = self._only(_CALLS[kind])
            return called if called != NOWHERE or kind != "navigation" else self._only(r"<form\b")
        if inner := _IN_BABEL.search(message):
            script = next(islice(_BABEL.finditer(self.page), int(inner[1] or 1) - 1, None), None)
            return self._within(script.end() if script else -1, int(inner[2]) - 1, int(inner[3]))
        for beginning, what in _BLOCKED.items() if kind == "console" else ():
            if message.startswith(beginning):
                return self._look(what, lambda hits: True)
        for words, call in _MEANT if kind in ("rejection", "exception") else ():
            if found := words.search(message):
                return self._only(call.format(*found.groups()))
        return NOWHERE

    def imported(self, message: str) -> Place:
        """Where the module is imported that an error speaks of: the browser names the beginning of the script, if
        that."""
        found = _SPECIFIER.search(message)
        if found is None:
            return NOWHERE
        name = re.escape(found[1] or found[2])
        return self._look(rf"""\b(?:from|import)\s*\(?\s*(["'`]){name}\1""", lambda hits: True)

    def inside(self, url: str, line: int, column: int) -> Place:
        """A place that the browser names, counted from 0; of a frame's own text, where the page holds that text."""
        if url == PAGE_URL:
            return line + 1, column + 1
        return self._within(self._frame if url == _FRAME_URL else -1, line, column)

    def stack(self, trace: dict[str, Any] | None) -> Place:
        """The innermost frame of a stack that lies in the page."""
        while trace:
            for frame in trace.get("callFrames", ()):
                line, column = frame["lineNumber"], frame["columnNumber"]
                place = self.inside(frame["url"], line, column)
                if place == NOWHERE:
                    place = self._in_source(frame.get("scriptId", ""), line, column)
                if place != NOWHERE:
                    return place
            trace = trace.get("parent")
        return NOWHERE

    def learn(self, script: str, source_map: str) -> None:
        """A script, by its id, that was made of a source, perhaps of one that stands in the page."""
        if source_map and len(self._compiled) < _MOST:
            self._compiled[script] = source_map

    def _in_source(self, script: str, line: int, column: int) -> Place:
        """Of a place in a compiled script: its map is read once for each, and for few, whatever a page throws."""
        at = (script, line, column)
        if at not in self._traced and script in self._compiled and len(self._traced) < _TRACED:
            self._traced[at] = self._trace(script, line, column)
        return self._traced.get(at, NOWHERE)

    def _trace(self, script: str, line: int, column: int) -> Place:
        found = compiled.original(self._compiled[script], line, column)
        if found is None or not found[0].strip():
            return NOWHERE
        return self._within(self.page.find(found[0]), *found[1:])

    def _within(self, offset: int, line: int, column: int) -> Place:
        """A place in a part of the page that begins at this character; line and column of it from 0."""
        first, begins = self.at(offset)
        if first is None or begins is None or line > self.page.count("\n", offset):
            return NOWHERE
        return first + line, begins + column if line == 0 else column + 1

    def written(self, stack: str) -> Place:
        """The innermost frame of a stack that lies in the page, as an error's text has it."""
        places = (self.inside(url, int(line) - 1, int(column) - 1) for url, line, column in _AT.findall(stack))
        return next((place for place in places if place != NOWHERE), NOWHERE)

    @cached_property
    def _frame(self) -> int:
        """Where the text of the only frame begins that has its text, with a script, in the page; -1 for none."""
        found = list(_SRCDOC.finditer(self.page))
        if len(found) > 1:  # of one with no script there is nothing to tell
            found = [one for one in found if _SCRIPT.search(self.page[one.end() :].partition(one[0][-1])[0])]
        return found[0].end() if len(found) == 1 else -1

    def _only(self, call: str) -> Place:
        return self._look(call, lambda hits: "\n" not in self.page[hits[0] : hits[-1]])

    def _look(self, pattern: str, fit: Callable[[list[int]], bool]) -> Place:
        """The first place of what a pattern finds, if all that it finds fits."""
        if pattern not in self._known:
            if len(self._known) >= _MOST:
                return NOWHERE
            hits = [hit.start() for hit in re.finditer(pattern, self.page) if not self._commented(hit.start())]
            self._known[pattern] = self.at(hits[0]) if hits and fit(hits) else NOWHERE
        return self._known[pattern]

    def _commented(self, at: int) -> bool:
        """Whether a comment has begun in the line before this character, not far from it."""
        return _COMMENTED.search(self.page[max(0, at - _NEAR) : at].rpartition("\n")[2]) is not None

    def at(self, offset: int) -> Place:
        """The place of a character of the page, or nowhere where there is none (-1)."""
        before = self.page[: max(offset, 0)]
        return (before.count("\n") + 1, offset - before.rfind("\n")) if offset >= 0 else NOWHERE
