"""A program that is written in several blocks, one after the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from operator import or_

from pytest_llm.answers.blocks import CodeBlock
from pytest_llm.answers.heads import Placed, following
from pytest_llm.answers.names import declared

_MOST = 12  # blocks of one program
_OF_STATEMENTS = frozenset({"python", "javascript", "jsx", "typescript", "tsx", "ruby", "shell", "csharp"})
_IN_ORDER = frozenset({"c", "cpp"})  # in which nothing is used above where it is defined
_OF_TYPES = frozenset({"java"})  # in which functions stand in types alone
_LEFT_OUT = re.compile(r"^[ \t]*(?:\.\.\.|…)[ \t]*$", re.MULTILINE)
_OF = re.compile(r"^(?:impl(?:<[^<>\n]{0,80}>)?[ \t]+(?:[\w:<>, ]{1,80} for )?|func \(\w+ \*?)(\w+)", re.MULTILINE)


def joined(blocks: Sequence[CodeBlock], language: str) -> CodeBlock | None:
    """The blocks as one, each line where it stands; None where they are no one program.

    They are, where each one defines something, or, in a language of statements, is no example of what another one
    defines; where each one uses what another one brings, or is used by one; and where all but the first begin as
    no file does, or may follow as one. What two of them define or bind makes each a program of its own.
    """
    if not 1 < len(blocks) <= _MOST or not all(map(_fits, blocks)):
        return None
    names = [_names(block) for block in blocks]
    told = [declared(block.code, language) for block in blocks]
    known = [one | block.known for one, block in zip(names, blocks, strict=True)]
    if sum(map(len, known)) > len(frozenset().union(*known)):
        return None
    if language in _OF_TYPES and not all(name[0].isupper() for one in names for name in one):
        return None
    if language not in _OF_STATEMENTS and not all(map(or_, names, told)):
        return None
    if language in _IN_ORDER and _uses_what_follows(blocks, told):
        return None
    lines = following(blocks, language) if _each_takes_part(blocks, names, told) else None
    return _joined(blocks[0], lines) if lines else None


def _each_takes_part(
    blocks: Sequence[CodeBlock], names: Sequence[frozenset[str]], told: Sequence[frozenset[str]]
) -> bool:
    """names: what each block defines. told: what it declares."""
    brought = [
        own | one | block.known | block.imported for block, own, one in zip(blocks, names, told, strict=True)
    ]
    free = [block.words - block.known - block.imported for block in blocks]
    for at, own in enumerate(names):
        others = [other for other in range(len(blocks)) if other != at]
        example = not own and not told[at] and any(free[at] & names[other] for other in others)
        linked = any(free[at] & brought[other] or free[other] & brought[at] for other in others)
        if example or not linked:
            return False
    return True


def _uses_what_follows(blocks: Sequence[CodeBlock], told: Sequence[frozenset[str]]) -> bool:
    known = frozenset[str]()
    for at, block in enumerate(blocks):
        known |= told[at]
        if any((block.words - block.known - known) & other.names for other in blocks[at + 1 :]):
            return True
    return False


def _fits(block: CodeBlock) -> bool:
    return block.fenced and block.complete and not block.file_names and not _LEFT_OUT.search(block.text)


def _names(block: CodeBlock) -> frozenset[str]:
    """What it defines; where it only adds to a type, that it does."""
    return block.names or frozenset(f"of {name}" for name in _OF.findall(block.text))


def _joined(block: CodeBlock, lines: Sequence[Placed]) -> CodeBlock:
    places = tuple(place for _, place in lines)
    return replace(block, text="".join(f"{line}\n" for line, _ in lines), places=places)
