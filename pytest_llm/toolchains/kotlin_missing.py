"""Which errors in Kotlin files follow from packages that are not here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_llm.syntax.outline import Outline, every
from pytest_llm.toolchains.java_missing import LIBRARY, is_slip, nearest

_ROUNDS = 3  # of looking for variables that are made of those
_OWN = ("java", "jdk", "kotlin")  # roots of packages that are here: what is not in them is nowhere
_UNKNOWN = re.compile(r"Unresolved reference '([^']+)'(?: on receiver of type '(\w+))?")
_ECHOES = re.compile(
    "CANNOT_INFER|NO_THIS|NEW_INFERENCE|DELEGATE|COMPONENT|ITERATOR|BUILDER_INFERENCE|AMBIGUITY|OPT_IN_USAGE"
)
_INHERITED = re.compile(r"OVERRIDE|SUPER|NOTHING_TO")
_ERRONEOUS = "'???"  # a type that the compiler does not know: it has told why
_QUOTED = re.compile(r"'([^']*)'")
_DECLARED = re.compile(r"\b(?:va[lr]\s+|for\s*\(\s*)(\w+)")
_LIKE, _LIKE_OWN = 0.85, 0.8  # how near a name comes to another that is meant


@dataclass(frozen=True)
class Missing:
    """What comes from packages that are not here.

    names: what is imported from them, as it is called here; everything: something is imported by `*`. heirs:
    classes that have such a parent, so that any member may be inherited. used: the names that stand there; own:
    those that are declared. tainted: names that are nowhere, and variables that are made of something of theirs.
    """

    names: frozenset[str] = frozenset()
    everything: bool = False
    heirs: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    tainted: frozenset[str] = frozenset()

    def explains(self, code: str, message: str, line: str) -> bool:
        """Whether an error follows from what is missing. line: the text's, where it stands."""
        if not self.names and not self.everything:
            return False
        if code == "UNRESOLVED_IMPORT":
            return imported_from_elsewhere(line)
        if unknown := _UNKNOWN.search(message):
            name, receiver = unknown[1], unknown[2] or ""
            return self._brings(name, receiver) or (
                bool(receiver) and receiver not in self.own and self._is_of_theirs(name, line)
            )
        if _ERRONEOUS in message or any(self.names & _words(quoted) for quoted in _QUOTED.findall(message)):
            return True
        known = bool((self.names | self.tainted) & _words(line))
        if self.heirs and (_INHERITED.search(code) or "of type 'String' cannot be invoked" in message):
            return True
        return bool(_ECHOES.search(code)) and known

    def _brings(self, name: str, receiver: str) -> bool:
        if name in self.names:
            return True
        meant = (nearest(name, self.own, _LIKE_OWN), nearest(name, self.used, _LIKE))
        if name in LIBRARY or any(is_slip(name, one) for one in meant):
            return False
        if receiver:
            return receiver in self.heirs
        return name == "it" or bool(self.heirs) or self.everything

    def _is_of_theirs(self, name: str, line: str) -> bool:
        """Whether a member is one of something of theirs: what the compiler takes its type for is a guess."""
        before = re.search(rf"(?<![^\s,;={{}}])([^\s,;={{}}]*?)\??\.\s*{re.escape(name)}\b", line)
        first = re.search(r"\w+", before[1].rpartition("(")[2]) if before else None
        return first is not None and first[0] in self.tainted | self.names


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def imported_from_elsewhere(line: str) -> bool:
    """Whether an import names a package that is neither Java's nor Kotlin's own."""
    path = _path(line)
    return "." in path and path.partition(".")[0] not in _OWN


def missing(outlines: Sequence[Outline], items: Iterable[Mapping[str, Any]], lines: Sequence[str]) -> Missing:
    """What these files have from packages that are not here. lines: those that the errors `items` stand in."""
    told = list(zip(items, lines, strict=True))
    broken = {
        _path(line) for item, line in told if item["code"] == "UNRESOLVED_IMPORT" and imported_from_elsewhere(line)
    }
    names, everything = set(), False
    for path, alias in (one for outline in outlines for one in _imports(outline)):
        if path in broken:
            everything = everything or path.endswith("*")
            names |= {alias} - {"*"}
    heirs = {one["heir"] for outline in outlines for one in outline.relations if one.get("parent") in names}
    own = every(outlines, "defined", "function", "own")
    found = Missing(frozenset(names), everything, frozenset(heirs), every(outlines, "used"), own)
    for _ in range(_ROUNDS):
        theirs = [pair for pair in told if found.explains(pair[0]["code"], pair[0]["message"], pair[1])]
        nowhere = {name[1] for item, _ in theirs if (name := _UNKNOWN.search(item["message"]))}
        made = {name for _, line in theirs for name in _DECLARED.findall(line)}
        found = replace(found, tainted=found.tainted | nowhere | made)
    return found


def _imports(outline: Outline) -> Iterator[tuple[str, str]]:
    """(what is imported, what it is called here) for each import."""
    for text in outline.all("import"):
        path = _path(text)
        alias = re.search(r"\bas\s+`?(\w+)", text)
        yield path, alias[1] if alias else path.rpartition(".")[2]


def _path(line: str) -> str:
    found = re.match(r"\s*import\s+([\w.`*]+)", line)
    return found[1].replace("`", "") if found else ""
