"""Which errors in Kotlin files follow from packages that are not here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pytest_llm.syntax.outline import Outline

_OWN = ("java", "jdk", "kotlin")  # roots of packages that are here: what is not in them is nowhere
_UNKNOWN = re.compile(r"Unresolved reference '([^']+)'(?: on receiver of type '(\w+))?")
_NOT_INFERRED = re.compile(r"CANNOT_INFER|NO_THIS|NEW_INFERENCE|DELEGATE|COMPONENT|ITERATOR|BUILDER_INFERENCE")
_INHERITED = re.compile(r"OVERRIDE|SUPER|NOTHING_TO")


@dataclass(frozen=True)
class Missing:
    """What comes from packages that are not here.

    names: what is imported from them, as it is called here; everything: something is imported by `*`. heirs:
    classes that have such a parent, so that any member may be inherited. used: how often each name stands there.
    """

    names: frozenset[str] = frozenset()
    everything: bool = False
    heirs: frozenset[str] = frozenset()
    used: Mapping[str, int] | None = None

    def explains(self, code: str, message: str, line: str) -> bool:
        """Whether an error follows from what is missing. line: the text's, where it stands."""
        if not self.names and not self.everything:
            return False
        if code == "UNRESOLVED_IMPORT":
            return imported_from_elsewhere(line)
        if unknown := _UNKNOWN.search(message):
            return self._brings(unknown[1], unknown[2] or "", line)
        known = bool(self.names & set(re.findall(r"\w+", line)))
        return bool(self.heirs and _INHERITED.search(code)) or bool(_NOT_INFERRED.search(code) and known)

    def _brings(self, name: str, receiver: str, line: str) -> bool:
        if name in self.names or (receiver and receiver in self.heirs):
            return True
        if name == "it" or (self.heirs and not receiver and not self._misspelt(name)):
            return True
        return self.everything and not receiver and not self._misspelt(name)

    def _misspelt(self, name: str) -> bool:
        """Whether another name of the files is meant."""
        return bool(get_close_matches(name, sorted(set(self.used or ()) - {name}), n=1, cutoff=0.85))


def imported_from_elsewhere(line: str) -> bool:
    """Whether an import names a package that is neither Java's nor Kotlin's own."""
    path = _path(line)
    return "." in path and path.partition(".")[0] not in _OWN


def missing(outlines: Sequence[Outline], items: Iterable[Mapping[str, Any]], lines: Sequence[str]) -> Missing:
    """What these files have from packages that are not here. lines: those that the errors `items` stand in."""
    broken = {
        _path(line)
        for item, line in zip(items, lines, strict=True)
        if item["code"] == "UNRESOLVED_IMPORT" and imported_from_elsewhere(line)
    }
    names, everything = set(), False
    for path, alias in (one for outline in outlines for one in _imports(outline)):
        if path in broken:
            everything = everything or path.endswith("*")
            names |= {alias} - {"*"}
    heirs = {one["heir"] for outline in outlines for one in outline.relations if one.get("parent") in names}
    used = {name: count for outline in outlines for name, count in outline.names.get("used", {}).items()}
    return Missing(frozenset(names), everything, frozenset(heirs), used)


def _imports(outline: Outline) -> Iterator[tuple[str, str]]:
    """(what is imported, what it is called here) for each import."""
    for text in outline.all("import"):
        path = _path(text)
        alias = re.search(r"\bas\s+`?(\w+)", text)
        yield path, alias[1] if alias else path.rpartition(".")[2]


def _path(line: str) -> str:
    found = re.match(r"\s*import\s+([\w.`*]+)", line)
    return found[1].replace("`", "") if found else ""
