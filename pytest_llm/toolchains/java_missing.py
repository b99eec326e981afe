"""Which errors in a Java file follow from packages that are not here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_llm.syntax.outline import Outline

_GENERATED = re.compile(r"(?:get|set|is|has|with|can)[A-Z]\w*|builder|toBuilder|of|log|logger")
_KNOWN_NAMES = """
Override Deprecated SuppressWarnings FunctionalInterface SafeVarargs Object Comparable Runnable Iterable Iterator
Exception RuntimeException Thread AutoCloseable Closeable Serializable Cloneable Callable Comparator
"""
_KNOWN = frozenset(_KNOWN_NAMES.split())


@dataclass(frozen=True)
class Missing:
    """What comes from packages that are not here.

    names: what is imported from them by name; everything: something is imported by `*`; statics: and so are static
    members. heirs: classes that extend or implement such a name, so that any member may be inherited; marked:
    classes with such an annotation, which may have been given accessors and constructors.
    """

    names: frozenset[str] = frozenset()
    everything: bool = False
    statics: bool = False
    heirs: frozenset[str] = frozenset()
    marked: frozenset[str] = frozenset()

    def explains(self, message: str, *, bare: bool) -> bool:
        """Whether an error follows from what is missing. bare: it is about a name without a qualifier."""
        if message.startswith("method does not override"):
            return bool(self.heirs)
        if message.startswith("static import"):
            return self.everything
        if "not initialized" in message or "might not have been" in message:
            return bool(self.marked)
        symbol = re.search(r"symbol:\s+(\w+)\s+(\w+)", message)
        if not symbol:
            return bool((self.heirs | self.marked | self.names) & set(re.findall(r"\w+", message)))
        if symbol[2] in self.names or (self.everything and symbol[1] == "class"):
            return True
        if self.statics and bare and symbol[1] in ("method", "variable"):
            return True
        if self.everything and symbol[1] == "variable" and symbol[2][0].isupper():
            return True  # a class of the missing package, named for a static member
        place = set(re.findall(r"\w+", message.partition("location:")[2]))
        return bool(place & self.heirs) or bool(place & self.marked and _GENERATED.fullmatch(symbol[2]))


def missing(outline: Outline, packages: set[str]) -> Missing:
    """What a file has from these packages, which do not exist here."""
    names, everything, statics = set(), False, False
    for path, static, star in _imports(outline):
        owner = path if star else path.rpartition(".")[0]
        if owner in packages or (static and owner.rpartition(".")[0] in packages):
            everything, statics = everything or star, statics or (static and star)
            names |= {path.rpartition(".")[2], *([owner.rpartition(".")[2]] if static else [])}

    def taken(known: str) -> bool:
        return known in names or (everything and known not in _KNOWN | outline.all("defined"))

    def those(who: str, of_what: str) -> frozenset[str]:
        return frozenset(one[who] for one in outline.relations if who in one and taken(_bare_name(one[of_what])))

    return Missing(frozenset(names), everything, statics, those("heir", "parent"), those("marked", "annotation"))


def imported(outline: Outline) -> set[str]:
    """The packages that a file imports from (a static import names the class's package too)."""
    found = set()
    for path, static, star in _imports(outline):
        owner = path if star else path.rpartition(".")[0]
        found |= {owner, owner.rpartition(".")[0]} if static else {owner}
    return found


def _imports(outline: Outline) -> Iterator[tuple[str, bool, bool]]:
    """(what is imported, whether its static members, whether all in it) for each import."""
    for text in outline.all("import"):
        words = re.sub(r"\s*([.;])\s*", r"\1", text.removeprefix("import").strip()).removesuffix(";").split()
        path = words[-1].removesuffix(".*")
        yield path, words[0] == "static", path != words[-1]


def _bare_name(name: str) -> str:
    return name.partition("<")[0].rpartition(".")[2].strip()
