"""What JavaScript and TypeScript share: how their snippets are completed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_llm.syntax.outline import Outline, may_hold_markup, read
from pytest_llm.toolchains.completed import Around, Completed
from pytest_llm.toolchains.scaffold import Style, chain, methods_and_calls

# A literal; the members of one, which commas may follow; the body of a function.
_OTHERS = (
    Around("(", "\n);\n"),
    Around("({\n", "\n});\n"),
    Around("async function _() {\n"),
    Around("async function* _() {\n"),
)
_BESIDE = re.compile(r"^[^\s<>{}()/]", re.MULTILINE)  # at the left edge, and neither an element nor an expression


def style(outline: Outline, base: str, opening: str = "class Snippet", parent: str = "") -> Style:
    """What the grammar does not explain may be methods, of an heir where they speak of a parent; or the cases of a
    switch.

    No others may be methods: `return` alone would be a field of a class. base: what may be anything. opening,
    parent: how the class of the methods begins, and what it extends where that is known.
    """
    parent = parent or (base if outline.all("super") else "")
    heir = f" extends {parent}" if parent else ""
    members = Around(f"{opening}{heir} {{\n") if outline.errors else None
    cases = Around(f"async function _() {{\nswitch ({base}) {{\n", "\n}\n}\n")
    return Style(members=members, others=(*_OTHERS, cases))


def calls(text: str, outline: Outline, style: Style, base: str) -> Iterator[Completed]:
    """Methods with calls below them, a chain that begins with a point, and elements beside each other."""
    yield from methods_and_calls(text, outline, style)
    yield from chain(text, base)
    start = next((piece.start for piece in outline.pieces if piece.kind not in ("import", "comment")), len(text))
    if may_hold_markup(text) and text.startswith("<", start) and not _BESIDE.search(text, start):
        siblings = Completed(text, ((start, "<>"), (len(text), "</>;\n")))
        found = read(siblings.text, "tsx")
        if found is not None and not found.broken:
            yield siblings
