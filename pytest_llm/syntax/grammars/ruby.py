"""Ruby."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar

GRAMMAR = Grammar(
    "tree_sitter_ruby",
    {
        "type": "class module",
        "function": "method singleton_method",
        "comment": "comment",
        "empty": "empty_statement ; uninterpreted",
    },
)
