"""Which errors in a C or C++ program follow from headers that are not here."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache

from pytest_llm.syntax.outline import Outline, every
from pytest_llm.toolchains.base import Diagnostic, Snippet, line_of

_WORD = re.compile(r"[A-Za-z_]\w*")
_UNKNOWN = re.compile(
    r"‘(?:::)?(?P<name>\w+)’ (?:undeclared|was not declared|has not been declared|does not name a type)"
    r"|expected type-specifier before ‘(?P<made>\w+)’"
    r"|unknown type name ‘(?P<type>\w+)’|implicit declaration of function ‘(?P<function>\w+)’"
)
_MEMBER = re.compile(r"‘([^’]*)’(?: \{aka ‘([^’]*)’\})? has no member named ‘(\w+)’")
_ARGUMENTS = re.compile(r"^too (?:few|many) arguments to function ‘[^’(]*?(\w+)[(’]")
_WITHIN = re.compile(r"is not a member of ‘([^’]*)’")
_TAG = re.compile(r"\b(?:struct|union|class)\s+(\w+)")
_DECLARING = re.compile(r"forbids declaration of ‘\w*[A-Z]{3}\w*’ with no type")  # by a macro
_QUOTED = re.compile("‘([^’]*)’")
_OF_STD = re.compile(r"is not a member of ‘std|in namespace ‘std|‘(?:const )?(?:class |struct )?std::")
_MEANT = re.compile("did you mean ‘([^’]*)’")
_TYPE = "unknown type name"
_TORN = "what stands here is not whole: a semicolon or a bracket may be missing"
# Macros where a declaration stands, and what Qt adds to the language.
_MACRO = re.compile(
    r"^\s*(?:static\s+|extern\s+)?[A-Z][A-Z0-9_]{2,}\s*(?:\(|$)|^\s*(?:class|struct)\s+[A-Z][A-Z0-9_]+\s+\w"
    r"|^\s*(?:public |private |protected )?(?:slots|signals|Q_SLOTS|Q_SIGNALS)\s*:|\b(?:emit|foreach)\b"
)
_ALONE = re.compile(r"^\s*[A-Z][A-Z0-9_]{2,}\s*(?:\([^()]*\)\s*)?$")
_VALUES = frozenset({"stdscr", "curscr", "newscr", "environ"})  # variables of libraries are rare
_BUILT_IN = ("bool", "char", "double", "float", "int", "long", "short", "signed", "size_t", "unsigned", "void")
_ACCESS = ("public", "protected", "private", "virtual")
_LIKE = 0.75  # how near a name comes to an own one that is meant
_ROUNDS = 5  # of looking for what is declared by means of what is missing


@dataclass(frozen=True)
class Missing:
    """What comes from headers that are not here.

    project: whether one of them stands in quotes, so that it may bring what it needs itself. library:
    names that standard headers bring. own: what the program declares. tainted: of these, what has a type that is
    missing, or is brought from a namespace that is. heirs: classes with a base that is missing. values: names that
    stand for values and are never called. everything: `using namespace` of one that is missing.
    """

    project: bool
    library: Collection[str]
    own: frozenset[str]
    tainted: frozenset[str]
    heirs: frozenset[str]
    values: frozenset[str]
    everything: bool

    def quoted(self, message: str) -> bool:
        """Whether a message names a type or a namespace of theirs."""
        return any(_words(quoted) & self.tainted for quoted in _QUOTED.findall(message))

    def is_of_others(self, tag: str) -> bool:
        """Whether the name of a struct is none of the program's, nor a misspelt one."""
        return not get_close_matches(tag, self.own, n=1, cutoff=_LIKE)

    def _means(self, name: str, meant: str) -> bool:
        """Whether an unknown name is this one, misspelt: `glLoad` is none for `load`; a base brings names."""
        return name[0].lower() == meant[0].lower() and (
            not self.heirs or bool(get_close_matches(name, [meant], n=1, cutoff=_LIKE))
        )

    def brings(self, name: str, meant: str, *, of_type: bool) -> bool:
        """Whether an unknown name is missing with the headers. meant: what the compiler proposes instead."""
        if name in self.tainted:
            return True
        if name in self.own or (meant in self.own and meant.lower() != name.lower() and self._means(name, meant)):
            return False
        near = get_close_matches(name, _BUILT_IN, n=1, cutoff=0.8) if of_type else []
        if near and near[0] != name and near[0][0] == name[0]:
            return False
        if self.project:
            return True
        if name in self.library:
            return bool(self.heirs) and not of_type and name not in self.values
        return of_type or self.everything or not (name in self.values and name.islower()) or name in _VALUES


def told(
    found: Sequence[Diagnostic],
    files: Sequence[Snippet],
    outlines: Sequence[Outline],
    library: Collection[str],
    *,
    project: bool,
    types: Collection[str] = (),
) -> list[Diagnostic]:
    """What is said of a program without some of its headers, with what follows from these called so.

    types: what stands in for types of theirs, which the compiler knows by name only. A missing semicolon may leave
    the compiler silent, for it skips what it does not know: then the tree tells.
    """
    unknown = {name for one in found if (name := _unknown(one.message)[0])} | set(types)
    lost = missing(outlines, unknown, library, project=project)
    words = {word for file, line in _lines(found, lost) for word in _words(line_of(files[file], line))}
    declared = words & lost.own & unknown  # by lines that are broken
    lost = replace(lost, tainted=lost.tainted | declared | set(types))
    lines = _lines(found, lost)
    broken = {
        (index, line)
        for index, one in enumerate(outlines)
        for line in _torn(files[index].text, one)
        if not _macro(files[index], line)
    }

    def follows(one: Diagnostic) -> bool:
        if one.severity != "error" or one.line is None:
            return False
        place, line = (one.file, one.line), line_of(files[one.file], one.line)
        theirs = place in lines or bool(_words(line) & lost.tainted)
        near = {(one.file, at) for at in _around(files[one.file], one.line)}
        return _follows(
            one, lost, line, theirs=theirs, macro=_macro(files[one.file], one.line), broken=bool(near & broken)
        )

    judged = [replace(one, kind="missing-dependency") if follows(one) else one for one in found]
    said = {(one.file, one.line) for one in judged if one.kind == "syntax"}
    owed = {(one.file, one.line) for one in judged if one.line and one.kind == "missing-dependency"}
    silent = sorted(place for place in owed - said if broken & _ends(files[place[0]], *place))
    return [*judged, *(Diagnostic("error", "syntax", _TORN, file, line) for file, line in silent)]


def unknown_types(found: Iterable[Diagnostic], outlines: Sequence[Outline], library: Collection[str]) -> set[str]:
    """The names of types and namespaces that follow from missing headers, bases of classes among them."""
    said = {_unknown(one.message)[0] for one in found if one.kind == "missing-dependency"}
    places = every(outlines, "typename", "scope")
    bases = {words[0] for _, words in _bases(outlines) if words}
    return (said & places) | (bases - every(outlines, "defined") - {"std"} - set(library))


def missing(
    outlines: Sequence[Outline], unknown: Collection[str], library: Collection[str], *, project: bool
) -> Missing:
    """What a program has from headers that are not here. unknown: the names that the compiler does not know."""
    own = every(outlines, "defined")
    foreign = set(unknown) - own - set(library)
    pairs = [pair for outline in outlines for pair in outline.relations]
    usings = [_WORD.findall(text)[1:] for text in every(outlines, "using")]
    tainted = {words[-1] for words in usings if words and words[0] in foreign}
    bases = _bases(outlines)
    strange = {words[-1] for _, words in bases if words and words[0] not in own | {"std"} | set(library)}
    tainted |= strange
    typed = [(pair["typed"], _words(pair["type"].partition("{")[0])) for pair in pairs if "typed" in pair]
    for _ in range(_ROUNDS):
        tainted |= {name for name, words in typed if words & (foreign | tainted)}
    heirs: set[str] = set()
    for _ in range(_ROUNDS):
        heirs |= {heir for heir, words in bases if words and words[-1] in strange | tainted | heirs}
    values = every(outlines, "used") - every(outlines, "called", "typename", "scope")
    everything = any(words[0] == "namespace" and words[1] in foreign for words in usings if len(words) > 1)
    return Missing(project, library, own, frozenset(tainted), frozenset(heirs), values, everything)


def _bases(outlines: Sequence[Outline]) -> list[tuple[str, list[str]]]:
    """Each class that has bases, with the words of one of them."""
    pairs = [pair for outline in outlines for pair in outline.relations if "heir" in pair]
    words = [(pair["heir"], _WORD.findall(pair["parent"])) for pair in pairs]
    return [(heir, names) for heir, names in words if names and names[0] not in _ACCESS]


def _follows(one: Diagnostic, lost: Missing, line: str, *, theirs: bool, macro: bool, broken: bool) -> bool:
    """Whether an error follows from what is missing. theirs: a name of that is in its line; macro: one of theirs
    may be; broken: the tree has an error there too.
    """
    if _is_theirs(one, lost):
        return True
    if one.kind == "syntax":
        return (macro or theirs) and not broken
    if _unknown(one.message)[0]:
        return False
    if (called := _ARGUMENTS.search(one.message)) and called[1] in lost.own:
        return False
    if member := _MEMBER.search(one.message):
        if _OF_STD.search(one.message):
            return False
        owner = _base(member[2] or member[1])
        return member[3] in lost.tainted or owner in lost.heirs | lost.tainted or (theirs and owner not in lost.own)
    if "incomplete type" in one.message and any(lost.is_of_others(tag) for tag in _TAG.findall(line)):
        return True
    if (
        lost.quoted(one.message)
        or _DECLARING.search(one.message)
        or ("override" in one.message and _words(one.message) & lost.heirs)
    ):
        return True
    if _OF_STD.search(one.message):
        return False
    if (within := _WITHIN.search(one.message)) and _base(within[1]) in lost.own - lost.heirs:
        return False
    return theirs or macro


def _lines(found: Iterable[Diagnostic], lost: Missing) -> set[tuple[int, int]]:
    return {(one.file, one.line) for one in found if one.line and _is_theirs(one, lost)}


def _is_theirs(one: Diagnostic, lost: Missing) -> bool:
    """Whether an error says that a name is unknown which is missing with the headers."""
    name, of_type = _unknown(one.message)
    if one.severity != "error" or not name:
        return False
    meant = _MEANT.search(one.message)
    return lost.brings(name, meant[1] if meant else "", of_type=of_type)


def _unknown(message: str) -> tuple[str, bool]:
    """The name that an error says is not known, and whether it stands for a type or a namespace."""
    found = _UNKNOWN.search(message)
    if not found or _OF_STD.search(message):
        return "", False
    of_type = bool(found["type"] or found["made"]) or "has not been" in message or "does not name" in message
    return next(filter(None, found.groups())), of_type


@lru_cache(maxsize=64)  # of a line hundreds of errors may be told
def _macro(file: Snippet, line: int) -> bool:
    """Whether a macro may be in a line, or alone in the one before it."""
    before = next((text for at in range(line - 1, 0, -1) if (text := line_of(file, at)).strip()), "")
    return bool(_MACRO.search(line_of(file, line)) or _ALONE.match(before))


def _around(file: Snippet, line: int) -> list[int]:
    """A line with those before and behind it that hold something: a missing semicolon is told in either."""
    before, behind = range(line - 1, 0, -1), range(line + 1, len(file.lines) + 1)
    return [line, *(next((at for at in those if line_of(file, at).strip()), line) for those in (before, behind))]


def _ends(file: Snippet, index: int, line: int) -> set[tuple[int, int]]:
    """Where the tree has an error if a line is not whole: there, or behind it, if it does not end as lines do."""
    open_end = bool(re.search(r"[\w)\]\"]\s*$", line_of(file, line)))
    return {(index, at) for at in (line, *(_around(file, line)[2:] if open_end else ()))}


def _torn(text: str, outline: Outline) -> set[int]:
    """The lines in which the grammar does not explain something, from 1."""
    ends = [found.start() for found in re.finditer("\n", text)]
    return {bisect_left(ends, at) + 1 for at in outline.broken}


def _base(name: str) -> str:
    """The bare name of a class: `const struct Ball` -> Ball."""
    words = _WORD.findall(name.partition("<")[0])
    return words[-1] if words else ""


@lru_cache(maxsize=64)
def _words(line: str) -> frozenset[str]:
    return frozenset(_WORD.findall(line))
