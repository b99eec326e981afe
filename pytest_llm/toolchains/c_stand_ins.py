"""What stands in for headers that are not here, so that the compiler reads on: types, namespaces and macros."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from pytest_llm.syntax.outline import Outline, every
from pytest_llm.toolchains.base import Snippet

_PATH = re.compile(r"(?<![\w:.>])([A-Za-z_]\w*(?:\s*::\s*[A-Za-z_]\w*)*)(\s*<)?")
_USING = re.compile(r"\busing\s+(?:(?!namespace\b)(\w+)\s*=\s*)?(?!namespace\b)([\w:]+)\s*[;<]")
_ALIAS = re.compile(r"\bnamespace\s+(\w+)\s*=\s*([\w:]+)\s*;")
_NAMESPACE = re.compile(r"\busing\s+namespace\s+([\w:]+)")
_BLOCK = re.compile(r"^([ \t]*)([A-Z][A-Z0-9_]{2,})[ \t]*\(([^;{}]{0,400})\)\s{0,40}\{", re.MULTILINE)
_LONE = re.compile(r"^[ \t]*([A-Z][A-Z0-9_]{2,})[ \t]*(\([^()\n;{}]*\))?[ \t]*$(?!\s{0,40}\{)", re.MULTILINE)
_EXPORT = re.compile(r"\b(?:class|struct)\s+([A-Z][A-Z0-9_]+)\s+\w+\s*[:{]")
_BETWEEN = re.compile(
    r"^(?:(?:static|extern|inline|const)\s+)*(?!static|extern|inline|const|struct|enum|unsigned)\w+[ \t*]+"
    r"(__\w+|[A-Z][A-Z0-9_]{2,})[ \t]+\w+[ \t]*\([^;]{0,400}?\)\s{0,40}\{",
    re.MULTILINE,
)
_DEFINED = re.compile(r"#\s*define\s+(\w+)")
_QT = (
    (re.compile(r"^[ \t]*signals[ \t]*:", re.MULTILINE), "signals", "public"),
    (re.compile(r"\bslots[ \t]*:"), "slots", ""),
    (re.compile(r"\bemit\b"), "emit", ""),
)
_JOIN = "#define not_here_joined(A, B) A##_##B\n#define not_here_join(A, B) not_here_joined(A, B)\n"
_FUNCTION = "(...) static void not_here_join(not_here, __LINE__)(void)"
_NAMED = "(A) static void A(void)"
_METHOD = (
    "(F, ...) struct not_here_join(F, __LINE__) : F { void run(); }; inline void not_here_join(F, __LINE__)::run()"
)


@dataclass
class _Name:
    """A namespace or a type, with what is taken from it."""

    is_type: bool = False
    is_template: bool = False
    within: dict[str, _Name] = field(default_factory=dict)

    def at(self, path: Sequence[str]) -> _Name:
        return self.within.setdefault(path[0], _Name()).at(path[1:]) if path else self

    def lines(self) -> Iterator[str]:
        for name, one in sorted(self.within.items()):
            if one.is_type:
                head = "template <class...> " if one.is_template else ""
                yield f"{head}struct {name} {{ template <class... A> {name}(A &&...); {' '.join(one.lines())} }};"
            elif not self.is_type:
                yield f"namespace {name} {{ {' '.join(one.lines())} }}"


def stand_ins(
    unknown: Collection[str],
    own: Collection[str],
    files: Sequence[Snippet],
    outlines: Sequence[Outline],
    language: str,
) -> str:
    """A header that brings unknown types and namespaces, and the macros that the files seem to use; "" for none."""
    text = re.sub(r"(?<!\w)::", "", "\n".join(file.text for file in files))
    called = (_called(file.text, outline) for file, outline in zip(files, outlines, strict=True))
    macros = {name: "(...)" for names in called for name in names} | dict(_macros(text, language))
    macros = {name: value for name, value in macros.items() if name not in own} | dict(_blocks(text, own, language))
    here = set(_DEFINED.findall(text))
    macros = {name: value for name, value in macros.items() if name not in here}
    defined = "".join(f"#define {name}{value}\n" for name, value in sorted(macros.items()))
    if language == "c":
        names = "".join(f"typedef struct {name} {name};\n" for name in sorted(set(unknown) - macros.keys()))
    else:
        types = every(outlines, "typename")
        names = "\n".join(_names(text, set(unknown) - macros.keys(), types).lines()) + "\n"
    return f"#pragma once\n{names}{_JOIN}{defined}" if names.strip() or defined else ""


def _names(text: str, unknown: set[str], types: frozenset[str]) -> _Name:
    """The unknown names, as namespaces and types within each other."""
    top = _Name()
    renamed = dict(_renamed(text))
    brought = {tuple(path) for path in renamed.values()}
    for path in (_parts(name) for name in _NAMESPACE.findall(text)):
        if path[0] in unknown:
            top.at(path)
    for found in _PATH.finditer(text):
        path = _parts(found[1])
        path = [*renamed.get(path[0], path[:1]), *path[1:]]
        if path[0] not in unknown:
            continue
        known = [at for at, part in enumerate(path) if part in types or tuple(path[: at + 1]) in brought]
        for at in known:
            top.at(path[: at + 1]).is_type = True
        if known and known[-1] == len(path) - 1:
            top.at(path).is_template |= bool(found[2])
        elif len(path) > 1:
            top.at(path[: known[-1] + 1] if known else path[:-1])
    return top


def _renamed(text: str) -> Iterator[tuple[str, list[str]]]:
    """What a name stands for here, by `using a::b;`, `using c = a::b;` and `namespace c = a::b;`."""
    for name, path in (*_USING.findall(text), *_ALIAS.findall(text)):
        parts = _parts(path)
        if len(parts) > 1 and (name or parts[-1]) != parts[0]:
            yield name or parts[-1], parts


def _parts(path: str) -> list[str]:
    return [part.strip() for part in path.split("::") if part.strip()]


def _called(text: str, outline: Outline) -> Iterator[str]:
    """What is called where only declarations stand."""
    for piece in outline.pieces:
        if piece.kind == "statement" and (found := re.match(r"(\w+)\s*\(", text[piece.start : piece.end])):
            yield found[1]


def _macros(text: str, language: str) -> Iterator[tuple[str, str]]:
    """What words that stand alone, or where the language has none, seem to be macros for."""
    for pattern, name, value in _QT if language == "cpp" else ():
        if pattern.search(text):
            yield name, f" {value}"
    for name, called in _LONE.findall(text):
        yield name, "(...)" if called else ""
    for name in (*_EXPORT.findall(text), *_BETWEEN.findall(text)):
        yield name, ""


def _blocks(text: str, own: Collection[str], language: str) -> Iterator[tuple[str, str]]:
    """What calls before a block seem to be macros for: a function, with what a class has if they name it."""
    for depth, name, given in _BLOCK.findall(text):
        first, more, _ = (part.strip() for part in given.partition(","))
        if depth:
            yield name, "(...) if (1)"
        elif first in own and language == "cpp":
            yield name, _METHOD
        else:
            yield name, _NAMED if first.isidentifier() and not more else _FUNCTION
