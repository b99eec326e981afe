"""The syntax of a TEMPLATE, which is a Go template: what the server's parser refuses.

Written after the documentation of Go's text/template; the reader stops at the first fault, as Go's does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

_GO = "and call eq ge gt html index js le len lt ne not or print printf println slice urlquery"
_OLLAMA = "json currentDate yesterdayDate toTypeScriptType"
FUNCTIONS = frozenset(f"{_GO} {_OLLAMA}".split())
_CONSTANTS = frozenset(("true", "false", "nil"))
_OPENING = frozenset(("if", "with", "range", "block", "define"))

_COMMENT = re.compile(r"\{\{(?:-[ \t\r\n]+)?/\*.*?\*/(?:[ \t\r\n]-)?\}\}", re.DOTALL)
_COMMENT_OPENS = re.compile(r"\{\{(?:-\s+)?/\*")
_OPENS = re.compile(r"\{\{(?:-(?=[ \t\r\n]))?")
_CLOSES = re.compile(r"(?:[ \t\r\n]+-)?\}\}")
_ENDS = re.compile(r"(?=[ \t\r\n.,|:)(]|\}\}|\Z)")  # what may follow a name
_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n]+)"""
    r"""|(?P<text>"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\(?:x..|u.{4}|U.{8}|[0-7]{3}|.)|[^'\\\n])')"""
    r"""|(?P<number>[+-]?(?:0[xX][0-9a-fA-F_.pP+-]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?i?)(?!\w))"""
    r"""|(?P<field>\.[^\W\d]\w*)|(?P<variable>\$\w*)|(?P<name>[^\W\d]\w*)|(?P<sign>:=|[=|,().])"""
)


class Fault(ValueError):
    """Why a template is none. at: the place in it."""

    def __init__(self, message: str, at: int) -> None:
        self.message, self.at = message, at
        super().__init__(message)


@dataclass(frozen=True)
class Token:
    """kind: text, number, field, variable, name or sign. spaced: a blank stands before it."""

    kind: str
    text: str
    at: int
    spaced: bool


@dataclass
class _Reader:
    """What is open while the actions of a template are read one after the other."""

    open: list[tuple[str, int]] = field(default_factory=list)
    ended: set[int] = field(default_factory=set)  # how deep an {{else}} without a condition was met
    variables: set[str] = field(default_factory=lambda: {"$"})

    def take(self, tokens: list[Token], at: int) -> None:
        word = tokens[0].text if tokens and tokens[0].kind == "name" else ""
        _KEYWORDS.get(word, _pipeline)(self, tokens if word not in _KEYWORDS else tokens[1:], word, at)

    def pipeline(self, tokens: list[Token], what: str, at: int) -> None:
        """A pipeline, with the variables that it declares."""
        head = _declared(tokens, several=what == "range")
        self.variables.update(token.text for token in tokens[:head] if token.kind == "variable")
        body = tokens[head:]
        if not body:
            raise Fault(f"missing value for {what or 'command'}", at)
        _balanced(body)
        for before, token in zip([None, *body], body, strict=False):
            self._operand(token, before)
        if body[0].text == "|":
            raise Fault("missing value for command", body[0].at)

    def _operand(self, token: Token, before: Token | None) -> None:
        if before is not None and not token.spaced and _is_torn(before, token):
            raise Fault(f"unexpected {token.text!r} after {before.text!r}", token.at)
        if token.kind == "name" and token.text not in FUNCTIONS | _CONSTANTS:
            raise Fault(f'function "{token.text}" not defined', token.at)
        if token.kind == "variable" and token.text not in self.variables:
            raise Fault(f'undefined variable "{token.text}"', token.at)
        if token.text in (",", ":="):
            raise Fault(f"unexpected {token.text!r} in a command", token.at)
        if token.text == "=" and (before is None or before.kind != "variable"):
            raise Fault("unexpected '=' in a command", token.at)
        if token.text == "|" and before is not None and before.text in ("|", "("):
            raise Fault("missing value for command", token.at)


def _is_torn(before: Token, token: Token) -> bool:
    """Whether these two need a blank between them."""
    if before.kind in ("text", "number"):
        return token.kind != "sign"
    if token.text == ".":
        return before.kind != "sign" or before.text in (")", ".")
    return before.text == "." and token.kind == "field"


def _pipeline(reader: _Reader, tokens: list[Token], word: str, at: int) -> None:
    reader.pipeline(tokens, word, at)


def _opens(reader: _Reader, tokens: list[Token], word: str, at: int) -> None:
    reader.pipeline(tokens, word, at)
    reader.open.append((word, at))


def _named(reader: _Reader, tokens: list[Token], word: str, at: int) -> None:
    """{{define "name"}}, {{block "name" pipeline}}, {{template "name" pipeline}}."""
    if not tokens or tokens[0].kind != "text":
        raise Fault(f"{{{{{word}}}}} needs a name in quotes", at)
    if reader.open and word == "define":
        raise Fault("unexpected {{define}} within another action", at)
    if tokens[1:] and word == "define":
        raise Fault("unexpected value in {{define}}", tokens[1].at)
    if tokens[1:] or word == "block":
        reader.pipeline(tokens[1:], word, at)
    if word != "template":
        reader.open.append((word, at))


def _else(reader: _Reader, tokens: list[Token], word: str, at: int) -> None:
    depth = len(reader.open)
    if not reader.open or reader.open[-1][0] not in ("if", "with", "range") or depth in reader.ended:
        raise Fault("unexpected {{else}}", at)
    if not tokens:
        reader.ended.add(depth)
    elif tokens[0].text == reader.open[-1][0] and tokens[0].text != "range":
        reader.pipeline(tokens[1:], tokens[0].text, at)
    else:
        raise Fault(f"unexpected {tokens[0].text!r} in {{{{else}}}}", tokens[0].at)


def _end(reader: _Reader, tokens: list[Token], word: str, at: int) -> None:
    if tokens:
        raise Fault(f"unexpected {tokens[0].text!r} in {{{{end}}}}", tokens[0].at)
    if not reader.open:
        raise Fault("unexpected {{end}}: nothing is open", at)
    reader.ended.discard(len(reader.open))
    reader.open.pop()


def _leaves(reader: _Reader, tokens: list[Token], word: str, at: int) -> None:
    if tokens:
        raise Fault(f"unexpected {tokens[0].text!r} in {{{{{word}}}}}", tokens[0].at)
    if not any(name == "range" for name, _ in reader.open):
        raise Fault(f"{{{{{word}}}}} outside {{{{range}}}}", at)


_KEYWORDS: Mapping[str, Callable[[_Reader, list[Token], str, int], None]] = {
    **dict.fromkeys(("if", "with", "range"), _opens),
    **dict.fromkeys(("define", "block", "template"), _named),
    **dict.fromkeys(("break", "continue"), _leaves),
    "else": _else,
    "end": _end,
}


def check(template: str) -> None:
    """Raises Fault where Go's parser, with Ollama's functions, would refuse it."""
    reader = _Reader()
    for tokens, at in _actions(template):
        reader.take(tokens, at)
    if reader.open:
        word, at = reader.open[-1]
        raise Fault(f"{{{{{word}}}}} without {{{{end}}}}", at)


def _actions(template: str) -> Iterator[tuple[list[Token], int]]:
    """The tokens of each action, and where it stands."""
    at = template.find("{{")
    while at >= 0:
        if _COMMENT_OPENS.match(template, at):
            comment = _COMMENT.match(template, at)
            if not comment:
                raise Fault("unclosed comment", at)
            end = comment.end()
        else:
            tokens, end = _action(template, at)
            yield tokens, at
        at = template.find("{{", end)


def _action(template: str, start: int) -> tuple[list[Token], int]:
    opening = _OPENS.match(template, start)
    assert opening
    at, tokens, spaced = opening.end(), list[Token](), True
    while not (closing := _CLOSES.match(template, at)):
        if at >= len(template):
            raise Fault("unclosed action", start)
        found = _TOKEN.match(template, at)
        if not found or not found.lastgroup:
            raise _bad(template, at, start)
        at = found.end()
        if found.lastgroup in ("field", "variable", "name") and not _ENDS.match(template, at):
            raise Fault(f"bad character {template[at]!r} after {found[0]!r}", at)
        if found.lastgroup != "blank":
            tokens.append(Token(found.lastgroup, found[0], found.start(), spaced))
        spaced = found.lastgroup == "blank"
    return tokens, closing.end()


def _bad(template: str, at: int, start: int) -> Fault:
    char = template[at]
    if char in "\"'`":
        return Fault("unterminated quoted string", at)
    if char in "+-" and at > start:
        return Fault(f"bad number syntax: {template[at : at + 2]!r}; a trim marker has a blank beside it", at)
    return Fault(f"unexpected {char!r} in an action", at)


def _declared(tokens: list[Token], *, several: bool) -> int:
    """How many tokens declare variables: `$x :=`, or in a range `$i, $x :=`."""
    signs = [(token.kind if token.kind == "variable" else token.text) for token in tokens[:4]]
    pair = ["variable", ",", "variable", ":="]
    for shape in (["variable", ":="], ["variable", "="], *([pair] if several else [])):
        if signs[: len(shape)] == shape:
            return len(shape)
    return 0


def _balanced(tokens: list[Token]) -> None:
    depth = 0
    for before, token in zip([None, *tokens], tokens, strict=False):
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "sign" else 0
        if depth < 0:
            raise Fault("unexpected right paren", token.at)
        if token.text == ")" and before is not None and before.text == "(":
            raise Fault("missing value for parenthesized pipeline", token.at)
    if depth:
        raise Fault("unclosed left paren", tokens[-1].at)
