"""What the bounded process does with a text: parse it and run the queries. Plain data comes out."""

from __future__ import annotations

import json
import re
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from itertools import accumulate
from typing import Any

from tree_sitter import Language, Node, Parser, Query, QueryCursor, TreeCursor

from pytest_llm.syntax.grammars import Grammar, grammar

_CHUNK = 1 << 16  # bytes: what the parser is handed at once
_BROKEN = "(ERROR) @error (MISSING) @missing"
_CLOSING = ("}", ")", "]")
_TEXTS = re.compile(r"comment|string|heredoc|jsx_element|uninterpreted")  # nodes that hold no code
_OUTPUT = "text"  # of PHP: what stands outside of its tags, markup or a model's prose
_END = "end"  # of what a word opens
_MOST_MATCHES = 10_000  # in progress at once: a query over a broken tree may hold many
_WIDEST = 10_000  # children of one node: a query's time grows with the square of an error's
_NOTHING = frozenset({"import", "head", "comment", "empty"})  # kinds of what does nothing

Found = dict[str, Any]
Watch = Callable[..., bool]


class _TooLong(Exception):
    """The time is over."""


def read(language: str, text: str, seconds: float) -> Found | None:
    """The fields of an Outline. None where that takes more than so many seconds of processor time."""
    raw, table = text.encode("utf-8", "replace"), grammar(language)
    _prepare(language, _BROKEN, table.queries, table.exceptions, _braces(language))
    over = _watch(seconds)
    try:
        root = _parsed(language, raw, over)
        broken = sorted({node.start_byte for node in _of(_run(language, _BROKEN, root, over))})
        names, relations = _facts(_run(language, table.queries, root, over), raw)
        exceptions = _exceptions(_run(language, table.exceptions, root, over))
        braces = sorted(_of(_run(language, _braces(language), root, over)), key=lambda node: node.start_byte)
    except _TooLong:
        return None
    place = _characters(raw)
    pieces = [[kind, place(start), place(end)] for kind, start, end in _pieces(root, table, exceptions)]
    surplus = _surplus(braces)
    return {
        "pieces": pieces,
        "broken": [place(start) for start in broken],
        "names": names,
        "relations": relations,
        "surplus": None if surplus is None else place(surplus),
    }


def pairs(language: str, text: str, seconds: float) -> list[tuple[int, int]] | None:
    """Where each bracket opens and where it is closed. None where the grammar does not explain the text."""
    raw = text.encode("utf-8", "replace")
    _prepare(language, _brackets(language))
    over = _watch(seconds)
    try:
        root = _parsed(language, raw, over)
        if root.has_error:
            return None
        brackets = sorted(_of(_run(language, _brackets(language), root, over)), key=lambda node: node.start_byte)
    except _TooLong:
        return None
    place, opened, found = _characters(raw), list[Node](), list[tuple[int, int]]()
    for node in brackets:
        if node.type == _END:
            found.append((place(node.parent.start_byte if node.parent else 0), place(node.start_byte)))
        elif not node.type.endswith(_CLOSING):
            opened.append(node)
        elif opened:
            found.append((place(opened.pop().start_byte), place(node.start_byte)))
    return found


def content(language: str, text: str, seconds: float) -> tuple[bool, list[int]] | None:
    """Whether anything in a text does something, and where that begins which no compiler reads. None: too long."""
    raw, table = text.encode("utf-8", "replace"), grammar(language)
    _prepare(language, table.idle)
    over = _watch(seconds)
    try:
        root = _parsed(language, raw, over, queried=False)
        if root.has_error:
            return True, []
        told = _run(language, table.idle, root, over)
    except _TooLong:
        return None
    marked = {
        name: [node for captures in told for node in captures.get(name, ())] for name in ("idle", "does", "unread")
    }
    place = _characters(raw)
    unread = sorted(place(_first_sign(node, raw)) for node in marked["unread"] if node.text and node.text.strip())
    idle = {node.id for node in marked["idle"]}
    return bool(marked["does"]) or _does(root, table, idle), unread


def _first_sign(node: Node, raw: bytes) -> int:
    """Where the first sign of a node stands that is no blank. Bytes."""
    text = raw[node.start_byte : node.end_byte]
    return node.start_byte + len(text) - len(text.lstrip())


def _does(root: Node, table: Grammar, idle: Container[int]) -> bool:
    """Whether a node below this one does something; of the names of types, what is inert goes before its kind."""
    inert, filled = set(table.inert.split()), set(table.filled.split())
    nothing = {name for name, kind in table.kind_of.items() if kind in _NOTHING}
    left = [root]
    while left:
        for node in left.pop().named_children:
            if node.id in idle or (node.type in nothing and node.type not in inert):
                continue
            if node.type in filled and any(child.type not in nothing for child in node.named_children):
                return True
            if node.type not in inert and node.type not in filled:
                return True
            left.append(node)
    return False


def spans(language: str, text: str, seconds: float) -> list[tuple[int, int]] | None:
    """The lines, from 0, behind the first of each string or comment, up to its last. None: it takes too long."""
    over = _watch(seconds)
    try:
        root = _parsed(language, text.encode("utf-8", "replace"), over, queried=False)
    except _TooLong:
        return None
    return list(_spans(root))


def _spans(root: Node) -> Iterator[tuple[int, int]]:
    left = [root]
    while left:
        node = left.pop()
        first, last = node.start_point.row, node.end_point.row - (node.end_point.column == 0)
        if first >= last:
            continue
        if _TEXTS.search(node.type) or (node.type == _OUTPUT and b"<" in (node.text or b"")):
            yield first + 1, last
        else:
            left += node.children


def rank(languages: Sequence[str], text: str, seconds: float) -> list[tuple[str, int]]:
    """The languages by how many bytes of the text their grammars do not explain."""
    raw, found = text.encode("utf-8", "replace"), []
    for language in languages:
        _prepare(language, _BROKEN)
        over = _watch(seconds)
        try:
            nodes = list(_of(_run(language, _BROKEN, _parsed(language, raw, over), over)))
        except _TooLong:
            continue
        found.append((language, sum(max(node.end_byte - node.start_byte, 1) for node in nodes)))
    return sorted(found, key=lambda row: row[1])


def _watch(seconds: float) -> Watch:
    end = time.process_time() + seconds
    return lambda *_: time.process_time() > end


def _parsed(language: str, raw: bytes, over: Watch, *, queried: bool = True) -> Node:
    """The root. The text goes over by a callback: the limit is not looked at where it is handed over whole.

    queried: whether queries will look at it though it be broken.
    """
    parser = Parser(_language(language))
    try:
        tree = parser.parse(lambda at, _: raw[at : at + _CHUNK], encoding="utf8", progress_callback=over)
    except ValueError:  # it was told to stop
        raise _TooLong from None
    if queried and _widest(tree.walk()) > _WIDEST:
        raise _TooLong
    return tree.root_node


def _widest(cursor: TreeCursor) -> int:
    """The most children that a node has; by a cursor, which needs a tenth of the time that objects take."""
    counts, widest = [1], 1
    while True:
        if cursor.goto_first_child():
            counts.append(1)
            continue
        while not cursor.goto_next_sibling():
            widest = max(widest, counts.pop())
            if not cursor.goto_parent():
                return widest
        counts[-1] += 1


def _run(language: str, source: str, root: Node, over: Watch) -> list[dict[str, list[Node]]]:
    """What a query finds. The time is looked at after it: its own callback for that crashes (tree-sitter 0.26)."""
    cursor = QueryCursor(_query(language, source), match_limit=_MOST_MATCHES)
    found = [captures for _, captures in cursor.matches(root)]
    if over():
        raise _TooLong
    return found


def _of(matches: Sequence[dict[str, list[Node]]]) -> Iterator[Node]:
    return (node for captures in matches for nodes in captures.values() for node in nodes)


def _facts(
    matches: Sequence[dict[str, list[Node]]], raw: bytes
) -> tuple[dict[str, dict[str, int]], list[dict[str, str]]]:
    names: dict[str, Counter[str]] = {}
    relations: dict[tuple[tuple[str, str], ...], None] = {}
    for captures in matches:
        there = ((name, node) for name, nodes in captures.items() for node in nodes if not node.is_missing)
        texts = [(name, text) for name, node in there if (text := _text(node, raw))]
        if len(captures) == 1:
            for name, text in texts:
                names.setdefault(name, Counter())[text] += 1
        else:
            relations[tuple(texts)] = None
    return {name: dict(counts) for name, counts in names.items()}, [dict(pairs) for pairs in relations]


def _text(node: Node, raw: bytes) -> str:
    return raw[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _exceptions(matches: Sequence[dict[str, list[Node]]]) -> dict[tuple[int, int], str]:
    return {node.byte_range: kind for captures in matches for kind, nodes in captures.items() for node in nodes}


def _pieces(
    root: Node, table: Grammar, exceptions: Mapping[tuple[int, int], str]
) -> Iterator[tuple[str, int, int]]:
    """What stands at the top. Where the grammar explains nothing, what is in no row is no statement either."""
    kinds, other = table.kind_of, "error" if root.is_error else "statement"
    for node in root.children:
        kind = "error" if node.is_error else kinds.get(node.type, other if node.is_named else "")
        if kind:
            yield exceptions.get(node.byte_range, kind), *node.byte_range


def _surplus(braces: Sequence[Node]) -> int | None:
    """Where a brace closes what was never opened. Bytes."""
    depths = accumulate(-1 if node.type.endswith(_CLOSING) else 1 for node in braces)
    return next((node.start_byte for node, depth in zip(braces, depths, strict=True) if depth < 0), None)


def _characters(raw: bytes) -> Callable[[int], int]:
    """From an offset in bytes to one in characters."""
    if raw.isascii():
        return lambda at: at
    starts = [at for at, byte in enumerate(raw) if byte & 0xC0 != 0x80]
    return lambda at: bisect_right(starts, at - 1)


@cache
def _language(language: str) -> Language:
    table = grammar(language)
    return Language(getattr(import_module(table.module), table.function)())


def _prepare(language: str, *sources: str) -> None:
    """Compile the queries, which takes a while, before any text's time begins."""
    for source in sources:
        _query(language, source)


@cache
def _query(language: str, source: str) -> Query:
    return Query(_language(language), source)


@cache
def _braces(language: str) -> str:
    """The query for braces; what opens an expression in a string counts too."""
    return _tokens(language, r"[^\w{}]*[{}]|\{\|")


@cache
def _brackets(language: str) -> str:
    return _tokens(language, rf"(?:[^\w(){{}}\[\]]|%\w)*(?:[({{\[]+|[)}}\]]+)|\{{\||{_END}")


def _tokens(language: str, wanted: str) -> str:
    """The query for the signs of a language that look like this pattern; the first is the end of the text."""
    known = _language(language)
    kinds = (number for number in range(1, known.node_kind_count) if not known.node_kind_is_named(number))
    names = {name for kind in kinds if (name := known.node_kind_for_id(kind)) and re.fullmatch(wanted, name)}
    return "\n".join(f"{json.dumps(name)} @token" for name in sorted(names))
