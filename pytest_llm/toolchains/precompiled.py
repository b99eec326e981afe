"""What texts of C and C++ begin with, compiled once: gcc's precompiled headers, made of the library alone.

Of `#include <iostream>` and the like a compiler reads tens of thousands of lines, which takes five times as long as
the rest. Headers of the standard library that come before all else mean the same in any order, and one that is read
from a precompiled one brings what it brings anyway: the text keeps its lines, each include finds its header read.
"""

from __future__ import annotations

import itertools
import re
import shutil
import threading
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_llm.sandbox import sandbox, scratch
from pytest_llm.sandbox.walls import Walls

_OFTEN = 2  # how often the same headers come before they are compiled, which takes as long as two texts
_MOST = 6  # sets of headers in a run: each takes 3 to 60 MB of the disk
_BEGIN = re.compile(
    r"(?:\s+|//[^\n]*\n|/\*(?:[^*]|\*(?!/))*+\*/"
    r"|[#][ \t]*include[ \t]*<(?P<header>[\w./+-]+)>[ \t]*(?=\n|//|\Z))"
)
_count = itertools.count(1)

Key = tuple[tuple[str, ...], frozenset[str]]  # the compiler's options, the headers


@dataclass
class Precompiled:
    """The headers of one compiler that are ready. language: as `-x` takes it, of headers."""

    language: str
    _seen: Counter[Key] = field(default_factory=Counter)
    _ready: dict[Key, Path | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def words(self, text: str, argv: Sequence[str], walls: Walls, library: Container[str]) -> list[str]:
        """What the compiler is told beside `argv`, the program and its options; nothing where no header is ready.

        library: the headers that may be compiled.
        """
        options, headers = tuple(argv), leading(text, library)
        if not headers:
            return []
        key = options, headers
        with self._lock:
            self._seen[key] += 1
            wanted = self._seen[key] == _OFTEN and len(self._ready) < _MOST
            if wanted:
                self._ready[key] = None
        if wanted:
            self._ready[key] = self._made(headers, argv, walls)
        ready = [(one, path) for one, path in list(self._ready.items()) if path and _whole(path)]
        fits = (one for one, _ in ready if one[0] == options and one[1] <= headers)
        best = max(fits, key=lambda one: len(one[1]), default=None)
        return ["-include", str(self._ready[best])] if best else []

    def forget(self) -> None:
        """Make all of them anew, once they are wanted."""
        with self._lock:
            self._seen.clear()
            self._ready.clear()

    def _made(self, headers: frozenset[str], argv: Sequence[str], walls: Walls) -> Path | None:
        text = "".join(f"#include <{header}>\n" for header in sorted(headers))
        with scratch.folder() as folder:
            (folder / "begin.h").write_text(text)
            words = [*argv, "-x", self.language, "begin.h", "-o", "begin.h.gch"]
            if sandbox.run(words, folder=folder, walls=walls).returncode:
                return None
            place = scratch.shown() / f"{next(_count)}.h"
            shutil.move(folder / "begin.h.gch", f"{place}.gch")
        place.write_text(text)
        return place


def _whole(path: Path) -> bool:
    """Whether both files are there, and seen: what cleans up behind others may have taken them."""
    return path.parent == scratch.shown() and path.exists() and path.with_name(f"{path.name}.gch").exists()


def leading(text: str, library: Container[str]) -> frozenset[str]:
    """The headers that a text includes before anything else, up to the first that is not the library's."""
    found, at = set(), 0
    while part := _BEGIN.match(text, at):
        if header := part["header"]:
            if header not in library:
                break
            found.add(header)
        at = part.end()
    return frozenset(found)
