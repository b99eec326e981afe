"""What files begin with, where several of one package follow one another as one text."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from pytest_llm.answers.blocks import CodeBlock

Placed = tuple[str, tuple[int, int | None]]  # a line of code, and its place in the answer

_BEFORE = re.compile(r"\s*(?://.*|#!\[.*)?$")
_BROUGHT = re.compile(r"\b(\w+)\b(?=::\{self\b|\s*[\",;}])")  # a name by what imports it
_IMPORT = re.compile(r"^(?:import|use)\b\s*")
_LISTED = re.compile(r"([^\s{}]+::)\{([^{}]*)\};")  # what is imported from one place
_BEGINS = re.compile(r"(?:package|import|use)\b")


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
    texts = [list(_placed(block)) for block in blocks]
    if head is None:
        begun = any(block.begins_a_file(language) for block in blocks[1:])
        return None if begun else [line for text in texts for line in text]
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
    return [line for part in parts for lines in part for line in lines]


def _placed(block: CodeBlock) -> Iterator[Placed]:
    for at, line in enumerate(block.text.split("\n")[:-1]):
        yield line, block.places[at] if block.places else (block.line + at, block.indent)


def _end(text: Sequence[Placed], head: _Head) -> int:
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


def _once(tops: Sequence[Sequence[Placed]], head: _Head) -> list[list[Placed]]:
    """The lines of each head, what is imported and the package but once."""
    seen, found = set[str](), list[list[Placed]]()
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
    left = "".join(" " * (len(part) + 1) if name in seen else f"{part}," for part, name in told)
    return f"{before}{left[:-1]}{behind}"


def _one_public(texts: Sequence[Sequence[Placed]], head: _Head) -> Iterator[list[Placed]]:
    """All but the first public type without that word: blanks stand in its place."""
    known = False
    for text in texts:
        found = [head.public.match(line) if head.public else None for line, _ in text]
        yield [
            (" " * public.end() + line[public.end() :] if known and public else line, place)
            for (line, place), public in zip(text, found, strict=True)
        ]
        known = known or any(found)
