"""The blocks of an answer between its fences, as they are meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pytest_llm.answers.blocks import CodeBlock
from pytest_llm.answers.fences import Fenced, scan
from pytest_llm.answers.languages import JSON_LABELS, PROSE, guess_language, is_label, normalise_language
from pytest_llm.answers.marks import at_its_end
from pytest_llm.answers.overlaid import unlaid
from pytest_llm.answers.titles import title
from pytest_llm.answers.unfenced import before_prose
from pytest_llm.syntax.grammars import LANGUAGES

_WRAPS = re.compile(r"\s{0,20}(?:```+|~~~+)[ \t]*\w")
_BEHIND = re.compile(r"(?:([A-Za-z][\w+#-]*)(?![\w+#-]))?[ \t]*(\S.*)")
_CELL = re.compile(r"%%(\w+)(?:[ \t]+(?:-a[ \t]+)?(\S+))?[ \t]*$")  # of a notebook: `%%bash`, `%%writefile a.py`
_DEEPEST = 3  # answers wrapped in Markdown wrapped in Markdown


def fenced_blocks(pieces: Sequence[Fenced], lines: Sequence[str]) -> Iterator[CodeBlock]:
    """The blocks of some lines, whose fences are found."""
    before = 0
    for piece in pieces:
        named = title(lines, piece.first - 1, before)
        block = CodeBlock(piece.text, normalise_language(piece.info), piece.info, piece.first + 1, title=named)
        block = replace(block, closed=piece.closed, indent=piece.indent, places=_places(piece, lines))
        yield _read(_begun_in_its_fence(block, lines[piece.first - 1]) if piece.info else block)
        before = piece.end + 1


def _places(piece: Fenced, lines: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """For each line its place, which tabs and marks of a quote move; none where all stand as deep as the fence."""
    inner = piece.text.split("\n")[:-1]
    told = zip((line.removesuffix("\r") for line in lines[piece.first : piece.end]), inner, strict=False)
    before = [len(line) - len(code) if line.endswith(code) else line.find(code) for line, code in told]
    if all(deep == piece.indent for deep, code in zip(before, inner, strict=False) if code):
        return ()
    return tuple((piece.first + at, deep) for at, deep in enumerate(before, 1))


def _read(block: CodeBlock) -> CodeBlock:
    """A block as it is meant: its label may stand in its first line, prose below it where nothing closes it."""
    first, _, rest = block.text.partition("\n")
    label = normalise_language(first) if not block.info and first[:1].isalpha() and is_label(first) else ""
    if (label in LANGUAGES and guess_language(rest)) or (label := _cell(block, first)):
        block = replace(block, text=rest, language=label, info=first.strip(), line=block.line + 1)
        block = replace(block, places=block.places[1:])
    if (block.language in LANGUAGES or block.language in JSON_LABELS) and not block.closed:
        lines = block.text.split("\n")
        left = before_prose(lines, block.language)
        block = replace(block, text="".join(f"{line}\n" for line in lines[:left]))
    shown = unlaid(block) if block.language in LANGUAGES or not block.language else block
    return shown if shown is block or block.language or guess_language(shown.text) else block


def _begun_in_its_fence(block: CodeBlock, fence: str) -> CodeBlock:
    """A block whose code begins in the line of its fence already, behind the label or in its place."""
    found = _BEHIND.fullmatch(block.info)
    if found is None:
        return block
    label, code = found.groups() if found[1] and is_label(found[1]) else ("", block.info)
    language, sign = normalise_language(label), guess_language(code)
    if language in PROSE | {"shell"} and sign != language:  # any words may stand there
        return block
    before, code = at_its_end(fence, code)
    line, text = block.line - 1, f"{code}\n{block.text}"
    if not sign and not (code[0] in "{[" and guess_language(text) == "json"):
        return block
    below = block.places or tuple((block.line + at, block.indent) for at in range(block.text.count("\n")))
    places = ((line, before), *below)
    return replace(block, text=text, language=language, info=label, line=line, places=places)


def _cell(block: CodeBlock, first: str) -> str:
    """The language of a notebook's cell that is none of Python, or is written to a file; "" for all else."""
    cell = _CELL.match(first[:200]) if block.language in ("python", "") else None
    label = normalise_language(cell[2] or cell[1]) if cell else ""
    return label if cell and is_label(label) and (label != "python" or cell[2]) else ""


def unwrapped(found: Iterable[CodeBlock], depth: int = 0) -> list[CodeBlock]:
    """The blocks, those of Markdown, and of nothing but fences, replaced by what they hold."""
    flat: list[CodeBlock] = []
    for block in found:
        lines = block.text.split("\n")
        inner = scan(lines) if depth < _DEEPEST and _may_hold_fences(block) else []
        held = [_within(piece, block) for piece in fenced_blocks(inner, lines)]
        flat += unwrapped(held, depth + 1) if held else [block]
    return flat


def _within(piece: CodeBlock, block: CodeBlock) -> CodeBlock:
    """A block of a block, where it stands in the answer."""
    moved = replace(piece, line=block.line + piece.line - 1, indent=block.indent + piece.indent)
    if not piece.places and not block.places:
        return moved
    inner = (piece.place(at, 1) for at in range(1, piece.text.count("\n") + 1))
    outer = (block.place(*place) for place in inner)
    return replace(moved, places=tuple((line, column and column - 1) for line, column in outer))


def _may_hold_fences(block: CodeBlock) -> bool:
    """Markdown may; what is text, or has no label, where it begins with a fence."""
    return block.language == "markdown" or (block.language in ("", "text") and bool(_WRAPS.match(block.text)))
