"""Which of several blocks of the wanted kind is the answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pytest_llm.answers.blocks import CodeBlock
from pytest_llm.answers.continued import joined
from pytest_llm.answers.fenced import fenced_blocks
from pytest_llm.answers.fences import written
from pytest_llm.answers.prose import COMMAND
from pytest_llm.syntax.grammars import LANGUAGES

_EVERYBODYS = re.compile(r"main|program|usage|demo|example\w*|test\w*", re.IGNORECASE)
_OF_WORDS = frozenset({"ruby", "shell"})  # in which mere words do something
_DOES = re.compile(
    r"\w[ \t]*!?\(|[=;]"
    r"|^[ \t]*(?:[#@<]|(?:import|from|use|using|package|require|return|raise|throw|pass|del|export)\b)",
    re.MULTILINE,
)
_PROMPT = "$%!> "
_EXCERPT = 4  # a block this many times shorter than the one it repeats is an excerpt of it
_TELLING = 30  # characters, blanks aside: fewer stand in a prompt by chance


class Given:
    """The code that a prompt itself brought, blanks aside: its fenced blocks, and longer pieces of its text.

    counts: it may be the answer where there is no other.
    """

    def __init__(self, prompt: Sequence[str], counts: bool = False) -> None:
        self.counts = counts
        self._text = "\n".join(map(_squashed, prompt))
        asked = [part.split("\n") for part in prompt]
        read = (block for lines in asked for block in fenced_blocks(written(lines), lines))
        self._blocks = frozenset(_squashed(block.text) for block in read)

    def holds(self, block: CodeBlock) -> bool:
        text = _squashed(block.text)
        return bool(text) and (text in self._blocks or (len(text) >= _TELLING and text in self._text))


def choose(tiers: Iterable[Sequence[CodeBlock]], given: Given, language: str = "") -> CodeBlock | None:
    """The answer among the blocks of the first tier that holds one; what only repeats the prompt is none.

    language: what blocks without a label are written in. Where there is nothing else, the prompt's own block comes
    back, marked as an `echo` unless it counts.
    """
    echoes: list[CodeBlock] = []
    for tier in tiers:
        own = [block for block in tier if not given.holds(block)]
        if own:
            return _answer(_programs(own, language), language)
        echoes += tier
    return replace(longest(echoes), echo=not given.counts) if echoes else None


def longest(blocks: Sequence[CodeBlock]) -> CodeBlock:
    """The longest block, the later of two equals: a model's second thought replaces its first."""
    return max(reversed(blocks), key=_length)


def with_versions(blocks: Sequence[CodeBlock], others: Sequence[CodeBlock]) -> Sequence[CodeBlock]:
    """The blocks, and those of the others that are later versions of one of them, in order."""
    if not blocks or not others:
        return blocks
    known = {name: block for block in reversed(blocks) for name in _called(block)}  # the first of each name
    more = [
        other
        for other in others
        if not _EVERYBODYS.fullmatch(other.first_name)
        and any(
            one.line < other.line and _version(other, other.first_name, one)
            for one in (known[name] for name in _called(other) if name in known)
        )
    ]
    return sorted((*blocks, *more), key=lambda block: block.line)


def _called(block: CodeBlock) -> tuple[str, ...]:
    """By what it is known to be a version of another: its first name, its file."""
    return (block.first_name, *block.file_names[:1])


def _answer(blocks: Sequence[CodeBlock], language: str) -> CodeBlock:
    """The last complete block where it is another version of an earlier one, else the longest's last version, with
    the blocks that it goes on from, or that go on from it."""
    if len(blocks) == 1:
        return blocks[0]
    whole = [block for block in blocks if block.complete]
    if whole:
        last = whole[-1]
        name = last.first_name
        earlier = any(_version(last, name, block) for block in whole[:-1])
        if earlier and not _EVERYBODYS.fullmatch(name):
            return last
    more = _without_usage(blocks, language)
    best = longest(more)
    later = [block for block in whole if block.line >= best.line or not best.complete]
    versions = [block for block in later if _version(block, block.first_name, best)]
    if versions:
        return versions[-1]
    programs = ([block for block in some if block.language == best.language] for some in (blocks, more))
    return next(filter(None, (joined(some, best.language or language) for some in programs)), best)


def _programs(blocks: Sequence[CodeBlock], language: str) -> Sequence[CodeBlock]:
    """Those that are more than tests, commands, or sample output with the code's own label, where any is."""
    more = [block for block in blocks if not block.tests] or blocks
    named = more[0].language or language
    if named not in LANGUAGES or named in _OF_WORDS:
        return more
    return [block for block in more if not _is_run(block) and not is_shown(block)] or more


def _is_run(block: CodeBlock) -> bool:
    """Whether all of its lines are commands of a shell."""
    told = filter(None, (line.lstrip(_PROMPT) for line in block.text.split("\n")))
    return all(COMMAND.match(line) for line in told)


def is_shown(block: CodeBlock) -> bool:
    """Whether it is values alone: it does, binds and brings nothing."""
    return not block.names and not _DOES.search(block.code)


def _without_usage(blocks: Sequence[CodeBlock], language: str) -> Sequence[CodeBlock]:
    """Those that are more than an example of how to use what another one defines: they define something themselves,
    beside the place where a program begins, or use nothing of it."""
    if (blocks[0].language or language) not in ("", *LANGUAGES):  # what uses a table of SQL is the answer
        return blocks
    own = [frozenset(name for name in block.names if not _EVERYBODYS.fullmatch(name)) for block in blocks]
    defined = frozenset().union(*own)
    script = any(map(_is_script, blocks))
    told = zip(blocks, own, strict=True)
    return [
        block
        for block, names in told
        if names or _is_script(block) or not (script or defined & (block.words - block.known))
    ] or blocks


def _is_script(block: CodeBlock) -> bool:
    """Whether it says what runs it: of what defines nothing, all else only calls it."""
    return block.text.startswith("#!/")


def _version(block: CodeBlock, name: str, other: CodeBlock) -> bool:
    """Whether a block is another version of `other`: of the same file, or of what the same name begins."""
    file, known = next(iter(block.file_names), ""), next(iter(other.file_names), "")
    if block is other or (file and known):
        return block is not other and file == known
    excerpt = _length(block) * _EXCERPT < _length(other) or block.text.strip() in other.text
    return name != "" and name == other.first_name and (name.startswith("key ") or not excerpt)


def _length(block: CodeBlock) -> int:
    return len(block.text.strip())


def _squashed(text: str) -> str:
    return "".join(text.split())
