"""What only newer compilers take: an old one's refusal of it says nothing about the text.

Each row: the version from which the compiler takes something, what it is, what the line looks like, what an older
compiler says. Syntax counts only where the language's grammar explains the text, so that a broken construct stays a
mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_llm.syntax.grammars import LANGUAGES
from pytest_llm.syntax.outline import read
from pytest_llm.toolchains.base import Diagnostic, Snippet, line_of

Version = tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """since: the first version. line: a pattern of the line that is complained of; said: of the complaint."""

    since: Version
    what: str
    line: str = ""
    said: str = ""
    syntax: bool = True

    def fits(self, found: Diagnostic, line: str) -> bool:
        return bool(re.search(self.line, line) and re.search(self.said, found.message))


def _library(since: Version, what: str, said: str) -> Row:
    """Of a library: the compiler does not know a name."""
    return Row(since, what, said=said, syntax=False)


_BROKEN = r"expected|preview|illegal start|not a statement|not supported"
_SEQUENCED = "getFirst|getLast|removeFirst|removeLast|addFirst|addLast|reversed"
_COLLECTION = r"(?:List|Collection|LinkedHashSet|LinkedHashMap|TreeMap|TreeSet|Sorted(?:Map|Set))"
# A string that older compilers take to end within its braces.
_NESTED = r"\b[rR]?[fF][rR]?(['\"])(?:(?!\1).)*(?<!\{)\{(?!\{)(?:(?!\1)[^}])*\1"

# Sources: the release notes of each ("What's New in Python", JEPs, go.dev/doc/go1.N, the Rust release notes, gcc's
# "C++ Standards Support", node.green, UPGRADING of PHP, NEWS of Ruby).
TABLE: Mapping[str, tuple[Row, ...]] = {
    "python": (
        Row((3, 12), "the f-string's own quotes within its braces", _NESTED),
        Row((3, 12), "a backslash or comment in an f-string", said=r"f-string expression part cannot include"),
        Row((3, 12), "type parameters", r"^\s*(?:async\s+def|def|class)\s+\w+\["),
        Row((3, 12), "the statement `type`", r"^\s*type\s+\w+\s*(?:\[[^\]]*\])?\s*="),
        Row((3, 14), "exceptions without parentheses", r"^\s*except\*?\s+[\w.]+\s*,", "parenthesized"),
        Row((3, 14), "t-strings", r"\b[rR]?t[rR]?['\"]"),
    ),
    "java": (
        Row((16,), "records", r"\brecord\s+\w+"),
        Row((17,), "sealed types", r"\b(?:non-)?sealed\b|\bpermits\b"),
        Row((21,), "record patterns", r"(?:\binstanceof|\bcase)\s+[\w.<>]+\s*\(", _BROKEN),
        Row((21,), "patterns in switch", r"\bcase\s+(?:null\b|[\w.<>\[\]]+\s+\w+\s*(?:->|:|&&|when\b))", _BROKEN),
        Row((22,), "unnamed variables", r"\b_\b", "'_'|underscore"),
        Row((25,), "imports of modules", r"^\s*import\s+module\b", _BROKEN),
        Row((25,), "a file without a class", r"", r"unnamed classes|implicitly declared|compact source"),
        Row(
            (25,),
            "statements before `super(…)`",
            r"\b(?:super|this)\s*\(",
            r"first statement|must be first",
            syntax=False,
        ),
        _library((21,), "sequenced collections", rf"method (?:{_SEQUENCED})\(.*\b{_COLLECTION}\b"),
        _library(
            (21,),
            "virtual threads",
            r"\b(?:ofVirtual|startVirtualThread|newVirtualThreadPerTaskExecutor|isVirtual)\b",
        ),
        _library((21,), "a class of Java 21", r"\bSequenced(?:Collection|Map|Set)\b"),
        _library((24,), "gatherers", r"\bGatherers?\b|method gather\(.*\bStream\b"),
        _library((25,), "scoped values", r"\b(?:ScopedValue|StableValue)\b"),
        _library((25,), "the class IO", r"\bvariable IO\b"),
    ),
    "go": (
        Row((1, 22), "range over an integer", r"\brange\b", r"cannot range over .*(?:int|\d)", syntax=False),
        Row((1, 23), "range over a function", r"\brange\b", r"cannot range over", syntax=False),
        _library((1, 21), "a built-in function of Go 1.21", "undefined: (?:min|max|clear)$"),
        _library((1, 21), "a package of Go 1.21", r"(?:package|import) \"?(?:slices|maps|cmp|log/slog)\b"),
        _library((1, 23), "a package of Go 1.23", r"(?:package|import) \"?(?:iter|unique)\b"),
        _library(
            (1, 24),
            "a function of Go 1.24",
            r"\b(?:strings|bytes)\.(?:Lines|\w+Seq)\b|testing\.B has no field or method Loop",
        ),
        _library((1, 25), "a method of Go 1.25", r"sync\.WaitGroup has no field or method Go|testing/synctest"),
        Row((1, 26), "`new` of a value", r"\bnew\(", r"is not a type", syntax=False),
    ),
    "rust": (
        Row((1, 65), "`let … else`", said=r"let\.\.\.else"),
        Row(
            (1, 75), "async functions in traits", said=r"async fn.* in traits|functions in traits cannot be .*async"
        ),
        Row((1, 77), "C string literals", r"\bc\"", r"prefix `c`|c\"…\""),
        Row((1, 85), "edition 2024", said=r"edition 2024|argument for `--edition`"),
        Row((1, 85), "async closures", r"\basync\s+(?:move\s+)?\|", r"async closures"),
        Row((1, 88), "chains of `let`", said=r"`let` expressions in this position"),
        _library(
            (1, 70),
            "the standard library of 1.70",
            r"\b(?:once_cell|is_some_with|is_some_and|is_ok_and|OnceLock)\b",
        ),
        _library((1, 80), "the standard library of 1.80", r"\b(?:lazy_cell|LazyLock|LazyCell)\b"),
        _library((1, 82), "the standard library of 1.82", r"\b(?:is_none_or|is_sorted)\b"),
    ),
    "cpp": (
        _library((13,), "<format>", r"^format: No such|‘format(?:_to)?’ is not a member of ‘std’"),
        _library((14,), "<print> (`standard: c++23`)", r"^print: No such|‘println?’ is not a member of ‘std’"),
        _library(
            (14,), "<generator> (`standard: c++23`)", r"^generator: No such|‘generator’ is not a member of ‘std’"
        ),
        Row((14,), "an explicit object parameter (`standard: c++23`)", r"\(\s*this\b"),
    ),
    "c": (
        Row(
            (15,),
            "`constexpr` and `nullptr` of C23",
            r"\b(?:constexpr|nullptr)\b",
            "undeclared|expected|unknown type",
            False,
        ),
        Row((15,), "#embed", r"#\s*embed\b", syntax=False),
    ),
    "javascript": (
        Row((24,), "`using`", r"\busing\s+\w+\s*="),
        Row(
            (23,), "flags within a regular expression", r"\(\?[ims-]+:", r"[Ii]nvalid (?:regular expression|group)"
        ),
    ),
    "php": (
        Row((8, 1), "enumerations, `readonly`", r"\benum\s+\w+|\breadonly\b"),
        Row((8, 3), "constants with a type", r"\bconst\s+[\w\\?|]+\s+\w+\s*="),
        Row((8, 3), "constants by an expression", r"::\s*\{"),
        Row((8, 4), "hooks of properties", r"\$\w+(?:\s*=[^;{]*)?\s*\{"),
        Row((8, 4), "visibility of writing", r"\b(?:public|protected|private)\s*\(\s*set\s*\)"),
        Row((8, 4), "a method of `new` without parentheses", r"\bnew\s+[\w\\]+\s*\([^()]*\)\s*->"),
        Row((8, 5), "the pipe", r"\|>"),
    ),
    "ruby": (
        Row((3, 1), "a hash without its values", r"\w:\s*[,})]"),
        Row((3, 1), "a block without a name", r"\(.*&\s*\)"),
        Row((3, 2), "arguments without a name", r"[(,]\s*\*{1,2}\s*[,)]"),
    ),
}


def needed(language: str, version: str, found: Sequence[Diagnostic], snippets: Sequence[Snippet]) -> str:
    """What of these errors a newer compiler would not say: "record patterns: from 21 on"; empty where it would.

    version: what the compiler says of itself. The first error counts: it hides what else there is.
    """
    errors = [one for one in found if one.severity == "error"]
    first = min(errors, key=lambda one: (one.file, one.line or 0), default=None)
    if first is None:
        return ""
    file, own = snippets[first.file], number(version)
    rows = (row for row in TABLE.get(language, ()) if own < row.since and _explains(row, first, file))
    row = next((row for row in rows if not row.syntax or _sound(language, file.text)), None)
    return f"{row.what}: from {'.'.join(map(str, row.since))} on" if row else ""


def number(version: str) -> Version:
    """The first version number in what a compiler says of itself; empty where there is none."""
    found = re.search(r"(?<![\w.])(?:go|v)?(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _explains(row: Row, found: Diagnostic, file: Snippet) -> bool:
    """Whether its line, or the one before it, at whose end a parser may still be, is of that kind."""
    return any(row.fits(found, line) for line in _lines(found, file))


def _lines(found: Diagnostic, file: Snippet) -> Iterator[str]:
    if found.line is None:
        yield ""
        return
    yield line_of(file, found.line)
    yield line_of(file, found.line - 1)


def _sound(language: str, text: str) -> bool:
    """Whether the grammar, which knows the newest constructs, explains the text."""
    outline = read(text, language) if language in LANGUAGES else None
    return outline is None or not outline.errors
