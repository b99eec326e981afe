"""PHP, without the tags around it."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar

GRAMMAR = Grammar(
    "tree_sitter_php",
    {
        "import": "namespace_use_declaration",
        "head": "namespace_definition declare_statement",
        "type": "class_declaration interface_declaration trait_declaration enum_declaration",
        "function": "function_definition",
        "comment": "comment",
        "empty": "empty_statement ; php_tag",
    },
    """(function_call_expression function: (name) @called)""",
    function="language_php_only",
    inert="""
    expression_statement compound_statement parenthesized_expression unary_op_expression null boolean integer
    float string encapsed_string string_content escape_sequence name if_statement else_clause else_if_clause
    while_statement do_statement for_statement try_statement catch_clause type_list named_type variable_name
    finally_clause switch_statement switch_block case_statement default_statement break_statement
    continue_statement namespace_definition namespace_name qualified_name declare_statement declare_directive
    require_expression require_once_expression include_expression include_once_expression text
    text_interpolation php_end_tag
    """,
    filled="array_creation_expression return_statement",
    idle="""
    ((function_call_expression function: (name) @name) @idle (#match? @name "^(?i:__halt_compiler)$"))
    ((php_tag) @does (#eq? @does "<?="))
    """,
)
