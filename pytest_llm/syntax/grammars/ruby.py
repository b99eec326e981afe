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
    inert="""
    nil true false integer float string string_content escape_sequence interpolation simple_symbol
    parenthesized_statements unary if then else elsif unless while until do case when pattern begin begin_block
    end_block ensure rescue self
    """,
    filled="array hash return",
    idle="""
    (program . [(identifier) (constant)] @idle .)
    ((call !receiver method: (identifier) @name) @idle (#any-of? @name "require" "require_relative" "load"))
    (uninterpreted) @unread
    """,
)
