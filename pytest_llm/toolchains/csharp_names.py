"""The names of .NET's library, and the namespaces that bring them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pytest_llm.syntax.outline import Outline

_TABLE = Path(__file__).parent / "names" / "csharp.txt"
IMPLICIT = """
System System.Collections.Generic System.IO System.Linq System.Net.Http System.Threading System.Threading.Tasks
"""
"""What the SDK imports into every file of a new project (`ImplicitUsings`)."""


@cache
def library() -> Mapping[str, frozenset[str]]:
    """namespace -> the names that it brings; `.name` is a method that is called on something.

    Source: the index of namespaces at learn.microsoft.com/dotnet/api, for .NET 8.
    """
    rows = _TABLE.read_text("utf-8").replace("\n  ", " ").splitlines()
    return {namespace: frozenset(names.split()) for namespace, _, names in (row.partition(": ") for row in rows)}


@cache
def types() -> frozenset[str]:
    """The names of its types."""
    return frozenset(name for names in library().values() for name in names if not name.startswith("."))


@cache
def methods() -> frozenset[str]:
    """The names of its methods that are called on something and brought by a namespace."""
    return frozenset(name[1:] for names in library().values() for name in names if name.startswith("."))


def usings(outline: Outline) -> str:
    """A line that imports what a text uses; what it defines itself is its own."""
    counts = [outline.names.get(capture, {}) for capture in ("used", "member", "own")]
    bare = {name for name in counts[0] if counts[0][name] > counts[1].get(name, 0) + counts[2].get(name, 0)}
    defined = outline.all("defined") | outline.all("function")
    used = {*(bare - defined), *(f".{name}" for name in counts[1])}
    brought = sorted(namespace for namespace, names in library().items() if not used.isdisjoint(names))
    return "".join(f"using {namespace}; " for namespace in brought) + "\n" if brought else ""
