"""One piece of code in an answer, and what it is a piece of: its file, its first name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from pytest_llm.answers.names import bound, defined, local
from pytest_llm.answers.titles import alone, named

_LOOKED_AT = 20_000
_FIRST_LINE = 300
_COMMENT = re.compile(r"\s*(?://|#|/\*|--|<!--)[ \t]*([^\n]+?)\s*(?:\*/|-->)?\s*$")
_INTERPRETED = re.compile(r"(?:#!|<\?php)[^\n]{0,200}\n\s*")  # may stand above that comment
PAGE = re.compile(r"<!doctype\s+html\b|<html[\s>]", re.IGNORECASE)
_BEFORE_A_PAGE = re.compile(r"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--[^>]{0,500}-->\s*){0,9}")
_KEY = re.compile(r'[\s\[{]*"((?:[^"\\\n]|\\.){1,200})"\s*:')
_BEGINS = re.compile(
    r"\s*(?:package |<\?php|import\b|from [\w.]+ import|#include \"|use |using |#!)"
)  # only a file does
_STANDS_FIRST = re.compile(r"^(?:from __future__ |#!\[|namespace [\w.]+;|#include \")|\A\s*#!/", re.MULTILINE)
_IMPORTS_ANYWHERE = frozenset({"python", "rust"})
_IMPORT = re.compile(r"^(?:import|from)\b(.*)", re.MULTILINE)
_BROUGHT = re.compile(
    r"^(?:const|let|var)[ \t]+(\w+)[ \t]*=[ \t]*(?:await[ \t]+)?(?:require|import)\b", re.MULTILINE
)
_WORD = re.compile(r"[A-Za-z_]\w*")
_MEMBER = re.compile(r"\.[A-Za-z_]\w*")
_MEMBERS = re.compile(r"\b([A-Za-z_]\w*)(?:(?:\??\.|->)[A-Za-z_]\w*)+")
_SAID = re.compile(
    r"(?:^|[ \t])#[ \t].*|(?:^|[;{},)])[ \t]*//.*|^[ \t]*(?:/\*|\*[ \t]).*", re.MULTILINE
)  # by comments; `//` amid a line also divides
_TEST_FILE = re.compile(
    r"(?:_test\.\w+|[._-]spec\.\w+|\.test\.\w+|(?:^|/)test_\w+\.py|Tests?\.(?:java|cs)|(?:^|/)tests?/[\w./-]+)$"
)
_TEST_NAME = re.compile(r"(?:test_|Test(?=[A-Z_]))\w+|\w+Tests?$")
_TEST_SUITE = re.compile(r"(?:[ \t]*(?:(?:import|const|from|//|/\*)[^\n]*)?\n)*[ \t]*(?:describe|it|test)\(['\"`]")
_ELIDED = re.compile(
    r"^[ \t]*(?://|#|/\*|<!--|--|\{/\*)[ \t]*(?:\.\.\.|…|\(?(?:the )?(?:rest|remainder) of\b|\(?existing code\b"
    r"|\(?(?:same|unchanged) (?:as|from) (?:before|above)\b)",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True)
class CodeBlock:
    """One piece of code in an answer.

    text: its lines, each ended by "\\n", without the indentation of its fence and without carriage returns.
    language: normalised ("go", "javascript", "cpp", "html", …), "" where the fence does not say.
    info: the fence's info string as written. line: where the code begins in the answer, from 1.
    fenced: it stood between fences; closed: its fence was closed.
    indent: columns of the answer before column 1 of the code, where its fence was indented.
    echo: it is the prompt's own code or schema again, and the answer has no other.
    title: the file name in the line before the fence, "" where there is none.
    places: for each line of the code its line in the answer and the columns before it there, where these are not
    one after the other, `indent` deep; None where its columns are not those of the answer.
    """

    text: str
    language: str = ""
    info: str = ""
    line: int = 1
    fenced: bool = True
    closed: bool = True
    indent: int = 0
    echo: bool = False
    title: str = ""
    places: tuple[tuple[int, int | None], ...] = ()

    def place(self, line: int, column: int | None = None) -> tuple[int, int | None]:
        """Line and column of the answer for those of the code, all from 1."""
        if not self.places:
            return self.line + line - 1, column and column + self.indent
        at, before = self.places[min(line, len(self.places)) - 1]
        return at, column + before if column and before is not None else None

    @cached_property
    def file_names(self) -> tuple[str, ...]:
        """The names that the fence's info string, a comment in the first line and the line above give it."""
        head = _INTERPRETED.sub("", self.text[:_LOOKED_AT].lstrip(), count=1)
        first = _COMMENT.match(head[:_FIRST_LINE].partition("\n")[0])
        return tuple(filter(None, (named(self.info), alone(first[1]) if first else "", self.title)))

    @cached_property
    def tests(self) -> bool:
        """It tests other code: by its file's name, or because what it defines first is a test."""
        if any(_TEST_FILE.search(name) for name in self.file_names):
            return True
        return bool(_TEST_NAME.match(self.first_name) or _TEST_SUITE.match(self.text[:_LOOKED_AT]))

    @cached_property
    def first_name(self) -> str:
        """What the block is: a page, the first key of its JSON, the first name at its top level, a script."""
        head = self.text[:_LOOKED_AT]
        if key := _KEY.match(head):
            return f"key {key[1]}"
        if begins_a_page(head) or (self.language == "html" and PAGE.search(head)):
            return "page"
        return next(iter(self._defined), "script" if head.startswith("#!/") else "").rpartition(" ")[2]

    @cached_property
    def names(self) -> frozenset[str]:
        """What it defines at top level; a method of Go's with its receiver, an extension with its point."""
        return frozenset(self._defined)

    @cached_property
    def _defined(self) -> tuple[str, ...]:
        return tuple(defined(self.text[:_LOOKED_AT], self.language))

    @cached_property
    def known(self) -> frozenset[str]:
        """What it defines, binds or is to others at top level."""
        return self.names | bound(self.text)

    @cached_property
    def code(self) -> str:
        """Its text without comments."""
        return _SAID.sub("", self.text)

    @cached_property
    def words(self) -> frozenset[str]:
        """Those of its code, without members of what it binds itself, or of what its functions are given; each
        member with its point, too."""
        own = (self.known | local(self.code)).difference(_BROUGHT.findall(self.text))
        free = _MEMBERS.sub(lambda found: found[1] if found[1] in own else found[0], self.code)
        return frozenset(_WORD.findall(free)).union(_MEMBER.findall(self.code))

    @cached_property
    def imported(self) -> frozenset[str]:
        """The words of its imports, which name what they bring."""
        return frozenset(_WORD.findall(" ".join(_IMPORT.findall(self.text))))

    @cached_property
    def stands_first(self) -> bool:
        """It holds what stands at the beginning of a file and nowhere else, in any language that has it."""
        return _STANDS_FIRST.search(self.text) is not None

    @cached_property
    def ends_code(self) -> bool:
        """What follows it is code no longer, but text between PHP."""
        return self.text.rstrip().endswith("?>")

    def begins_a_file(self, language: str) -> bool:
        """Whether a text in the language cannot go on another one: it begins as only a file does."""
        return self.stands_first or (language not in _IMPORTS_ANYWHERE and _BEGINS.match(self.text) is not None)

    @cached_property
    def complete(self) -> bool:
        """Its fence was closed, and it leaves nothing out ("... the rest as before")."""
        return self.closed and not _ELIDED.search(self.text)


def begins_a_page(text: str) -> bool:
    """Whether a text is an HTML page from its first line on, comments aside."""
    before = _BEFORE_A_PAGE.match(text)
    return PAGE.match(text, before.end() if before else 0) is not None
