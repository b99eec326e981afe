"""What a piece of code defines, declares and binds at its top level, in any language: by patterns, a line each."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MODIFIERS = (
    "export default declare public private protected internal static final abstract sealed async unsafe const data "
    "open partial inline extern virtual override readonly suspend operator infix typedef"
)
_KINDS = (
    "def class func function fn interface struct enum union type trait record module namespace object protocol mod "
    "extension actor contract"
)
_BEFORE = rf"(?:(?:{'|'.join(_MODIFIERS.split())}|pub(?:\(\w+\))?)[ \t]+)*"
_NAMESPACE = r"namespace[ \t]+[\w.\\]+"  # what a block stands in, not what it is
_TAG = r"(?:struct|union|enum)[ \t]+"
_OF_TAG = rf"{_TAG}\w+[ \t*]+\w+[ \t]*[;=(,\[]"  # of C: a variable of such a type, or a function that returns it
_SAME_TAG = rf"{_TAG}(?P<tag>\w+)[ \t]+(?P=tag)[ \t]*;"
_OWNER = r"(?:\w+(?:<[\w, ]{1,40}>)?::)"
_IN_NAMESPACE = (
    rf"^{_NAMESPACE}\s*\{{\s*(?:\[[^\[\]\n]*\]\s*)*{_BEFORE}"
    r"(?:class|struct|interface|enum|record)[ \t]+(\w+)"
)
_BY_KIND = (
    rf"^(?!{_NAMESPACE}[ \t]*;){_BEFORE}(?!{_OF_TAG})(?:{'|'.join(_KINDS.split())})\*?[ \t]+"
    r"(?:\([^()\n]{0,80}\)[ \t]*)?([A-Za-z_$][\w$]*)"
)
_FUNCTION_IN_VARIABLE = (
    r"^(?:export[ \t]+)?(?:const|let|var)[ \t]+([A-Za-z_$][\w$]*)(?:[^=\n]|=>){0,80}=[ \t]*"
    r"(?:async\b[ \t]*)?(?:function\b|class\b|\(|[\w$]+[ \t]*=>)"
)
_BEHIND_ITS_TYPE = (
    r"^(?!(?:else|return|if|for|while|switch|catch|using|case)\b)(?:[A-Za-z_][\w<>\[\],:]{0,60}[ \t*&]+){1,5}"
    rf"({_OWNER}{{0,3}}(?:[A-Za-z_]\w*|operator[^\s\w(]{{1,3}}))[ \t]*\([^;{{}}()]{{0,300}}\)[ \t]*"
    r"(?:(?:const[ \t]*)?\n?\{|=>)"
)
_OF_CLASS = rf"^({_OWNER}{{1,3}}~?\w+)[ \t]*\([^;{{}}]{{0,300}}\{{"  # a constructor, outside of its class
_TYPEDEF = (
    rf"^typedef[ \t]+(?!{_SAME_TAG})[^;{{}}()\n]{{1,200}}(?:[ \t*]|\(\*)(\w+)[\[\w\])]*(?:\([^;{{}}\n]{{0,200}})?;"
)
_BEHIND_ITS_FIELDS = r"^\}[ \t]*(\w+)[ \t]*;"
_OF_KOTLIN = rf"^{_BEFORE}fun[ \t]+(?:<[^<>\n]{{0,80}}>[ \t]*)?(?:[\w<>?, ]{{1,60}}(?=\.))?(\.?\w+)"
_OF_SHELL = r"^([A-Za-z_][\w-]*)[ \t]*\(\)[ \t]*\n?\{"
_OF_SQL = (
    r"^(?i:create[ \t]+(?:or[ \t]+replace[ \t]+)?(?:table|view|function|procedure)[ \t]+"
    r"(?:if not exists[ \t]+)?)([\w.\"`]+)"
)
_DEFINED = re.compile(
    "|".join(
        (
            _IN_NAMESPACE, _BY_KIND, _FUNCTION_IN_VARIABLE, _BEHIND_ITS_TYPE, _OF_CLASS, _TYPEDEF,
            _BEHIND_ITS_FIELDS, _OF_KOTLIN, _OF_SHELL, _OF_SQL,
        )
    ),
    re.MULTILINE,
)  # fmt: skip
_ANNOUNCES = frozenset({"c", "cpp"})  # where a type may be declared without its content, `struct node;`
_FORWARD = re.compile(
    rf"^(?:(?:struct|union|enum|class)[ \t]+(\w+)|typedef[ \t]+{_TAG}(\w+)[ \t]+\2)[ \t]*;", re.MULTILINE
)
_PROTOTYPE = re.compile(
    r"^(?!return\b)(?:[A-Za-z_]\w{0,60}[ \t*&]+){1,5}([A-Za-z_]\w*)[ \t]*\([^;{}()]{0,300}\)[ \t]*;", re.MULTILINE
)
_MACRO = re.compile(r"^#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
_BOUND = re.compile(
    r"^(?!var[ \t]+\w+[ \t]+[^\s=:])"  # in Go its type stands behind the name
    r"(?:(?:[\w<>\[\],*&]|::){1,40}[ \t]+){0,3}(?!_\b)(\w+)[ \t]*(?::[^=\n]{1,60})?=(?!=)",
    re.MULTILINE,
)
_DEFAULT = re.compile(r"^export default\b", re.MULTILINE)  # a module has one
_LOCAL = re.compile(
    r"\b(?:def|func|function|fn|fun)\b[^()\n]{0,80}(?:\([^()\n]{0,80}\)[ \t]*\w+[ \t]*)?\(([^()]{0,300})\)"
    r"|[\w>\]][ \t*&]+~?\w+[ \t]*\(([^;{}()]{0,300})\)[ \t]*(?:const[ \t]*)?\n?[ \t]*\{"
    r"|(?:\(([^()]{0,200})\)|\b(\w+))[ \t]*(?::[^=\n]{1,60})?=>"
    r"|\bfor\b[ \t(]*((?:[\w*&,]+[ \t]+){1,4})(?:in\b|of\b|:)"
    r"|\|([\w, ]{1,80})\||\blambda\b([\w, ]{1,80}):",
)  # parameters and the variables of loops, with the words of their types
_INDENTED = re.compile(
    r"^[ \t]+((?:[\w<>\[\],*&]{1,40}[ \t]+){0,3}\w+)[ \t]*(?::[^=\n]{0,60})?=(?!=)", re.MULTILINE
)
_WORD = re.compile(r"[A-Za-z_]\w*")


def defined(text: str, language: str) -> Iterator[str]:
    """The names that a text defines, in order; a method of Go's with its receiver, an extension with its point."""
    for found in _DEFINED.finditer(text):
        if language not in _ANNOUNCES or not _FORWARD.match(text, found.start()):
            yield found[0] if found[0].startswith("func (") else next(filter(None, found.groups()))


def declared(text: str, language: str) -> frozenset[str]:
    """The names that a text of C or C++ tells of: types and functions that are defined elsewhere, macros."""
    if language not in _ANNOUNCES:
        return frozenset()
    types = (name for names in _FORWARD.findall(text) for name in names if name)
    return frozenset((*types, *_PROTOTYPE.findall(text), *_MACRO.findall(text)))


def bound(text: str) -> frozenset[str]:
    """The names that a text gives to values, or by which it is known to others."""
    return frozenset((*_BOUND.findall(text), *_DEFAULT.findall(text)))


def local(text: str) -> frozenset[str]:
    """The names that stand for something within its functions alone."""
    found = (part for parts in _LOCAL.findall(text) for part in parts if part)
    return frozenset(word for part in (*found, *_INDENTED.findall(text)) for word in _WORD.findall(part))
