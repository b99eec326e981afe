"""Which header brings which name of the standard libraries of C and C++: makes toolchains/names/*.txt anew.

    python tools/standard_names.py c cpp

C++ takes a minute of processor time, 2 s for the largest headers.
The compiler is the source. A name is any word that a header brings in or defines as a macro; a header brings a name
where the compiler takes it behind that header alone. Of several the home is the one that g++ advises, or
that has the name, or that the file of its declaration belongs to; else a header of the standard before one of the
system, and the one that brings the least.
Names that begin with `_` are the library's own. Line format: `HEADER: NAME NAME …`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

NAMES = Path(__file__).parents[1] / "pytest_llm" / "toolchains" / "names"
_WORD = re.compile(r"\b[A-Za-z]\w*")
_MACRO = re.compile(r"^#define ([A-Za-z]\w*)", re.MULTILINE)
_DIRECTIVE = re.compile(r"^#.*$", re.MULTILINE)
_SPACE = re.compile(r"\bnamespace\s+(\w+)")
_AGAIN = re.compile(r"error: ‘typedef char std::(?:\w+::)*(\w+) ?\[7\]’")
_PREVIOUS = re.compile(r"^(/[^:\n]+):\d+:\d+: note: previous declaration")
_ADVICE = re.compile(r"‘(?:std::)?(\w+)’ is defined in header ‘<(\w+)>’")
_PART = re.compile(r"@headername\{([\w.]+)")

C = """
assert complex ctype errno fenv float inttypes limits locale math setjmp signal stdalign stdarg stdatomic stdbool
stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype
"""
SYSTEM = """
unistd pthread fcntl dirent dlfcn getopt grp libgen netdb poll pwd regex sched semaphore strings syslog termios
arpa/inet netinet/in netinet/tcp sys/epoll sys/ioctl sys/mman sys/resource sys/select sys/socket sys/stat sys/time
sys/types sys/un sys/utsname sys/wait
"""
CPP = """
algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits
clocale cmath compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio
cstdlib cstring ctime cwchar cwctype deque exception execution filesystem forward_list fstream functional future
initializer_list iomanip ios iostream istream iterator latch limits list locale map memory memory_resource mutex new
numbers numeric optional ostream queue random ranges ratio regex semaphore set shared_mutex source_location span
sstream stack stdexcept stop_token streambuf string string_view syncstream system_error thread tuple type_traits
typeindex typeinfo unordered_map unordered_set utility valarray variant vector
"""


@dataclass(frozen=True)
class Library:
    """How a library is asked. probes: lines with `NAME`, of which one is taken where a header brings the name."""

    compiler: tuple[str, ...]
    headers: tuple[str, ...]
    probes: tuple[str, ...]
    system: frozenset[str] = frozenset()


LIBRARIES = {
    "c": Library(
        ("gcc", "-x", "c"),
        tuple(f"{name}.h" for name in (*C.split(), *SYSTEM.split())),
        ("__typeof__(NAME) *p_NAME;", "enum { q_NAME = sizeof(struct NAME) };"),
        frozenset(f"{name}.h" for name in SYSTEM.split()),
    ),
    "cpp": Library(
        ("g++", "-x", "c++", "-std=gnu++2a"),
        tuple(CPP.split()),
        ("namespace n_NAME { using std::NAME; }", "namespace m_NAME = std::NAME;"),
    ),
}


def said(library: Library, text: str, *words: str) -> tuple[str, str]:
    """What the compiler writes and says."""
    argv = [*library.compiler, *words, "-fmax-errors=0", "-fno-diagnostics-show-caret", "-"]
    done = subprocess.run(
        argv,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    return done.stdout, done.stderr


def brought(library: Library, header: str) -> frozenset[str]:
    """The names that mean something behind this header alone, and nothing without it."""
    include = f"#include <{header}>\n"
    text = said(library, include, "-E", "-dD", "-P")[0]
    names = frozenset(_WORD.findall(_DIRECTIVE.sub("", text)))
    rows = [(name, probe) for probe in library.probes for name in sorted(names)]
    if library.compiler[0] == "g++":  # each name that is no namespace costs a search for one like it
        spaces = frozenset(_SPACE.findall(text))
        rows = [(name, probe) for name, probe in rows if "using" in probe or name in spaces]
    found = _taken(library, include, rows)
    found -= _taken(library, "", sorted(found))
    named = {name for name, _ in found} | set(_MACRO.findall(text)) - _predefined(library)
    return frozenset(name for name in named if len(name) > 1) - {"main"}


def _taken(library: Library, include: str, rows: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """The names, each with its probe, that the compiler takes behind a header."""
    lines = "".join(probe.replace("NAME", name) + "\n" for name, probe in rows)
    errors = said(library, f'{include}#line 1 "probe"\n{lines}', "-fsyntax-only", "-w")[1]
    wrong = {int(line) for line in re.findall(r"^probe:(\d+):", errors, re.MULTILINE)}
    return frozenset(row for line, row in enumerate(rows, 1) if line not in wrong)


def _predefined(library: Library) -> set[str]:
    return set(_MACRO.findall(said(library, "", "-E", "-dM")[0]))


def declared(library: Library, names: Iterable[str]) -> dict[str, str]:
    """name -> the header that the file with its declaration says to be a part of, or is.

    The compiler tells the file where the name is declared again as something else.
    """
    text = "".join(f"#include <{header}>\n" for header in library.headers)
    again = "".join(f"typedef char ({name})[7];\n" for name in names)
    found: dict[str, str] = {}
    name = ""
    for line in said(library, f"{text}namespace std {{\n{again}}}\n", "-fsyntax-only", "-w")[1].splitlines():
        if error := _AGAIN.search(line):
            name = error[1]
        elif previous := _PREVIOUS.match(line):
            found.setdefault(name, _header(previous[1]))
    return found


def advised(library: Library, names: Iterable[str]) -> dict[str, str]:
    """The compiler's own advice for names that it does not know."""
    text = "namespace std {}\n" + "".join(f"auto x_{name} = std::{name};\n" for name in names)
    return dict(_ADVICE.findall(said(library, text, "-fsyntax-only")[1]))


@cache
def _header(path: str) -> str:
    part = _PART.search(Path(path).read_text("utf-8", "replace"))
    return part[1] if part else Path(path).name


def homes(library: Library) -> dict[str, list[str]]:
    """header -> the names for which it is the one to include."""
    known = {header: brought(library, header) for header in library.headers}
    names = sorted(frozenset[str]().union(*known.values()))
    own = {header: header for header in library.headers}
    if library.compiler[0] == "g++":
        own = declared(library, names) | own | advised(library, names)
    rank = sorted(library.headers, key=lambda header: (header in library.system, len(known[header])))
    found: dict[str, list[str]] = {header: [] for header in library.headers}
    for name in names:
        order = [header for header in (own.get(name, ""), *rank) if name in known.get(header, ())]
        found[order[0]].append(name)
    return found


def write(language: str, table: Mapping[str, list[str]]) -> None:
    rows = (f"{header}: {' '.join(names)}" for header, names in table.items() if names)
    lines = [
        line for row in rows for line in textwrap.wrap(row, 116, subsequent_indent="  ", break_on_hyphens=False)
    ]
    (NAMES / f"{language}.txt").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    for language in sys.argv[1:] or LIBRARIES:
        write(language, homes(LIBRARIES[language]))
