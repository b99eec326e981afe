"""Texts as models write them, and mutants of each: `tests/data/TABLE/LANGUAGE.txt`.

An entry begins with `=== NAME`, or `=== NAME @ LINE` where that line has an error; its text follows. Its mutants
are the lines `--- OLD ==> NEW`, where OLD stands once in the text, and `--- OLD ==> NEW @ LINE` where the first
error stands in another line than OLD begins in. `¶` in either is a line end. An entry whose name ends in `(answer)`
is a whole answer, prose and fences and all, for the check `compile` to judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.checking import findings
from tests.helpers.compiling import compiled, errors

DATA = Path(__file__).parents[1] / "data"
_HEAD = re.compile(r"(.*?)(?: @ (\d+))?")
_MUTANT = re.compile(r"--- (.*?) ==> (.*?)(?: @ (\d+))?")


@dataclass(frozen=True)
class Try:
    """A text, and the line of the first error that a compiler finds in it; None where there is none."""

    name: str
    text: str
    line: int | None = None


def tries(language: str, table: str = "snippets") -> Iterator[Try]:
    """The texts of a language, each with its mutants."""
    for entry in re.split(r"^=== ", (DATA / table / f"{language}.txt").read_text("utf-8"), flags=re.MULTILINE)[1:]:
        head, _, body = entry.partition("\n")
        found = _HEAD.fullmatch(head)
        assert found, head
        name = found[1]
        lines = body.split("\n")
        text = "\n".join(line for line in lines if not line.startswith("--- ")).rstrip("\n") + "\n"
        yield Try(name, text, int(found[2]) if found[2] else None)
        for mutant in filter(None, map(_MUTANT.fullmatch, lines)):
            old, new = (part.replace("¶", "\n") for part in mutant.group(1, 2))
            assert text.count(old) == 1, (name, old)
            line = int(mutant[3]) if mutant[3] else text.count("\n", 0, text.index(old)) + 1
            yield Try(f"{name}: {old} ==> {new}", text.replace(old, new), line)


def disagreements(
    language: str, table: str = "snippets", without: str = ""
) -> list[tuple[str, list[tuple[str, int | None]]]]:
    """The tries that came out otherwise, and what was said of them, errors of the kind `without` left out."""
    rows = list(tries(language, table))
    compiled(language, rows[0].text)
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda row: _said(language, row), rows))
    return [
        (row.name, found)
        for row, found in zip(rows, said, strict=True)
        if min((line for kind, line in found if line and kind != without), default=None) != row.line
    ]


def _said(language: str, row: Try) -> list[tuple[str, int | None]]:
    if "(answer)" in row.name:
        found = findings({"compile": language}, row.text)
        return [(one.kind, one.line) for one in found if one.severity == "failure"]
    return errors(compiled(language, row.text))
