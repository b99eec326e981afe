"""Rust."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar

GRAMMAR = Grammar(
    "tree_sitter_rust",
    {
        "import": "use_declaration extern_crate_declaration",
        "head": "inner_attribute_item",
        "type": "attribute_item struct_item enum_item union_item trait_item type_item impl_item mod_item",
        "function": "function_item foreign_mod_item",
        "either": "const_item static_item macro_definition macro_invocation",
        "comment": "line_comment block_comment",
        "empty": "empty_statement ;",
    },
)
