"""Checks of this project's own, as any project may have them: a marked function is all it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_llm import Artifact, Finding, check


@check("no_placeholders")
def no_placeholders(artifact: Artifact, allow: list[str] | None = None) -> Iterator[Finding]:
    """Code that was left for the reader to write: TODO, FIXME, "rest of the code here"."""
    pattern = re.compile(r"\b(?:TODO|FIXME)\b|(?:rest|remainder) of (?:the|your) code", re.IGNORECASE)
    for number, line in enumerate(artifact.answer.split("\n"), 1):
        if (found := pattern.search(line)) and found[0] not in (allow or []):
            yield Finding("no_placeholders", f"a placeholder was left: {found[0]!r}", line=number, source=line)
