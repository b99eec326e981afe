"""Which errors in C# files follow from packages that are not here, and what stands in for them.

The compiler looks at no method's body while a type in a declaration is unknown, so that the rest is seen only where
something has the names of what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache

from pytest_llm.syntax.outline import Outline, every
from pytest_llm.toolchains import csharp_names
from pytest_llm.toolchains.base import Diagnostic, Snippet, line_of

UNKNOWN = frozenset({"CS0103", "CS0234", "CS0246", "CS0400", "CS0426"})  # a name, a type, a namespace
_NO_PARENT = "CS0115"  # nothing there to override
_OVERRIDE = re.compile(r"\boverride\b")
_INHERITED = frozenset({_NO_PARENT, "CS0117", "CS0534", "CS0535", "CS1061", "CS1501", "CS1729", "CS7036"})
_USING = re.compile(
    r"\b(?:global\s+)?using\s+(static\s+)?(?:\w+\s*(=)\s*)?(?:global::)?([A-Za-z_][\w.]*)\s*(?:<[^;]*)?;"
)
_QUOTED = re.compile(r"[`'‘\"]([^`'’\"]+)['’\"]")
_LIKE = 0.85  # how near a name comes to another one that is meant
_SHORTEST = 5  # characters of a name of which can be told that another one is meant
_LONGEST = 500  # characters: of what stands between `<` and `>`, of a line with a `using`
_OWN = "System"
# Namespaces below `System` that packages bring, or the parts of .NET that only Windows has.
_PACKAGED = """
CommandLine Composition Configuration Data.Odbc Data.OleDb Data.SQLite Data.SqlClient Device Diagnostics.EventLog
DirectoryServices Drawing Formats.Cbor IO.Abstractions IO.Packaging IO.Pipelines IO.Ports IdentityModel Interactive
Linq.Async Linq.Dynamic Management Net.Http.Formatting Numerics.Tensors Reactive Runtime.Caching
Security.Cryptography.Pkcs Security.Cryptography.ProtectedData Security.Cryptography.Xml ServiceModel ServiceProcess
Speech Threading.RateLimiting Web.Http Web.Mvc Web.UI Windows
"""
# Roots of packages that are often named where they are used, without a `using`.
_PACKAGES = """
Amazon AutoMapper Azure CsvHelper Dapper FluentAssertions FluentValidation Google Grpc MassTransit MediatR Microsoft
MongoDB Moq MySql NLog NUnit Newtonsoft NodaTime Npgsql OpenTelemetry Polly RabbitMQ RestSharp Serilog StackExchange
Swashbuckle UnityEditor UnityEngine Xunit YamlDotNet
"""
_ROOTS = frozenset(_PACKAGES.split())
# Names of .NET that a package has too.
_TOO: Mapping[str, frozenset[str]] = {
    "NUnit": frozenset({"Description", "Range", "Timeout"}),
    "Newtonsoft": frozenset({"JsonConverter", "JsonException", "JsonIgnore", "JsonProperty", "JsonSerializer"}),
    "UnityEngine": frozenset({"Debug", "Matrix4x4", "Quaternion", "Random", "Vector2", "Vector3", "Vector4"}),
}
_ADDED = frozenset({"Adapt", "Humanize", "Should", "ShouldBe", "ShouldNotBe", "ShouldThrow"})
"""Methods that packages add to any type."""


@dataclass(frozen=True)
class Missing:
    """What comes from packages that are not here.

    namespaces: those that are imported, or named where they are used. statics: classes whose members are imported,
    or that have another name here. types: the names that such packages may bring. heirs: classes with a parent of
    those. names: all that the files use or define.
    """

    namespaces: frozenset[str] = frozenset()
    statics: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    heirs: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def explains(self, found: Diagnostic, line: str) -> bool:
        """Whether an error follows from what is missing. line: the text's, where it stands."""
        if not self.namespaces and not self.statics:
            return False
        quoted = [bare(name) for name in _QUOTED.findall(found.message)]
        if found.code in UNKNOWN and quoted:
            return self._brings(found, quoted[0], line)
        if self.heirs and found.code in _INHERITED and (found.code == _NO_PARENT or self.heirs & set(quoted)):
            return True
        added = found.code == "CS1061" and bool(_ADDED & set(quoted))
        of_statics = {path.rpartition(".")[2] for path in self.statics}
        return added or bool((self.types | of_statics) & _parts(found.message))

    def _brings(self, found: Diagnostic, name: str, line: str) -> bool:
        if path := _imported(found, line):
            return of_others(path)
        if name.removesuffix("Attribute") in self.types:
            return True
        if found.code == "CS0103" and (self.heirs or self.statics) and name not in csharp_names.types():
            return not _misspelt(name, self.names)  # it may be inherited, or a static member
        called = re.search(rf"(?<![.\w]){name}\s*(?:<[^;]*>)?\(", line)
        return self.may_bring(name) and not (found.code == "CS0103" and called)

    def may_bring(self, name: str) -> bool:
        """Whether a type of this name may come from there, and none of .NET, or of the files, is meant."""
        if any(name.removesuffix("Attribute") in _TOO.get(path.partition(".")[0], ()) for path in self.namespaces):
            return True
        return name[:1].isupper() and name not in csharp_names.types() and not _misspelt(name, self.names)


@lru_cache(1024)  # the same name is told of in many errors
def _misspelt(name: str, names: frozenset[str]) -> bool:
    """Whether another name is meant: of the files; or one of .NET, with a letter missing or misplaced."""
    if any(_slip(name, one) for one in get_close_matches(name, csharp_names.types(), n=3, cutoff=_LIKE)):
        return True
    own = sorted(one for one in names if not one.startswith(name) and not one.endswith(name))
    return bool(get_close_matches(name, own, n=1, cutoff=_LIKE))


def _slip(name: str, meant: str) -> bool:
    """Whether it is the same but for one letter too few or too many, or for the order."""
    return (
        len(name) >= _SHORTEST
        and name[0] == meant[0]
        and (abs(len(name) - len(meant)) == 1 or sorted(name) == sorted(meant))
    )


def is_of_library(found: Diagnostic) -> bool:
    """Whether a name is unknown that a `using` of .NET brings, or a method of an object."""
    quoted = [bare(name) for name in _QUOTED.findall(found.message)]
    if found.code in UNKNOWN:
        return not csharp_names.types().isdisjoint(quoted)
    return found.code == "CS1061" and not csharp_names.methods().isdisjoint(quoted)


def bare(name: str) -> str:
    """A type's name without its namespace and what it is made of."""
    return re.split(r"[<(\[?]", name)[0].rpartition(".")[2]


def absent(found: Diagnostic, line: str) -> str:
    """The namespace, or the type, that a `using` in this line names and that no file and no library here has."""
    path = _imported(found, line) if found.code in UNKNOWN else ""
    return path if of_others(path) else ""


def _imported(found: Diagnostic, line: str) -> str:
    """What the `using` names that this error stands in; empty where it stands in none."""
    there = (one for one in _usings(line) if one.start() < (found.column or 1) <= one.end())
    return next((one[3] for one in there), "")


def _usings(line: str) -> Iterator[re.Match[str]]:
    """(static, =, what is imported) for each `using` in a line, as long as it is one that people write."""
    return _USING.finditer(line[:_LONGEST])


def of_others(path: str) -> bool:
    """Whether a package may bring this namespace: .NET itself has all that it has here."""
    root, _, rest = path.partition(".")
    if root == _OWN:
        return any(f"{rest}.".startswith(f"{one}.") for one in _PACKAGED.split())
    return bool(root) and not get_close_matches(root, [_OWN], n=1, cutoff=_LIKE)


def missing(
    found: Iterable[Diagnostic], files: Sequence[Snippet], outlines: Sequence[Outline], before: Missing
) -> Missing:
    """What these errors say that is not here, beside what was known before."""
    unknown = [one for one in found if one.code in UNKNOWN]
    lines = [line_of(files[one.file], one.line or 0) for one in unknown]
    firsts = [next(iter(_QUOTED.findall(one.message)), "") for one in unknown]
    imported = [absent(one, line) for one, line in zip(unknown, lines, strict=True)]
    statics = {path for path, line in zip(imported, lines, strict=True) if path and _is_of_type(path, line)}
    roots = _ROOTS & {name for name, path in zip(firsts, imported, strict=True) if not path}
    known = replace(
        before,
        namespaces=before.namespaces | roots | (set(filter(None, imported)) - statics),
        statics=before.statics | statics,
        names=every(outlines, "defined", "own"),
    )
    if not known.namespaces | known.statics:
        return known
    rest = zip(unknown, firsts, imported, strict=True)
    names = (bare(name) for one, name, path in rest if one.code != "CS0103" and not path and name not in roots)
    types = known.types | {name for name in names if known.may_bring(name)}
    relations = [pair for outline in outlines for pair in outline.relations if "heir" in pair]
    heirs = frozenset(pair["heir"] for pair in relations if bare(pair["parent"]) in types)
    return replace(known, types=types, heirs=heirs)


def stand_ins(lost: Missing, files: Sequence[Snippet], outlines: Sequence[Outline]) -> str:
    """A file that declares what is missing: namespaces with nothing in them, types without members."""
    attributes = frozenset(map(bare, every(outlines, "attribute")))
    text = "\n".join(file.text for file in files)
    spaces = (f"namespace {path} {{ }}\n" for path in sorted(lost.namespaces))
    classes = (_in_its_namespace(path) for path in sorted(lost.statics))
    types = (_type(name, text, name in attributes) for name in sorted(lost.types))
    return "".join((*spaces, *classes, *types))


def without_parents(found: Iterable[Diagnostic], files: Sequence[Snippet]) -> list[Snippet]:
    """The files with no `override` in the lines that are owed to a parent which is not here."""
    orphans = {(one.file, one.line) for one in found if one.code == _NO_PARENT and one.kind == "missing-dependency"}
    if not orphans:
        return list(files)
    freed = [
        "\n".join(_alone(line, (index, number) in orphans) for number, line in enumerate(file.lines, 1))
        for index, file in enumerate(files)
    ]
    return [replace(file, text=text) for file, text in zip(files, freed, strict=True)]


def _alone(line: str, orphan: bool) -> str:
    return _OVERRIDE.sub(lambda word: " " * len(word[0]), line) if orphan else line


def _is_of_type(path: str, line: str) -> bool:
    """Whether a `using` takes a type, not all that is in a namespace."""
    return any(one[3] == path and (one[1] or one[2]) for one in _usings(line))


def _in_its_namespace(path: str) -> str:
    owner, _, name = path.rpartition(".")
    made = f"public class {name} {{ }}"
    return f"namespace {owner} {{ {made} }}\n" if owner else f"{made}\n"


def _type(name: str, text: str, attribute: bool) -> str:
    """A type of that name; and one with parameters, of each number that stands in the text."""
    if attribute or name.endswith("Attribute"):
        name = f"{name.removesuffix('Attribute')}Attribute"
        use = "[System.AttributeUsage(System.AttributeTargets.All, AllowMultiple = true)] "
        return f"{use}public class {name} : System.Attribute {{ public {name}(params object[] x) {{ }} }}\n"
    kind = "interface" if re.match("I[A-Z]", name) else "class"
    parent = " : System.Exception" if name.endswith("Exception") else ""
    counts = {len(_split(one)) for one in _arguments(name, text)}
    lists = ("", *(f"<{', '.join(f'T{number}' for number in range(count))}>" for count in sorted(counts)))
    return "".join(f"public {kind} {name}{one}{parent} {{ }}\n" for one in lists)


def _arguments(name: str, text: str) -> Iterator[str]:
    """What stands between `<` and `>` behind a name."""
    for found in re.finditer(rf"\b{name}\s*<", text):
        depth = 1
        for at in range(found.end(), min(found.end() + _LONGEST, len(text))):
            depth += {"<": 1, ">": -1}.get(text[at], 0)
            if depth == 0:
                yield text[found.end() : at]
                break


def _split(arguments: str) -> list[str]:
    """At the commas that stand in no brackets of their own."""
    while arguments != (flat := re.sub(r"<[^<>]*>|\([^()]*\)|\[[^\[\]]*\]", "", arguments)):
        arguments = flat
    return arguments.split(",")


def _parts(message: str) -> set[str]:
    """The names in what is quoted: `List<Foo>` is of what is missing where Foo is."""
    words = {word for one in _QUOTED.findall(message) for word in re.findall(r"\w+", one)}
    return words | {word.removesuffix("Attribute") for word in words}
