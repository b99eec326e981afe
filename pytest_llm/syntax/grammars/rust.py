"""Rust."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar

_DECORATED = """
[
  (struct_item name: (_) @decorated) (enum_item name: (_) @decorated) (union_item name: (_) @decorated)
  (trait_item name: (_) @decorated) (function_item name: (_) @decorated)
  (foreign_mod_item (extern_modifier "extern" @decorated))
]
"""
_MOST_MARKS = 5  # of one item that are looked at: a repetition in a query takes exponential time
_MARK = "attribute [(identifier) (scoped_identifier)] @mark arguments: (token_tree)? @listed"
_TRAIT = "[(type_identifier) (scoped_type_identifier)] @bound"
_BOUND = f"[{_TRAIT} (generic_type type: {_TRAIT})]"
_QUERIES = (
    """
[(identifier) (type_identifier)] @used
(scoped_identifier path: (_) name: (identifier) @qualified)
(scoped_type_identifier path: (_) name: (type_identifier) @qualified)
[(scoped_identifier path: (identifier) @path) (scoped_type_identifier path: (identifier) @path)]
[(use_declaration) (extern_crate_declaration)] @import
(field_expression field: (field_identifier) @method)
(macro_invocation macro: (identifier) @method)
(call_expression function: (scoped_identifier name: (identifier) @associated))
(call_expression function: [(identifier) @called (generic_function function: (identifier) @called)])
(function_item name: (identifier) @own)
(source_file (function_item name: (identifier) @receiving parameters: (parameters (self_parameter))))
(source_file (impl_item type: (type_identifier) @implemented))
[(struct_item name: (_) @made) (enum_item name: (_) @made) (union_item name: (_) @made)]
[(try_expression) @try (await_expression) @await (return_expression) @return]
(source_file (function_item name: (identifier) @function))
[(struct_item name: (_) @defined) (enum_item name: (_) @defined) (union_item name: (_) @defined)]
[(trait_item name: (_) @defined) (type_item name: (_) @defined) (mod_item name: (_) @defined)]
[(let_declaration pattern: (identifier) @defined) (parameter pattern: (identifier) @defined)]
[(type_parameter name: (type_identifier) @defined) (associated_type name: (_) @defined)]
[(const_item name: (_) @defined) (static_item name: (_) @defined)]
(mod_item name: (_) @module)
((attribute_item (attribute (identifier) @option)) . (extern_crate_declaration name: (_) @of))
(attribute arguments: (token_tree (identifier) @argument))
[(trait_bounds BOUND) (abstract_type trait: BOUND) (dynamic_type trait: BOUND) (impl_item trait: BOUND)]
(impl_item trait: (_) @parent type: (_) @heir)
(macro_invocation macro: (_) @macro (token_tree (identifier) @given))
(macro_invocation macro: (_) @macro (token_tree (token_tree (identifier) @given)))
""".replace("BOUND", _BOUND)
    + "\n".join(
        f"((attribute_item ({_MARK})) {'. (attribute_item) ' * between} . {_DECORATED})"
        for between in range(_MOST_MARKS)
    )
)

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
    inert="""
    expression_statement block unit_expression parenthesized_expression unary_expression boolean_literal
    integer_literal float_literal char_literal string_literal raw_string_literal string_content escape_sequence
    if_expression else_clause loop_expression while_expression match_expression match_block match_arm
    match_pattern
    """,
    filled="array_expression return_expression",
    idle="(use_declaration (visibility_modifier)) @does (attribute_item) @idle",
)
