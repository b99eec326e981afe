"""One table a language: which nodes of its tree stand for what, and the queries that find its names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Literal, get_args

Kind = Literal["import", "head", "type", "function", "either", "statement", "comment", "empty", "error"]
"""What stands at the top of a text. import: it brings names of elsewhere. head: what must come first (a package
clause). function: also a method. either: may stand in a function or outside all of them (a variable). empty: a
placeholder. error: what fits nowhere."""

KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True)
class Grammar:
    """What a language's tree is read by.

    module, function: where the parser comes from. kinds: the types of nodes at the top of a text, by what they are;
    a type that stands in no row is a statement. queries: of tree-sitter; a pattern with one capture counts the
    texts that it finds under the capture's name (`@used`, `@defined`, `@import`), one with several is a relation.
    exceptions: queries whose captures are kinds, for nodes at the top that their type alone does not tell.
    inert: types of nodes that do nothing by themselves; what stands in them is looked at. filled: of those that do
    something where anything stands in them (a list, `return`). idle: a query for what the types do not tell:
    `@idle` does nothing, `@does` does, `@unread` is read by no compiler. What stands in no row does something, but
    for imports, heads, comments and what is empty.
    """

    module: str
    kinds: Mapping[Kind, str]
    queries: str = ""
    exceptions: str = ""
    function: str = "language"
    inert: str = ""
    filled: str = ""
    idle: str = ""

    @property
    def kind_of(self) -> dict[str, Kind]:
        """The rows turned round: a node's type -> its kind."""
        return {name: kind for kind, names in self.kinds.items() for name in names.split()}


@cache
def grammar(language: str) -> Grammar:
    """The table of a language, by its normalised name. Raises KeyError where there is none."""
    if language not in (*LANGUAGES, PAGE):
        raise KeyError(language)
    found: Grammar = import_module(f"{__name__}.{language}").GRAMMAR
    return found


LANGUAGES = (
    *("c", "cpp", "csharp", "go", "java", "javascript", "jsx", "kotlin", "php", "python", "ruby", "rust", "shell"),
    *("tsx", "typescript"),
)
PAGE = "php_page"
"""PHP with its tags: what stands outside of them is text."""
