"""Types that a snippet is written for and does not hold: those in a comment above it, and some that all know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from pytest_llm.syntax.outline import Outline, Piece, read

_MARKS = re.compile(r"^[ \t]*(?:/\*+|//+|\*(?!/))?[ \t]?|[ \t]*\*/[ \t]*$", re.MULTILINE)
_WORDS = "pub public private static final data open abstract sealed typedef"
_BEGINS = re.compile(
    rf"^(?:#\[\w|(?:(?:{'|'.join(_WORDS.split())})\s+)*(?:struct|class|interface|record|enum|union|type|trait)\s+\w)",
    re.MULTILINE,
)
_NAME = re.compile(r"\b(?:struct|class|interface|record|enum|union|type|trait)\s+(\w+)")
_ONE_PUBLIC = frozenset({"java"})  # where a file may hold one public type, that which it is named after
_OF_TYPESCRIPT = {
    "ListNode": (
        "class ListNode { val: number; next: ListNode | null; constructor(val?: number, next?: ListNode | null) "
        "{ this.val = val ?? 0; this.next = next ?? null; } }"
    ),
    "TreeNode": (
        "class TreeNode { val: number; left: TreeNode | null; right: TreeNode | null; "
        "constructor(val?: number, left?: TreeNode | null, right?: TreeNode | null) "
        "{ this.val = val ?? 0; this.left = left ?? null; this.right = right ?? null; } }"
    ),
}
# The nodes for which exercises ask: they are given with the exercise, and answers take them as given.
_NODES: Mapping[str, Mapping[str, str]] = {
    "c": {
        "ListNode": "struct ListNode { int val; struct ListNode *next; };",
        "TreeNode": "struct TreeNode { int val; struct TreeNode *left; struct TreeNode *right; };",
    },
    "cpp": {
        "ListNode": (
            "struct ListNode { int val; ListNode *next; "
            "ListNode(int x = 0, ListNode *n = nullptr) : val(x), next(n) {} };"
        ),
        "TreeNode": (
            "struct TreeNode { int val; TreeNode *left; TreeNode *right; "
            "TreeNode(int x = 0, TreeNode *l = nullptr, TreeNode *r = nullptr) : val(x), left(l), right(r) {} };"
        ),
    },
    "csharp": {
        "ListNode": (
            "public class ListNode { public int val; public ListNode next; "
            "public ListNode(int val = 0, ListNode next = null) { this.val = val; this.next = next; } }"
        ),
        "TreeNode": (
            "public class TreeNode { public int val; public TreeNode left; public TreeNode right; "
            "public TreeNode(int val = 0, TreeNode left = null, TreeNode right = null) "
            "{ this.val = val; this.left = left; this.right = right; } }"
        ),
    },
    "go": {
        "ListNode": "type ListNode struct { Val int; Next *ListNode }",
        "TreeNode": "type TreeNode struct { Val int; Left *TreeNode; Right *TreeNode }",
    },
    "java": {
        "ListNode": (
            "class ListNode { int val; ListNode next; ListNode() {} ListNode(int val) { this.val = val; } "
            "ListNode(int val, ListNode next) { this.val = val; this.next = next; } }"
        ),
        "TreeNode": (
            "class TreeNode { int val; TreeNode left; TreeNode right; TreeNode() {} "
            "TreeNode(int val) { this.val = val; } TreeNode(int val, TreeNode left, TreeNode right) "
            "{ this.val = val; this.left = left; this.right = right; } }"
        ),
    },
    "kotlin": {
        "ListNode": "class ListNode(var `val`: Int) { var next: ListNode? = null }",
        "TreeNode": "class TreeNode(var `val`: Int) { var left: TreeNode? = null; var right: TreeNode? = null }",
    },
    "typescript": _OF_TYPESCRIPT,
    "tsx": _OF_TYPESCRIPT,
    "rust": {
        "ListNode": (
            "#[derive(PartialEq, Eq, Clone, Debug)] pub struct ListNode { pub val: i32, "
            "pub next: Option<Box<ListNode>> } impl ListNode { #[inline] fn new(val: i32) -> Self "
            "{ ListNode { next: None, val } } }"
        ),
        "TreeNode": (
            "#[derive(Debug, PartialEq, Eq)] pub struct TreeNode { pub val: i32, "
            "pub left: Option<std::rc::Rc<std::cell::RefCell<TreeNode>>>, "
            "pub right: Option<std::rc::Rc<std::cell::RefCell<TreeNode>>> } impl TreeNode { #[inline] "
            "pub fn new(val: i32) -> Self { TreeNode { val, left: None, right: None } } }"
        ),
    },
}


def described(text: str, outline: Outline, language: str) -> tuple[int, str] | None:
    """Where the types stand that a text lacks, and what they are; None where it lacks none that is known here."""
    if language not in _NODES:
        return None
    own = outline.all("defined")
    top = max((piece.end for piece in outline.pieces if piece.kind in ("import", "head")), default=0)
    for start, end in _comments(outline.pieces):
        if (found := _types(text[start:end], language)) and own.isdisjoint(declared(found)):
            return max(end, top), f"\n{found}\n"
    nodes = [made for name, made in _NODES[language].items() if name not in own and re.search(rf"\b{name}\b", text)]
    return (top, "\n" + "\n".join(nodes) + "\n") if nodes else None


def declared(types: str) -> frozenset[str]:
    """The names of such types."""
    return frozenset(_NAME.findall(types))


def _comments(pieces: Sequence[Piece]) -> Iterator[tuple[int, int]]:
    """Comments, each with those that follow it at once."""
    for comment, group in groupby(pieces, key=lambda piece: piece.kind == "comment"):
        if comment:
            run = list(group)
            yield run[0].start, run[-1].end


def _types(comment: str, language: str) -> str:
    """The types that a comment describes in the language; empty where it describes none."""
    code = _MARKS.sub("", comment)
    begins = _BEGINS.search(code)
    if begins is None:
        return ""
    code = code[begins.start() :]
    end = code.rfind("}") + 1
    code = code[: end + (code[end : end + 1] == ";")] if end else code.partition("\n")[0]
    if language in _ONE_PUBLIC:
        code = re.sub("^public ", "", code, flags=re.MULTILINE)
    outline = read(code, language)
    wanted = outline is not None and not outline.broken and outline.kinds <= {"type", "function", "empty"}
    return code if wanted else ""
