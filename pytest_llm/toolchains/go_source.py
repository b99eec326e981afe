"""Go text: which package and imports a file has, and what a snippet lacks to be a file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pytest_llm.toolchains.base import Snippet

# What a snippet without a package clause may use without saying where it comes from.
_OBVIOUS_PATHS = """
bufio bytes cmp container/heap container/list context crypto/sha256 encoding/base64 encoding/hex encoding/json
errors fmt html io io/fs log log/slog maps math math/big math/bits math/cmplx math/rand net net/http net/url os
os/exec os/signal path path/filepath reflect regexp runtime slices sort strconv strings sync sync/atomic testing
text/template time unicode unicode/utf8
"""
OBVIOUS = {path.rpartition("/")[2]: path for path in _OBVIOUS_PATHS.split()}
_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?(?:\*/|\Z)|`[^`]*(?:`|\Z)|"(?:\\.|[^"\\\n])*"?|\'(?:\\.|[^\'\\\n])*\'?', re.DOTALL
)
_PACKAGE = re.compile(r"^[ \t]*package[ \t]+(\w+)", re.MULTILINE)
_IMPORT = re.compile(r"(?:^|;)[ \t]*import\b[ \t]*(?:\(([^)]*)\)|([^\n;]*))", re.MULTILINE)
_SPEC = re.compile(r"(?:([\w.]+)[ \t]+)?(?:\"([^\"\n]+)\"|`([^`\n]+)`)")
_MAIN = re.compile(r"^[ \t]*func[ \t]+main[ \t]*\(|;[ \t]*func[ \t]+main[ \t]*\(", re.MULTILINE)
_DECLARES = re.compile(r"(?:func|type|var|const|import|package)\b")


@dataclass(frozen=True)
class File:
    """A file ready to be compiled. shift: lines put before the model's text. path: relative to the folder."""

    index: int
    path: str
    text: str
    package: str
    imports: tuple[str, ...] = field(default=())
    shift: int = 0

    @property
    def directory(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def has_main(self) -> bool:
        return bool(_MAIN.search(_blank(self.text)))


def prepare(index: int, snippet: Snippet, path: str) -> File:
    """The file that a snippet becomes."""
    # A line directive would move what the compiler says to other files and lines; in capitals it is a comment.
    text, shift = re.sub(r"(^//|/\*)line ", r"\1LINE ", snippet.text, flags=re.MULTILINE), 0
    bare = _blank(text)
    if not _PACKAGE.search(bare):
        text, shift = _scaffold(text, bare), 1
        bare = _blank(text)
    found = _PACKAGE.search(bare)
    return File(index, path, text, found[1] if found else "main", imports(text), shift)


def imports(text: str) -> tuple[str, ...]:
    """The import paths of a file, in order."""
    return tuple(path for _, path in _specs(text))


def _specs(text: str) -> list[tuple[str, str]]:
    body = re.sub(r"//[^\n]*|/\*.*?(?:\*/|\Z)", _same_lines, text, flags=re.DOTALL) if '"' in text else text
    found = []
    for group, single in _IMPORT.findall(body):
        found += [(name, quoted or raw) for name, quoted, raw in _SPEC.findall(group or single)]
    return found


def _scaffold(text: str, bare: str) -> str:
    """The text as a file of its own, with one more line before it."""
    wrap = _holds_statements(bare) and not re.search(r"^func\b", bare, re.MULTILINE)
    package = "main" if wrap or re.search(r"^func\s+main\s*\(\s*\)", bare, re.MULTILINE) else "snippet"
    known = {name or path.rpartition("/")[2] for name, path in _specs(text)}
    used = {name for name in re.findall(r"(?<![\w.)\]])([a-z]\w*)\.[A-Z]", bare) if name in OBVIOUS} - known
    used -= _declared(bare)
    head = [f"package {package}", *(f'import "{OBVIOUS[name]}"' for name in sorted(used))]
    if not wrap:
        return "; ".join(head) + "\n" + text
    if any(True for _ in _IMPORT.finditer(bare)):
        return "; ".join(head) + "\n" + _after_imports(text, bare) + "\n}\n"
    return "; ".join([*head, "func main() {"]) + "\n" + text + "\n}\n"


def _declared(bare: str) -> set[str]:
    """Names that the text gives to something of its own: variables and parameters that shadow a package."""
    return set(re.findall(r"\b([a-z]\w*)\s*(?::=|,\s*\w+\s*:=)", bare)) | set(
        re.findall(r"\bvar\s+([a-z]\w*)", bare)
    )


def _after_imports(text: str, bare: str) -> str:
    """With `func main() {` behind the last import, on its line."""
    end = max(found.end() for found in _IMPORT.finditer(bare))
    return text[:end] + "; func main() {" + text[end:]


def _holds_statements(bare: str) -> bool:
    """Whether something other than a declaration stands outside all braces."""
    depth = 0
    for line in bare.split("\n"):
        word = line.strip()
        if depth <= 0 and word and not _DECLARES.match(word) and word[0] not in ")}":
            return True
        depth += sum(map(line.count, "{(")) - sum(map(line.count, "})"))
    return False


def _blank(text: str) -> str:
    """The text with its comments and literals blanked, every other character in its place."""
    return _LITERAL.sub(_same_lines, text)


def _same_lines(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])
