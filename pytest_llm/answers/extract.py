"""Response -> Artifact: the answer without its thinking, and the code in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

from pytest_llm.answers.fences import Fenced, scan
from pytest_llm.answers.languages import PROSE, guess_language
from pytest_llm.answers.languages import normalise_language as normalise_language  # checks ask for it here
from pytest_llm.answers.thinking import split_thinking

_PAGE = re.compile(r"<!doctype\s+html\b|<html[\s>]", re.IGNORECASE)
_PAGE_END = re.compile(r"</html\s*>", re.IGNORECASE)
_MARKUP = re.compile(r"<(?:body|canvas|script|svg|style|div|button|p|h1)\b", re.IGNORECASE)
_DEEPEST = 3  # answers wrapped in Markdown wrapped in Markdown


@dataclass(frozen=True)
class CodeBlock:
    """One piece of code in an answer.

    text: its lines, each ended by "\\n", without the indentation of its fence and without carriage returns.
    language: normalised ("go", "javascript", "cpp", "html", …), "" where the fence does not say.
    info: the fence's info string as written. line: where the code begins in the answer, from 1.
    fenced: it stood between fences; closed: its fence was closed.
    indent: columns of the answer before column 1 of the code, where its fence was indented.
    """

    text: str
    language: str = ""
    info: str = ""
    line: int = 1
    fenced: bool = True
    closed: bool = True
    indent: int = 0


@dataclass(frozen=True)
class Artifact:
    """What the checks look at. `notes` say what a reader must know ("the last code block was never closed").

    blocks: in the answer's order; no two overlap. A block of Markdown may hold blocks of its own, which `code` and
    `page` look into.
    """

    answer: str
    thinking: str = ""
    blocks: tuple[CodeBlock, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def _pieces(self) -> tuple[CodeBlock, ...]:
        return tuple(_unwrapped(self.blocks))

    def code(self, language: str | None = None) -> CodeBlock | None:
        """The block in `language` (any spelling of it), the longest of several; without one, an unlabelled block.

        language None: the longest block of whatever language, prose and console sessions last. Where the answer
        has no fence at all, it is the text itself if that looks like code (`notes` then say so).
        """
        if language is None:
            programs = [block for block in self._pieces if block.language not in PROSE]
            return _longest(programs) or _longest(self.blocks)
        wanted = normalise_language(language)
        return _longest(b for b in self._pieces if b.language == wanted) or _longest(
            b for b in self._pieces if not b.language or not b.fenced
        )

    def page(self) -> CodeBlock | None:
        """A whole HTML page: in a fence, else anywhere in the text, else a fenced piece of HTML."""
        fenced = [block for block in self._pieces if block.fenced]
        return (
            _longest(_page_in(b) for b in fenced if b.language in ("html", "") and _PAGE.search(b.text))
            or _bare_page(self.answer, self.blocks)
            or _longest(b for b in fenced if b.language in ("html", "svg"))
            or _longest(b for b in self._pieces if not b.language and _MARKUP.search(b.text))
            or _longest(b for b in self.blocks if b.language in ("html", "svg"))
        )

    def json_text(self, *, strict: bool = False) -> CodeBlock:
        """The text that must be JSON: the whole answer, or, unless `strict`, the block of JSON fenced in it."""
        whole = CodeBlock(self.answer, "json", fenced=False)
        if strict:
            return whole
        fenced = [block for block in self._pieces if block.fenced]
        return (
            _longest(b for b in fenced if b.language == "json")
            or _longest(b for b in fenced if not b.language and b.text.lstrip()[:1] in ("{", "["))
            or whole
        )


def extract(text: str, thinking: str = "", prompt: Iterable[str] = ()) -> Artifact:
    """What is in an answer to a prompt. Never raises; every line between fences is in exactly one block."""
    answer, left_in = split_thinking(text.removeprefix("\ufeff"), prompt)
    thinking = "\n\n".join(filter(None, (thinking, left_in)))
    lines = answer.split("\n")
    found = scan(lines) or scan(lines, anywhere=True)
    stray = _stray(lines, found)
    notes = []
    if stray is not None:
        found = found[:-1]
    elif found and not found[-1].closed:
        notes.append("the last code block was never closed")
    blocks = tuple(_block(piece) for piece in found)
    if not blocks:
        blocks = _unfenced(lines if stray is None else lines[:stray])
        notes += ["no code fence: the text itself is taken as code" for b in blocks if b.language != "json"]
    return Artifact(answer, thinking, blocks, tuple(notes))


def position(text: str, offset: int, first_line: int = 1) -> tuple[int, int, str]:
    """(line, column, the line itself) of an offset in `text`, which begins in line `first_line`."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    source = text[start : end if end >= 0 else len(text)].removesuffix("\r")
    return first_line + text.count("\n", 0, offset), offset - start + 1, source


def _block(piece: Fenced) -> CodeBlock:
    return CodeBlock(
        piece.text,
        normalise_language(piece.info),
        piece.info,
        piece.first + 1,
        closed=piece.closed,
        indent=piece.indent,
    )


def _stray(lines: Sequence[str], found: Sequence[Fenced]) -> int | None:
    """The line of a last bare fence that opens nothing: nothing follows, or it ends code that never began one."""
    if not found or found[-1].closed or found[-1].info:
        return None
    at = found[-1].first - 1
    if not found[-1].text.strip():
        return at
    begun_before = len(found) == 1 and guess_language("\n".join(lines[:at])) != ""
    return at if begun_before and not guess_language(found[-1].text) else None


def _unfenced(lines: Sequence[str]) -> tuple[CodeBlock, ...]:
    text = "\n".join(line.removesuffix("\r") for line in lines)
    language = guess_language(text)
    return (CodeBlock(text, language, fenced=False),) if language else ()


def _longest(blocks: Iterable[CodeBlock]) -> CodeBlock | None:
    """The longest block, the later of two equals: a model's second thought replaces its first."""
    return max(reversed(list(blocks)), key=lambda block: len(block.text.strip()), default=None)


def _unwrapped(blocks: Iterable[CodeBlock], depth: int = 0) -> list[CodeBlock]:
    """The blocks, those of Markdown replaced by what they hold."""
    flat: list[CodeBlock] = []
    for block in blocks:
        inner = scan(block.text.split("\n")) if block.language == "markdown" and depth < _DEEPEST else []
        held = [
            replace(piece, line=block.line + piece.line - 1, indent=block.indent + piece.indent)
            for piece in map(_block, inner)
        ]
        flat += _unwrapped(held, depth + 1) if held else [block]
    return flat


def _page_in(block: CodeBlock) -> CodeBlock:
    return replace(block, language="html")


def _bare_page(answer: str, blocks: Sequence[CodeBlock]) -> CodeBlock | None:
    """A page that begins outside every fence, up to its last closing tag, or to the end where it has none."""
    offsets = [0, *accumulate(len(line) + 1 for line in answer.split("\n"))]
    fenced = [(offsets[b.line - 1], offsets[b.line - 1 + b.text.count("\n")]) for b in blocks if b.fenced]
    gaps = zip([0, *(end for _, end in fenced)], [*(first for first, _ in fenced), len(answer)], strict=True)
    match = next((match for first, end in gaps if (match := _PAGE.search(answer, first, end))), None)
    if match is None:
        return None
    ends = [end.end() for end in _PAGE_END.finditer(answer, match.start())]
    text = answer[match.start() : ends[-1] if ends else len(answer)].replace("\r\n", "\n")
    return CodeBlock(text, "html", line=position(answer, match.start())[0], fenced=False, closed=bool(ends))
