"""Which errors in a Java file follow from packages that are not here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from pytest_llm.syntax.outline import Outline

_GENERATED = re.compile(r"(?:get|set|is|has|with|can)[A-Z]\w*|builder|toBuilder|of|log|logger")
_KNOWN_NAMES = """
ArithmeticException AutoCloseable Boolean Byte Callable CharSequence Character Class ClassCastException Cloneable
Closeable Comparable Comparator Deprecated Double Enum Error Exception Float FunctionalInterface
IllegalArgumentException IllegalStateException IndexOutOfBoundsException Integer InterruptedException Iterable
Iterator Long Math NullPointerException Number NumberFormatException Object Override Process ProcessBuilder Record
Runnable Runtime RuntimeException SafeVarargs Serializable Short String StringBuffer StringBuilder SuppressWarnings
System Thread ThreadLocal Throwable UnsupportedOperationException Void
"""
_LIBRARY_NAMES = """
ArrayDeque ArrayList Arrays AtomicBoolean AtomicInteger AtomicLong BiConsumer BiFunction BigDecimal BigInteger
BinaryOperator BlockingQueue BufferedReader BufferedWriter ByteArrayInputStream ByteArrayOutputStream ChronoUnit
Collection Collections Collectors CompletableFuture ConcurrentHashMap ConcurrentMap CopyOnWriteArrayList
CountDownLatch DateTimeFormatter Deque DoubleStream Duration EnumMap EnumSet ExecutionException ExecutorService
Executors File FileInputStream FileNotFoundException FileOutputStream FileReader FileWriter Files IOException
InputStream InputStreamReader Instant IntFunction IntPredicate IntStream Iterator LinkedBlockingQueue
LinkedHashMap LinkedHashSet LinkedList List LocalDate LocalDateTime LocalTime Locale LongStream Map
NoSuchElementException Objects Optional OptionalDouble OptionalInt OutputStream Path Paths Pattern PrintWriter
PriorityQueue Queue Random ReentrantLock ReentrantReadWriteLock ScheduledExecutorService Set StandardCharsets
Stream StringJoiner StringReader StringWriter Supplier ThreadLocalRandom TimeUnit TimeoutException ToIntFunction
TreeMap TreeSet UUID UnaryOperator UncheckedIOException ZoneId ZonedDateTime HashMap HashSet Scanner
"""
LIBRARY = frozenset(_LIBRARY_NAMES.split())  # what is imported by name and no package of others is for
_CONVERTED = re.compile(r"^incompatible types: (\S+?)(?:<.*>)? cannot be converted to (\S+?)(?:<.*>)?$")
_LAST_NAME = re.compile(r"(?:\w+\.)*(\w+)")
_LIKE, _LIKE_TYPE = 0.8, 0.85  # how near a name comes to another that is meant
_ROOT_NAMES = "android androidx com dev edu io jakarta javax kotlin lombok me net org reactor scala"
_ROOTS = frozenset(_ROOT_NAMES.split())
_KNOWN = frozenset(_KNOWN_NAMES.split())


@dataclass(frozen=True)
class Missing:
    """What comes from packages that are not here.

    names: what is imported from them by name; everything: something is imported by `*`; statics: and so are static
    members. heirs: classes that extend or implement such a name, so that any member may be inherited; marked:
    classes with such an annotation, which may have been given accessors and constructors. used: all names in the
    file; own: of these, the types that it declares.
    """

    names: frozenset[str] = frozenset()
    everything: bool = False
    statics: bool = False
    heirs: frozenset[str] = frozenset()
    marked: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()

    def explains(self, message: str, *, bare: bool) -> bool:
        """Whether an error follows from what is missing. bare: it is about a name without a qualifier."""
        if message.startswith("method does not override"):
            return bool(self.heirs)
        if message.startswith("static import"):
            return self.everything or self.statics or bool(self.names)
        if "not initialized" in message or "might not have been" in message:
            return bool(self.marked)
        symbol = re.search(r"symbol:\s+(\w+)\s+(\w+)", message)
        if converted := _CONVERTED.search(message):  # no annotation gives a type another parent
            return bool({_bare_name(converted[1]), _bare_name(converted[2])} & (self.heirs | self.names))
        if not symbol:
            return bool((self.heirs | self.marked | self.names) & set(_LAST_NAME.findall(message)))
        return self._brings(symbol[1], symbol[2], message, bare=bare)

    def _brings(self, what: str, name: str, message: str, *, bare: bool) -> bool:
        """Whether an unknown symbol may be theirs. what: "class", "method" or "variable"."""
        if name in self.names:
            return True
        if what == "class":
            return self.everything and name not in LIBRARY and not self._misspelt_type(name)
        if name in LIBRARY or (what == "variable" and _is_other(name, nearest(name, self.used, _LIKE))):
            return False
        if what == "method" and bare and is_slip(name, nearest(name, self.used, _LIKE_TYPE)):
            return False
        if self.statics and bare and (what == "method" or name[0].isupper()):
            return True
        if self.everything and what == "variable" and name[0].isupper():
            return True  # a class of the missing package, named for a static member
        place = set(re.findall(r"\w+", message.partition("location:")[2]))
        return bool(place & self.heirs) or bool(place & self.marked and _GENERATED.fullmatch(name))

    def _misspelt_type(self, name: str) -> bool:
        """Whether a type of the file, or one of the library, is meant; `Strings` is another library's."""
        return _is_other(name, nearest(name, self.own | LIBRARY | _KNOWN, _LIKE_TYPE))


def _is_other(name: str, near: str) -> bool:
    """Whether a name that is near is meant by another one: a type that only goes on from it is one of its own."""
    return near != "" and not (name[0].isupper() and name.startswith(near))


@lru_cache(maxsize=256)  # of one name a thousand errors may be told
def nearest(name: str, names: frozenset[str], cutoff: float) -> str:
    """The name that is most like another one, "" where none is so much like it."""
    return next(iter(get_close_matches(name, sorted(names - {name}), n=1, cutoff=cutoff)), "")


def is_slip(name: str, meant: str) -> bool:
    """Whether a letter of a name is wrong or left out: `setX` and `getXs` are other names than `getX`."""
    return meant[:1] == name[:1] and meant != f"{name}s" and len(name) <= len(meant)


def is_of_others(package: str) -> bool:
    """Whether a package that is named where it is used is one of a library: it begins as domains do."""
    return package.partition(".")[0] in _ROOTS and "." in package


def missing(outline: Outline, packages: set[str]) -> Missing:
    """What a file has from these packages, which do not exist here."""
    names, everything, statics = set(), False, False
    for path, static, star in _imports(outline):
        owner = path if star else path.rpartition(".")[0]
        if owner in packages or (static and owner.rpartition(".")[0] in packages):
            everything, statics = everything or (star and not static), statics or (star and static)
            names |= {path.rpartition(".")[2], *([owner.rpartition(".")[2]] if static else [])}

    def taken(known: str) -> bool:
        return known in names or (everything and known not in _KNOWN | outline.all("defined"))

    def is_theirs(name: str) -> bool:
        return taken(_bare_name(name)) or name.partition("<")[0].rpartition(".")[0] in packages

    def those(who: str, of_what: str) -> frozenset[str]:
        return frozenset(one[who] for one in outline.relations if who in one and is_theirs(one[of_what]))

    heirs, marked = those("heir", "parent"), those("marked", "annotation")
    return Missing(
        frozenset(names), everything, statics, heirs, marked, outline.all("used"), outline.all("defined")
    )


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
