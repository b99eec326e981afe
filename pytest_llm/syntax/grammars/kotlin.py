"""Kotlin."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar

_PARENTS = """(delegation_specifiers (delegation_specifier [
    (user_type . (identifier) @parent) (constructor_invocation (user_type . (identifier) @parent))]))"""
_QUERIES = """
(identifier) @used
(import) @import
(function_declaration name: (identifier) @function)
[(class_declaration name: (identifier) @defined) (object_declaration name: (identifier) @defined)
 (type_alias type: (identifier) @defined) (type_parameter (identifier) @defined)]
[(variable_declaration (identifier) @own) (parameter (identifier) @own) (class_parameter (identifier) @own)]
(class_declaration name: (identifier) @heir PARENTS)
(object_declaration name: (identifier) @heir PARENTS)
""".replace("PARENTS", _PARENTS)

GRAMMAR = Grammar(
    "tree_sitter_kotlin",
    {
        "import": "import",
        "head": "shebang file_annotation package_header",
        "type": "class_declaration object_declaration type_alias",
        "function": "function_declaration",
        "either": "property_declaration",
        "comment": "line_comment block_comment",
    },
    _QUERIES,
    """
    (property_declaration (multi_variable_declaration)) @statement
    (property_declaration (modifiers)) @function
    (property_declaration [(getter) (setter)]) @function
    """,
    inert="""
    number_literal float_literal string_literal string_content escape_sequence character_literal identifier
    block parenthesized_expression unary_expression if_expression while_statement do_while_statement
    when_expression when_subject try_expression catch_block user_type finally_block
    """,
    filled="lambda_literal return_expression",
)
