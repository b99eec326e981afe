"""Rust."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar

_QUERIES = """
[(identifier) (type_identifier)] @used
(scoped_identifier path: (_) name: (identifier) @qualified)
(scoped_type_identifier path: (_) name: (type_identifier) @qualified)
[(scoped_identifier path: (identifier) @path) (scoped_type_identifier path: (identifier) @path)]
[(use_declaration) (extern_crate_declaration)] @import
(source_file (function_item name: (identifier) @function))
[(struct_item name: (_) @defined) (enum_item name: (_) @defined) (union_item name: (_) @defined)]
[(trait_item name: (_) @defined) (type_item name: (_) @defined) (mod_item name: (_) @defined)]
[(let_declaration pattern: (identifier) @defined) (parameter pattern: (identifier) @defined)]
[(type_parameter name: (type_identifier) @defined) (associated_type name: (_) @defined)]
"""

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
    _QUERIES,
)
