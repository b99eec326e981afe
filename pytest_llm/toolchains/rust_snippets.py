"""What stands around a Rust snippet: a main that may fail, wait or give something back; an impl around methods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pytest_llm.syntax.outline import Outline
from pytest_llm.toolchains.completed import Around
from pytest_llm.toolchains.scaffold import Style

MAIN = Style(Around("fn main{}() {\n"))
_ANY_ERROR = "Result<(), Box<dyn std::error::Error>>"
_FAILING = (
    Around(f"fn snippet{{}}() -> {_ANY_ERROR} {{\n", "\nOk(())\n}\n"),
    Around(f"fn snippet{{}}() -> {_ANY_ERROR.replace('()', 'impl Sized')} {{\n"),
    Around("fn snippet{}() -> Option<()> {\n", "\nNone\n}\n"),
    Around("fn snippet{}() -> Option<impl Sized> {\n"),
)
_GIVING = Around("fn snippet{}() -> impl Sized {\n")


def styles(outline: Outline) -> Iterator[Style]:
    """The ways to complete a text, the least first."""
    functions = _functions(outline)
    members = Around(_impl(outline)) if outline.all("receiving") else None
    for inner in (False, True) if {"statement", "function"} <= outline.kinds else (False,):
        yield from (Style(function, members, inner=inner) for function in functions)


def _functions(outline: Outline) -> list[Around]:
    """What may be around statements: a plain main; one that fails, where `?` stands; one that gives back."""
    found = [Around("fn main{}() {\n"), *(_FAILING if outline.all("try") else ()), _GIVING]
    if not outline.all("await"):
        return found
    return [replace(one, opening="async " + one.opening.replace("main", "snippet")) for one in found]


def _impl(outline: Outline) -> str:
    """Methods belong to the one type that is there, or to one of their own."""
    made = list(outline.all("made"))
    return f"impl {made[0]} {{\n" if len(made) == 1 else "struct Snippet;\nimpl Snippet {\n"


def absent_types(outline: Outline) -> str:
    """The type that methods are written for, where the text has no type at all: `impl Solution`."""
    names = outline.all("implemented") - outline.all("defined") if not outline.all("made") else ()
    return "".join(f"struct {name};\n" for name in sorted(names))
