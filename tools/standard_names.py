"""Which header brings which name of the standard libraries of C and C++: makes toolchains/names/*.txt anew.

    python tools/standard_names.py c cpp

The compiler is the source. A name is any word that a header brings in or defines as a macro; a header brings a name
where the compiler takes it behind that header alone. Of several the home is what g++ itself advises ("defined in
header '<vector>'; did you forget to …"), else a header of the standard before one of the system, and the one that
brings the least. Names that begin with `_` are the library's own. Line format: `HEADER: NAME NAME …`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

NAMES = Path(__file__).parents[1] / "pytest_llm" / "toolchains" / "names"
_WORD = re.compile(r"\b[A-Za-z]\w*")
_MACRO = re.compile(r"^#define ([A-Za-z]\w*)", re.MULTILINE)
_DIRECTIVE = re.compile(r"^#.*$", re.MULTILINE)
_ADVICE = re.compile(r"‘(?:std::)?(\w+)’ is defined in header ‘<(\w+)>’")

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

Probed = tuple[str, str]  # a name, and the line that asks for it


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
        (*CPP.split(), *(f"{name}.h" for name in SYSTEM.split())),
        (
            "using std::NAME;",
            "using namespace std::NAME;",
            "using p_NAME = decltype(&::NAME);",
            "using q_NAME = ::NAME;",
        ),
        frozenset(f"{name}.h" for name in SYSTEM.split()),
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


def words(library: Library, *headers: str) -> tuple[frozenset[str], frozenset[str]]:
    """What is spelt behind these headers, and what they define as macros."""
    text = said(library, _included(*headers), "-E", "-dD", "-P")[0]
    macros = frozenset(_MACRO.findall(text))
    return frozenset(_WORD.findall(_DIRECTIVE.sub("", text))), macros


def taken(library: Library, names: Iterable[Probed], *headers: str) -> frozenset[Probed]:
    """The names that the compiler takes in their probes behind these headers."""
    rows = sorted(names)
    lines = "".join(probe.replace("NAME", name) + "\n" for name, probe in rows)
    errors = said(library, f'{_included(*headers)}#line 1 "probe"\n{lines}', "-fsyntax-only", "-w")[1]
    wrong = {int(line) for line in re.findall(r"^probe:(\d+):", errors, re.MULTILINE)}
    return frozenset(row for line, row in enumerate(rows, 1) if line not in wrong)


def _included(*headers: str) -> str:
    return "".join(f"#include <{header}>\n" for header in headers)


def advised(library: Library, words: Iterable[str]) -> dict[str, str]:
    """The compiler's own advice for names it does not know."""
    text = "namespace std {}\n" + "".join(f"auto x_{word} = std::{word};\n" for word in words)
    return dict(_ADVICE.findall(said(library, text, "-fsyntax-only")[1]))


def homes(library: Library) -> dict[str, list[str]]:
    """header -> the names for which it is the one to include."""
    spelt = {header: words(library, header) for header in library.headers}
    every = {(name, probe) for name in words(library, *library.headers)[0] for probe in library.probes}
    meant = taken(library, every, *library.headers)
    meant -= taken(library, meant)
    known: dict[str, frozenset[str]] = {}
    for header, (used, macros) in spelt.items():
        rows = taken(library, ((name, probe) for name, probe in meant if name in used), header)
        known[header] = macros | {name for name, _ in rows}
    names = sorted(name for name in frozenset[str]().union(*known.values()) - {"main"} if len(name) > 1)
    advice = advised(library, names) if library.compiler[0] == "g++" else {}
    rank = sorted(library.headers, key=lambda header: (header in library.system, len(known[header])))
    found: dict[str, list[str]] = {header: [] for header in library.headers}
    for name in names:
        header = advice.get(name, "")
        home = header if header in known and name in known[header] else next(h for h in rank if name in known[h])
        found[home].append(name)
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
