"""JavaScript, and what TypeScript has of it."""

from __future__ import annotations

from pytest_llm.syntax.grammars import Grammar, Kind

TOP: dict[Kind, str] = {
    "import": "import_statement",
    "type": "class_declaration",
    "function": "function_declaration generator_function_declaration export_statement",
    "either": "lexical_declaration variable_declaration",
    "comment": "comment hash_bang_line html_comment",
    "empty": "empty_statement",
}
DIRECTIVES = "(program (expression_statement . (string)) @empty)"

QUERIES = """
(super) @super
(member_expression object: (this) property: (property_identifier) @of_this)
(import_statement) @import
"""

ELEMENTS = """
(jsx_element open_tag: (_) @element)
(jsx_self_closing_element) @element
"""
INERT = """
expression_statement statement_block export_statement export_clause parenthesized_expression sequence_expression
unary_expression null undefined true false number string string_fragment escape_sequence template_string
template_substitution regex regex_pattern regex_flags identifier if_statement else_clause for_statement
while_statement do_statement try_statement catch_clause finally_clause switch_statement switch_body switch_case
switch_default break_statement continue_statement debugger_statement labeled_statement statement_identifier
"""
FILLED = "array object return_statement"
IDLE = "(export_statement source: (_)) @does (html_comment) @unread"

GRAMMAR = Grammar(
    "tree_sitter_javascript",
    TOP,
    QUERIES + ELEMENTS,
    exceptions=DIRECTIVES,
    inert=INERT,
    filled=FILLED,
    idle=IDLE,
)
