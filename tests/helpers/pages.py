"""The pages of tests/data/pages: each says in its first line what must become of it.

`<!-- verdict: pass -->`, or `<!-- verdict: KIND LINE WORDS -->`: a finding of that kind at that line (`-` for none)
whose message holds the words. `<!-- options: {...} -->` are arguments of the browser check, as JSON. Those of
bench/pages do as well; some of them are `<!-- heavy -->`, for the bench alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llm.answers.extract import extract
from pytest_llm.checks.base import CheckContext, Finding
from pytest_llm.checks.browser import Browser
from pytest_llm.providers.base import Response

FOLDER = Path(__file__).parents[1] / "data" / "pages"
USED = Path(__file__).parents[2] / "bench" / "pages"
_VERDICT = re.compile(r"<!-- verdict: (\w+)(?: (\d+|-) (.+?))? -->")
_OPTIONS = re.compile(r"<!-- options: (.+?) -->")


@dataclass(frozen=True)
class Sample:
    """A page and what must become of it. line: 0 for none."""

    name: str
    html: str
    kind: str
    line: int
    words: str
    options: dict[str, Any]
    heavy: bool = False

    def agrees(self, findings: list[Finding]) -> bool:
        failures = [f for f in findings if f.severity == "failure"]
        if self.kind in ("pass", "author") and failures:
            return False
        if self.kind == "author":
            failures = [f for f in findings if f.severity == "error"]
        return self.kind == "pass" or any(
            f.kind == self.kind and (f.line or 0) == self.line and self.words in f.message for f in failures
        )


def samples() -> list[Sample]:
    """Those that are soon shown."""
    return [sample for sample in [*read_folder(FOLDER), *read_folder(USED)] if not sample.heavy]


def read_folder(folder: Path) -> list[Sample]:
    """The pages of a folder; one that does not say its verdict has the kind "unknown"."""
    return [_read(path) for path in sorted(folder.glob("*.html"))]


def run(sample: Sample, artifacts: Path, **options: Any) -> list[Finding]:
    """The browser check on an answer that is the page alone, so that its lines are the page's."""
    check = Browser(**{**sample.options, **options})
    return list(check.run(extract(sample.html), context(artifacts)))


def context(artifacts: Path) -> CheckContext:
    return CheckContext(Response(""), artifacts, artifacts, artifacts)


def read_pages(path: Path) -> list[Sample]:
    """Those of one file, each begun by `<!-- page: NAME -->` at the start of its first line."""
    _, *found = re.split(r"^<!-- page: (\S+) -->", path.read_text(), flags=re.MULTILINE)
    return [_sample(name, html) for name, html in zip(found[::2], found[1::2], strict=True)]


def _read(path: Path) -> Sample:
    return _sample(path.stem, path.read_text(errors="replace"))


def _sample(name: str, html: str) -> Sample:
    first = html.partition("\n")[0]
    verdict, options = _VERDICT.search(first), _OPTIONS.search(first)
    if verdict is None:
        return Sample(name, html, "unknown", 0, "", {})
    line = int(verdict[2]) if verdict[2] not in (None, "-") else 0
    arguments = json.loads(options[1]) if options else {}
    return Sample(name, html, verdict[1], line, verdict[3] or "", arguments, "<!-- heavy -->" in first)
