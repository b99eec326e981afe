"""What files begin with, where several of one package follow one another as one text."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_llm.answers.blocks import CodeBlock

Place = tuple[int, int | None]
Placed = tuple[str, Place]  # a line of code, and its place in the answer
_Told = tuple[str, tuple[Place, ...]]  # a statement of several lines, or any other line, and where each of them is

_BEFORE = re.compile(r"\s*(?://.*|#!\[.*)?$")
_BROUGHT = re.compile(r"\b(\w+)\b(?=::\{self\b|\s*[\",;}])")  # a name by what imports it
_IMPORT = re.compile(r"^(?:import|use)\b\s*")
_LISTED = re.compile(r"([^\s{}]+::)\{([^{}]*)\};")  # what is imported from one place
_BEGINS = re.compile(r"(?:package|import|use)\b")
_OPENS = re.compile(r"use [\w:]*\{[\w\s:,*{}]*$")  # a list that goes on below
_GOES_ON = re.compile(r"[\w\s:,*{}]*(?:(;)\s*)?(?://.*)?$")
_SIGN = re.compile(r"[^\n]")
_LINES = 60  # of such a list


@dataclass(frozen=True)
class _Head:
    """What a file of a language begins with. lines: the package clause and imports. of_all: an import that needs
    nothing but the language's library, or the program itself. public: what only one type of a file may be.
    anywhere: imports may stand below other code.
    """

    lines: re.Pattern[str]
    of_all: re.Pattern[str]
    public: re.Pattern[str] | None = None
    anywhere: bool = False


_HEADS = {
    "csharp": _Head(re.compile(r"using (?:static )?[\w.]+;\s*$"), re.compile(r"using (?:static )?System\b")),
    "go": _Head(
        re.compile(r'package \w+\s*$|import\s*\(\s*$|(?:import\s+|\s+)(?:[\w.]+ )?"[^"]*"\s*$|\)\s*$'),
        re.compile(r'(?:[\w.]+ )?"[^".]*"'),
    ),
    "java": _Head(
        re.compile(r"(?:package|import) [\w.* ]+;\s*$"),
        re.compile(r"(?:static )?javax?\."),
        re.compile(
            r"public (?=(?:(?:abstract|final|sealed|non-sealed) )*(?:class|interface|enum|record|@interface)\b)"
        ),
    ),
    "rust": _Head(
        re.compile(r"use [^;]+;\s*$"), re.compile(r"(?:std|core|alloc|crate|self|super)::"), anywhere=True
    ),
}


def following(blocks: Sequence[CodeBlock], language: str) -> list[Placed] | None:
    """The lines of the blocks as one file; None where they cannot be one.

    Where later ones begin as files do, they are of the same package, and import what is there for all: that stands
    once then, and at the top.
    """
    if any(block.stands_first for block in blocks[1:]) or any(block.ends_code for block in blocks[:-1]):
        return None
    head = _HEADS.get(language)
    texts = [list(_statements(block)) for block in blocks]
    if head is None:
        begun = any(block.begins_a_file(language) for block in blocks[1:])
        return None if begun else _lines(texts)
    ends = [_end(text, head) for text in texts]
    tops = [text[:end] for text, end in zip(texts, ends, strict=True)]
    rests = [text[end:] for text, end in zip(texts, ends, strict=True)]
    imported = [[name for line, _ in top if (name := _imported(line, head))] for top in tops]
    later = [name for names in imported[1:] for name in names]
    each = {one for names in imported for name in names for one in _each(name)}
    brought = [_BROUGHT.findall(one) for one in each]
    package, *others = (next((line for line, _ in top if line.startswith("package ")), "").strip() for top in tops)
    if not {"", package}.issuperset(others) or not all(map(head.of_all.match, later)):
        return None
    if sum(map(len, brought)) > len(frozenset().union(*brought)):
        return None  # in each file the name means something else
    if any(_BEGINS.match(line) for rest in rests[0 if later else 1 :] for line, _ in rest):
        return None
    once, rests = _once(tops, head), list(_one_public(rests, head))
    parts = zip(once, rests, strict=True) if head.anywhere else (once, rests)
    return _lines(text for part in parts for text in part)


def _statements(block: CodeBlock) -> Iterator[_Told]:
    """The lines of a block, those of one list of imports as one."""
    lines = block.text.split("\n")[:-1]
    places = block.places or tuple((block.line + at, block.indent) for at in range(len(lines)))
    at = 0
    while at < len(lines):
        first, at = at, _end_of_list(lines, at) if _OPENS.match(lines[at]) else at + 1
        yield "\n".join(lines[first:at]), places[first:at]


def _end_of_list(lines: Sequence[str], first: int) -> int:
    """Where the imports that line `first` begins end: behind it, where it is none."""
    for at in range(first + 1, min(len(lines), first + _LINES)):
        found = _GOES_ON.match(lines[at])
        if found is None or found[1]:
            return at + 1 if found else first + 1
    return first + 1


def _lines(texts: Iterable[Sequence[_Told]]) -> list[Placed]:
    return [line for text in texts for told, places in text for line in zip(told.split("\n"), places, strict=True)]


def _end(text: Sequence[_Told], head: _Head) -> int:
    """How many lines of a text are its head: up to the last of its imports."""
    end, within = 0, False
    for at, (line, _) in enumerate(text):
        if within or line.startswith("/*"):
            within = "*/" not in line
        elif head.lines.match(line):
            end = at + 1
        elif not _BEFORE.match(line):
            break
    return end


def _imported(line: str, head: _Head) -> str:
    """What a line imports; empty for any other."""
    if not head.lines.match(line) or line.startswith("package "):
        return ""
    name = _IMPORT.sub("", line.strip())
    return "" if name in ("(", ")") else name


def _once(tops: Sequence[Sequence[_Told]], head: _Head) -> list[list[_Told]]:
    """The lines of each head, what is imported and the package but once."""
    seen, found = set[str](), list[list[_Told]]()
    for top in tops:
        found.append([])
        for line, place in top:
            name = line.strip() if line.startswith("package ") else _imported(line, head)
            names = _each(name) if name else []
            if not names or not seen.issuperset(names):
                found[-1].append((_less(line, names, seen), place))
            seen.update(names)
    return found


def _each(name: str) -> list[str]:
    """All that an import names, each as an import of its own."""
    listed = _LISTED.fullmatch(name)
    if listed is None:
        return [name]
    return [f"{listed[1]}{part.strip()};".replace("::self;", ";") for part in listed[2].split(",")]


def _less(line: str, names: Sequence[str], seen: Container[str]) -> str:
    """A line that lists several imports, with blanks in place of those that were seen."""
    if not any(name in seen for name in names):
        return line
    before, parts, behind = re.split(r"(?<=\{)([^{}]*)(?=\})", line)
    told = zip(parts.split(","), names, strict=True)
    left = "".join(_SIGN.sub(" ", f"{part},") if name in seen else f"{part}," for part, name in told)
    return f"{before}{left[:-1]}{behind}"


def _one_public(texts: Sequence[Sequence[_Told]], head: _Head) -> Iterator[list[_Told]]:
    """All but the first public type without that word: blanks stand in its place."""
    known = False
    for text in texts:
        found = [head.public.match(line) if head.public else None for line, _ in text]
        yield [
            (" " * public.end() + line[public.end() :] if known and public else line, place)
            for (line, place), public in zip(text, found, strict=True)
        ]
        known = known or any(found)
