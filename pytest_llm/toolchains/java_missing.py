"""Which errors in a Java file follow from packages that are not here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from pytest_llm.syntax.outline import Outline

_GENERATED = re.compile(r"(?:get|set|is|has|with|can)[A-Z]\w*|builder|toBuilder|of|log|logger")
_KNOWN_NAMES = """
Override Deprecated SuppressWarnings FunctionalInterface SafeVarargs Object Comparable Runnable Iterable Iterator
Exception RuntimeException Thread AutoCloseable Closeable Serializable Cloneable Callable Comparator
"""
_LIBRARY_NAMES = """
ArrayDeque ArrayList Arrays AtomicInteger AtomicLong BigDecimal BigInteger BufferedReader Collections Collectors
CompletableFuture ConcurrentHashMap CountDownLatch Deque Duration EnumMap ExecutorService Executors File
FileReader Files HashMap HashSet IOException InputStream InputStreamReader Instant IntStream Iterator
LinkedHashMap LinkedList List LocalDate LocalDateTime Map NoSuchElementException Objects OutputStream Path Paths
Pattern PrintWriter PriorityQueue Queue Random ReentrantLock Scanner Set Stream StringReader StringWriter
TimeUnit TreeMap TreeSet UncheckedIOException UUID
"""
_LIBRARY = frozenset(_LIBRARY_NAMES.split())  # what is imported by name and no package of others is for
_ROOT_NAMES = "android androidx com dev edu io jakarta javax kotlin lombok me net org reactor scala"
_ROOTS = frozenset(_ROOT_NAMES.split())
_KNOWN = frozenset(_KNOWN_NAMES.split())


@dataclass(frozen=True)
class Missing:
    """What comes from packages that are not here.

    names: what is imported from them by name; everything: something is imported by `*`; statics: and so are static
    members. heirs: classes that extend or implement such a name, so that any member may be inherited; marked:
    classes with such an annotation, which may have been given accessors and constructors. used: all names in the
    file.
    """

    names: frozenset[str] = frozenset()
    everything: bool = False
    statics: bool = False
    heirs: frozenset[str] = frozenset()
    marked: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()

    def explains(self, message: str, *, bare: bool) -> bool:
        """Whether an error follows from what is missing. bare: it is about a name without a qualifier."""
        if message.startswith("method does not override"):
            return bool(self.heirs)
        if message.startswith("static import"):
            return self.everything or bool(self.names)
        if "not initialized" in message or "might not have been" in message:
            return bool(self.marked)
        symbol = re.search(r"symbol:\s+(\w+)\s+(\w+)", message)
        if not symbol:
            return bool((self.heirs | self.marked | self.names) & set(re.findall(r"\w+", message)))
        if symbol[2] in self.names or (self.everything and symbol[1] == "class" and symbol[2] not in _LIBRARY):
            return True
        if symbol[2] in _LIBRARY or (symbol[1] == "variable" and self._misspelt(symbol[2])):
            return False
        if self.statics and bare and symbol[1] in ("method", "variable"):
            return True
        if self.everything and symbol[1] == "variable" and symbol[2][0].isupper():
            return True  # a class of the missing package, named for a static member
        place = set(re.findall(r"\w+", message.partition("location:")[2]))
        return bool(place & self.heirs) or bool(place & self.marked and _GENERATED.fullmatch(symbol[2]))

    def _misspelt(self, name: str) -> bool:
        """Whether another name of the file is meant."""
        return bool(get_close_matches(name, sorted(self.used - {name}), n=1, cutoff=0.85))


def is_of_others(package: str) -> bool:
    """Whether a package that is named where it is used is one of a library: it begins as domains do."""
    return package.partition(".")[0] in _ROOTS and "." in package


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

    heirs, marked = those("heir", "parent"), those("marked", "annotation")
    return Missing(frozenset(names), everything, statics, heirs, marked, outline.all("used"))


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
