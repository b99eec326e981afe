"""What JavaScript and TypeScript share: how their snippets are completed."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_llm.syntax.outline import Outline
from pytest_llm.toolchains.completed import Around, Completed
from pytest_llm.toolchains.scaffold import Style, chain, methods_and_calls

# A literal; the members of one, which commas may follow; the body of a function.
_OTHERS = (
    Around("(", "\n);\n"),
    Around("({\n", "\n});\n"),
    Around("async function _() {\n"),
    Around("async function* _() {\n"),
)


def style(outline: Outline, base: str) -> Style:
    """What the grammar does not explain may be methods, of an heir where they speak of a parent; or the cases of a
    switch.

    No others may be methods: `return` alone would be a field of a class. base: what may be anything.
    """
    heir = f" extends {base}" if outline.all("super") else ""
    members = Around(f"class Snippet{heir} {{\n") if outline.errors else None
    return Style(members=members, others=(*_OTHERS, Around(f"switch ({base}) {{\n")))


def calls(text: str, outline: Outline, style: Style, base: str) -> Iterator[Completed]:
    """Methods with calls below them, and a chain that begins with a point."""
    yield from methods_and_calls(text, outline, style)
    yield from chain(text, base)
