"""Java text: what a snippet lacks to be a file, and which of its names come from a package that is not here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_llm.toolchains.base import Snippet

_OBVIOUS = (
    "java.io java.math java.nio.file java.time java.util java.util.concurrent java.util.function java.util.stream"
)
_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?(?:\*/|\Z)|"""(?:\\.|[^\\])*?(?:"""|\Z)|"(?:\\.|[^"\\\n])*"?|\'(?:\\.|[^\'\\\n])*\'?',
    re.DOTALL,
)
_HEAD = re.compile(r"^[ \t]*(?:package|import)\b[^;\n]*;", re.MULTILINE)
_IMPORT = re.compile(r"^[ \t]*import\s+(static\s+)?([\w.]+?)\s*(\.\s*\*)?\s*;", re.MULTILINE)
_TYPE = re.compile(r"(?:^|[\s)@])(?:(?:class|interface|enum)\s+\w+|record\s+\w+\s*[(<])")
_METHOD = re.compile(
    r"^\s*(?:@[\w.]+(?:\([^)]*\))?\s*)*(?!(?:else|new|return|throw|assert|yield|record)\b)"
    r"(?:(?:public|protected|private|static|final|abstract|synchronized|default)\s+)*(?:<[^>]+>\s*)?"
    r"[\w.]+(?:<[^={;]*>)?(?:\[\])*\s+\w+\s*\([^={;]*\)\s*(?:throws\s+[\w.,\s]+)?$"
)
_MEMBER = re.compile(r"^\s*(?:@[\w.]+\s*)*(?:public|protected|private)\b")
_GENERATED = re.compile(r"(?:get|set|is|has|with|can)[A-Z]\w*|builder|toBuilder|of|log|logger")
_KNOWN_NAMES = """
Override Deprecated SuppressWarnings FunctionalInterface SafeVarargs Object Comparable Runnable Iterable Iterator
Exception RuntimeException Thread AutoCloseable Closeable Serializable Cloneable Callable Comparator
"""
_KNOWN = frozenset(_KNOWN_NAMES.split())
_DECLARED = re.compile(
    r"((?:@[\w.]+\s*(?:\([^)]*\)\s*)?|(?:public|protected|private|static|final|abstract|sealed)\s+)*)"
    r"(?:class|interface|enum|record)\s+(\w+)([^{;]*)\{"
)


@dataclass(frozen=True)
class File:
    """A file ready to be compiled. shift: lines put before the model's text."""

    name: str
    text: str
    shift: int = 0


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


def prepare(snippet: Snippet) -> File:
    """The file that a snippet becomes."""
    bare = _blank(snippet.text)
    parts = _parts(_HEAD.sub(_spaces, bare))
    if parts and all(_TYPE.search(part) for part in parts):
        return File(snippet.name or f"{_class_name(bare)}.java", snippet.text)
    inner = bool(parts) and not any(_METHOD.match(part) or _MEMBER.match(part) for part in parts)
    opening = "class Snippet {" + (" public static void main(String[] args) throws Exception {" if inner else "")
    closing = "\n}}\n" if inner else "\n}\n"
    obvious = " ".join(f"import {package}.*;" for package in _OBVIOUS.split())
    heads = list(_HEAD.finditer(bare))
    if not heads:
        return File("Snippet.java", f"{obvious} {opening}\n{snippet.text}{closing}", 1)
    packages = [head.end() for head in heads if head[0].lstrip().startswith("package")]
    cut, end = (packages[0] if packages else 0), heads[-1].end()
    text = snippet.text[:cut] + ("" if not packages else obvious) + snippet.text[cut:end] + opening
    prefix = "" if packages else obvious + "\n"
    return File("Snippet.java", prefix + text + snippet.text[end:] + closing, prefix.count("\n"))


def missing(text: str, packages: set[str]) -> Missing:
    """What a file has from these packages, which do not exist here."""
    bare = _blank(text)
    names, everything, statics = set(), False, False
    for static, path, star in _IMPORT.findall(bare):
        owner = path if star else path.rpartition(".")[0]
        if owner in packages or (static and owner.rpartition(".")[0] in packages):
            everything, statics = everything or bool(star), statics or bool(static and star)
            names.add(path.rpartition(".")[2])
            if static:
                names.add(owner.rpartition(".")[2])
    own = {name for _, name, _ in _DECLARED.findall(bare)}
    heirs, marked = set(), set()
    for marks, name, rest in _DECLARED.findall(bare):
        parents = set(re.findall(r"\w+", re.sub(r"<[^>]*>", "", rest))) - {"extends", "implements", "permits"}
        annotations = set(re.findall(r"@(?:[\w.]*\.)?(\w+)", marks))
        if parents & names or (everything and parents - own - _KNOWN and "(" not in rest):
            heirs.add(name)
        if annotations & names or (everything and annotations - own - _KNOWN):
            marked.add(name)
    return Missing(frozenset(names), everything, statics, frozenset(heirs), frozenset(marked))


def imported(text: str) -> set[str]:
    """The packages that a file imports from (a static import names the class's package too)."""
    found = set()
    for static, path, star in _IMPORT.findall(_blank(text)):
        owner = path if star else path.rpartition(".")[0]
        found |= {owner, owner.rpartition(".")[0]} if static else {owner}
    return found


def _class_name(bare: str) -> str:
    public = re.search(r"\bpublic\s+(?:\w+\s+)*?(?:class|interface|enum|record|@interface)\s+(\w+)", bare)
    return public[1] if public else "Snippet"


def _parts(bare: str) -> list[str]:
    """What stands outside all braces: the heads of blocks, and what ends with a semicolon."""
    parts, depth, begin = [], 0, 0
    for found in re.finditer(r"[{};]", bare):
        if found[0] == "{":
            if depth == 0:
                parts.append(bare[begin : found.start()])
            depth += 1
        elif found[0] == "}":
            depth -= 1
            begin = found.end() if depth == 0 else begin
        elif depth == 0:
            parts.append(bare[begin : found.end()])
            begin = found.end()
    parts.append(bare[begin:] if depth <= 0 else "")
    return [part for part in parts if part.strip("; \t\n")]


def _blank(text: str) -> str:
    return _LITERAL.sub(_spaces, text)


def _spaces(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])
