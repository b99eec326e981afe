"""Snippets as models write them, and a mutant of each: `tests/data/snippets/LANGUAGE.txt`.

An entry begins with `=== NAME`, its text follows; its mutants are the lines `--- OLD ==> NEW`, where OLD stands
once in the text, and `--- OLD ==> NEW @ LINE` where the first error stands in another line than OLD begins in.
`¶` in either is a line end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.compiling import compiled, errors

DATA = Path(__file__).parents[1] / "data" / "snippets"
_MUTANT = re.compile(r"--- (.*?) ==> (.*?)(?: @ (\d+))?")


@dataclass(frozen=True)
class Try:
    """A text, and the line of the first error that a compiler finds in it; None where there is none."""

    name: str
    text: str
    line: int | None = None


def tries(language: str) -> Iterator[Try]:
    """The snippets of a language, each with its mutants."""
    for entry in re.split(r"^=== ", (DATA / f"{language}.txt").read_text("utf-8"), flags=re.MULTILINE)[1:]:
        name, _, body = entry.partition("\n")
        lines = body.split("\n")
        text = "\n".join(line for line in lines if not line.startswith("--- ")).rstrip("\n") + "\n"
        yield Try(name, text)
        for mutant in filter(None, map(_MUTANT.fullmatch, lines)):
            old, new = (part.replace("¶", "\n") for part in mutant.group(1, 2))
            assert text.count(old) == 1, (name, old)
            line = int(mutant[3]) if mutant[3] else text.count("\n", 0, text.index(old)) + 1
            yield Try(f"{name}: {old} ==> {new}", text.replace(old, new), line)


def disagreements(language: str) -> list[tuple[str, list[tuple[str, int | None]]]]:
    """The tries that came out otherwise, and what was said of them."""
    rows = list(tries(language))
    compiled(language, rows[0].text)
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda row: errors(compiled(language, row.text)), rows))
    return [
        (row.name, found)
        for row, found in zip(rows, said, strict=True)
        if min((line for _, line in found if line), default=None) != row.line
    ]
