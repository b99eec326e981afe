"""The files of a Go program: what each lacks to be one, and the packages that they are, in the order of imports."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from pytest_llm.syntax.outline import Outline, read
from pytest_llm.toolchains.base import Diagnostic, Snippet
from pytest_llm.toolchains.completed import Completed

_HEAD = 10_000  # characters that hold package and imports, where the whole is too much for the reader
_QUOTED = re.compile(r'"([a-z][\w/.]{0,80})"')
# A package that is meant only where one of these is used: there is a better known one of its name.
_LESSER = {
    "crypto/rand": "Prime Read Reader Text",
    "math/rand/v2": ("ChaCha8 Int32 Int32N Int64 Int64N IntN N NewChaCha8 NewPCG PCG Uint Uint32N Uint64N UintN"),
    "html/template": "CSS HTML HTMLAttr JS JSStr Srcset URL",
    "go/scanner": "Error ErrorHandler ErrorList PrintError",
    "net/http/pprof": "Cmdline Handler Index Symbol Trace",
}


@dataclass(frozen=True)
class File:
    """A file ready to be compiled. index: of the model's file. path: relative to the folder."""

    index: int
    path: str
    completed: Completed
    package: str
    imports: tuple[str, ...]
    outline: Outline = field(repr=False)

    @property
    def directory(self) -> str:
        return self.path.rpartition("/")[0]

    @cached_property
    def whole(self) -> Snippet:
        """What is compiled."""
        return Snippet(self.completed.text, self.path)


@dataclass(frozen=True)
class Package:
    """The files of one folder that say the same package name. name: the path it is compiled under."""

    directory: str
    name: str
    files: tuple[File, ...]

    @property
    def imports(self) -> list[str]:
        return list(dict.fromkeys(path for file in self.files for path in file.imports))

    def is_meant_by(self, path: str) -> bool:
        return not self.name.endswith("_test") and leads_to(self.directory, path)


def prepare(index: int, snippet: Snippet, path: str, standard: Collection[str]) -> File:
    """The file that a text becomes: without a package clause it gets one, and imports where it has none."""
    # A line directive would move what the compiler says to other files and lines; in capitals it is a comment.
    text = re.sub(r"(^//|/\*)line ", r"\1LINE ", snippet.text, flags=re.MULTILINE)
    outline = read(text, "go") or read(text[:_HEAD], "go")
    if outline is None:
        return _as_it_stands(index, path, text, standard)
    own = tuple(quoted[1:-1] for quoted in outline.names.get("path", {}))
    package = next(iter(outline.names.get("package", {})), "")
    if package:
        return File(index, path, Completed(text), package, own, outline)
    package = "main" if "main" in outline.all("function") else "snippet"
    brought = () if outline.all("import") else _used(outline, standard)
    head = "\n" + "; ".join([f"package {package}", *(f'import "{one}"' for one in brought)]) + "\n"
    return File(index, path, Completed(text, ((_start(text, outline), head),)), package, (*own, *brought), outline)


def _as_it_stands(index: int, path: str, text: str, standard: Collection[str]) -> File:
    """A file of which nothing could be read: what stands in quotes may be imported, which harms nothing."""
    quoted = tuple(dict.fromkeys(name for name in _QUOTED.findall(text) if name in standard))
    return File(index, path, Completed(text), "main", quoted, Outline())


def _start(text: str, outline: Outline) -> int:
    """Where a package clause stands: behind build constraints, before all else."""
    at = 0
    for piece in outline.pieces:
        if piece.kind != "comment":
            break
        if re.match(r"//\s*(?:go:build|\+build)\b", text[piece.start : piece.end]):
            at = piece.end
    return at


def _used(outline: Outline, standard: Collection[str]) -> tuple[str, ...]:
    """What a text uses of the standard library. A variable that is named so too hides it where it is declared."""
    members: dict[str, set[str]] = {}
    for pair in outline.relations:
        if pair.keys() == {"of", "member"} and pair["member"][0].isupper():
            members.setdefault(pair["of"], set()).add(pair["member"])
    named: dict[str, list[str]] = {}
    for path in sorted(standard):
        named.setdefault(name_of(path), []).append(path)
    wanted = members.keys() & named.keys() - outline.all("defined")
    return tuple(_meant(named[name], members[name]) for name in sorted(wanted))


def _meant(paths: list[str], members: set[str]) -> str:
    """Of the packages of one name, the one that has what is used."""
    told = [path for path in paths if members & set(_LESSER.get(path, "").split())]
    known = [path for path in paths if path not in _LESSER]
    return (told or known or paths)[0]


def name_of(path: str) -> str:
    """The name of a package of the standard library."""
    return re.sub(r"/v\d+$", "", path).rpartition("/")[2]


def leads_to(directory: str, path: str) -> bool:
    """Whether an import path means this folder of the answer."""
    return bool(directory) and (path == directory or path.endswith("/" + directory))


def grouped(sources: Iterable[File]) -> list[Package]:
    """The packages that these files are."""
    groups: dict[tuple[str, str], list[File]] = {}
    for source in sources:
        groups.setdefault((source.directory, source.package), []).append(source)
    packages = [Package(directory, name, tuple(files)) for (directory, name), files in groups.items()]
    wanted = [path for package in packages for path in package.imports]
    return [replace(p, name=next(filter(p.is_meant_by, wanted), p.name)) for p in packages]


def ordered(packages: list[Package]) -> tuple[list[Package], list[Diagnostic]]:
    """What is imported before what imports it; a cycle is an error."""
    order: list[Package] = []
    found: list[Diagnostic] = []

    def visit(package: Package, above: tuple[Package, ...]) -> None:
        if package in above:
            message = "import cycle: " + " imports ".join(p.directory or p.name for p in (*above, package))
            found.append(Diagnostic("error", "type", message, package.files[0].index, 1))
        elif package not in order:
            for path in package.imports:
                for other in packages:
                    if other is not package and other.is_meant_by(path) and not (found and other in above):
                        visit(other, (*above, package))
            order.append(package)

    for package in packages:
        visit(package, ())
    return order, found
