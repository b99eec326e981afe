"""What only newer compilers take: an old one's refusal of it says nothing about the text.

Each row: the version from which the compiler takes something, what it is, what the line looks like, what an older
compiler says. Syntax counts only where the language's grammar explains the text, so that a broken construct stays a
mistake. Every error must be owed to such a construct: what else is wrong is the model's.
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
    """since: the first version. line: a pattern of the line that is complained of; said: of the complaint.

    echoes: of what is said elsewhere for want of it.
    """

    since: Version
    what: str
    line: str = ""
    said: str = ""
    syntax: bool = True
    echoes: str = ""

    def fits(self, found: Diagnostic, line: str) -> bool:
        return bool(re.search(self.line, line) and re.search(self.said, found.message))


def _library(since: Version, what: str, said: str) -> Row:
    """Of a library: the compiler does not know a name."""
    return Row(since, what, said=said, syntax=False)


def _header(since: Version, name: str, brought: str, note: str = "") -> Row:
    """A header of C++'s library, and a pattern of the names that it brings."""
    lost = rf"‘(?:\w+::)*(?:{brought})(?:<.*)?’ (?:is not a|has not been declared|was not declared|in namespace)"
    of_std = r"(?:is not a member of|in namespace|has not been declared in) ‘std’"
    said = rf"^{name}: No such|‘(?:{brought})’ (?:{of_std}|is not a class template)"
    return Row(since, f"<{name}>{note}", said=said, syntax=False, echoes=lost)


_QUOTED = re.compile(r"[‘'`\"]([^‘’'`\"]*)[’'`\"]|\b(?:variable|method|class|undefined:) (\w+)")
_LOST = re.compile(r"no matching function")
_DERAILED = re.compile(r"^expected|does not name a|template argument")
_BROKEN = r"expected|preview|illegal start|not a statement|not supported"
_SEQUENCED = "getFirst|getLast|removeFirst|removeLast|addFirst|addLast|reversed"
_COLLECTION = r"(?:List|Collection|LinkedHashSet|LinkedHashMap|TreeMap|TreeSet|Sorted(?:Map|Set))"
# A string that older compilers take to end within its braces.
_NESTED = r"\b[rR]?[fF][rR]?(['\"])(?:(?!\1).)*(?<!\{)\{(?!\{)(?:(?!\1)[^}])*\1"

_C23 = " (`standard: c++23`)"
_EMBED = Row((15,), "#embed", r"#\s*embed\b", "embed", syntax=False)

# Sources: the release notes of each ("What's New in Python", JEPs, go.dev/doc/go1.N, the Rust release notes, gcc's
# "C++ Standards Support", node.green, UPGRADING of PHP, NEWS of Ruby, "What's new in C#" and "in .NET").
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
        Row((21,), "patterns that always match", r"\binstanceof\b", "is a subtype of pattern type", syntax=False),
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
        _header((13,), "format", r"\w*format\w*"),
        _header((14,), "print", r"v?print\w*", _C23),
        _header((14,), "generator", "generator", _C23),
        _header((15,), "flat_map", r"flat_(?:multi)?map", _C23),
        _header((15,), "flat_set", r"flat_(?:multi)?set", _C23),
        _header((16,), "mdspan", r"mdspan|d?extents|layout_\w+", _C23),
        Row((14,), f"an explicit object parameter{_C23}", r"\(\s*this\b", "before ‘this’", syntax=False),
        _EMBED,
    ),
    "c": (
        Row(
            (15,),
            "`constexpr` and `nullptr` of C23",
            r"\b(?:constexpr|nullptr)\b",
            "undeclared|expected|unknown type",
            False,
            "variably modified|not (?:an integer )?constant",
        ),
        _EMBED,
    ),
    "javascript": (
        Row((24,), "`using`", r"\busing\s+\w+\s*="),
        Row(
            (23,), "flags within a regular expression", r"\(\?[ims-]+:", r"[Ii]nvalid (?:regular expression|group)"
        ),
    ),
    "csharp": (
        Row((9,), "`params` of any collection", r"\bparams\s+[\w.]+<", r"params parameter must", syntax=False),
        Row((9,), "the escape `\\e`", r"\\e", "escape sequence", syntax=False),
        Row((9,), "partial properties", r"\bpartial\b", "'partial' modifier can only appear", syntax=False),
        _library((9,), "System.Threading.Lock", r"\bname 'Lock'"),
        _library(
            (9,), "the library of .NET 9", r"definition for '(?:CountBy|AggregateBy|WhenEach|CreateVersion7)'"
        ),
        _library((9,), "OrderedDictionary<,>", r"type 'OrderedDictionary' cannot|\bname 'OrderedDictionary<,>'"),
        _library((10,), "`field` in a property", r"\bname 'field'"),
        _library((10,), "the library of .NET 10", r"definition for '(?:LeftJoin|RightJoin)'"),
        Row((10,), "an assignment behind `?.`", r"\?\.[^=;]*=(?![=>])", "left-hand side of an ass", syntax=False),
        Row((10,), "`nameof` of an open type", r"\bnameof\s*\([\w.\s]+<[,\s]*>", "unbound generic", syntax=False),
        _library((10,), "what was a preview before", r"currently in Preview"),
    ),
    "kotlin": (
        _library((2, 2), "guards in `when`", r"\bwhen guards\b"),
        _library((2, 2), "`break` and `continue` out of a lambda", r"break continue in inline lambdas"),
        _library((2, 2), "interpolation by several `$`", r"multi dollar interpolation"),
        _library((2, 3), "type aliases in a class", r"nested type aliases"),
        _library((2, 4), "context parameters", r"\bcontext parameters\b"),
        _library((2, 4), "a backing field of its own", r"\bexplicit backing fields\b"),
        _library((2, 0, 20), "kotlin.uuid", r"Unresolved reference '(?:uuid|Uuid)'"),
        _library((2, 1, 20), "kotlin.concurrent.atomics", r"Unresolved reference '(?:atomics|Atomic\w+)'"),
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

    version: what the compiler says of itself. The first error tells which construct; each other one must be owed to
    one too, or be its echo.
    """
    errors = sorted((one for one in found if one.severity == "error"), key=lambda one: (one.file, one.line or 0))
    own = number(version)
    rows = [row for row in TABLE.get(language, ()) if own < row.since]
    owed = {one: row for one in errors if (row := _row(rows, one, snippets, language))}
    if not errors or errors[0] not in owed or not all(one in owed or _echo(one, owed, snippets) for one in errors):
        return ""
    row = owed[errors[0]]
    return f"{row.what}: from {'.'.join(map(str, row.since))} on"


def _row(rows: Sequence[Row], found: Diagnostic, snippets: Sequence[Snippet], language: str) -> Row | None:
    file = snippets[found.file]
    fitting = (row for row in rows if _explains(row, found, file))
    return next((row for row in fitting if not row.syntax or _sound(language, file.text)), None)


def _echo(found: Diagnostic, owed: Mapping[Diagnostic, Row], snippets: Sequence[Snippet]) -> bool:
    """Whether an error comes of another one: broken syntax in a file that the grammar explains, or in its line;
    what the row says follows; or a name of its line, which the compiler lost.
    """
    same = [one for one in owed if one.file == found.file]
    if any(owed[one].echoes and re.search(owed[one].echoes, found.message) for one in owed):
        return True
    if found.kind == "syntax" and any(owed[one].syntax for one in same):
        return True
    if any(one.line == found.line for one in same) and _DERAILED.search(found.message):
        return True
    if found.kind not in ("undefined", "missing-dependency") and not _LOST.search(found.message):
        return False
    names = re.findall(r"[A-Za-z_]\w*", " ".join(map("".join, _QUOTED.findall(found.message))))
    return any(_declares(snippets[one.file], one.line, name, found.line) for one in same for name in names)


def _declares(file: Snippet, lost: int | None, name: str, missed: int | None) -> bool:
    """Whether a line that the compiler did not take may declare the name; where it is missed there, no function."""
    called = r"(?!\s*\()" if lost == missed else ""
    return bool(re.search(rf"\b{name}\b{called}", line_of(file, lost or 0)))


def number(version: str) -> Version:
    """The first version number in what a compiler says of itself; empty where there is none."""
    found = re.search(r"(?<![\w.])(?:go|v)?(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _explains(row: Row, found: Diagnostic, file: Snippet) -> bool:
    """Whether its line is of that kind; or the one before it, at whose end a parser may still be."""
    return any(row.fits(found, line) for line in _lines(found, file))


def _lines(found: Diagnostic, file: Snippet) -> Iterator[str]:
    if found.line is None:
        yield ""
        return
    yield line_of(file, found.line)
    if found.kind == "syntax":
        yield line_of(file, found.line - 1)


def _sound(language: str, text: str) -> bool:
    """Whether the grammar, which knows the newest constructs, explains the text."""
    outline = read(text, language) if language in LANGUAGES else None
    return outline is None or not outline.errors
