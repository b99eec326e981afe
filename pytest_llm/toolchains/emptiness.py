"""Whether a text holds any code at all: comments and placeholders compile everywhere, and are no answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SLASHES = r"//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)|;"
_HASH = r"#[^\n]*"
# What may be skipped at the beginning of a text that holds no code, by language; each branch begins with a sign of
# its own, so the text is looked at once.
_SKIPPED: Mapping[str, str] = {
    "c": _SLASHES,
    "cpp": _SLASHES,
    "go": rf"{_SLASHES}|package[ \t]+\w+",
    "java": rf"{_SLASHES}|package[ \t]+[\w.]+[ \t]*;",
    "javascript": rf"{_SLASHES}|#![^\n]*|(['\"])use strict\1",
    "jsx": rf"{_SLASHES}|(['\"])use strict\1",
    "php": rf"{_SLASHES}|{_HASH}|<\?php\b|\?>|namespace[ \t]+[\w\\]+[ \t]*;",
    "python": rf"{_HASH}|;|(?:\.\.\.|pass)(?![\w.])",
    "ruby": rf"{_HASH}|;|=begin\b(?:[^\n]|\n(?!=end\b))*(?:\n=end\b[^\n]*|\Z)|__END__\n[\s\S]*|nil\b",
    "rust": _SLASHES,
    "shell": rf"{_HASH}|(?::|true)(?=[ \t]*(?:\n|#|;|\Z))|;",
    "tsx": rf"{_SLASHES}|(['\"])use strict\1",
    "typescript": rf"{_SLASHES}|(['\"])use strict\1",
}
_COMPILED = {language: re.compile(rf"\s+|{skipped}") for language, skipped in _SKIPPED.items()}


def holds_no_code(text: str, language: str) -> bool:
    """Whether nothing stands in it but comments, blanks and what stands for code to be written."""
    pattern, at = _COMPILED.get(language), 0
    if pattern is None:
        return not text.strip()
    while at < len(text) and (found := pattern.match(text, at)) and found.end() > at:
        at = found.end()
    return at == len(text)
