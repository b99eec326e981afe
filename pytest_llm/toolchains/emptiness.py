"""Whether a text holds any code at all: comments and placeholders compile everywhere, and are no answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

_END = r"(?=[ \t]*(?:[\n;#]|//|/\*|\Z))"  # of a statement that is a lone value
_SLASHES = r"//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)|;"
_HASH = r"#[^\n]*"
_QUOTED = r"'(?:[^'\\\n]|\\[\s\S])*+'|\"(?:[^\"\\\n]|\\[\s\S])*+\""
_NUMBER = r"\d[\w.]*"
_C = rf"{_SLASHES}|#[ \t]*if[ \t]+0\b(?:[^#]|#(?![ \t]*(?:if|el|endif)))*+#[ \t]*endif[^\n]*"
_JAVASCRIPT = (
    rf"{_SLASHES}|#![^\n]*|(?:{_QUOTED}|`(?:[^`\\$]|\\[\s\S])*+`|(?:null|undefined|true|false)\b|{_NUMBER}){_END}"
    r"|export[ \t]*\{[ \t]*\}"
)
_PYTHON_STRING = (
    r"(?:'''(?:[^'\\]|\\[\s\S]|'(?!''))*+'''"
    r'|"""(?:[^"\\]|\\[\s\S]|"(?!""))*+"""'
    rf"|{_QUOTED})"
)
# What may be skipped at the beginning of a text that holds no code, by language; a branch is never taken up
# again within what it took, so the text is looked at once. A lone value (a text above all) does nothing.
_SKIPPED: Mapping[str, str] = {
    "c": _C,
    "cpp": _C,
    "go": rf"{_SLASHES}|package[ \t]+\w+",
    "java": rf"{_SLASHES}|package[ \t]+[\w.]+[ \t]*;",
    "javascript": rf"{_JAVASCRIPT}|<!--[^\n]*",
    "jsx": _JAVASCRIPT,
    "kotlin": rf"{_SLASHES}|package[ \t]+[\w.]+",
    "php": rf"{_SLASHES}|{_HASH}|<\?php\b|\?>|namespace[ \t]+[\w\\]+[ \t]*;|(?:{_QUOTED}){_END}"
    r"|__halt_compiler[ \t]*\([ \t]*\)[ \t]*;[\s\S]*",
    "python": rf"{_HASH}|;|[!%][^\n]*"
    rf"|(?:\.\.\.|(?:pass|None|True|False)\b|[bBfFrRuU]{{0,2}}{_PYTHON_STRING}|{_NUMBER}){_END}",
    "ruby": rf"{_HASH}|;|=begin\b(?:[^\n]|\n(?!=end\b))*+(?:\n=end\b[^\n]*|\Z)|__END__\n[\s\S]*"
    rf"|(?:{_QUOTED}|(?:nil|true|false)\b|{_NUMBER}){_END}",
    "rust": _SLASHES,
    "shell": rf"{_HASH}|;|:[ \t]*<<-?[ \t]*(['\"]?)(\w+)\1[ \t]*\n[\s\S]*?\n[ \t]*\2[ \t]*(?:\n|\Z)"
    r"|(?::|true)(?=[ \t]*(?:\n|#|;|\Z))",
    "tsx": _JAVASCRIPT,
    "typescript": _JAVASCRIPT,
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
