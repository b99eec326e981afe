"""Response -> Artifact: the answer without its thinking, and the code in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate

from pytest_llm.answers.blocks import CodeBlock as CodeBlock  # checks ask for it here
from pytest_llm.answers.blocks import begins_a_page
from pytest_llm.answers.choice import Given, choose, is_shown, with_versions
from pytest_llm.answers.ends import glued, without_end
from pytest_llm.answers.fenced import unwrapped
from pytest_llm.answers.found import blocks_and_notes
from pytest_llm.answers.guessing import is_code, is_mislabelled
from pytest_llm.answers.held import amid_words, between_tags, in_strings
from pytest_llm.answers.languages import JSON_LABELS, KIN, LOOSE, PROSE, guess_language
from pytest_llm.answers.languages import normalise_language as normalise_language  # checks ask for it here
from pytest_llm.answers.overlaid import merged
from pytest_llm.answers.pages import fragment, page_begins
from pytest_llm.answers.schemas import is_schema
from pytest_llm.answers.thinking import split_thinking
from pytest_llm.answers.unfenced import unfenced
from pytest_llm.syntax.grammars import LANGUAGES

_PAGE_END = re.compile(r"</html\s*>", re.IGNORECASE)
_MARKUP = re.compile(r"<(?:body|canvas|script|svg|style|div|button|p|h1)\b", re.IGNORECASE)
_FEW = 8  # blocks that are read one by one


@dataclass(frozen=True)
class Artifact:
    """What the checks look at. `notes` say what a reader must know ("the last code block was never closed").

    blocks: in the answer's order; no two overlap. A block of Markdown may hold blocks of its own, which `code` and
    `page` look into. leaked: end tokens that a server let into the answer; they are taken out of it. prompt: what
    was asked; code that only repeats it is no answer, or (may_echo) one where there is no other.

    Where several blocks are of the wanted kind, the last complete one counts if it is another version of an earlier
    one (the same file, page or first name), else the longest, with those that it is one program with. Where only
    the prompt's own code is there, it comes back marked as an `echo`.
    """

    answer: str
    thinking: str = ""
    leaked: tuple[str, ...] = ()
    prompt: tuple[str, ...] = field(default=(), repr=False)
    may_echo: bool = field(default=False, repr=False)

    @property
    def blocks(self) -> tuple[CodeBlock, ...]:
        return self._found[0]

    @property
    def notes(self) -> tuple[str, ...]:
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[tuple[CodeBlock, ...], tuple[str, ...]]:
        """Blocks and notes: only when a check asks for them, for most look at the answer alone."""
        return blocks_and_notes(self.answer)

    @cached_property
    def _pieces(self) -> tuple[CodeBlock, ...]:
        return tuple(unwrapped(self.blocks))

    def parts(self, language: str) -> Sequence[CodeBlock]:
        """All blocks, those of Markdown replaced by what they hold; without a fence, what tags or JSON hold."""
        return (not self._is_fenced and self._held(language)) or self._pieces

    @cached_property
    def _is_fenced(self) -> bool:
        return any(block.fenced for block in self.blocks)

    @cached_property
    def _stored(self) -> tuple[CodeBlock, ...]:
        """What stands between tags or in strings of JSON."""
        tagged = [] if self._is_fenced else between_tags(self.answer.split("\n"))
        return (*tagged, *self._of_json)

    @cached_property
    def _of_json(self) -> tuple[CodeBlock, ...]:
        fenced = (block for block in self._pieces if block.language == "json" and is_json(block.text))
        found = fenced if self._is_fenced else amid_words(self.answer)
        return tuple(one for block in found for one in in_strings(block.text, block.line))

    @cached_property
    def _given(self) -> Given:
        return Given(self.prompt, self.may_echo)

    @cached_property
    def own_blocks(self) -> tuple[CodeBlock, ...]:
        """The blocks without the prompt's own code and schemas."""
        own = tuple(b for b in self.blocks if not self._given.holds(b) or _is_data(b.text))
        return self.blocks if self.may_echo and not own else own

    def code(self, language: str | None = None) -> CodeBlock | None:
        """The block in `language` (any spelling of it); without one, one of its kin, then an unlabelled block, then
        a session, a diff or JSON that holds it.

        language None: a block of whatever language, prose and console sessions last. Where the answer has no fence
        at all, it is what stands between tags or in JSON, else the text itself if that looks like code (`notes`
        then say so).
        """
        if language is None:
            held = [] if self._is_fenced else self._held()
            likely = _likely([b for b in self._pieces if b.language not in PROSE])
            return choose((held, likely, self.blocks), self._given)
        wanted = normalise_language(language)
        return choose(self._tiers(wanted), self._given, wanted)

    def _tiers(self, language: str) -> Iterator[Sequence[CodeBlock]]:
        """Blocks that may be the code in a language, the likeliest first; each is looked for where those before it
        hold none."""
        bare = [b for b in self._pieces if not b.language]
        yield [] if self._is_fenced else self._held(language)
        for name in (language, *KIN.get(language, ())):
            yield with_versions([b for b in self._pieces if b.language == name], bare)
        yield _code_among(bare, language)
        yield [b for b in self._pieces if b.language in ("text", "console") and is_code(b.text, language)]
        yield [b for b in self._pieces[:_FEW] if b.fenced and is_mislabelled(b.text, b.language, language)]
        yield [left for b in self._pieces if b.language == "diff" and (left := merged(b))]
        yield self._held(language) if self._is_fenced else []
        yield self._bare(language)

    def _held(self, language: str = "") -> list[CodeBlock]:
        """What is code, in the language or in any, between tags or in strings of JSON."""
        told = ((block, block.language or language or guess_language(block.text)) for block in self._stored)
        return [
            replace(block, language=name)
            for block, name in told
            if name in LANGUAGES and name == (language or name) and (block.language or is_code(block.text, name))
        ]

    def _bare(self, language: str) -> list[CodeBlock]:
        """What may be meant as code in the language, where the answer has no fence."""
        if self._is_fenced:
            return []
        if language not in LANGUAGES:
            return list(self.blocks)
        found = unfenced(self.answer.split("\n"), language)
        return found if self.blocks or any(is_code(block.text, language) for block in found) else []

    def page(self) -> CodeBlock | None:
        """A whole HTML page: in a fence, whatever its label, else anywhere in the text, else a piece of HTML."""
        return choose(self._pages(), self._given)

    def _pages(self) -> Iterator[list[CodeBlock]]:
        fenced = [block for block in self._pieces if block.fenced]
        yield [replace(block, language="html") for block in fenced if _holds_a_page(block)]
        yield [replace(block, language="html") for block in self._of_json if begins_a_page(block.text)]
        yield _bare_page(self.answer, self.blocks)
        yield [b for b in fenced if b.language in ("html", "svg")]
        yield [b for b in self._pieces if not b.language and _MARKUP.search(b.text)]
        yield [b for b in self.blocks if b.language in ("html", "svg")]
        yield _bare_fragment(self.answer, self.blocks)

    def json_text(self, *, strict: bool = False) -> CodeBlock:
        """The text that must be JSON: the whole answer, or, unless `strict`, the JSON in a fence or amid prose.

        A block counts by its label, else by what is in it. Of the prompt's own JSON only a schema is an `echo`.
        """
        whole = CodeBlock(self.answer, "json", fenced=False)
        found = None if strict else choose(self._documents(), self._given)
        block = found or choose(([whole],), self._given) or whole
        return replace(block, echo=False) if block.echo and _is_data(block.text) else block

    def _documents(self) -> Iterator[list[CodeBlock]]:
        fenced = [block for block in self._pieces if block.fenced]
        yield [b for b in fenced if b.language in JSON_LABELS]
        yield [b for b in fenced if is_json(b.text)]
        yield [b for b in fenced if b.language in LOOSE and b.text.lstrip()[:1] in ("{", "[")]
        yield [] if fenced or is_json(self.answer) else amid_words(self.answer)
        bare = [] if fenced else unfenced(self.answer.split("\n"), "json")
        yield [b for b in bare if b.text != self.answer and b.text.lstrip()[:1] in ("{", "[")]


def extract(text: str, thinking: str = "", prompt: Iterable[str] = (), *, may_echo: bool = False) -> Artifact:
    """What is in an answer to a prompt. Never raises; a line between fences is in one block at most."""
    prompt = tuple(prompt)
    ended = text if "\n" in text else text.replace("\r", "\n")
    answer, left_in = split_thinking(ended.removeprefix("\ufeff"), prompt)
    fences = glued(answer)
    answer, leaked = without_end(answer, prompt)
    thinking = "\n\n".join(filter(None, (thinking, left_in)))
    return Artifact(answer, thinking, tuple(dict.fromkeys(fences + leaked)), prompt, may_echo)


def position(text: str, offset: int, first_line: int = 1) -> tuple[int, int, str]:
    """(line, column, the line itself) of an offset in `text`, which begins in line `first_line`."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    source = text[start : end if end >= 0 else len(text)].removesuffix("\r")
    return first_line + text.count("\n", 0, offset), offset - start + 1, source


def _code_among(blocks: Sequence[CodeBlock], language: str) -> Sequence[CodeBlock]:
    """Of several blocks without a label those that are code, where any is: sample output may be longer."""
    if not 1 < len(blocks) <= _FEW or language not in LANGUAGES:
        return blocks
    return [block for block in blocks if is_code(block.text, language) and not is_shown(block)] or blocks


def _likely(blocks: Sequence[CodeBlock]) -> Sequence[CodeBlock]:
    """Those with a label, or that look like code, where there are any: sample output may be longer."""
    if len(blocks) < 2:
        return blocks
    return [block for block in blocks if block.language or guess_language(block.text)] or blocks


def _holds_a_page(block: CodeBlock) -> bool:
    """Labelled as HTML or not at all, and a page somewhere in it; with another label, a page from its beginning."""
    if block.language in ("html", ""):
        return page_begins(block.text) is not None
    return begins_a_page(block.text)


def _is_data(text: str) -> bool:
    """Whether it is JSON and no schema: an answer may well be the same as an example in the prompt."""
    return text.lstrip()[:1] in ("{", "[") and not is_schema(text)


def is_json(text: str) -> bool:
    """Whether a text is an object or a list in JSON."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _bare_page(answer: str, blocks: Sequence[CodeBlock]) -> list[CodeBlock]:
    """A page that begins outside every fence, up to its last closing tag, or to the end where it has none."""
    offsets = [0, *accumulate(len(line) + 1 for line in answer.split("\n"))]
    fenced = [(offsets[b.line - 1], offsets[b.line - 1 + b.text.count("\n")]) for b in blocks if b.fenced]
    gaps = zip([0, *(end for _, end in fenced)], [*(first for first, _ in fenced), len(answer)], strict=True)
    start = next((at for first, end in gaps if (at := page_begins(answer, first, end)) is not None), None)
    if start is None:
        return []
    ends = [end.end() for end in _PAGE_END.finditer(answer, start)]
    return [_unfenced_html(answer, start, ends[-1] if ends else len(answer), closed=bool(ends))]


def _bare_fragment(answer: str, blocks: Sequence[CodeBlock]) -> list[CodeBlock]:
    """Markup without a page around it, in an answer without a fence: its first tag to its last."""
    found = None if any(block.fenced for block in blocks) else fragment(answer)
    return [_unfenced_html(answer, *found)] if found else []


def _unfenced_html(answer: str, start: int, end: int, *, closed: bool = True) -> CodeBlock:
    text = answer[start:end].replace("\r\n", "\n")
    return CodeBlock(text, "html", line=position(answer, start)[0], fenced=False, closed=closed)
