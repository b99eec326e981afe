"""Which errors in a Rust program follow from crates that are not here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pytest_llm.syntax.outline import Outline, every

_STD_MODULES = """
alloc any array arch ascii atomic backtrace binary_heap borrow boxed btree_map btree_set cell char clone cmp
collections consts convert core default env error f32 f64 ffi fmt fs future hash hash_map hash_set hint i32 i64
io iter linked_list marker mem mpsc net num ops option os panic path pin prelude primitive process ptr rc result
slice std str string sync task thread time u32 u64 usize vec vec_deque
"""
_ALSO_CRATES = frozenset({"backtrace", "num", "time"})  # well-known ones are called like a module of the library
_NOT_CRATES = frozenset({"crate", "self", "super", "Self", *_STD_MODULES.split()}) - _ALSO_CRATES
# Traits whose methods only types of their own crate have, or those that derive them; none brings a trait of std.
_NARROW_TRAITS = """
Args CommandFactory Component Connection Datelike Deserialize DeserializeOwned Digest Distribution FromRow
Insertable Mac Parser Queryable Resource Rng RngCore RngExt Row SeedableRng Serialize Subcommand TimeZone
Timelike ValueEnum
"""
_NARROW = frozenset(_NARROW_TRAITS.split())
_SILENT = frozenset({"Serialize", "Deserialize"})  # derived, they give no method that anybody calls
_EXTENDED = frozenset(
    ["BufRead", "DoubleEndedIterator", "Future", "Iterator", "Read", "Seek", "Write"]
)  # by traits of crates
_KNOWN_MACROS = """
Clone Copy Debug Default Eq Hash Ord PartialEq PartialOrd allow assert assert_eq assert_ne automatically_derived
cfg cfg_attr cold compile_error concat dbg debug_assert debug_assert_eq debug_assert_ne default deny deprecated
derive doc env eprint eprintln expect export_name format format_args ignore include_bytes include_str inline
line link macro_export macro_use matches must_use no_mangle non_exhaustive panic path print println repr
should_panic stringify test thread_local todo track_caller unimplemented unreachable vec warn write writeln
"""
_KNOWN = frozenset(_KNOWN_MACROS.split())
# What an attribute makes right, and the function that has it: the program's start, foreign functions.
_NEEDS = {"E0752": "main", "E0133": "extern", "E0121": "rocket"}
_OF_METHODS = frozenset({"E0038", "E0599"})  # a macro may have changed a trait's methods, or given some to a type
_OF_TRAITS = _OF_METHODS | {"E0271", "E0277", "E0369"}  # a trait is not implemented
_PRIMITIVE_TYPES = "bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize"
_PRIMITIVES = frozenset(_PRIMITIVE_TYPES.split())
_CRATE = re.compile(
    r"unresolved import `(\w+)|(?:crate or module|module or crate|unlinked crate) `(\w+)|find crate for `(\w+)"
)
_UNKNOWN = re.compile(r"cannot find (value )?[^`]*`(\w+)`")
_MACRO = re.compile(r"cannot (?:find|determine resolution for the) ([a-z ]*)(attribute|macro) `(\w+)`")
_MEMBER = re.compile(r"no [\w ]+ named `(\w+)` found for [^`]*`([^`]*)`")
_TOKEN = re.compile(r"\w+|::|[{},*]")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Error:
    """What rustc says. similar: names that it proposes instead of an unknown one; source: the lines it is about."""

    code: str
    message: str
    similar: frozenset[str] = frozenset()
    source: str = ""


@dataclass(frozen=True)
class Missing:
    """What comes from crates that are not here.

    crates: their names. names: what `use` brings of them, as it is called here. everything: something is brought by
    `*`; macros: by `#[macro_use]`. extends: a trait of theirs may give methods to any type. own: what the program
    defines; library: what std does. given: what stands in calls of their macros, which may define it. marked: own
    types and functions that have an attribute of theirs, derive a trait, or implement one; able: those that may
    have got traits of std by that. open: own types that implement what traits of crates extend.
    """

    crates: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    everything: bool = False
    macros: bool = False
    extends: bool = False
    own: frozenset[str] = frozenset()
    library: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    marked: frozenset[str] = frozenset()
    able: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()

    def explains(self, error: Error) -> bool:
        """Whether an error follows from what is missing."""
        if not self.crates:
            return False
        if may_be_crate(error):
            return may_be_crate(error) in self.crates
        if macro := _MACRO.match(error.message):
            return self._macro(macro[2], macro[3], error.similar)
        if error.code in _NEEDS:
            return _NEEDS[error.code] in self.marked
        if member := _MEMBER.search(error.message):
            return error.code == "E0599" and self._member(member[1], _type(member[2]))
        if error.code in _OF_TRAITS:
            those = self.marked if error.code in _OF_METHODS else self.able
            return bool(those & set(re.findall(r"\w+", error.message)))
        if error.code == "E0308":
            return any(f"{name}::from(" in error.source for name in self.able)
        unknown = _UNKNOWN.match(error.message)
        return unknown is not None and self._unknown(unknown[2], error.similar, value=bool(unknown[1]))

    def _macro(self, kind: str, name: str, similar: frozenset[str]) -> bool:
        if name in self.names | self.crates:
            return True
        if similar:
            return False
        return self.everything or self.macros or (kind == "attribute" and bool(self.marked))

    def _member(self, name: str, owner: str) -> bool:
        if name[0].isupper() and not name.isupper():  # nothing gives an enum a variant
            return False
        if owner in self.marked:
            return True
        return self.extends and (owner not in self.own or owner in self.open)

    def _unknown(self, name: str, similar: frozenset[str], *, value: bool) -> bool:
        if name in self.given or any(name.startswith(one) and name != one for one in self.able):
            return True
        if value and name.islower():  # globs bring types, functions and constants
            return False
        return self.everything and name not in self.library and not similar & (self.own | _PRIMITIVES)


def may_be_crate(error: Error) -> str:
    """The name that an error says is no crate here, where that may be one; else empty."""
    found = _CRATE.search(error.message) if error.code in ("E0432", "E0433", "E0463") else None
    name = next(filter(None, found.groups()), "") if found else ""
    return "" if name[:1].isupper() or name in _NOT_CRATES else name


def crate(error: Error, outlines: Sequence[Outline]) -> str | None:
    """The crate that an error says is not here; None for other errors."""
    name = may_be_crate(error)
    if not name:
        return None
    if name in _ALSO_CRATES and error.code == "E0433":  # there is no `use` of it
        return None
    modules = sorted(every(outlines, "module"))
    return None if get_close_matches(name, modules, n=1, cutoff=0.8) else name


def missing(outlines: Sequence[Outline], crates: Collection[str], library: Collection[str]) -> Missing:
    """What a program has from these crates. library: names of std, which no glob of a crate brings."""
    theirs = [
        (use, outline)
        for outline in outlines
        for text in outline.all("import")
        for use in brought(text)
        if use.root in crates
    ]
    names = frozenset(use.name for use, _ in theirs)
    everything = "*" in names
    pairs = [pair for outline in outlines for pair in outline.relations]
    macros = any(pair.get("of") in crates and pair["option"] == "macro_use" for pair in pairs)

    def taken(path: str) -> bool:
        root = path.partition("::")[0]
        if root in names or (root in crates and root != path):  # a lone crate's name is an attribute of its derives
            return True
        return (everything or macros) and path not in _KNOWN

    def those(who: str, without: frozenset[str]) -> frozenset[str]:
        having = (pair for pair in pairs if who in pair)
        return frozenset(_type(pair[who]) for pair in having if any(map(taken, _paths(pair, without))))

    return Missing(
        frozenset(crates),
        names,
        everything,
        macros,
        everything or any(_extends(use, outline) for use, outline in theirs),
        every(outlines, "defined", "function"),
        frozenset(library),
        frozenset(pair["given"] for pair in pairs if "given" in pair and taken(pair["macro"])),
        those("decorated", _SILENT) | those("heir", frozenset()),
        those("decorated", _NARROW),
        frozenset(_type(pair["heir"]) for pair in pairs if _type(pair.get("parent", "")) in _EXTENDED),
    )


@dataclass(frozen=True)
class Use:
    """One name that a `use` brings. path: of what it is; name: what it is called here (`*`: all in it). listed: it
    stands in braces.
    """

    path: tuple[str, ...]
    name: str
    listed: bool = False

    @property
    def root(self) -> str:
        return self.path[0]

    @property
    def item(self) -> str:
        return self.path[-1]


def brought(text: str) -> Iterator[Use]:
    """What a `use` or `extern crate` brings: `use a::{b, c::D as E};` brings b and E of a."""
    words = [word for word in _TOKEN.findall(_COMMENT.sub(" ", text)) if word != "::"]
    words = words[next((at for at, word in enumerate(words) if word in ("use", "crate")), -1) + 1 :]
    outer: list[tuple[str, ...]] = []
    path: tuple[str, ...] = ()
    before = ""
    for word, following in zip(words, [*words[1:], ","], strict=True):
        if word == "{":
            outer.append(path)
        elif word == "}":
            del outer[-1:]
        elif word == ",":
            path = outer[-1] if outer else ()
            continue
        elif word not in ("as", "self") and before != "as":
            path = (*path, word)
        ends = word not in ("{", "}", "as") and following in (",", "}")
        if ends and path:
            yield Use(path, word if word != "self" else path[-1], bool(outer))
        if ends:
            path = outer[-1] if outer else ()
        before = word


def _extends(use: Use, outline: Outline) -> bool:
    """Whether what is brought may be a trait that gives methods to types of others: it is used as no type."""
    if not use.item[:1].isupper() or use.item in _NARROW or use.name == "_":
        return use.name == "_"
    counts = {
        name: outline.names.get(name, {}).get(use.name, 0) for name in ("used", "qualified", "bound", "argument")
    }
    if counts["argument"] and not counts["bound"]:  # it is there to be derived
        return False
    return counts["used"] <= counts["qualified"] + counts["bound"] + use.listed


def _paths(pair: Mapping[str, str], without: frozenset[str]) -> list[str]:
    """The paths of what an item has: the attribute, the traits that it derives, the trait that it implements."""
    if pair.get("mark") == "derive":
        paths = re.findall(r"[\w:]+", re.sub(r"\s*::\s*", "::", pair.get("listed", "")))
    else:
        paths = [pair.get("mark") or pair["parent"].partition("<")[0]]
    return [path for path in paths if path.rpartition("::")[2] not in without]


def _type(name: str) -> str:
    """The bare name of a type: without references, path and parameters."""
    return name.lstrip("&'").removeprefix("mut ").partition("<")[0].rpartition("::")[2].strip()
